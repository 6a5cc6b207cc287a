//! What happens to the tags of background sync, told in lines.

use std::time::Duration;

use crate::cli::story::{BLUE, GREEN, Line, failure, reason, spoken, told};
use crate::clock::Timestamp;
use crate::host::SyncEvent;
use crate::service_worker::EventOutcome;
use crate::sync::{Removal, SyncKind};

/// The line for something that happened to a tag at that time.
pub(super) fn sync(event: &SyncEvent, now: Timestamp) -> Line {
    use SyncEvent as Event;
    let until = |at: &Option<Timestamp>| at.map(|at| at.saturating_since(now));
    match event {
        Event::Registered { kind, tag, .. } => told("queued", BLUE, named(*kind, tag)),
        Event::Unregistered { kind, tag, .. } => told("unqueued", BLUE, named(*kind, tag)),
        Event::Started {
            kind,
            tag,
            attempt,
            max_attempts,
            last_chance,
            ..
        } => started(*kind, tag, *attempt, *max_attempts, *last_chance),
        Event::Ended {
            kind,
            tag,
            outcome,
            next_attempt_at_ms,
            removed,
            ..
        } => ended(*kind, tag, outcome, *removed, until(next_attempt_at_ms)),
        Event::Interrupted {
            kind,
            tag,
            attempt,
            next_attempt_at_ms,
            removed,
            ..
        } => interrupted(*kind, tag, *attempt, *removed, until(next_attempt_at_ms)),
    }
}

fn named(kind: SyncKind, tag: &str) -> String {
    format!("{} `{tag}`", kind.event_name())
}

fn started(kind: SyncKind, tag: &str, attempt: u32, max_attempts: u32, last_chance: bool) -> Line {
    let chance = if last_chance { ", the last chance" } else { "" };
    let text = format!("`{tag}`, attempt {attempt} of {max_attempts}{chance}");
    told(kind.event_name(), BLUE, text)
}

fn ended(
    kind: SyncKind,
    tag: &str,
    outcome: &EventOutcome,
    removed: Option<Removal>,
    next_in: Option<Duration>,
) -> Line {
    let then = then(kind, outcome.is_success(), removed, next_in);
    let text = format!("`{tag}` {}{then}", reason(outcome));
    if outcome.is_success() {
        told("done", GREEN, text)
    } else {
        failure("failed", text)
    }
}

fn interrupted(
    kind: SyncKind,
    tag: &str,
    attempt: u32,
    removed: Option<Removal>,
    next_in: Option<Duration>,
) -> Line {
    let (named, then) = (named(kind, tag), then(kind, false, removed, next_in));
    let text = format!("{named}, attempt {attempt}, by the end of the last host{then}");
    failure("interrupted", text)
}

/// What follows from the end of an event.
fn then(
    kind: SyncKind,
    is_success: bool,
    removed: Option<Removal>,
    next_in: Option<Duration>,
) -> String {
    match (removed, next_in) {
        (Some(Removal::GaveUp), _) => ", given up".to_owned(),
        (Some(Removal::Unregistered), _) => ", unregistered meanwhile".to_owned(),
        (Some(Removal::Succeeded), _) => String::new(),
        (None, None) if kind == SyncKind::Periodic => "; suspended".to_owned(),
        (None, Some(wait)) if wait.is_zero() => "; again now".to_owned(),
        (None, Some(wait)) if is_success => format!("; next in {}", spoken(wait)),
        (None, Some(wait)) => format!("; next attempt in {}", spoken(wait)),
        (None, None) => "; again now".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::story::Weight;

    fn end_of(outcome: EventOutcome, removed: Option<Removal>, next: Option<Timestamp>) -> Line {
        let scope = url::Url::parse("https://localhost/").unwrap();
        let event = SyncEvent::Ended {
            kind: SyncKind::OneShot,
            scope,
            tag: "outbox".into(),
            attempt: 1,
            outcome,
            next_attempt_at_ms: next,
            removed,
        };
        sync(&event, Timestamp(1_000))
    }

    #[test]
    fn a_failed_attempt_says_when_the_next_one_is() {
        let told = end_of(EventOutcome::TimedOut, None, Some(Timestamp(301_000)));
        assert_eq!(told.text, "`outbox` took too long; next attempt in 5 min");
        assert_eq!(told.weight, Weight::Always);
    }

    #[test]
    fn the_last_failure_says_that_it_was_the_last() {
        let told = end_of(EventOutcome::Terminated, Some(Removal::GaveUp), None);
        assert_eq!(told.text, "`outbox` the worker was stopped, given up");
    }

    #[test]
    fn a_worker_that_did_not_answer_is_said_to_have_been_busy() {
        let told = end_of(EventOutcome::Unresponsive, None, Some(Timestamp(301_000)));
        assert_eq!(
            told.text,
            "`outbox` the worker was busy, did not answer and was stopped; next attempt in 5 min"
        );
    }

    #[test]
    fn success_is_no_failure() {
        let told = end_of(EventOutcome::Fulfilled, Some(Removal::Succeeded), None);
        assert_eq!(
            (told.label, told.text.as_str()),
            ("done", "`outbox` fulfilled")
        );
    }
}
