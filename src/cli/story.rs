//! What a host does, told in lines: one line of words per event.
//! It chooses words and weight; printing is `output`'s.

use std::time::Duration;

use anstyle::{AnsiColor, Style};
use url::Url;

use crate::cli::background_fetch_story;
use crate::cli::frame;
use crate::cli::push_story;
use crate::cli::sync_story;
use crate::clock::Timestamp;
use crate::host::{HostEvent, HostEventKind as Kind, Permission, ScriptSource};
use crate::service_worker::{EventOutcome, Warning};
use crate::web::host_port::ConsoleLevel;
use crate::web::script_error::ScriptError;

/// Which lines are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// What scripts print and what goes wrong.
    Always,
    /// The story.
    Normal,
    /// Everything.
    Detail,
}

/// One line of the story.
#[derive(Debug, PartialEq)]
pub(super) struct Line {
    /// Who wants to read it.
    pub(super) weight: Weight,
    /// The word at its beginning.
    pub(super) label: &'static str,
    /// The colour of that word.
    pub(super) style: Style,
    /// The rest; may have several lines.
    pub(super) text: String,
}

/// Tells the events of one host.
#[derive(Default)]
pub(super) struct Story {
    began_at: Option<Timestamp>,
}

impl Story {
    /// How long after the first event this one happened.
    pub(super) fn since_the_beginning(&mut self, event: &HostEvent) -> Duration {
        let began_at = *self.began_at.get_or_insert(event.at_ms);
        event.at_ms.saturating_since(began_at)
    }
}

/// The line for an event.
pub(super) fn line(event: &HostEvent) -> Line {
    match &event.kind {
        Kind::Registered { scope, script } => registered(script, scope),
        Kind::Installed { script, .. } => told("installed", BLUE, script.to_string()),
        Kind::Activated { scope, .. } => told("activated", GREEN, format!("in charge of {scope}")),
        Kind::InstallFailed {
            script, outcome, ..
        } => failure("not installed", format!("{script}: {}", reason(outcome))),
        Kind::Unregistered { scope } => told("unregistered", BLUE, scope.to_string()),
        Kind::Online { reason } => told("online", GREEN, reason.clone()),
        Kind::Offline { reason } => told("offline", YELLOW, reason.clone()),
        Kind::Sync(sync) => sync_story::sync(sync, event.at_ms),
        Kind::Warning { warning, .. } => warned(warning),
        Kind::Notification(event) => push_story::notification(event),
        Kind::Push(event) => push_story::push(event),
        Kind::BackgroundFetch(event) => background_fetch_story::background_fetch(event),
        Kind::PermissionRequested { origin, permission } => asked(origin, *permission),
        Kind::WindowOpened { address, .. } => told("window", BLUE, address.to_string()),
        Kind::WindowNavigated { from, address, .. } => navigated(from, address),
        Kind::Console {
            source,
            level,
            message,
        } => printed(source, *level, message),
        Kind::ScriptError { source, error } => script_error(source, error),
        Kind::RequestFailed {
            method,
            address,
            reason,
            ..
        } => request_failed(method, address, reason),
        Kind::ScopeStopped { source, reason } => stopped(source, reason),
        Kind::OriginCleared { origin } => told("cleared", BLUE, origin.clone()),
        Kind::StorageFailed { reason } => failure("not stored", reason.clone()),
    }
}

fn asked(origin: &str, permission: Permission) -> Line {
    let name = permission.name();
    told(
        "asks",
        YELLOW,
        format!(
            "for `{name}` of {origin}; answer with `landfall permission grant {name}` or `deny`"
        ),
    )
}

fn navigated(from: &Url, address: &Url) -> Line {
    told("window", BLUE, format!("{address} in place of {from}"))
}

fn stopped(source: &ScriptSource, reason: &str) -> Line {
    failure("stopped", format!("{}: {reason}", name(source)))
}

