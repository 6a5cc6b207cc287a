//! What a run remembers of each test.

use std::time::Duration;

use crate::execute::Job;
use crate::expectations::{Expectations, Surprise, compare};
use crate::manifest::Test;
use crate::results::Outcome;

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
}
