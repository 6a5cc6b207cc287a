//! The program `landfall-wpt`: runs web-platform-tests in landfall and compares the results with expectations.

mod args;
mod child;
mod driver;
mod execute;
mod html;
mod manifest;
mod page;
mod pool;
mod results;
mod select;
mod server;
mod site;
mod suite;

use std::io::Write;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Result;
use clap::Parser;

use args::Args;
use execute::Job;
use manifest::Test;
use results::{Outcome, SubtestStatus};
use select::Selection;
use suite::Suite;

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(pool::CHILD) {
        return match child::run() {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        };
    }
    match run(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Runs what was asked for; gives whether everything passed.
fn run(args: &Args) -> Result<bool> {
    let suite = match &args.checkout {
        Some(checkout) => Suite::checkout(checkout, &args.suite)?,
        None => Suite::own(&args.suite)?,
    };
    let selection = Selection::read(&suite, args)?;
    let jobs = selection.tests.into_iter().map(|test| {
        let seconds = if test.is_long { 60.0 } else { 10.0 };
        Job {
            limit: Duration::from_secs_f64(seconds * args.timeout_multiplier),
            suite: suite.clone(),
            server: None,
            test,
        }
    });
    let processors = || std::thread::available_parallelism().map_or(1, usize::from);
    let count = args.jobs.unwrap_or_else(processors);
    let failed = AtomicBool::new(false);
    pool::run(jobs, count, &|job, outcome| {
        if show(&job.test, &outcome, args.verbose).is_err() || !outcome.is_clean() {
            failed.store(true, Ordering::Relaxed);
        }
    })?;
    for (reason, count) in selection.left_out {
        writeln!(std::io::stdout(), "{count} files {}", reason.reason())?;
    }
    Ok(!failed.into_inner())
}

fn show(test: &Test, outcome: &Outcome, verbose: bool) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let (passed, total) = (outcome.passed(), outcome.subtests.len());
    let message = outcome.message.as_deref().unwrap_or_default();
    writeln!(
        out,
        "{} {passed}/{total} {} {message}",
        outcome.status.name(),
        test.id
    )?;
    for subtest in &outcome.subtests {
        if verbose || subtest.status != SubtestStatus::Pass {
            let message = subtest.message.as_deref().unwrap_or_default();
            writeln!(
                out,
                "    {} {} {message}",
                subtest.status.name(),
                subtest.name
            )?;
        }
    }
    Ok(())
}