/// Why an event did not do what it was sent for, or that it did.
pub(super) fn reason(outcome: &EventOutcome) -> String {
    match outcome {
        EventOutcome::Fulfilled => "fulfilled".to_owned(),
        EventOutcome::Rejected(rejection) => format!("rejected with {}", rejection.message),
        EventOutcome::TimedOut => "took too long".to_owned(),
        EventOutcome::Terminated => "the worker was stopped".to_owned(),
        EventOutcome::Unresponsive => {
            "the worker was busy, did not answer and was stopped".to_owned()
        }
        EventOutcome::FailedToStart(reason) => format!("the worker did not start: {reason}"),
    }
}

/// A duration as one would say it: two figures at most.
pub(super) fn spoken(duration: Duration) -> String {
    let is_short = duration < Duration::from_secs(1);
    let seconds = duration
        .saturating_add(Duration::from_millis(500))
        .as_secs();
    match seconds {
        _ if is_short => format!("{} ms", duration.as_millis()),
        1..60 => format!("{seconds} s"),
        60..3600 if seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

pub(super) const BLUE: Style = AnsiColor::Cyan.on_default();
pub(super) const GREEN: Style = AnsiColor::Green.on_default();
pub(super) const YELLOW: Style = AnsiColor::Yellow.on_default();
const RED: Style = AnsiColor::Red.on_default().bold();
const DIM: Style = Style::new().dimmed();

pub(super) fn told(label: &'static str, style: Style, text: String) -> Line {
    Line {
        weight: Weight::Normal,
        label,
        style,
        text,
    }
}

pub(super) fn failure(label: &'static str, text: String) -> Line {
    Line {
        weight: Weight::Always,
        label,
        style: RED,
        text,
    }
}

fn registered(script: &Url, scope: &Url) -> Line {
    told("registered", BLUE, format!("{script} for {scope}"))
}

fn warned(warning: &Warning) -> Line {
    let Warning {
        name,
        message,
        place,
    } = warning;
    let at = place
        .as_ref()
        .map_or_else(String::new, |place| format!("\nat {place}"));
    Line {
        weight: Weight::Always,
        label: "warning",
        style: YELLOW,
        text: format!("{name}: {message}{at}"),
    }
}

fn printed(source: &ScriptSource, level: ConsoleLevel, message: &str) -> Line {
    let (weight, style) = match level {
        ConsoleLevel::Debug => (Weight::Detail, DIM),
        ConsoleLevel::Log => (Weight::Always, DIM),
        ConsoleLevel::Warn => (Weight::Always, YELLOW),
        ConsoleLevel::Error => (Weight::Always, RED),
    };
    let label = match source {
        ScriptSource::Worker(_) => "worker",
        ScriptSource::Client(_) => "page",
    };
    let text = message.trim_end_matches('\n').to_owned();
    Line {
        weight,
        label,
        style,
        text,
    }
}

fn script_error(source: &ScriptSource, error: &ScriptError) -> Line {
    let what = if error.is_rejection {
        "unhandled rejection"
    } else {
        "uncaught error"
    };
    let text = format!("{what} {}\n{}", name(source), frame::draw(error));
    failure("error", text)
}

fn request_failed(method: &str, address: &Url, reason: &str) -> Line {
    Line {
        weight: Weight::Normal,
        ..failure("no answer", format!("{method} {address}: {reason}"))
    }
}

fn name(source: &ScriptSource) -> String {
    match source {
        ScriptSource::Worker(url) => format!("in the worker {url}"),
        ScriptSource::Client(url) => format!("in the page {url}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_spoken_with_two_figures() {
        let spoken =
            [40, 3_000, 90_000, 300_000, 8_100_000].map(|ms| spoken(Duration::from_millis(ms)));
        assert_eq!(
            spoken,
            ["40 ms", "3 s", "1 min 30 s", "5 min", "2 h 15 min"]
        );
    }
}
