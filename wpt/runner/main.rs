//! The program `landfall-wpt`: runs web-platform tests in landfall and compares the results with expectations.

mod args;
mod child;
mod driver;
mod execute;
mod expectations;
mod formats;
mod html;
mod manifest;
mod page;
mod pool;
mod ports;
mod progress;
mod record;
mod results;
mod select;
mod server;
mod site;
mod suite;
mod suites;
mod table;

use std::io::Write;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use landfall::clock::{Clock, SystemClock};

use args::Args;
use execute::Job;
use expectations::Expectations;
use formats::Times;
use manifest::Test;
use progress::Progress;
use record::Record;
use results::FileStatus;
use select::Selection;
use server::{RunningServer, Server};
use suite::Suite;
use table::Table;

/// What a test may take, and one that says it is long.
const LIMIT: Duration = Duration::from_secs(10);
const LONG_LIMIT: Duration = Duration::from_secs(60);

/// The most that these may be multiplied by.
const MOST_PATIENT: f64 = 1000.0;

/// So many tests run at the same time for each processor: most of a test's time it waits.
const TESTS_PER_PROCESSOR: usize = 4;

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    if words.next().as_deref() == Some(pool::CHILD) {
        let memory = words.next().and_then(|word| word.parse().ok());
        return match child::run(memory.unwrap_or(usize::MAX)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        };
    }
    match Run::prepare(Args::parse()).and_then(Run::go) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Everything a run knows before the first test.
struct Run {
    args: Args,
    suite: Suite,
    name: String,
    /// What the suite is, in words, and which commit of it.
    source: String,
    revision: String,
    selection: Selection,
    expectations: Expectations,
    /// Tests with an entry in the expectations that are not there, of the folders that are run whole.
    strays: Vec<String>,
    /// How many tests run at the same time.
    count: usize,
}

impl Run {
    fn prepare(args: Args) -> Result<Self> {
        ensure!(
            args.timeout_multiplier > 0.0 && args.timeout_multiplier <= MOST_PATIENT,
            "--timeout-multiplier must be above 0, and at most {MOST_PATIENT}"
        );
        let (suite, name, source, revision, folders) = match &args.checkout {
            Some(checkout) => {
                let suite = Suite::checkout(checkout, &args.suite)?;
                let pinned = suites::read(&args.suite, &args.name)?;
                (
                    suite,
                    args.name.clone(),
                    pinned.source,
                    pinned.revision,
                    pinned.folders,
                )
            }
            None => {
                let suite = Suite::own(&args.suite)?;
                let folders = suite::test_folders(&suite.root);
                let revision = env!("CARGO_PKG_VERSION").to_owned();
                (
                    suite,
                    "own".to_owned(),
                    "the project's own suite".to_owned(),
                    revision,
                    folders,
                )
            }
        };
        let folders = if args.paths.is_empty() {
            folders
        } else {
            args.paths.clone()
        };
        let expectations = Expectations::read(&args.suite.join("expectations").join(&name));
        let mut selection = Selection::read(&suite, &folders, args.filter.as_deref())?;
        let strays = match args.filter {
            Some(_) => Vec::new(),
            None => expectations.strays(&folders, |id| {
                selection.tests.iter().any(|test| test.id == id)
            }),
        };
        selection.leave_out_of_scope(&expectations);
        let usual = || processors() * TESTS_PER_PROCESSOR;
        let count = args.jobs.unwrap_or_else(usual).max(1);
        Ok(Self {
            args,
            suite,
            name,
            source,
            revision,
            selection,
            expectations,
            strays,
            count,
        })
    }

    /// Runs everything; gives whether it was as expected.
    fn go(mut self) -> Result<bool> {
        let start = SystemClock.now().as_millis();
        let tests = std::mem::take(&mut self.selection.tests);
        let has_words = !self.args.json && !self.args.tap;
        let progress = Progress::new(tests.len(), self.args.verbose, has_words);
        for error in self.expectations.malformed() {
            progress.warn(error);
        }
        let mut records = self.run_tests(tests, &progress)?;
        progress.finish();
        records.sort_by(|one, other| one.test.id.cmp(&other.test.id));
        let times = Times {
            start,
            end: SystemClock.now().as_millis(),
        };
        let is_as_expected = if self.args.update {
            self.update(&records, &progress)?
        } else {
            for stray in &self.strays {
                progress.say(&format!(
                    "  ! there is no test {stray}, but an expectation of it (--update takes the entry away)"
                ));
            }
            self.strays.is_empty() && records.iter().all(|record| record.surprises.is_empty())
        };
        self.write_reports(&records, times)?;
        self.print(&records, times)?;
        Ok(is_as_expected && !progress.has_trouble())
    }

