//! What a run says while it goes on: a bar on a terminal, and a line for everything that is not as expected.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::expectations::Surprise;
use crate::record::Record;
use crate::results::{Subtest, visible};

/// Speaks to whoever started the run.
pub(crate) struct Progress {
    bar: ProgressBar,
    is_verbose: bool,
    /// `None` where the standard output belongs to a report.
    words: Option<Mutex<std::io::Stdout>>,
    has_trouble: AtomicBool,
}

impl Progress {
    pub(crate) fn new(count: usize, is_verbose: bool, has_words: bool) -> Self {
        let target = if std::io::stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(count as u64), target);
        let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} {per_sec} {elapsed}");
        Self {
            bar: style.map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style)),
            is_verbose,
            words: has_words.then(|| Mutex::new(std::io::stdout())),
            has_trouble: AtomicBool::new(false),
        }
    }

    /// A line of its own.
    pub(crate) fn say(&self, line: &str) {
        let Some(words) = &self.words else { return };
        self.bar.suspend(|| {
            if let Ok(mut words) = words.lock() {
                // Nobody may be listening any more.
                let _ = writeln!(words, "{line}");
            }
        });
    }

    /// Something that no test is to blame for, and without which the run goes on.
    pub(crate) fn warn(&self, trouble: &anyhow::Error) {
        self.has_trouble.store(true, Ordering::Relaxed);
        self.bar.suspend(|| {
            // Nobody may be listening any more.
            let _ = writeln!(std::io::stderr(), "error: {trouble:#}");
        });
    }

    /// Whether there was any such trouble.
    pub(crate) fn has_trouble(&self) -> bool {
        self.has_trouble.load(Ordering::Relaxed)
    }

    /// A test has ended.
    pub(crate) fn tell(&self, record: &Record) {
        self.bar.inc(1);
        if self.is_verbose || !record.surprises.is_empty() {
            let (passed, total) = (record.outcome.passed(), record.outcome.subtests.len());
            let status = record.outcome.status.name();
            self.say(&format!("{status} {passed}/{total} {}", record.test.id));
        }
        if self.is_verbose {
            for subtest in &record.outcome.subtests {
                self.say(&format!("    {}", subtest_line(subtest)));
            }
        }
        for surprise in &record.surprises {
            self.say(&format!("  ! {}", surprise_line(surprise)));
        }
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

fn subtest_line(subtest: &Subtest) -> String {
    let message = subtest.message.as_deref().unwrap_or_default();
    let (status, name) = (subtest.status.name(), one_line(&subtest.name));
    format!("{status} {name} {}", one_line(message))
        .trim_end()
        .to_owned()
}

/// What is not as expected, in words.
pub(crate) fn surprise_line(surprise: &Surprise) -> String {
    match surprise {
        Surprise::File {
            expected,
            came,
            message,
        } => {
            let message = message.as_deref().unwrap_or("no message");
            let (came, expected) = (came.name(), expected.name());
            format!("{came} instead of {expected}: {}", one_line(message))
        }
        Surprise::Failed(subtest) => subtest_line(subtest),
        Surprise::Passed(name) => format!(
            "passes now, but is expected to fail: {} (--update takes the entry away)",
            one_line(name)
        ),
        Surprise::Unknown(name) => format!(
            "is expected to fail, but there is no such subtest: {}",
            one_line(name)
        ),
    }
}

fn one_line(text: &str) -> String {
    visible(text).replace(['\n', '\r'], " ")
}
