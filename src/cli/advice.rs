//! What would help a tag that has not arrived: for the end of its story.

use crate::host::SyncStory;
use crate::service_worker::{RequestRecord, last_of_each};
use crate::storage::{DispatchEnd, DispatchOutcome, SyncRecord};
use crate::sync::{DispatchReason, SyncKind};

/// What would help, if anything need be done.
pub(super) fn advice(story: &SyncStory) -> Vec<String> {
    let tag = &story.tag;
    let dispatches = story.history.iter().rev().filter_map(SyncRecord::dispatch);
    let end = dispatches
        .filter_map(|dispatch| dispatch.end.as_ref())
        .next();
    let mut advice = Vec::new();
    match end.map(|end| &end.outcome) {
        Some(DispatchOutcome::Rejected(rejection)) => advice.push(match end.and_then(first_failure) {
            Some(failed) => format!(
                "Look at the request that failed ({} {}): the event was rejected because of it, or after it.",
                failed.method, failed.url
            ),
            None => format!(
                "Find where the listener fails ({}): the promise given to `event.waitUntil()` was rejected with it.",
                rejection.message
            ),
        }),
        Some(DispatchOutcome::TimedOut) => advice.push(
            "Find what the listener waits for: a promise given to `event.waitUntil()` was never settled, or too late.".to_owned(),
        ),
        Some(DispatchOutcome::Terminated) => advice.push(
            "Look for an endless loop or too much memory: the worker was stopped while the event ran.".to_owned(),
        ),
        Some(DispatchOutcome::FailedToStart(_)) => {
            advice.push("Put the worker's script right: it does not start.".to_owned());
        }
        _ => {}
    }
    let is_fulfilled = end.is_some_and(|end| end.outcome == DispatchOutcome::Fulfilled);
    if let Some(refused) = end
        .filter(|end| is_fulfilled && end.warnings.is_empty())
        .and_then(refused)
    {
        return vec![refused];
    }
    if end.is_some_and(|end| !end.warnings.is_empty()) {
        advice.push(
            "Heed the warning above: the event counts as done although it may not be.".to_owned(),
        );
    }
    let is_failing = !advice.is_empty();
    if story.registration.is_some() && story.online == Some(true) && is_failing {
        advice.push(format!(
            "Try it now, without waiting: landfall sync fire {}{}",
            quoted(tag),
            if story.kind == SyncKind::Periodic {
                " --periodic"
            } else {
                ""
            }
        ));
    }
    let was_registered = story.history.iter().any(|record| !is_by_hand(record));
    if story.registration.is_none() && is_failing && was_registered {
        advice.push(
            "Then register the tag again, which starts anew with the first attempt.".to_owned(),
        );
    }
    if story.registration.is_some() && story.online == Some(false) {
        advice.push(
            "Bring the network back. `landfall status` says why it is away, and `landfall online` helps if it was switched off.".to_owned(),
        );
    }
    if story.registration.is_some() && story.online.is_none() {
        advice.push("Start a host on this data folder: landfall run SCRIPT".to_owned());
    }
    advice
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
