//! A computer whose clock is set while a host runs: deadlines are wall-clock time, so this must neither fire early nor hang.

use std::sync::Arc;
use std::time::Duration;

use landfall::clock::{Clock, ManualClock, Timestamp};

use crate::support::scenario::Scenario;

const NOON: Timestamp = Timestamp(1_767_268_800_000);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const RETRY: Duration = Duration::from_secs(5 * 60);

/// Never gets anywhere with `outbox`, and has nothing to do for other tags.
const FAILS: &str = "
    addEventListener('install', () => skipWaiting());
    addEventListener('sync', (event) => {
        if (event.tag === 'outbox') event.waitUntil(Promise.reject(new Error('no server')));
    });
";

fn earlier(moment: Timestamp, duration: Duration) -> Timestamp {
    let millis = i64::try_from(duration.as_millis()).expect("a day is short");
    Timestamp(moment.as_millis() - millis)
}

/// A host whose first attempt has failed, with the clock in the hands of the test.
fn waiting_for_its_second_attempt() -> (Scenario, ManualClock) {
    let clock = ManualClock::new(NOON);
    let shared: Arc<dyn Clock> = Arc::new(clock.clone());
    let story = Scenario::online()
        .with(move |builder| builder.clock(Arc::clone(&shared)))
        .worker(FAILS)
        .register_sync("outbox")
        .expect_fired("outbox", 1);
    (story, clock)
}

fn after(mut story: Scenario, clock: &ManualClock, moment: Timestamp) -> Scenario {
    clock.set(moment);
    story.settle();
    story
}

#[test]
fn a_clock_set_forward_fires_what_is_due_once() {
    let (story, clock) = waiting_for_its_second_attempt();
    after(story, &clock, NOON.plus(DAY)).expect_fired("outbox", 2);
}

#[test]
fn a_clock_set_back_delays_a_retry_by_its_wait_and_not_by_a_day() {
    let (story, clock) = waiting_for_its_second_attempt();
    let yesterday = earlier(NOON, DAY);
    let story = after(story, &clock, yesterday).expect_fired("outbox", 1);
    let nearly = earlier(yesterday.plus(RETRY), Duration::from_millis(1));
    let story = after(story, &clock, nearly).expect_fired("outbox", 1);
    after(story, &clock, yesterday.plus(RETRY)).expect_fired("outbox", 2);
}

#[test]
fn a_clock_set_back_while_no_host_runs_does_so_too() {
    let (story, clock) = waiting_for_its_second_attempt();
    let yesterday = earlier(NOON, DAY);
    clock.set(yesterday);
    let story = story.restart_host().expect_fired("outbox", 1);
    after(story, &clock, yesterday.plus(RETRY)).expect_fired("outbox", 2);
}

#[test]
fn a_clock_set_forward_and_back_again_repeats_nothing() {
    let (story, clock) = waiting_for_its_second_attempt();
    let story = after(story, &clock, NOON.plus(DAY)).expect_fired("outbox", 2);
    after(story, &clock, NOON)
        .expect_fired("outbox", 2)
        .register_sync("another")
        .expect_fired("another", 1)
        .expect_tags(&["outbox"]);
}
