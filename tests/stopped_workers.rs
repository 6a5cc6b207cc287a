//! Workers that are stopped: because they do not answer, or by somebody. What becomes of their events.

use std::time::Duration;

use landfall::clock::{Clock, SystemClock};
use landfall::service_worker::EventOutcome;
use landfall::service_worker::lifetime::{ANSWER_GRACE, EventLimits};
use landfall::{ClientScript, HostBuilder, HostEventKind, SyncEvent};
use serde_json::json;

use crate::support::scenario::{NOW_MS, ORIGIN, Scenario};
use crate::support::server::{Answer, TestServer};

/// Prints the tag of each `sync` event, and spins for one of them. Answers each request by the word in its address.
const SPINS: &str = "
    self.onsync = (event) => { console.log(event.tag); while (event.tag === 'spin'); };
    self.onfetch = (event) => event.respondWith(new Response(event.request.url.split('?')[1]));";

/// A worker that is told to stop is cut off at once.
fn cut_off_at_once(builder: HostBuilder) -> HostBuilder {
    builder.limits(EventLimits {
        stop: Duration::ZERO,
        ..EventLimits::default()
    })
}

/// Real time: a worker has five seconds for its answer, however the clock is moved.
#[test]
fn a_worker_that_spins_is_stopped_when_it_has_not_answered_for_half_a_minute() {
    let never_idle = EventLimits {
        idle: Duration::from_secs(3600),
        ..EventLimits::default()
    };
    Scenario::online()
        .with(move |builder| builder.limits(never_idle))
        .worker(SPINS)
        .sync_under_way("spin", "spin")
        .advance(Duration::from_secs(60))
        .wait_until(|kind| matches!(kind, HostEventKind::Sync(SyncEvent::Ended { .. })))
        .expect_outcome(|outcome| *outcome == EventOutcome::Unresponsive)
        .expect_event(|kind| {
            matches!(kind, HostEventKind::ScopeStopped { reason, .. } if reason.contains("answered for 30 s"))
        })
        .expect_tags(&["spin"])
        .register_sync("works")
        .expect_outcome(|outcome| *outcome == EventOutcome::Fulfilled);
}

/// Real time: a worker has five seconds for its answer, however the clock is moved.
#[test]
fn a_worker_that_waits_in_import_scripts_is_not_taken_for_one_that_spins() {
    let server = TestServer::start();
    let worker = "self.oninstall = () => {
        console.log('begun');
        importScripts('part.js');
        console.log('imported');
    };";
    let (part, held) = Answer::script("").held();
    server
        .answer("/sw.js", Answer::script(worker))
        .answer("/part.js", part);
    let mut scenario = Scenario::online().behind(&server);
    let page = "navigator.serviceWorker.register('sw.js'); 0";
    scenario
        .open("", ClientScript::Source(page.to_owned()))
        .expect("the page opens");
    scenario = scenario.wait_until_printed("begun");
    for wait in [ANSWER_GRACE, Duration::from_millis(500)] {
        scenario = scenario.advance_meanwhile(Duration::from_secs(30));
        scenario.run_meanwhile(async move { SystemClock.sleep(wait).await });
    }
    held.let_go();
    scenario
        .wait_until_printed("imported")
        .expect_no_event(|kind| matches!(kind, HostEventKind::ScopeStopped { .. }));
}

#[test]
fn a_worker_that_waits_answers_and_may_take_its_time() {
    Scenario::online()
        .worker(
            "self.onsync = (event) => event.waitUntil(new Promise((resolve) => setTimeout(resolve, 150_000)));",
        )
        .register_sync("slow")
        .advance(Duration::from_secs(150))
        .expect_outcome(|outcome| *outcome == EventOutcome::Fulfilled)
        .expect_no_event(|kind| matches!(kind, HostEventKind::ScopeStopped { .. }));
}

#[test]
fn a_clock_that_jumps_stops_no_worker_that_answers() {
    let mut scenario = Scenario::online()
        .worker(
            "self.onsync = (event) => event.waitUntil(new Promise((resolve) => setTimeout(resolve, 170_000)));",
        )
        .register_sync("slow");
    for _ in 0..17 {
        scenario = scenario.advance_meanwhile(Duration::from_secs(10));
    }
    scenario
        .wait_until(|kind| matches!(kind, HostEventKind::Sync(SyncEvent::Ended { .. })))
        .expect_outcome(|outcome| *outcome == EventOutcome::Fulfilled);
}

#[test]
fn a_functional_event_that_a_stopped_worker_did_not_come_to_starts_it_again() {
    let mut scenario = Scenario::online()
        .with(cut_off_at_once)
        .worker(SPINS)
        .sync_under_way("spin", "spin");
    let (host, scope) = (scenario.host(), ORIGIN.parse().unwrap());
    let (next, stopped) = scenario.run(async move {
        tokio::join!(
            host.dispatch_sync(&scope, "next", false),
            host.stop_worker(&scope)
        )
    });
    assert!(stopped.unwrap());
    assert_eq!(next.unwrap(), EventOutcome::Fulfilled);
    scenario
        .expect_outcome(|outcome| *outcome == EventOutcome::Terminated)
        .expect_printed(&["spin", "next"]);
}

#[test]
fn a_request_that_a_stopped_worker_did_not_come_to_is_answered_by_the_next_start() {
    let mut scenario = Scenario::online()
        .with(cut_off_at_once)
        .worker(SPINS)
        .page("")
        .sync_under_way("spin", "spin");
    scenario.eval("self.answer = fetch('/page?late').then((response) => response.text()); 0");
    let (host, scope) = (scenario.host(), ORIGIN.parse().unwrap());
    let stopped = scenario.run(async move { host.stop_worker(&scope).await });
    assert!(stopped.unwrap());
    scenario.expect_eval("answer", json!("late"));
}

/// A message is not a functional event.
#[test]
fn a_message_that_a_stopped_worker_did_not_come_to_is_lost() {
    let mut scenario = Scenario::online()
        .with(cut_off_at_once)
        .worker(&format!(
            "{SPINS} self.onmessage = () => console.log('message');"
        ))
        .page("")
        .sync_under_way("spin", "spin");
    scenario.eval("navigator.serviceWorker.controller.postMessage(null); 0");
    let (host, scope) = (scenario.host(), ORIGIN.parse().unwrap());
    let stopped = scenario.run(async move { host.stop_worker(&scope).await });
    assert!(stopped.unwrap());
    scenario
        .register_sync("next")
        .expect_printed(&["spin", "next"]);
}

#[test]
fn a_worker_that_does_not_start_leaves_its_requests_to_the_network() {
    let eats_later = format!(
        "const all = [];
         while (Date.now() > {NOW_MS}) all.push(new Array(100000).fill(all.length));
         self.onfetch = (event) => event.respondWith(new Response('from the worker'));"
    );
    Scenario::online()
        .with(|builder| builder.heap_limit(64 << 20))
        .file("page.txt", "from the network")
        .worker(&eats_later)
        .page("")
        .expect_eval(
            "fetch('page.txt').then((response) => response.text())",
            json!("from the worker"),
        )
        // Idle by then, it is stopped.
        .advance(Duration::from_secs(60))
        .expect_eval(
            "fetch('page.txt').then((response) => response.text())",
            json!("from the network"),
        )
        .wait_until(|kind| matches!(kind, HostEventKind::ScopeStopped { .. }));
}
