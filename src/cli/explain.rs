//! `landfall sync explain`: the story of a tag, for a web developer who asks why it has not arrived.
//! It chooses words; what happened is told by the host, or by the data folder where none runs.

use std::process::ExitCode;

use crate::cli::advice::{advice, is_by_hand};
use crate::cli::args::TagArgs;
use crate::cli::control::{Connection, Request};
use crate::cli::output::Output;
use crate::cli::story::spoken;
use crate::clock::{Clock, SystemClock};
use crate::host::{SyncStatus, SyncStory};
use crate::service_worker::{RequestRecord, Warning};
use crate::storage::{Dispatch, DispatchEnd, DispatchOutcome, DropCause, SyncEntry, SyncRecord};
use crate::sync::{DispatchReason, Removal, SyncKind, SyncState};

/// Lines of a stack that are shown.
const STACK_LINES: usize = 6;
/// Requests of one event that are shown.
const REQUESTS: usize = 10;
/// Where the texts of the list begin.
const INDENT: &str = "                  ";

/// `landfall sync explain`
pub(super) async fn explain(args: &TagArgs, output: &Output) -> anyhow::Result<ExitCode> {
    let mut stories: Vec<SyncStory> = match Connection::open(&args.data.path).await? {
        Some(mut host) => {
            let tag = args.tag.clone();
            host.ask(&Request::SyncStory { tag }).await?
        }
        None => SyncStory::read(&args.data.path, &args.tag, SystemClock.now())?,
    };
    if let Some(scope) = &args.scope {
        stories.retain(|story| story.scope == *scope);
        if stories.is_empty() {
            anyhow::bail!("`{}` is not known in the scope `{scope}`", args.tag);
        }
    }
    if args.json {
        stories.iter().try_for_each(|story| output.json(story))?;
    } else {
        let texts: Vec<String> = stories.iter().map(tell).collect();
        output.text(&texts.join("\n\n"));
    }
    Ok(ExitCode::SUCCESS)
}

/// The story as text, without a final line feed.
fn tell(story: &SyncStory) -> String {
    let mut lines = vec![
        format!(
            "{} `{}` of {}",
            story.kind.event_name(),
            story.tag,
            story.scope
        ),
        String::new(),
    ];
    lines.push("What happened".to_owned());
    if story.history.is_empty() {
        lines.push("  Nothing is known of its past.".to_owned());
    }
    for record in &story.history {
        lines.extend(happened(record, story));
    }
    lines.push(String::new());
    lines.push("What happens next".to_owned());
    lines.push(format!("  {}", next(story)));
    let advice = if story.has_worker {
        advice(story)
    } else {
        vec![format!(
            "Register the service worker of {} again: it is gone, and its tags with it.",
            story.scope
        )]
    };
    if !advice.is_empty() {
        lines.push(String::new());
        lines.push("What to do".to_owned());
        lines.extend(advice.iter().map(|advice| format!("  - {advice}")));
    }
    lines.join("\n")
}

/// One entry, with what belongs to it below.
fn happened(record: &SyncRecord, story: &SyncStory) -> Vec<String> {
    let ago = format!("{} ago", spoken(story.at_ms.saturating_since(record.at)));
    let (text, details) = match &record.entry {
        SyncEntry::Registered {
            min_interval_ms: Some(ms),
            ..
        } => {
            let interval = spoken(std::time::Duration::from_millis(*ms));
            (
                format!("registered, for every {interval} at most"),
                Vec::new(),
            )
        }
        SyncEntry::Registered { .. } => ("registered".to_owned(), Vec::new()),
        SyncEntry::RegisteredAgain => ("registered again".to_owned(), Vec::new()),
        SyncEntry::Unregistered => ("unregistered by a script".to_owned(), Vec::new()),
        SyncEntry::Dropped { cause } => (format!("dropped: {}", dropped(*cause)), Vec::new()),
        SyncEntry::Dispatched(dispatch) => dispatched(dispatch, story.online.is_some()),
    };
    let first = format!("  {ago:>14}  {text}");
    let rest = details.into_iter().map(|line| format!("{INDENT}{line}"));
    std::iter::once(first).chain(rest).collect()
}

fn dropped(cause: DropCause) -> &'static str {
    match cause {
        DropCause::ByHand => "somebody asked for it",
        DropCause::WorkerUnregistered => "its service worker was unregistered",
        DropCause::PermissionWithdrawn => "the origin may not use it any more",
    }
}

