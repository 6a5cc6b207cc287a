//! What a test came to. Names are those of wpt.fyi's reports.

use serde::{Deserialize, Serialize};

/// How one subtest ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum SubtestStatus {
    /// It passed.
    Pass,
    /// An assertion failed.
    Fail,
    /// It did not end in time.
    Timeout,
    /// It never began.
    Notrun,
    /// What it needs is not there, and may be missing.
    PreconditionFailed,
}

/// How a whole file ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum FileStatus {
    /// The harness completed; subtests may have failed.
    Ok,
    /// Something failed outside of any subtest.
    Error,
    /// It did not end in time.
    Timeout,
    /// What it needs is not there, and may be missing.
    PreconditionFailed,
    /// It took the process, or the scope it ran in, with it.
    Crash,
}

/// One subtest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Subtest {
    pub(crate) name: String,
    pub(crate) status: SubtestStatus,
    pub(crate) message: Option<String>,
}

/// Everything that one test file came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) status: FileStatus,
    pub(crate) message: Option<String>,
    pub(crate) subtests: Vec<Subtest>,
    /// It asked for something that only wptserve can give, and there was none.
    pub(crate) wants_server: bool,
}

impl Outcome {
    /// A file that came to nothing.
    pub(crate) fn failed(status: FileStatus, message: impl Into<String>) -> Self {
        Self {
            status,
            message: Some(message.into()),
            subtests: Vec::new(),
            wants_server: false,
        }
    }

    /// Rewrites everything that was said.
    pub(crate) fn rewrite(&mut self, rewrite: impl Fn(&str) -> String) {
        let names = self.subtests.iter_mut().map(|subtest| &mut subtest.name);
        names.for_each(|name| *name = rewrite(name));
        let messages = self.subtests.iter_mut().map(|subtest| &mut subtest.message);
        for message in messages.chain([&mut self.message]) {
            *message = message.as_deref().map(&rewrite);
        }
    }

    /// Whether nothing failed; a precondition that is not met is no failure.
    pub(crate) fn is_clean(&self) -> bool {
        self.status.is_whole() && self.subtests.iter().all(Subtest::is_fine)
    }

    /// How many subtests passed.
    pub(crate) fn passed(&self) -> usize {
        let passes = |subtest: &&Subtest| subtest.status == SubtestStatus::Pass;
        self.subtests.iter().filter(passes).count()
    }
}

/// A text of a test's, fit for a terminal and for XML: what neither can show is written as a number.
pub(crate) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        let is_space = matches!(character, '\t' | '\n' | '\r');
        let is_none = matches!(character, '\u{fffe}' | '\u{ffff}');
        if is_space || !(character.is_control() || is_none) {
            shown.push(character);
        } else {
            shown.extend(character.escape_unicode());
        }
    }
    shown
}

impl Subtest {
    /// Whether it passed, or may be left undone.
    pub(crate) fn is_fine(&self) -> bool {
        use SubtestStatus::{Pass, PreconditionFailed};
        matches!(self.status, Pass | PreconditionFailed)
    }
}

impl SubtestStatus {
    /// As reports write it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Fail => "FAIL",
            Self::Timeout => "TIMEOUT",
            Self::Notrun => "NOTRUN",
            Self::PreconditionFailed => "PRECONDITION_FAILED",
        }
    }

    /// By the number that testharness.js uses.
    pub(crate) fn from_number(number: u64) -> Self {
        match number {
            0 => Self::Pass,
            2 => Self::Timeout,
            3 => Self::Notrun,
            4 => Self::PreconditionFailed,
            _ => Self::Fail,
        }
    }
}

impl FileStatus {
    /// Whether the harness came to its end.
    pub(crate) fn is_whole(self) -> bool {
        matches!(self, Self::Ok | Self::PreconditionFailed)
    }

    /// As reports write it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Error => "ERROR",
            Self::Timeout => "TIMEOUT",
            Self::PreconditionFailed => "PRECONDITION_FAILED",
            Self::Crash => "CRASH",
        }
    }

    /// By the number that testharness.js uses.
    pub(crate) fn from_number(number: u64) -> Self {
        match number {
            0 => Self::Ok,
            2 => Self::Timeout,
            3 => Self::PreconditionFailed,
            _ => Self::Error,
        }
    }
}
