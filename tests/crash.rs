//! Kills the program again and again, at random moments of a busy life, and holds it to what it had promised.
//!
//! For more kills than every run of the tests makes, and to repeat the choices of a run that failed:
//!
//!     LANDFALL_KILLS=1000 cargo test --test integration crash::kills -- --nocapture
//!     LANDFALL_SEED=17 cargo test --test integration crash::kills
//!
//! A seed repeats the plan of every run, not the very instruction at which the kill strikes. What is checked is in
//! [`books`]. This needs real time: a process that is to be killed has no clock that could be handed in.

/// The program alone, without the sources that it was built from.
mod alone;
/// Background fetches.
mod background_fetch;
/// The accounts: promised against found.
mod books;
/// A clock that is set back and forward.
mod clock;
/// Disks that are full, folders that cannot be written, files that are damaged.
mod damage;
/// A run of the program.
pub mod process;
/// What is on disk.
mod snapshot;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::server::{Answer, TestServer};
use books::{Books, Received};
use process::{PROGRAM, Process, printed};
use snapshot::Snapshot;

const WORKER: &str = include_str!("fixtures/crash/sw.js");
const PAGE: &str = include_str!("fixtures/crash/page.js");

/// Kills of one run of the tests, unless `LANDFALL_KILLS` says otherwise.
const KILLS: usize = 200;
/// After so many kills a new data folder is begun, so that first starts are killed too.
const KILLS_OF_A_LIFE: usize = 8;
/// A moment that does not come, because nothing is left to do, is not waited for any longer.
const SILENCE: Duration = Duration::from_millis(1_500);

/// What the process is doing when it is killed.
#[derive(Debug, Clone, Copy)]
enum Moment {
    StartUp,
    Install,
    Registering,
    Firing,
    Draining,
}

/// How one process will live and die.
#[derive(Debug)]
struct Fate {
    moment: Moment,
    /// The moment is taken when it comes for the nth time.
    nth: usize,
    delay: Duration,
    connectivity: String,
    updates: bool,
}

impl Fate {
    fn draw(chance: &mut StdRng) -> Self {
        let moments = [
            Moment::StartUp,
            Moment::Install,
            Moment::Registering,
            Moment::Firing,
            Moment::Draining,
        ];
        let moment = moments[chance.random_range(0..moments.len())];
        let longest_ms = match moment {
            Moment::StartUp => 600,
            Moment::Install | Moment::Registering => 80,
            Moment::Firing | Moment::Draining => 25,
        };
        let connectivity = match (moment, chance.random_range(0..3)) {
            (Moment::Firing | Moment::Draining, 0) | (_, 1) => "online".to_owned(),
            (Moment::StartUp | Moment::Install | Moment::Registering, 0) => "offline".to_owned(),
            _ => format!("timeline=offline:{}ms,online", chance.random_range(50..600)),
        };
        Self {
            moment,
            nth: chance.random_range(1..12),
            delay: Duration::from_micros(chance.random_range(0..longest_ms * 1_000)),
            connectivity,
            updates: matches!(moment, Moment::Install) || chance.random_bool(0.1),
        }
    }

    fn is_moment(&self, event: &Value) -> bool {
        let line = printed(event).unwrap_or_default();
        match self.moment {
            Moment::StartUp => true,
            Moment::Install => event["event"] == "registered",
            Moment::Registering => line.starts_with("registered once-"),
            Moment::Firing => event["event"] == "sync_started",
            Moment::Draining => line.starts_with("deleted"),
        }
    }

    /// Waits for the moment.
    #[expect(
        clippy::disallowed_methods,
        reason = "a kill strikes at a moment of time, not at an event"
    )]
    fn strike(&self, process: &mut Process) -> Vec<Value> {
        let times = match self.moment {
            Moment::StartUp => 0,
            Moment::Install => 1,
            _ => self.nth,
        };
        process.wait(times, SILENCE, |event| self.is_moment(event));
        std::thread::sleep(self.delay);
        process.kill()
    }
}

/// A data folder and everyone who has to do with it.
struct Life {
    folder: TempDir,
    server: TestServer,
    books: Books,
    version: usize,
}