    /// First what needs no server, then the rest.
    fn run_tests(&self, tests: Vec<Test>, progress: &Progress) -> Result<Vec<Record>> {
        let (served, alone): (Vec<_>, Vec<_>) = tests
            .into_iter()
            .partition(|test| select::mentions_server(&self.suite, test));
        let mut records = Vec::new();
        let mut waiting = served;
        self.run_batch(alone, None, |record| {
            if record.outcome.wants_server {
                waiting.push(record.test);
            } else {
                progress.tell(&record);
                records.push(record);
            }
        })?;
        if waiting.is_empty() {
            return Ok(records);
        }
        if self.args.no_server || !self.suite.has_server() {
            progress.say(&format!(
                "{} tests that need wptserve are left out",
                waiting.len()
            ));
            return Ok(records);
        }
        let server = match RunningServer::start(&self.suite.root) {
            Ok(server) => server,
            Err(error) => {
                progress.warn(&error.context(format!("{} tests were not run", waiting.len())));
                return Ok(records);
            }
        };
        self.run_batch(waiting, Some(server.server()), |record| {
            progress.tell(&record);
            records.push(record);
        })?;
        Ok(records)
    }

    /// Begins with tests that take long. Beside others a test has only a part of a processor: one that comes too late,
    /// and is not expected to, gets its time once more, with fewer beside it.
    fn run_batch(
        &self,
        mut tests: Vec<Test>,
        server: Option<Server>,
        mut take: impl FnMut(Record) + Send,
    ) -> Result<()> {
        let takes_long = |test: &Test| {
            let known = self.expectations.of(&test.id);
            test.is_long || known.is_some_and(|known| known.status == Some(FileStatus::Timeout))
        };
        tests.sort_by_key(|test| !takes_long(test));
        let few = self.count.min(processors());
        let mut late = Vec::new();
        self.run_at_once(self.count, tests, server.clone(), |record| {
            if record.is_late() && few < self.count {
                late.push(record.test);
            } else {
                take(record);
            }
        })?;
        self.run_at_once(few, late, server, take)
    }

    /// Runs `tests`, at most `count` at the same time.
    fn run_at_once(
        &self,
        count: usize,
        tests: Vec<Test>,
        server: Option<Server>,
        take: impl FnMut(Record) + Send,
    ) -> Result<()> {
        let jobs = tests.into_iter().map(|test| Job {
            limit: if test.is_long { LONG_LIMIT } else { LIMIT }
                .mul_f64(self.args.timeout_multiplier),
            // Buffers lie outside of the heap.
            heap: (self.args.memory << 20) / 4,
            suite: self.suite.clone(),
            server: server.clone(),
            test,
        });
        let take = Mutex::new(take);
        pool::run(jobs, count, self.args.memory, &|job, outcome, took| {
            let record = Record::new(job, outcome, took, &self.expectations);
            let mut take = take.lock().unwrap_or_else(PoisonError::into_inner);
            take(record);
        })
    }

    fn update(&mut self, records: &[Record], progress: &Progress) -> Result<bool> {
        let reason = self.args.reason.as_deref();
        let mut is_complete = true;
        for record in records {
            if !self
                .expectations
                .update(&record.test.id, &record.outcome, reason)
            {
                is_complete = false;
                progress.say(&format!(
                    "{} needs a new exception: say with --reason why it fails",
                    record.test.id
                ));
            }
        }
        for stray in &self.strays {
            self.expectations.remove(stray);
        }
        self.expectations.write()?;
        Ok(is_complete)
    }

    fn write_reports(&self, records: &[Record], times: Times) -> Result<()> {
        if let Some(file) = &self.args.wptreport {
            let report = formats::wptreport(records, &self.revision, times);
            std::fs::write(file, report.to_string()).with_context(|| file.display().to_string())?;
        }
        if let Some(file) = &self.args.junit {
            let report = formats::junit(records)?;
            std::fs::write(file, report).with_context(|| file.display().to_string())?;
        }
        if let Some(file) = &self.args.readme {
            let head = format!(
                "Of {} (revision `{}`):",
                self.source,
                &self.revision[..12.min(self.revision.len())]
            );
            Table::new(records).put_into(file, &self.name, &head)?;
        }
        Ok(())
    }

    fn print(&self, records: &[Record], times: Times) -> Result<()> {
        let mut out = std::io::stdout().lock();
        if self.args.json {
            writeln!(out, "{}", formats::json(records))?;
            return Ok(());
        }
        if self.args.tap {
            write!(out, "{}", formats::tap(records))?;
            return Ok(());
        }
        write!(out, "\n{}", Table::new(records).markdown())?;
        for (reason, count) in &self.selection.left_out {
            writeln!(out, "left out: {count} files {}", reason.reason())?;
        }
        let surprising = records.iter().filter(|record| !record.surprises.is_empty());
        #[expect(clippy::cast_precision_loss, reason = "a duration with one digit")]
        let seconds = (times.end - times.start) as f64 / 1000.0;
        writeln!(
            out,
            "{} files in {seconds:.1} s, {} not as expected",
            records.len(),
            surprising.count()
        )?;
        Ok(())
    }
}