fn dispatched(dispatch: &Dispatch, has_host: bool) -> (String, Vec<String>) {
    let Dispatch {
        attempt,
        max_attempts,
        ..
    } = dispatch;
    let chance = if dispatch.last_chance {
        ", the last chance"
    } else {
        ""
    };
    let numbered = format!("attempt {attempt} of {max_attempts}{chance}");
    let what = match dispatch.reason {
        DispatchReason::Registered => format!("{numbered}, as it was registered while online"),
        DispatchReason::BackOnline => format!("{numbered}, as the network came back"),
        DispatchReason::DelayOver => format!("{numbered}, as the delay was over"),
        DispatchReason::HostStarted => format!("{numbered}, as the host started"),
        DispatchReason::Interrupted => format!("{numbered}, once more, as it was interrupted"),
        DispatchReason::ByHand => format!("sent by hand{chance}"),
        DispatchReason::Interval => format!("{numbered}, as its interval was over"),
    };
    match &dispatch.end {
        None if has_host => (what, vec!["is running".to_owned()]),
        None => (
            what,
            vec!["ran when the host ended; it will be sent again".to_owned()],
        ),
        Some(end) => (what, ended(end)),
    }
}

fn ended(end: &DispatchEnd) -> Vec<String> {
    let took = end.duration_ms.map(std::time::Duration::from_millis);
    let after = took.map_or_else(String::new, |took| format!(" after {}", spoken(took)));
    let mut lines: Vec<String> = end.requests.iter().take(REQUESTS).map(request).collect();
    let left_out = end.requests.len().saturating_sub(REQUESTS) + end.requests_left_out as usize;
    if left_out > 0 {
        lines.push(format!("and {left_out} more requests"));
    }
    match &end.outcome {
        DispatchOutcome::Fulfilled => lines.push(format!("fulfilled{after}")),
        DispatchOutcome::Rejected(rejection) => {
            lines.push(format!("rejected{after} with {}", rejection.message));
            let stack = rejection.stack.as_deref().unwrap_or_default();
            let frames = stack
                .lines()
                .map(str::trim)
                .filter(|line| line.starts_with("at "));
            lines.extend(frames.take(STACK_LINES).map(|frame| format!("  {frame}")));
        }
        DispatchOutcome::TimedOut => lines.push(format!("took too long: given up{after}")),
        DispatchOutcome::Unresponsive => {
            lines.push(format!(
                "the worker was busy, did not answer and was stopped{after}"
            ));
        }
        DispatchOutcome::Terminated => lines.push(format!("the worker was stopped{after}")),
        DispatchOutcome::FailedToStart(reason) => {
            lines.push(format!("the worker did not start: {reason}"));
        }
        DispatchOutcome::NotSent => {
            lines.push(
                "not sent: the network or the worker was gone; this counts as no attempt"
                    .to_owned(),
            );
        }
        DispatchOutcome::Interrupted => lines.push("cut off by the end of the host".to_owned()),
    }
    lines.extend(end.warnings.iter().flat_map(warned));
    match (end.removed, end.registered_again) {
        (Some(Removal::GaveUp), _) => lines.push("given up: no attempt was left".to_owned()),
        (_, true) => lines.push("it was registered again meanwhile".to_owned()),
        _ => {}
    }
    lines
}

fn request(request: &RequestRecord) -> String {
    let RequestRecord { method, url, .. } = request;
    let took = request.duration_ms.map(std::time::Duration::from_millis);
    let after = took.map_or_else(String::new, |took| format!(" after {}", spoken(took)));
    let came_to = match (request.status, &request.failure) {
        _ if request.aborted => format!("aborted by the script{after}"),
        (Some(status), _) => format!("{status}{after}"),
        (None, Some(failure)) => {
            // A script is told the address as well; here it has just been said.
            let known = format!("Failed to fetch: {url}: ");
            let reason = failure.strip_prefix(&known).unwrap_or(failure);
            format!("failed{after}: {reason}")
        }
        (None, None) if took.is_some() => format!("answered, the script may not see how{after}"),
        (None, None) => "was still under way when the event ended".to_owned(),
    };
    let doubt = if request.maybe_of.is_empty() {
        String::new()
    } else {
        format!(" (or it was a request of {})", request.maybe_of.join(", "))
    };
    format!("{method} {url}: {came_to}{doubt}")
}

fn warned(warning: &Warning) -> Vec<String> {
    let mut lines = vec![format!("warning {}: {}", warning.name, warning.message)];
    lines.extend(warning.place.as_ref().map(|place| format!("  at {place}")));
    lines
}

