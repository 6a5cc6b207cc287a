//! What would help a tag that has not arrived: for the end of its story.

use crate::host::SyncStory;
use crate::service_worker::{RequestRecord, last_of_each};
use crate::storage::{DispatchEnd, DispatchOutcome, SyncRecord};
use crate::sync::{DispatchReason, SyncKind};

/// What would help, if anything need be done.
pub(super) fn advice(story: &SyncStory) -> Vec<String> {
    let dispatches = story.history.iter().rev().filter_map(SyncRecord::dispatch);
    let end = dispatches
        .filter_map(|dispatch| dispatch.end.as_ref())
        .next();
    let mut advice: Vec<String> = end.and_then(about_outcome).into_iter().collect();
    if end.is_some_and(|end| !end.warnings.is_empty()) {
        advice.push(
            "Heed the warning above: the event counts as done although it may not be.".to_owned(),
        );
    }
    let is_failing = !advice.is_empty();
    let is_fulfilled = end.is_some_and(|end| end.outcome == DispatchOutcome::Fulfilled);
    if is_fulfilled && !is_failing {
        advice.extend(end.and_then(refused));
    }
    if story.registration.is_some() {
        advice.extend(about_next(story, is_failing));
    } else if is_failing && !story.history.iter().all(is_by_hand) {
        advice.push(
            "Then register the tag again, which starts anew with the first attempt.".to_owned(),
        );
    }
    advice
}

/// Where to look for what went wrong.
fn about_outcome(end: &DispatchEnd) -> Option<String> {
    Some(match &end.outcome {
        DispatchOutcome::Rejected(rejection) => match first_failure(end) {
            Some(failed) => format!(
                "Look at the request that failed ({} {}): the event was rejected because of it, or after it.",
                failed.method, failed.url
            ),
            None => format!(
                "Find where the listener fails ({}): the promise given to `event.waitUntil()` was rejected with it.",
                rejection.message
            ),
        },
        DispatchOutcome::TimedOut => "Find what the listener waits for: a promise given to `event.waitUntil()` was never settled, or too late.".to_owned(),
        DispatchOutcome::Terminated => "Look for an endless loop or too much memory: the worker was stopped while the event ran.".to_owned(),
        DispatchOutcome::Unresponsive => "Find the loop that keeps the worker busy: end it, or let it rest with `setTimeout()`, so that the worker can answer.".to_owned(),
        DispatchOutcome::FailedToStart(_) => {
            "Put the worker's script right: it does not start.".to_owned()
        }
        DispatchOutcome::Fulfilled | DispatchOutcome::NotSent | DispatchOutcome::Interrupted => {
            return None;
        }
    })
}

/// How a tag that is registered comes to its next event.
fn about_next(story: &SyncStory, is_failing: bool) -> Option<String> {
    Some(match story.online {
        Some(true) if is_failing => format!(
            "Try it now, without waiting: landfall sync fire {}{}",
            quoted(&story.tag),
            if story.kind == SyncKind::Periodic {
                " --periodic"
            } else {
                ""
            }
        ),
        Some(true) => return None,
        Some(false) => "Bring the network back. `landfall status` says why it is away, and `landfall online` helps if it was switched off.".to_owned(),
        None => "Start a host on this data folder: landfall run SCRIPT".to_owned(),
    })
}

/// A status that says no, and of which nothing warns, because it may be what the script wanted to know.
fn refused(end: &DispatchEnd) -> Option<String> {
    let refused = |request: &&RequestRecord| request.status.is_some_and(|status| status >= 400);
    let RequestRecord {
        method,
        url,
        status,
        ..
    } = last_of_each(&end.requests).find(refused)?;
    let status = status.unwrap_or_default();
    Some(format!(
        "Was {method} {url} meant to be answered with {status}? `fetch()` does not reject for a status, so the event counts as done: throw an error unless `response.ok`, and register the tag again."
    ))
}

fn first_failure(end: &DispatchEnd) -> Option<&RequestRecord> {
    end.requests
        .iter()
        .find(|request| request.has_failed() || request.status.is_some_and(|s| s >= 400))
}

pub(super) fn is_by_hand(record: &SyncRecord) -> bool {
    record
        .dispatch()
        .is_some_and(|dispatch| dispatch.reason == DispatchReason::ByHand)
}

/// As one types it on a command line.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/@".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_to_type_is_quoted_where_the_shell_needs_it() {
        assert_eq!(quoted("sync-messages"), "sync-messages");
        assert_eq!(quoted("my tag"), "'my tag'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
