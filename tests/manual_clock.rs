//! A host whose clock moves by hand: everything in it, scripts included, lives by that clock.

use std::time::Duration;

use landfall::clock::{Clock, SystemClock};
use landfall::{ClientScript, HostEventKind, SyncEvent};
use serde_json::json;

use crate::support::scenario::Scenario;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Never gets anywhere, and says when it tried.
const FAILS: &str = "
    addEventListener('install', () => skipWaiting());
    addEventListener('sync', (event) => {
        console.log(new Date().toISOString());
        event.waitUntil(Promise.reject(new Error('no server')));
    });
";

#[test]
fn chromiums_retries_come_after_five_and_fifteen_minutes_each_at_its_own_time() {
    Scenario::online()
        .worker(FAILS)
        .register_sync("outbox")
        .advance(24 * HOUR)
        .expect_printed(&[
            "2026-01-01T00:00:00.000Z",
            "2026-01-01T00:05:00.000Z",
            "2026-01-01T00:20:00.000Z",
        ])
        .expect_tags(&[]);
}

// Real time: that a day takes next to none of it is what is tested. The limit leaves room for a machine under load.
#[test]
fn a_day_of_hourly_work_takes_a_moment() {
    let story = Scenario::online().worker(FAILS).page(
        "setInterval(async () => {
            const { sync } = await navigator.serviceWorker.ready;
            await sync.register(new Date().toISOString());
        }, 60 * 60 * 1000);",
    );
    let before = SystemClock.elapsed();
    let story = story.advance(24 * HOUR);
    let took = SystemClock.elapsed() - before;
    assert_eq!(
        story.printed().len(),
        24 * 3 - 2,
        "the last has one attempt"
    );
    assert!(took < MINUTE, "{took:?}");
}

#[test]
fn a_timer_fires_when_the_clock_says_so_and_not_before() {
    Scenario::online()
        .page("setTimeout(() => console.log('later'), 1000); setTimeout(() => console.log('now'));")
        .expect_printed(&["now"])
        .advance(999 * Duration::from_millis(1))
        .expect_printed(&["now"])
        .advance(Duration::from_millis(1))
        .expect_printed(&["now", "later"]);
}

#[test]
fn timers_of_one_time_fire_in_the_order_in_which_they_were_set() {
    Scenario::online()
        .page(
            "const say = (text) => () => {
                console.log(text);
                Promise.resolve().then(() => console.log(text + ', then its microtask'));
            };
            setTimeout(say('second'), 20);
            setTimeout(say('first'), 10);
            setTimeout(() => setTimeout(say('fourth'), 10), 10);
            setTimeout(say('third'), 20);
            clearTimeout(setTimeout(say('never'), 20));",
        )
        .advance(MINUTE)
        .expect_printed(&[
            "first",
            "first, then its microtask",
            "second",
            "second, then its microtask",
            "third",
            "third, then its microtask",
            "fourth",
            "fourth, then its microtask",
        ]);
}

#[test]
fn an_interval_fires_at_each_of_its_times_until_it_is_cleared() {
    Scenario::online()
        .page(
            "const begin = Date.now();
            const id = setInterval(() => {
                console.log(Date.now() - begin, performance.now());
                if (Date.now() - begin === 90_000) clearInterval(id);
            }, 30_000);",
        )
        .advance(HOUR)
        .expect_printed(&["30000 30000", "60000 60000", "90000 90000"]);
}

/// Otherwise a loop of timers without delay would keep the clock from ever moving on.
#[test]
fn deeply_nested_timers_let_time_pass() {
    Scenario::online()
        .page(
            "const begin = Date.now();
            (async () => {
                while (Date.now() - begin < 20) await new Promise((resolve) => setTimeout(resolve));
                console.log(Date.now() - begin);
            })();",
        )
        .advance(SECOND)
        .expect_printed(&["20"]);
}

#[test]
fn what_a_timer_throws_is_reported_and_the_next_one_fires() {
    Scenario::online()
        .page(
            "addEventListener('error', (event) => {
                console.log(event.error.message);
                event.preventDefault();
            });
            setTimeout(() => { throw new Error('thrown'); }, 5);
            setTimeout('console.log(\"from a string\")', 5);",
        )
        .advance(SECOND)
        .expect_printed(&["thrown", "from a string"]);
}

#[test]
fn an_event_may_wait_for_a_timer() {
    Scenario::online()
        .worker(
            "addEventListener('install', () => skipWaiting());
            addEventListener('sync', (event) => event.waitUntil(
                new Promise((resolve) => setTimeout(resolve, 60_000)).then(() => console.log('done')),
            ));",
        )
        .register_sync("slow")
        .advance(59 * SECOND)
        .expect_tags(&["slow"])
        .advance(SECOND)
        .expect_printed(&["done"])
        .expect_tags(&[]);
}

#[test]
fn a_time_limit_counts_manual_time() {
    Scenario::online()
        .worker(
            "addEventListener('install', () => skipWaiting());
            addEventListener('sync', (event) => event.waitUntil(new Promise(() => {})));",
        )
        .register_sync("endless")
        .advance(3 * MINUTE - SECOND)
        .expect_fired("endless", 1)
        .expect_no_event(|event| matches!(event, HostEventKind::Sync(SyncEvent::Ended { .. })))
        .advance(SECOND)
        .expect_outcome(|outcome| *outcome == landfall::service_worker::EventOutcome::TimedOut);
}

