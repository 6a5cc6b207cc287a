//! Runs tests in processes of their own, several at a time: one that crashes or hangs takes nothing with it.
//!
//! A process runs many tests, one after the other, so that V8 and the snapshot are warm.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use landfall::clock::{Clock, SystemClock};

use crate::execute::Job;
use crate::results::{FileStatus, Outcome};

/// The hidden argument that makes this program run tests for another one.
pub(crate) const CHILD: &str = "--run-jobs-from-standard-input";

/// After so many tests a process is replaced: what a test leaves behind in it stays small.
const TESTS_PER_PROCESS: usize = 100;

/// What a process may take beyond a test's own limit before it is killed.
const PATIENCE: Duration = Duration::from_secs(15);

/// Runs `jobs` in `count` processes with `memory` mebibytes each; tells of each job as it ends.
pub(crate) fn run(
    jobs: impl IntoIterator<Item = Job>,
    count: usize,
    memory: usize,
    told: &(impl Fn(Job, Outcome, Duration) + Sync),
) -> Result<()> {
    let queue = Mutex::new(jobs.into_iter().collect::<VecDeque<Job>>());
    let next = || {
        queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front()
    };
    thread::scope(|scope| {
        let slots: Vec<_> = (0..count.max(1))
            .map(|_| scope.spawn(|| work(&next, memory, told)))
            .collect();
        for slot in slots {
            slot.join()
                .map_err(|_| anyhow::anyhow!("a thread of the runner failed"))??;
        }
        Ok(())
    })
}

fn work(
    next: &impl Fn() -> Option<Job>,
    memory: usize,
    told: &impl Fn(Job, Outcome, Duration),
) -> Result<()> {
    let mut process: Option<Process> = None;
    while let Some(job) = next() {
        let mut running = match process.take() {
            Some(running) if running.tests < TESTS_PER_PROCESS => running,
            _ => Process::start(memory)?,
        };
        let start = SystemClock.now();
        let outcome = match running.run(&job) {
            Ok(outcome) => {
                process = Some(running);
                outcome
            }
            Err(lost) => running.bury(&lost),
        };
        told(job, outcome, SystemClock.now().saturating_since(start));
    }
    Ok(())
}

/// Why a process gave no result.
enum Lost {
    Ended,
    Silent,
}

/// One process that runs tests.
struct Process {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
    /// What it says beside results; the end of it explains a crash.
    noise: Arc<Mutex<String>>,
    tests: usize,
}

impl Process {
    fn start(memory: usize) -> Result<Self> {
        let program = std::env::current_exe().context("where is this program?")?;
        let mut child = Command::new(program)
            .args([CHILD, &memory.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start a process for tests")?;
        let missing = || anyhow::anyhow!("a process for tests has no standard streams");
        let input = child.stdin.take().ok_or_else(missing)?;
        let output = child.stdout.take().ok_or_else(missing)?;
        let errors = child.stderr.take().ok_or_else(missing)?;
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let noise = Arc::new(Mutex::new(String::new()));
        let heard = Arc::clone(&noise);
        thread::spawn(move || listen(errors, &heard));
        Ok(Self {
            child,
            input,
            lines,
            noise,
            tests: 0,
        })
    }

    fn run(&mut self, job: &Job) -> Result<Outcome, Lost> {
        self.tests += 1;
        let line = serde_json::to_string(job).map_err(|_| Lost::Ended)?;
        writeln!(self.input, "{line}").map_err(|_| Lost::Ended)?;
        let answer =
            self.lines
                .recv_timeout(job.limit + PATIENCE)
                .map_err(|error| match error {
                    RecvTimeoutError::Timeout => Lost::Silent,
                    RecvTimeoutError::Disconnected => Lost::Ended,
                })?;
        serde_json::from_str(&answer).map_err(|_| Lost::Ended)
    }

    /// What a test came to whose process is lost.
    fn bury(mut self, lost: &Lost) -> Outcome {
        if matches!(lost, Lost::Silent) {
            // It may have ended in this moment.
            let _ = self.child.kill();
        }
        let ended = self.child.wait();
        match lost {
            Lost::Silent => {
                Outcome::failed(FileStatus::Timeout, "it hung, so its process was killed")
            }
            Lost::Ended => {
                let noise = self.noise.lock().unwrap_or_else(PoisonError::into_inner);
                let said = noise.lines().rev().find(|line| !line.trim().is_empty());
                let how = ended.map_or_else(|error| error.to_string(), |status| status.to_string());
                let said = said.map_or_else(String::new, |said| format!(": {}", said.trim()));
                Outcome::failed(
                    FileStatus::Crash,
                    format!("its process ended ({how}){said}"),
                )
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It ends by itself when its input does, but nothing is left to wait for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Keeps the end of what a process says.
fn listen(mut errors: impl Read, heard: &Mutex<String>) {
    const KEPT: usize = 4096;
    let mut chunk = [0; 1024];
    while let Ok(length @ 1..) = errors.read(&mut chunk) {
        let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.push_str(&String::from_utf8_lossy(&chunk[..length]));
        if heard.len() > 2 * KEPT {
            let from = heard.ceil_char_boundary(heard.len() - KEPT);
            heard.drain(..from);
        }
    }
}
