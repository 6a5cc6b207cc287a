//! The thread of a scope as the host knows it: what it was sent, whether it rests, whether it answers.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use crate::host::scope_thread::{Command, ScopeThread};
use crate::service_worker::lifetime::Owed;

/// The thread of a scope, which it shares with its frames.
pub(super) struct Runner {
    pub thread: ScopeThread,
    commands_sent: Cell<u64>,
    is_idle: Cell<bool>,
    /// Its main script has run: before that the time limit of its start holds.
    pub has_started: Cell<bool>,
    /// Since when it owes an answer: by the host's clock, and by the computer's.
    asked_at: Cell<Option<(Duration, Duration)>>,
    /// How many scripts it has asked for: inside of `importScripts()` it waits and cannot answer.
    imports: Cell<usize>,
    /// It was stopped because it did not answer.
    pub is_unresponsive: Cell<bool>,
}

impl Runner {
    pub(super) fn new(thread: ScopeThread) -> Self {
        Self {
            thread,
            commands_sent: Cell::new(0),
            is_idle: Cell::new(false),
            has_started: Cell::new(false),
            asked_at: Cell::new(None),
            imports: Cell::new(0),
            is_unresponsive: Cell::new(false),
        }
    }

    pub(super) fn send(&self, command: Command) {
        self.commands_sent.set(self.commands_sent.get() + 1);
        self.is_idle.set(false);
        self.thread.send(command);
    }

    pub(super) fn is_idle(&self) -> bool {
        self.is_idle.get()
    }

    pub(super) fn mark_busy(&self) {
        self.is_idle.set(false);
    }

    /// It did all it was told, if it took every command.
    pub(super) fn mark_idle(&self, commands_taken: u64) {
        self.is_idle.set(self.commands_sent.get() == commands_taken);
    }

    /// Asks the thread for an answer. Both times are elapsed time: the host's, and the computer's.
    pub(super) fn ping(&self, now: Duration, really_now: Duration) {
        self.asked_at.set(Some((now, really_now)));
        self.send(Command::Ping);
    }

    /// Whether an answer can be had of it.
    pub(super) fn can_answer(&self) -> bool {
        self.has_started.get() && self.imports.get() == 0
    }

    /// The thread answers, or cannot be expected to.
    pub(super) fn owes_nothing(&self) {
        self.asked_at.set(None);
    }

    /// How long it has owed an answer, if it does.
    pub(super) fn owed(&self, now: Duration, really_now: Duration) -> Option<Owed> {
        let (asked_at, really_asked_at) = self.asked_at.get()?;
        Some(Owed {
            by_clock: now.saturating_sub(asked_at),
            really: really_now.saturating_sub(really_asked_at),
        })
    }
}

/// The thread waits for a script.
pub(super) struct Importing(Rc<Runner>);

impl Importing {
    pub(super) fn begin(runner: Rc<Runner>) -> Self {
        runner.imports.set(runner.imports.get() + 1);
        Self(runner)
    }
}

impl Drop for Importing {
    fn drop(&mut self) {
        self.0.imports.set(self.0.imports.get() - 1);
    }
}