#[test]
fn a_clock_set_forward_by_a_day_times_nothing_out() {
    let mut story = Scenario::online()
        .worker(
            "addEventListener('install', () => skipWaiting());
            addEventListener('sync', (event) => event.waitUntil(
                new Promise((resolve) => setTimeout(resolve, 60_000)),
            ));",
        )
        .register_sync("slow");
    story.set_clock(24 * HOUR);
    story
        .expect_tags(&["slow"])
        .advance(MINUTE)
        .expect_outcome(|outcome| outcome.is_success());
}

#[test]
fn date_is_a_date_like_any_other() {
    let script = "({
        now: Date.now() === new Date().getTime() && new Date().toISOString(),
        asFunction: Date() === new Date().toString() && Date(0) === Date(),
        prototype: Object.getPrototypeOf(new Date()) === Date.prototype,
        constructor: Date.prototype.constructor === Date && new Date().constructor === Date,
        instance: new Date() instanceof Date && structuredClone(new Date()) instanceof Date,
        card: [Date.name, Date.length, Date.now.name, Date.now.length, Object.keys(Date).length],
        native: /^function \\w*\\(\\) \\{ \\[native code\\] \\}$/.test(String(Date)) && /native/.test(String(Date.now)),
        tag: Object.prototype.toString.call(new Date()),
        arguments: [new Date(0).getTime(), new Date(2020, 1).getMonth(), new Date(undefined).getTime(), Date.UTC(1970)],
        subclass: (() => {
            class Day extends Date { get isDay() { return true; } }
            const day = new Day();
            return day.isDay && day instanceof Day && day.getTime() === Date.now() && new Day(5).getTime() === 5;
        })(),
        intl: new Intl.DateTimeFormat('en', { timeZone: 'UTC' }).format(),
        sameFormat: (() => { const f = new Intl.DateTimeFormat('en'); return f.format === f.format; })(),
        parts: new Intl.DateTimeFormat('en', { timeZone: 'UTC' }).formatToParts()[0].value,
        file: new File([], 'name').lastModified === Date.now(),
        temporal: globalThis.Temporal?.Now.instant().epochMilliseconds === Date.now(),
    })";
    Scenario::online().advance(90 * MINUTE).expect_eval(
        script,
        json!({
            "now": "2026-01-01T01:30:00.000Z",
            "asFunction": true,
            "prototype": true,
            "constructor": true,
            "instance": true,
            "card": ["Date", 7, "now", 0, 0],
            "native": true,
            "tag": "[object Date]",
            "arguments": [0, 1, null, 0],
            "subclass": true,
            "intl": "1/1/2026",
            "sameFormat": true,
            "parts": "1",
            "file": true,
            "temporal": true,
        }),
    );
}

#[test]
fn performance_and_events_tell_the_time_of_the_clock() {
    Scenario::online()
        .page(
            "const opened = Date.now();
            globalThis.look = () => {
                const mark = performance.mark('a mark');
                return [
                    performance.timeOrigin === opened,
                    performance.now(),
                    mark.startTime,
                    new Event('any').timeStamp,
                ];
            };",
        )
        .expect_eval("look()", json!([true, 0, 0, 0]))
        .advance(2 * SECOND)
        .expect_eval("look()", json!([true, 2000, 2000, 2000]));
}

#[test]
fn a_signal_times_out_by_the_clock() {
    Scenario::online()
        .page("AbortSignal.timeout(3_000_000_000).onabort = () => console.log('aborted');")
        .advance(2_999_999 * SECOND)
        .expect_printed(&[])
        .advance(SECOND)
        .expect_printed(&["aborted"]);
}

#[test]
fn two_pages_and_a_worker_share_one_time() {
    let mut story = Scenario::online().worker(
        "addEventListener('message', (event) => event.waitUntil((async () => {
            await new Promise((resolve) => setTimeout(resolve, 1000));
            event.source.postMessage(Date.now());
        })()));",
    );
    let other = "navigator.serviceWorker.ready.then(({ active }) => {
        navigator.serviceWorker.onmessage = (event) => {
            console.log('answer', event.data === Date.now());
            setTimeout(() => active.postMessage(null), 500);
        };
        setTimeout(() => active.postMessage(null), 250);
    });";
    for name in ["one", "two"] {
        story
            .open(name, ClientScript::Source(other.to_owned()))
            .expect("a page");
    }
    story.settle();
    let story = story.advance(10 * SECOND);
    // At 1.25 s, then every 1.5 s: 1.25, 2.75, 4.25, 5.75, 7.25, 8.75.
    assert_eq!(story.printed(), vec!["answer true"; 12]);
}

#[test]
fn a_script_that_never_rests_does_not_hold_time_up() {
    let mut story = Scenario::online()
        .with(|builder| builder.limits(short_limits()))
        .worker(
            "addEventListener('install', () => skipWaiting());
            addEventListener('message', () => { console.log('spinning'); for (;;); });",
        );
    story.eval("navigator.serviceWorker.ready.then(({ active }) => active.postMessage(null))");
    story
        .wait_until_printed("spinning")
        .advance(MINUTE)
        .expect_event(|event| matches!(event, HostEventKind::Console { .. }));
}

/// The message event of a worker that spins is ended soon, so that time waits for it once.
fn short_limits() -> landfall::service_worker::lifetime::EventLimits {
    landfall::service_worker::lifetime::EventLimits {
        event: SECOND,
        ..Default::default()
    }
}

#[test]
fn a_host_that_lives_by_the_computers_clock_says_so() {
    let mut story =
        Scenario::online().with(|builder| builder.clock(std::sync::Arc::new(SystemClock)));
    let host = story.host();
    let refused = story.run(async move { host.advance(SECOND).await });
    assert!(matches!(refused, Err(landfall::Error::ClockNotManual)));
}
