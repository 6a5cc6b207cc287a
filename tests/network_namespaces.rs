//! A real link between a real host and a real server, each in a network namespace of its own, cut and restored.
//!
//! Real time on purpose: how soon a link is noticed is what is looked at. Needs Linux, root, `ip` and Node; where one
//! is missing it says that it was skipped, unless `LANDFALL_REQUIRE_NAMESPACES` is set, as in continuous integration.
//!
//!     cargo test --test integration network_namespaces -- --nocapture    # prints the figures

use std::process::Command;
use std::time::Duration;

use landfall::clock::{Clock, SystemClock, Timestamp};
use serde_json::Value;
use tempfile::TempDir;

use crate::crash::process::{PROGRAM, Process, printed};
use crate::crash::report;

const FIXTURES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/fixtures/network_namespaces"
);

const SERVER: &str = "10.213.0.1";
const DEVICE: &str = "10.213.0.2";
const PORT: &str = "8213";

/// How often the link is cut and restored.
const ROUNDS: usize = 5;

/// How long a line may take to come, on a slow machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Without the kernel's own word a change is looked at this much later at the soonest.
const NOTICED_SLOWLY: Duration = Duration::from_millis(250);

/// A device and a server with a cable between them; all of it goes when dropped.
struct Lab {
    /// Different for every test of every process.
    name: String,
    folder: TempDir,
}

impl Lab {
    /// `None` where that is not permitted.
    fn build(test: &str) -> Option<Self> {
        let lab = Self {
            name: format!("lf{}{test}", std::process::id()),
            folder: tempfile::tempdir().expect("a temporary folder"),
        };
        let (device, server) = (lab.device(), lab.server());
        let can_build = Command::new("node").arg("--version").output().is_ok()
            && ip(&["netns", "add", &device])
            && ip(&["netns", "add", &server]);
        if !can_build {
            skip("network namespaces need Linux, root, `ip` (iproute2) and `node`");
            return None;
        }
        let cable = ["link", "add", "link0", "netns", &device, "type", "veth"];
        must_ip(&[&cable[..], &["peer", "name", "link0", "netns", &server]].concat());
        for (place, address) in [(&device, DEVICE), (&server, SERVER)] {
            let address = format!("{address}/24");
            must_ip(&["-n", place, "address", "add", &address, "dev", "link0"]);
            must_ip(&["-n", place, "link", "set", "lo", "up"]);
            must_ip(&["-n", place, "link", "set", "link0", "up"]);
        }
        must_ip(&["-n", &device, "route", "add", "default", "via", SERVER]);
        Some(lab)
    }

    fn device(&self) -> String {
        format!("{}d", self.name)
    }

    fn server(&self) -> String {
        format!("{}s", self.name)
    }

    /// Pulls the cable at the server's end, so that the device's interface stays up with its address; or plugs it in.
    fn set_cable(&self, state: &str) {
        must_ip(&["-n", &self.server(), "link", "set", "link0", state]);
    }

    fn start_server(&self, portal_times: u32) -> Process {
        let mut command = Command::new("ip");
        command
            .args(["netns", "exec", &self.server(), "node"])
            .arg(format!("{FIXTURES}/server.js"))
            .args([SERVER, PORT, &portal_times.to_string()]);
        let mut server = Process::start(command, &self.folder.path().join("server.log"));
        assert!(server.wait(1, PATIENCE, |line| line["listening"] == true));
        server
    }

    /// Runs the worker and the page on the device.
    fn start_host(&self, connectivity: &str) -> Process {
        let mut command = self.landfall(&["run"]);
        command
            .arg(format!("{FIXTURES}/sw.js"))
            .args(["--page", &format!("{FIXTURES}/page.js"), "--json"])
            .args(["--connectivity", connectivity]);
        Process::start(command, &self.folder.path().join("host.log"))
    }

    /// The program on the device.
    fn landfall(&self, words: &[&str]) -> Command {
        let mut command = Command::new("ip");
        command
            .args(["netns", "exec", &self.device(), PROGRAM])
            .args(words)
            .args(["--data", "data"])
            .current_dir(self.folder.path());
        command
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // One of them may not have been made. The cable goes with its ends.
        ip(&["netns", "delete", &self.device()]);
        ip(&["netns", "delete", &self.server()]);
    }
}

fn ip(words: &[&str]) -> bool {
    let run = Command::new("ip").args(words).output();
    run.is_ok_and(|run| run.status.success())
}

#[track_caller]
fn must_ip(words: &[&str]) {
    let run = Command::new("ip").args(words).output().expect("ip runs");
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "ip {}: {said}", words.join(" "));
}

