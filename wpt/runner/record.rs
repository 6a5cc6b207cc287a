//! What a run remembers of each test.

use std::time::Duration;

use crate::execute::Job;
use crate::expectations::{Expectations, Surprise, compare};
use crate::manifest::Test;
use crate::results::{FileStatus, Outcome, SubtestStatus};

/// One test that was run.
pub(crate) struct Record {
    pub(crate) test: Test,
    pub(crate) outcome: Outcome,
    pub(crate) took: Duration,
    /// What is not as expected; empty if all is.
    pub(crate) surprises: Vec<Surprise>,
}

impl Record {
    pub(crate) fn new(job: Job, outcome: Outcome, took: Duration, known: &Expectations) -> Self {
        Self {
            surprises: compare(&outcome, known.of(&job.test.id)),
            test: job.test,
            outcome,
            took,
        }
    }

    /// Whether the time was up for it or for one of its subtests, which nobody expected.
    pub(crate) fn is_late(&self) -> bool {
        let mut subtests = self.outcome.subtests.iter();
        let is_late = self.outcome.status == FileStatus::Timeout
            || subtests.any(|subtest| subtest.status == SubtestStatus::Timeout);
        is_late && !self.surprises.is_empty()
    }
}