impl Life {
    fn begin() -> Self {
        let server = TestServer::start();
        let answer = Answer::status(200).header("access-control-allow-origin", "*");
        server.answer("/messages", answer.clone());
        server.answer("/fired", answer);
        let life = Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
            server,
            books: Books::default(),
            version: 0,
        };
        std::fs::create_dir(life.data()).expect("writable");
        life
    }

    fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    fn start(&self, connectivity: &str, is_the_last: bool) -> Process {
        let folder = self.folder.path();
        let worker = format!(
            "const SERVER = {:?};\n// version {}\n{WORKER}",
            self.server.origin(),
            self.version
        );
        std::fs::write(folder.join("sw.js"), worker).expect("writable");
        let page = format!("const FINISH = {is_the_last};\n{PAGE}");
        std::fs::write(folder.join("page.js"), page).expect("writable");
        let mut command = Command::new(PROGRAM);
        command.current_dir(folder);
        command.args(["run", "sw.js", "--page", "page.js", "--data", "data"]);
        command.args(["--connectivity", connectivity, "--json"]);
        command.args(["--periodic-interval", "200ms"]);
        Process::start(command, &folder.join("diagnostics"))
    }

    /// One process lives and dies; gives what does not agree afterwards.
    fn suffer(&mut self, fate: &Fate) -> Vec<String> {
        self.version += usize::from(fate.updates);
        let mut process = self.start(&fate.connectivity, false);
        let events = fate.strike(&mut process);
        self.audit(&process, &events)
    }

    /// The last process sends what is left.
    fn end(&mut self) -> Vec<String> {
        let mut process = self.start("online", true);
        self.books.expect_the_end();
        process.expect_printed("finished");
        let events = process.kill();
        let mut faults = self.audit(&process, &events);
        let received = Received::from(&self.server.requests());
        let disk = Snapshot::of(&self.data());
        faults.extend(self.books.audit_end(&disk, &received, &events));
        faults
    }

    fn audit(&mut self, process: &Process, events: &[Value]) -> Vec<String> {
        self.books.hear(events);
        // The disk first: what is settled there was received before.
        let disk = Snapshot::of(&self.data());
        let received = Received::from(&self.server.requests());
        let mut faults = self.books.audit(&disk, &received);
        let diagnostics = process.diagnostics();
        if !diagnostics.is_empty() {
            faults.push(format!("on standard error: {diagnostics}"));
        }
        faults
    }
}

#[test]
fn kills_at_random_moments_lose_nothing_and_repeat_nothing() {
    let seed = number_from("LANDFALL_SEED").unwrap_or_else(rand::random);
    let kills = number_from("LANDFALL_KILLS").map_or(KILLS, |kills| kills as usize);
    let mut chance = StdRng::seed_from_u64(seed);
    let (mut promises, mut repeated, mut killed) = (0, 0, 0);
    while killed < kills {
        let mut life = Life::begin();
        for _ in 0..KILLS_OF_A_LIFE.min(kills - killed) {
            let fate = Fate::draw(&mut chance);
            let faults = life.suffer(&fate);
            killed += 1;
            assert_none(
                seed,
                &format!("kill {killed}, {fate:?}"),
                faults,
                life.folder.path(),
            );
        }
        let faults = life.end();
        assert_none(
            seed,
            &format!("the end after kill {killed}"),
            faults,
            life.folder.path(),
        );
        promises += life.books.promises();
        repeated += Received::from(&life.server.requests()).repeated();
    }
    report(&format!(
        "{killed} kills, {promises} promises kept, {repeated} requests repeated because of a kill (seed {seed})"
    ));
}

#[track_caller]
fn assert_none(seed: u64, when: &str, faults: Vec<String>, folder: &Path) {
    assert!(
        faults.is_empty(),
        "seed {seed}, {when}, in {}:\n  {}",
        folder.display(),
        faults.join("\n  ")
    );
}

#[expect(
    clippy::disallowed_methods,
    reason = "the environment is how a test is told how long to run"
)]
fn number_from(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().expect("a number"))
}

/// A line for whoever runs the tests.
#[expect(
    clippy::print_stdout,
    reason = "it says what was tried, or why it was not"
)]
pub fn report(line: &str) {
    println!("{line}");
}
