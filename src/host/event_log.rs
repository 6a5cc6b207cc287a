//! The history of a tag as a log of events, in the words of Chromium's developer tools
//! ("Background services" in its application panel), so that who knows those reads this.

use serde::Serialize;

use crate::clock::Timestamp;
use crate::host::history::SyncStory;
use crate::storage::{DispatchEnd, DispatchOutcome, SyncEntry, SyncRecord};
use crate::sync::SyncKind;

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogEntry {
    /// When, in milliseconds since the epoch.
    pub at_ms: Timestamp,
    /// What happened.
    pub event: &'static str,
    /// Names and values of what is known about it.
    pub metadata: Vec<(&'static str, String)>,
}

impl SyncStory {
    /// The history in the words of Chromium's developer tools. What has no word there is left out: tags that were
    /// dropped, events that were not sent after all.
    pub fn event_log(&self) -> Vec<LogEntry> {
        self.history.iter().flat_map(entries).collect()
    }
}

fn entries(record: &SyncRecord) -> Vec<LogEntry> {
    let is_periodic = record.kind == SyncKind::Periodic;
    let word = |one_shot, periodic| if is_periodic { periodic } else { one_shot };
    let entry = |event, metadata| LogEntry {
        at_ms: record.at,
        event,
        metadata,
    };
    match &record.entry {
        SyncEntry::Registered {
            min_interval_ms: Some(interval),
            next_attempt_at_ms,
        } => vec![
            entry(
                "Got next event delay",
                vec![delay_until(record.at, *next_attempt_at_ms)],
            ),
            entry(
                "Registered periodicsync",
                vec![("minInterval", interval.to_string())],
            ),
        ],
        SyncEntry::Registered { .. } => {
            vec![entry(
                word("Registered sync", "Registered periodicsync"),
                Vec::new(),
            )]
        }
        SyncEntry::RegisteredAgain => vec![entry(
            word("Sync event reregistered", "Registered periodicsync"),
            Vec::new(),
        )],
        SyncEntry::Unregistered => vec![entry(
            word("Unregistered sync", "Unregistered periodicsync"),
            Vec::new(),
        )],
        SyncEntry::Dropped { .. } => Vec::new(),
        SyncEntry::Dispatched(dispatch) => {
            let chance = if dispatch.last_chance { "Yes" } else { "No" };
            let metadata = if is_periodic {
                Vec::new()
            } else {
                vec![("Last Chance", chance.to_owned())]
            };
            let sent = entry(
                word("Dispatched sync event", "Dispatched periodicsync event"),
                metadata,
            );
            let end = dispatch.end.as_ref().and_then(|end| ended(record, end));
            std::iter::once(sent).chain(end).collect()
        }
    }
}

fn ended(record: &SyncRecord, end: &DispatchEnd) -> Option<LogEntry> {
    let reason = match end.outcome {
        DispatchOutcome::Fulfilled => None,
        DispatchOutcome::Rejected(_) => Some("waitUntil rejected"),
        DispatchOutcome::TimedOut | DispatchOutcome::Unresponsive => Some("timeout"),
        DispatchOutcome::Terminated | DispatchOutcome::Interrupted => Some("aborted"),
        DispatchOutcome::FailedToStart(_) => Some("failed"),
        DispatchOutcome::NotSent => return None,
    };
    let took = std::time::Duration::from_millis(end.duration_ms.unwrap_or_default());
    let at_ms = record.at.plus(took);
    let delay = delay_until(at_ms, end.next_attempt_at_ms);
    let (event, metadata) = match (record.kind, reason) {
        (SyncKind::OneShot, None) => ("Sync completed", vec![("Status", "succeeded".to_owned())]),
        (SyncKind::OneShot, Some(reason)) => (
            "sync event failed",
            vec![delay, ("Failure Reason", reason.to_owned())],
        ),
        (SyncKind::Periodic, None) => ("periodicsync event completed", vec![delay]),
        (SyncKind::Periodic, Some(reason)) => (
            "periodicsync event failed",
            vec![delay, ("Failure Reason", reason.to_owned())],
        ),
    };
    Some(LogEntry {
        at_ms,
        event,
        metadata,
    })
}

fn delay_until(now: Timestamp, next: Option<Timestamp>) -> (&'static str, String) {
    let delay = next.map(|next| next.saturating_since(now).as_millis());
    let text = delay.map_or_else(|| "infinite".to_owned(), |delay| delay.to_string());
    ("Next Attempt Delay (ms)", text)
}