/// One or two sentences.
fn next(story: &SyncStory) -> String {
    let event = story.kind.event_name();
    let Some(registration) = &story.registration else {
        return format!(
            "Nothing: the tag is not registered, so no `{event}` event will be sent for it.{}",
            why_gone(story)
        );
    };
    let SyncStatus {
        max_attempts,
        failed_attempts,
        state,
        ..
    } = registration;
    let is_new_cycle = story.kind == SyncKind::Periodic && *failed_attempts == 0;
    let what = if is_new_cycle {
        "The next event".to_owned()
    } else {
        format!("Attempt {} of {max_attempts}", failed_attempts + 1)
    };
    match (story.online, state) {
        (_, SyncState::Suspended) => {
            return "Nothing for now: the periodic syncs of this origin are suspended, because it is not used.".to_owned();
        }
        (Some(_), SyncState::Firing) => return format!("{what} is running."),
        (Some(_), SyncState::ReregisteredWhileFiring) => {
            return format!(
                "{what} is running. The tag was registered again meanwhile, so another event follows."
            );
        }
        _ => {}
    }
    if story.is_sync_disabled {
        return "Nothing while this host runs: background sync is disabled in it. The tag waits for a host that has it.".to_owned();
    }
    let wait = registration
        .next_attempt_at_ms
        .map(|at| at.saturating_since(story.at_ms))
        .filter(|wait| !wait.is_zero())
        .map(spoken);
    match (story.online, wait) {
        (None, Some(wait)) => format!(
            "No host runs here. {what} comes in {wait} at the earliest, as soon as a host runs and the network is there."
        ),
        (None, None) => {
            format!("No host runs here. {what} comes as soon as one does and the network is there.")
        }
        (Some(true), Some(wait)) => format!("{what} comes in {wait}."),
        (Some(false), Some(wait)) => format!(
            "The host is offline. {what} comes in {wait} if the network is there then, or else when it is back."
        ),
        (Some(true), None) => format!("{what} comes now."),
        (Some(false), None) => {
            format!("The host is offline. {what} comes when the network is back.")
        }
    }
}

