//! Prints: the only file of the program that does. Colours go where a terminal is.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use crate::cli::frame;
use crate::cli::story::{Line, reason};
use crate::host::Error;
use crate::service_worker::EventOutcome;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const DIM: Style = Style::new().dimmed();
/// Width of the word that begins a line of the story.
const LABEL_WIDTH: usize = 13;

/// Standard output and standard error of one command.
///
/// A reader that went away, as `head` does, is not an error.
pub(super) struct Output {
    _private: (),
}

impl Output {
    /// The streams of the process.
    pub(super) fn new() -> Self {
        Self { _private: () }
    }

    /// One line of text.
    pub(super) fn text(&self, text: &str) {
        let _ = writeln!(anstream::stdout(), "{text}");
    }

    /// One value as one line of JSON.
    pub(super) fn json(&self, value: &impl Serialize) -> anyhow::Result<()> {
        let line = serde_json::to_string(value)?;
        self.text(&line);
        Ok(())
    }

    /// How an event ended, and the exit code for that.
    pub(super) fn outcome(
        &self,
        outcome: &EventOutcome,
        as_json: bool,
    ) -> anyhow::Result<ExitCode> {
        if as_json {
            self.json(outcome)?;
        } else {
            self.text(&reason(outcome));
        }
        Ok(if outcome.is_success() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }

    /// A line of the story, so long after its beginning. Further lines of its text are indented.
    pub(super) fn story(&self, since: Duration, line: &Line) {
        let Line {
            label, style, text, ..
        } = line;
        let seconds = since.as_secs_f64();
        let mut lines = text.lines();
        let first = lines.next().unwrap_or_default();
        let mut out = anstream::stdout().lock();
        let _ = write!(out, "{DIM}{seconds:>8.3}{DIM:#}  {style}{label}{style:#}");
        let _ = match (first, LABEL_WIDTH.saturating_sub(label.len())) {
            ("", _) => writeln!(out),
            (first, gap) => writeln!(out, "{:gap$} {first}", ""),
        };
        for rest in lines {
            let _ = writeln!(out, "{:>10}{rest}", "");
        }
    }

    /// Why the command failed: one message, with the place in the script if a script failed.
    pub(super) fn error(&self, error: &anyhow::Error) {
        let script_error = error.downcast_ref::<Error>().and_then(Error::script_error);
        let mut out = anstream::stderr().lock();
        let _ = match script_error {
            Some(script_error) => writeln!(out, "{}", frame::draw(script_error)),
            None => writeln!(out, "{ERROR}error:{ERROR:#} {}", with_causes(error)),
        };
    }
}

/// The error and its causes; one that only repeats what was said is left out.
fn with_causes(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.ends_with(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}