#[expect(
    clippy::disallowed_methods,
    reason = "continuous integration says it to the test, not to the program"
)]
fn skip(why: &str) {
    assert!(
        std::env::var_os("LANDFALL_REQUIRE_NAMESPACES").is_none(),
        "not permitted, but required: {why}"
    );
    report(&format!("skipped: {why}"));
}

/// Waits for a line like this and gives it.
#[track_caller]
fn next_line(process: &mut Process, is_expected: impl Fn(&Value) -> bool) -> Value {
    let came = process.wait(1, PATIENCE, is_expected);
    assert!(came, "{}\n{}", process.story(), process.diagnostics());
    process.heard().last().cloned().expect("it was just heard")
}

/// Waits until all of these were printed, in any order.
#[track_caller]
fn expect_all_printed(process: &mut Process, lines: &[&str]) {
    let mut missing = lines.to_vec();
    while !missing.is_empty() {
        let line = next_line(process, |line| printed(line).is_some());
        missing.retain(|expected| printed(&line) != Some(expected));
    }
}

fn is_event(kind: &'static str) -> impl Fn(&Value) -> bool {
    move |line| line["event"] == kind
}

fn milliseconds_since(start: Timestamp, line: &Value) -> i64 {
    line["at_ms"].as_i64().expect("every line has a time") - start.as_millis()
}

/// `min 3, median 4, max 9 ms`
fn figures(mut milliseconds: Vec<i64>) -> String {
    milliseconds.sort_unstable();
    let (min, max) = (milliseconds[0], milliseconds[milliseconds.len() - 1]);
    let median = milliseconds[milliseconds.len() / 2];
    format!("min {min}, median {median}, max {max} ms")
}

#[test]
fn a_pulled_cable_is_noticed_and_a_sync_arrives_when_it_is_back() {
    let Some(lab) = Lab::build("a") else { return };
    let mut server = lab.start_server(0);
    let mut host = lab.start_host("auto");
    host.expect_printed("began true");
    host.expect_printed("reached true");

    let (mut until_event, mut until_arrival) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        lab.set_cable("down");
        let offline = next_line(&mut host, is_event("offline"));
        assert_eq!(offline["reason"], "link0 has no link");
        expect_all_printed(
            &mut host,
            &[
                "worker offline false",
                "page offline false",
                "not reached: TypeError",
                &format!("left round-{round}"),
            ],
        );

        let restored_at = SystemClock.now();
        lab.set_cable("up");
        let online = next_line(&mut host, is_event("online"));
        assert_eq!(online["reason"], "link0 has a route");
        let started = next_line(&mut host, is_event("sync_started"));
        until_event.push(milliseconds_since(restored_at, &started));
        let path = format!("/round-{round}");
        let arrived = next_line(&mut server, |line| line["path"] == path.as_str());
        until_arrival.push(milliseconds_since(restored_at, &arrived));
        let ended = next_line(&mut host, is_event("sync_ended"));
        assert_eq!(ended["outcome"]["kind"], "fulfilled");
    }

    report(&format!(
        "from `ip link set up` to the sync event: {}",
        figures(until_event.clone())
    ));
    report(&format!(
        "from `ip link set up` to the server: {}",
        figures(until_arrival)
    ));
    let soonest = until_event.into_iter().min().expect("there were rounds");
    let slow = i64::try_from(NOTICED_SLOWLY.as_millis()).expect("a small number");
    assert!(soonest < slow, "the kernel's word was not heard");
}

#[test]
fn a_captive_portal_is_offline_until_it_lets_requests_through() {
    let Some(lab) = Lab::build("b") else { return };
    let mut server = lab.start_server(2);
    let mut host = lab.start_host(&format!("probe=http://{SERVER}:{PORT}/generate_204"));
    let offline = next_line(&mut host, is_event("offline"));
    let portal = format!(
        "captive portal: http://{SERVER}:{PORT}/generate_204 redirects to http://login.hotel.example/"
    );
    assert_eq!(offline["reason"], portal.as_str());
    host.expect_printed("began false");
    let status = lab.landfall(&["status"]).output().expect("it runs");
    let status = String::from_utf8_lossy(&status.stdout).into_owned();
    assert!(
        status.starts_with(&format!("running, offline: {portal}")),
        "{status}"
    );

    let online = next_line(&mut host, is_event("online"));
    let answers = format!("http://{SERVER}:{PORT}/generate_204 answers");
    assert_eq!(online["reason"], answers.as_str());
    host.expect_printed("page online true");

    // The link stays up and nothing answers any more.
    server.kill();
    let mut poke = lab.landfall(&["sync", "fire", "anything"]);
    let fired = poke.output().expect("it runs");
    assert!(!fired.status.success());
    let lost = next_line(&mut host, is_event("offline"));
    let reason = lost["reason"].as_str().expect("a text");
    assert!(reason.contains("refused"), "{reason}");
}