fn why_gone(story: &SyncStory) -> &'static str {
    let last = story
        .history
        .iter()
        .rev()
        .find(|record| !is_by_hand(record));
    match last.map(|record| &record.entry) {
        Some(SyncEntry::Dispatched(Dispatch { end: Some(end), .. })) => match end.removed {
            Some(Removal::Succeeded) => {
                " Its event was fulfilled, and a tag waits for nothing else."
            }
            Some(Removal::GaveUp) => " All of its attempts have failed.",
            Some(Removal::Unregistered) | None => "",
        },
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use url::Url;

    use super::*;
    use crate::clock::Timestamp;
    use crate::service_worker::{Rejection, ScriptPlace, WarningName};

    const NOW: Timestamp = Timestamp(10_000_000);

    fn story(history: Vec<(u64, SyncEntry)>) -> SyncStory {
        let scope: Url = "https://app.example/".parse().unwrap();
        let record = |(minutes_ago, entry): (u64, SyncEntry)| {
            let ago = Duration::from_secs(60 * minutes_ago).as_millis();
            let at = Timestamp(NOW.as_millis() - i64::try_from(ago).unwrap());
            SyncRecord::new(at, scope.clone(), SyncKind::OneShot, "my tag", entry)
        };
        SyncStory {
            at_ms: NOW,
            kind: SyncKind::OneShot,
            tag: "my tag".to_owned(),
            online: Some(true),
            is_sync_disabled: false,
            has_worker: true,
            registration: None,
            history: history.into_iter().map(record).collect(),
            scope: scope.clone(),
        }
    }

    fn registered() -> SyncEntry {
        SyncEntry::Registered {
            min_interval_ms: None,
            next_attempt_at_ms: None,
        }
    }

    fn dispatched(attempt: u32, reason: DispatchReason, end: DispatchEnd) -> SyncEntry {
        SyncEntry::Dispatched(Dispatch {
            reason,
            attempt,
            max_attempts: 3,
            last_chance: attempt == 3,
            end: Some(end),
        })
    }

    fn ended(outcome: DispatchOutcome) -> DispatchEnd {
        DispatchEnd {
            duration_ms: Some(40),
            ..DispatchEnd::new(outcome)
        }
    }

    #[test]
    fn a_tag_that_was_given_up_says_what_failed_each_time() {
        let rejection = Rejection {
            message: "TypeError: Failed to fetch".to_owned(),
            stack: None,
        };
        let last = DispatchEnd {
            removed: Some(Removal::GaveUp),
            ..ended(DispatchOutcome::Rejected(rejection))
        };
        let told = tell(&story(vec![
            (25, registered()),
            (
                25,
                dispatched(
                    1,
                    DispatchReason::BackOnline,
                    ended(DispatchOutcome::TimedOut),
                ),
            ),
            (
                20,
                dispatched(
                    2,
                    DispatchReason::DelayOver,
                    ended(DispatchOutcome::Interrupted),
                ),
            ),
            (5, dispatched(3, DispatchReason::Interrupted, last)),
        ]));
        let expected = "\
sync `my tag` of https://app.example/

What happened
      25 min ago  registered
      25 min ago  attempt 1 of 3, as the network came back
                  took too long: given up after 40 ms
      20 min ago  attempt 2 of 3, as the delay was over
                  cut off by the end of the host
       5 min ago  attempt 3 of 3, the last chance, once more, as it was interrupted
                  rejected after 40 ms with TypeError: Failed to fetch
                  given up: no attempt was left

What happens next
  Nothing: the tag is not registered, so no `sync` event will be sent for it. All of its attempts have failed.

What to do
  - Find where the listener fails (TypeError: Failed to fetch): the promise given to `event.waitUntil()` was rejected with it.
  - Then register the tag again, which starts anew with the first attempt.";
        assert_eq!(told, expected);
    }

    #[test]
    fn a_success_that_was_warned_of_is_to_be_looked_at() {
        let end = DispatchEnd {
            removed: Some(Removal::Succeeded),
            warnings: vec![Warning {
                name: WarningName::FalseSuccess,
                message: "it failed, and nothing will be tried again.".to_owned(),
                place: Some(ScriptPlace {
                    url: "https://app.example/sw.js".to_owned(),
                    line: 3,
                    column: 9,
                }),
            }],
            ..ended(DispatchOutcome::Fulfilled)
        };
        let told = tell(&story(vec![(
            1,
            dispatched(1, DispatchReason::Registered, end),
        )]));
        let expected = "\
sync `my tag` of https://app.example/

What happened
       1 min ago  attempt 1 of 3, as it was registered while online
                  fulfilled after 40 ms
                  warning false-success: it failed, and nothing will be tried again.
                    at https://app.example/sw.js:3:9

What happens next
  Nothing: the tag is not registered, so no `sync` event will be sent for it. Its event was fulfilled, and a tag waits for nothing else.

What to do
  - Heed the warning above: the event counts as done although it may not be.
  - Then register the tag again, which starts anew with the first attempt.";
        assert_eq!(told, expected);
    }

    #[test]
    fn a_success_with_a_refused_request_is_asked_about() {
        let request = |status| RequestRecord {
            method: "POST".to_owned(),
            url: "https://app.example/messages".to_owned(),
            status: Some(status),
            failure: None,
            aborted: false,
            duration_ms: Some(3),
            place: None,
            maybe_of: Vec::new(),
        };
        let told = |requests| {
            let end = DispatchEnd {
                removed: Some(Removal::Succeeded),
                requests,
                ..ended(DispatchOutcome::Fulfilled)
            };
            tell(&story(vec![(
                1,
                dispatched(1, DispatchReason::Registered, end),
            )]))
        };
        let refused = told(vec![request(204), request(403)]);
        assert!(
            refused
                .contains("Was POST https://app.example/messages meant to be answered with 403?"),
            "{refused}"
        );
        let tried_again = told(vec![request(403), request(204)]);
        assert!(!tried_again.contains("What to do"), "{tried_again}");
    }

    #[test]
    fn an_event_by_hand_asks_for_no_registration() {
        let rejection = Rejection {
            message: "Error: no".to_owned(),
            stack: None,
        };
        let end = ended(DispatchOutcome::Rejected(rejection));
        let told = tell(&story(vec![(
            1,
            dispatched(1, DispatchReason::ByHand, end),
        )]));
        assert!(told.contains("Find where the listener fails"), "{told}");
        assert!(!told.contains("register the tag"), "{told}");
    }

    #[test]
    fn a_success_needs_no_advice() {
        let end = DispatchEnd {
            removed: Some(Removal::Succeeded),
            ..ended(DispatchOutcome::Fulfilled)
        };
        let told = tell(&story(vec![(
            1,
            dispatched(1, DispatchReason::Registered, end),
        )]));
        assert!(!told.contains("What to do"), "{told}");
    }
}
