//! Periodic background sync: a tag is registered once, and its event is sent interval after interval.
//! Identifiers such as P4 are rows of the fact sheet, section 5; CONFORMANCE.md lists them all.

use std::time::Duration;

use landfall::service_worker::EventOutcome;
use landfall::sync::{PeriodicPolicy, SyncKind, SyncPolicy};
use landfall::{Error, HostEventKind, SyncEvent};
use serde_json::{Value, json};

use crate::support::scenario::{Scenario, address};

pub const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
pub const HOUR: Duration = Duration::from_secs(60 * 60);

/// A worker that fulfils every event.
pub const FULFILS: &str = "self.addEventListener('periodicsync', (event) => {
    console.log(event.tag);
    event.waitUntil(Promise.resolve());
});
self.onsync = (event) => console.log(`once ${event.tag}`);";

/// A worker that rejects every event.
const REJECTS: &str =
    "self.onperiodicsync = (event) => event.waitUntil(Promise.reject(new Error('still nothing')));";

/// What happens in a page that calls something of `periodicSync`: its value, or the name of the error.
pub fn outcome_of(call: &str) -> String {
    format!(
        "navigator.serviceWorker.ready.then(({{ periodicSync }}) => periodicSync.{call})
             .then((value) => value ?? 'resolved', (error) => `${{error.name}}: ${{error.message}}`)"
    )
}

/// The tags that the page finds.
pub fn tags() -> String {
    outcome_of("getTags()")
}

fn with_attempts(max_attempts: u32) -> SyncPolicy {
    SyncPolicy {
        periodic: PeriodicPolicy {
            max_attempts,
            ..PeriodicPolicy::default()
        },
        ..SyncPolicy::landfall()
    }
}

/// P4
#[test]
fn a_periodic_sync_fires_once_every_interval_and_stays() {
    Scenario::online()
        .worker(FULFILS)
        .register_periodic_sync("news", 13 * HOUR)
        .expect_fired("news", 0)
        .advance(24 * HOUR - SECOND)
        .expect_fired("news", 0)
        .advance(SECOND)
        .expect_fired("news", 1)
        .expect_tags(&["news"])
        .advance(24 * HOUR - SECOND)
        .expect_fired("news", 1)
        .advance(SECOND)
        .expect_printed(&["news", "news"])
        .expect_tags(&["news"]);
}

/// P8: from the page and from the worker.
#[test]
fn without_an_interval_the_smallest_one_holds() {
    Scenario::online()
        .worker(
            "self.onmessage = (event) => event.waitUntil((async () => {
                 await registration.periodicSync.register('from-worker');
                 event.source.postMessage(await registration.periodicSync.getTags());
             })());",
        )
        .expect_eval(&outcome_of("register('from-page')"), json!("resolved"))
        .expect_eval(&outcome_of("register('empty', {})"), json!("resolved"))
        .expect_eval(
            "new Promise((resolve) => {
                 navigator.serviceWorker.onmessage = (event) => resolve(event.data);
                 navigator.serviceWorker.ready.then((r) => r.active.postMessage('go'));
             })",
            json!(["empty", "from-page", "from-worker"]),
        )
        .advance(12 * HOUR)
        .expect_fired("from-page", 1)
        .expect_fired("empty", 1)
        .expect_fired("from-worker", 1);
}

/// P1, P2, P10
#[test]
fn what_is_unregistered_never_fires_again_and_the_other_stays() {
    Scenario::online()
        .worker(FULFILS)
        .register_periodic_sync("mail", Duration::ZERO)
        .register_periodic_sync("news", Duration::ZERO)
        .advance(12 * HOUR)
        .expect_fired("news", 1)
        .expect_eval(&outcome_of("unregister('unknown')"), json!("resolved"))
        .expect_eval(&outcome_of("unregister('news')"), json!("resolved"))
        .expect_event(|kind| {
            matches!(kind, HostEventKind::Sync(SyncEvent::Unregistered { kind: SyncKind::Periodic, tag, .. }) if tag == "news")
        })
        .expect_eval(&tags(), json!(["mail"]))
        .advance(12 * HOUR)
        .expect_fired("news", 1)
        .expect_fired("mail", 2)
        .restart_host()
        .expect_tags(&["mail"]);
}

/// P10
#[test]
fn a_worker_finds_and_unregisters_what_a_page_registered() {
    Scenario::online()
        .worker(
            "self.onmessage = (event) => event.waitUntil((async () => {
                 const { periodicSync } = registration;
                 const before = await periodicSync.getTags();
                 await periodicSync.unregister('news');
                 event.source.postMessage([before, await periodicSync.getTags()]);
             })());",
        )
        .register_periodic_sync("news", Duration::ZERO)
        .expect_eval(
            "new Promise((resolve) => {
                 navigator.serviceWorker.onmessage = (event) => resolve(event.data);
                 navigator.serviceWorker.ready.then((r) => r.active.postMessage('go'));
             })",
            json!([["news"], []]),
        );
}

/// P3
#[test]
fn the_same_tag_with_another_interval_begins_anew_and_with_the_same_one_goes_on() {
    Scenario::online()
        .worker(FULFILS)
        .register_periodic_sync("news", 24 * HOUR)
        .advance(6 * HOUR)
        .register_periodic_sync("news", 24 * HOUR)
        .advance(18 * HOUR)
        .expect_fired("news", 1)
        .advance(6 * HOUR)
        .register_periodic_sync("news", 12 * HOUR)
        .expect_tags(&["news"])
        .advance(12 * HOUR - SECOND)
        .expect_fired("news", 1)
        .advance(SECOND)
        .expect_fired("news", 2);
}

/// P3: also while its event runs.
#[test]
fn another_interval_registered_during_the_event_holds_from_its_end_on() {
    Scenario::online()
        .worker(
            "self.onperiodicsync = (event) => event.waitUntil(
                 registration.periodicSync.register(event.tag, { minInterval: 48 * 3600 * 1000 }));",
        )
        .register_periodic_sync("news", Duration::ZERO)
        .advance(12 * HOUR)
        .expect_fired("news", 1)
        .advance(48 * HOUR - SECOND)
        .expect_fired("news", 1)
        .advance(SECOND)
        .expect_fired("news", 2);
}

/// P7, P17
#[test]
fn tags_registered_an_hour_apart_come_together_in_the_end() {
    Scenario::online()
        .worker(FULFILS)
        .register_periodic_sync("mail", Duration::ZERO)
        .advance(HOUR)
        .register_periodic_sync("news", Duration::ZERO)
        .advance(11 * HOUR)
        .expect_printed(&["mail"])
        .advance(2 * HOUR)
        .expect_printed(&["mail"])
        .advance(10 * HOUR)
        .expect_printed(&["mail", "mail", "news"])
        .advance(12 * HOUR)
        .expect_printed(&["mail", "mail", "news", "mail", "news"]);
}

/// P12
#[test]
fn tags_that_are_due_together_fire_in_their_order() {
    Scenario::online()
        .worker(FULFILS)
        .register_periodic_sync("foo", Duration::ZERO)
        .register_periodic_sync("bar", Duration::ZERO)
        .advance(12 * HOUR)
        .expect_printed(&["bar", "foo"])
        .expect_eval(&outcome_of("unregister('foo')"), json!("resolved"))
        .advance(12 * HOUR)
        .expect_printed(&["bar", "foo", "bar"]);
}

/// P11
#[test]
fn what_is_due_while_offline_fires_once_when_the_network_comes() {
    Scenario::offline()
        .worker(FULFILS)
        .register_periodic_sync("news", Duration::ZERO)
        .advance(60 * HOUR)
        .expect_fired("news", 0)
        .go_online()
        .expect_fired("news", 1)
        .expect_tags(&["news"])
        .advance(12 * HOUR)
        .expect_fired("news", 2);
}

/// P13
#[test]
fn an_event_that_takes_its_time_counts_once() {
    let mut scenario = Scenario::online()
        .worker(
            "const held = Promise.withResolvers();
             self.onperiodicsync = (event) => { console.log('holds'); event.waitUntil(held.promise); };
             self.onmessage = () => held.resolve();",
        )
        .register_periodic_sync("news", Duration::ZERO)
        .advance_meanwhile(12 * HOUR)
        .wait_until_printed("holds")
        .advance_meanwhile(MINUTE)
        .expect_eval(&tags(), json!(["news"]));
    scenario.eval("navigator.serviceWorker.ready.then((r) => r.active.postMessage('go'))");
    scenario.settle();
    scenario
        .expect_outcome(|outcome| *outcome == EventOutcome::Fulfilled)
        .expect_fired("news", 1)
        .expect_tags(&["news"]);
}

/// P14, R13, and the rest of `[EnforceRange] unsigned long long`
#[test]
fn an_interval_that_is_no_number_of_milliseconds_is_a_type_error() {
    let mut scenario = Scenario::online().worker(FULFILS);
    for interval in ["-1000", "-1", "NaN", "Infinity", "2 ** 53", "'soon'"] {
        let call = outcome_of(&format!("register('news', {{ minInterval: {interval} }})"));
        let outcome = scenario.eval(&call);
        let outcome = outcome.as_str().expect("a string");
        assert!(outcome.starts_with("TypeError: "), "{interval}: {outcome}");
    }
    let refused = scenario.eval(&outcome_of("register()"));
    assert!(
        refused
            .as_str()
            .expect("a string")
            .starts_with("TypeError: ")
    );
    scenario
        .expect_eval(
            &outcome_of("register('longest', { minInterval: 2 ** 53 - 1 })"),
            json!("resolved"),
        )
        .expect_eval(&tags(), json!(["longest"]));
}

/// P18
#[test]
fn before_a_worker_is_active_register_rejects_and_the_rest_does_nothing() {
    Scenario::online()
        .worker(
            "self.oninstall = (event) => event.waitUntil((async () => {
                 const { periodicSync } = registration;
                 await periodicSync.register('early').catch((error) =>
                     console.log(`${error.name}: ${error.message}`));
                 console.log(JSON.stringify(await periodicSync.getTags()));
                 console.log(`${await periodicSync.unregister('early')}`);
             })());",
        )
        .expect_printed(&[
            "InvalidStateError: Registration failed - no active Service Worker",
            "[]",
            "undefined",
        ]);
}

/// R10
#[test]
fn one_tag_may_be_registered_for_both_kinds() {
    Scenario::offline()
        .worker(FULFILS)
        .register_sync("foo")
        .register_periodic_sync("foo", Duration::ZERO)
        .expect_tags(&["foo", "foo"])
        .expect_eval(&tags(), json!(["foo"]))
        .go_online()
        .expect_printed(&["once foo"])
        .expect_eval(&tags(), json!(["foo"]))
        .advance(12 * HOUR)
        .expect_printed(&["once foo", "foo"]);
}

/// N6, N9: each kind has its own moment, and the sooner one does not move the other.
#[test]
fn one_shot_and_periodic_syncs_wait_for_their_own_moments() {
    let mut scenario = Scenario::online()
        .worker("self.onsync = (event) => event.waitUntil(Promise.reject());")
        .register_periodic_sync("news", 13 * HOUR)
        .register_sync("outbox");
    let waits: Vec<_> = scenario
        .status()
        .syncs
        .iter()
        .map(|sync| (sync.kind, sync.next_attempt_at_ms.is_some()))
        .collect();
    assert_eq!(
        waits,
        [(SyncKind::OneShot, true), (SyncKind::Periodic, true)]
    );
    scenario
        .advance(5 * MINUTE)
        .expect_fired("outbox", 2)
        .expect_fired("news", 0)
        .advance(24 * HOUR)
        .expect_fired("news", 1)
        .expect_fired("outbox", 3);
}

/// T7, T9
#[test]
fn a_failing_periodic_sync_is_tried_again_and_then_waits_for_its_next_interval() {
    Scenario::online()
        .with_policy(with_attempts(2))
        .worker(REJECTS)
        .register_periodic_sync("news", Duration::ZERO)
        .advance(12 * HOUR)
        .expect_fired("news", 1)
        .advance(5 * MINUTE - SECOND)
        .expect_fired("news", 1)
        .advance(SECOND)
        .expect_fired("news", 2)
        .advance(HOUR)
        .expect_fired("news", 2)
        .expect_tags(&["news"])
        .advance(11 * HOUR)
        .expect_fired("news", 3)
        .advance(5 * MINUTE)
        .expect_fired("news", 4)
        .expect_tags(&["news"]);
}

/// T9: the other side of the policy.
#[test]
fn by_the_specification_a_failed_periodic_sync_is_not_tried_again_before_its_next_interval() {
    let policy = SyncPolicy {
        window_required: false,
        ..SyncPolicy::spec()
    };
    Scenario::online()
        .with_policy(policy)
        .worker(REJECTS)
        .register_periodic_sync("news", Duration::ZERO)
        .advance(12 * HOUR)
        .expect_fired("news", 1)
        .advance(12 * HOUR - SECOND)
        .expect_fired("news", 1)
        .advance(SECOND)
        .expect_fired("news", 2);
}

/// S1
#[test]
fn a_periodic_sync_survives_a_restart_with_the_rest_of_its_wait() {
    Scenario::online()
        .worker(FULFILS)
        .register_periodic_sync("news", Duration::ZERO)
        .advance(11 * HOUR)
        .restart_host()
        .expect_eval(&tags(), json!(["news"]))
        .advance(HOUR - SECOND)
        .expect_fired("news", 0)
        .advance(SECOND)
        .expect_fired("news", 1)
        .stop_host()
        .advance_meanwhile(100 * HOUR)
        .start_host()
        .advance(Duration::ZERO)
        .expect_fired("news", 2);
}

/// F12
#[test]
fn a_worker_that_dies_in_a_periodic_event_gets_the_next_one() {
    Scenario::online()
        .with(|builder| builder.heap_limit(64 << 20))
        .worker(
            "self.onperiodicsync = (event) => event.waitUntil((async () => {
                 const cache = await caches.open('runs');
                 if (await cache.match('/first')) return;
                 await cache.put('/first', new Response('it began'));
                 const all = [];
                 for (;;) all.push(new Array(100000).fill(all.length));
             })());",
        )
        .register_periodic_sync("news", Duration::ZERO)
        .advance(12 * HOUR)
        .expect_outcome(|outcome| *outcome == EventOutcome::Terminated)
        .advance(5 * MINUTE)
        .expect_outcome(|outcome| *outcome == EventOutcome::Fulfilled)
        .expect_tags(&["news"]);
}

/// V4
#[test]
fn a_periodic_event_is_sent_by_hand_for_any_tag_and_changes_no_registration() {
    let mut scenario = Scenario::online()
        .worker(FULFILS)
        .register_periodic_sync("news", Duration::ZERO);
    let before = scenario.status().syncs;
    let host = scenario.host();
    let fired = scenario.run(async move {
        let unregistered = host.dispatch_periodic_sync(&address(""), "any").await?;
        let registered = host.dispatch_periodic_sync(&address(""), "news").await?;
        Ok::<_, Error>([unregistered, registered])
    });
    let fulfilled = EventOutcome::Fulfilled;
    assert_eq!(
        fired.expect("they are sent"),
        [fulfilled.clone(), fulfilled]
    );
    assert_eq!(scenario.status().syncs, before);
    let mut scenario = scenario.expect_printed(&["any", "news"]).go_offline();
    let host = scenario.host();
    let refused =
        scenario.run(async move { host.dispatch_periodic_sync(&address(""), "any").await });
    assert!(matches!(refused, Err(Error::Offline)));
}

#[test]
fn the_interfaces_are_what_the_specification_says() {
    let page = "navigator.serviceWorker.ready.then((r) => [
        'periodicSync' in r,
        r.periodicSync === r.periodicSync,
        r.periodicSync instanceof PeriodicSyncManager,
        typeof PeriodicSyncEvent,
    ])";
    Scenario::online()
        .worker(
            "const attempt = (make) => { try { return make().tag; } catch (error) { return error.name; } };
             self.oninstall = () => console.log([
                 'onperiodicsync' in self,
                 attempt(() => new PeriodicSyncEvent('periodicsync')),
                 attempt(() => new PeriodicSyncEvent('periodicsync', {})),
                 attempt(() => new PeriodicSyncEvent('periodicsync', { tag: 'news' })),
                 attempt(() => new PeriodicSyncManager()),
                 'lastChance' in PeriodicSyncEvent.prototype,
             ].join());
             self.onperiodicsync = (event) => console.log([
                 event instanceof PeriodicSyncEvent, event instanceof ExtendableEvent,
                 event.isTrusted, event.bubbles, event.cancelable,
             ].join());",
        )
        .expect_eval(page, json!([true, true, true, "undefined"]))
        .register_periodic_sync("news", Duration::ZERO)
        .advance(12 * HOUR)
        .expect_printed(&[
            "true,TypeError,TypeError,news,TypeError,false",
            "true,true,true,false,false",
        ]);
}

/// P9, and the length of a tag: as for one-shot sync.
#[test]
fn register_refuses_long_tags_and_by_policy_what_has_no_window() {
    const REFUSED: &str = "InvalidAccessError: Attempted to register a sync event without a window or registration tag too long.";
    Scenario::online()
        .worker(FULFILS)
        .expect_eval(&outcome_of("register('a'.repeat(10241))"), json!(REFUSED))
        .expect_eval(
            &outcome_of("register('a'.repeat(10240))"),
            json!("resolved"),
        );
    Scenario::online()
        .with_policy(SyncPolicy::spec())
        .worker(
            "self.onactivate = (event) => event.waitUntil(registration.periodicSync.register('early')
                 .catch((error) => console.log(`${error.name}: ${error.message}`)));",
        )
        .expect_printed(&[REFUSED]);
}

/// V6
#[test]
fn every_step_of_a_periodic_sync_is_told() {
    let scenario = Scenario::online()
        .with_policy(with_attempts(2))
        .worker(
            "self.onperiodicsync = (event) => event.waitUntil((async () => {
                 const cache = await caches.open('runs');
                 if (await cache.match('/first')) return;
                 await cache.put('/first', new Response());
                 throw new Error('the first run fails');
             })());",
        )
        .register_periodic_sync("news", Duration::ZERO)
        .advance(12 * HOUR)
        .advance(5 * MINUTE)
        .expect_eval(&outcome_of("unregister('news')"), json!("resolved"));
    let told: Vec<Value> = scenario
        .events()
        .filter_map(|kind| match kind {
            HostEventKind::Sync(SyncEvent::Registered { kind, tag, .. }) => {
                Some(json!(["registered", kind, tag]))
            }
            HostEventKind::Sync(SyncEvent::Unregistered { kind, tag, .. }) => {
                Some(json!(["unregistered", kind, tag]))
            }
            HostEventKind::Sync(SyncEvent::Started {
                kind,
                attempt,
                max_attempts,
                ..
            }) => Some(json!(["started", kind, attempt, max_attempts])),
            HostEventKind::Sync(SyncEvent::Ended {
                kind,
                outcome,
                next_attempt_at_ms,
                removed,
                ..
            }) => {
                let is_success = outcome.is_success();
                Some(json!([
                    "ended",
                    kind,
                    is_success,
                    next_attempt_at_ms.is_some(),
                    removed
                ]))
            }
            _ => None,
        })
        .collect();
    let expected = json!([
        ["registered", "periodicsync", "news"],
        ["started", "periodicsync", 1, 2],
        ["ended", "periodicsync", false, true, null],
        ["started", "periodicsync", 2, 2],
        ["ended", "periodicsync", true, true, null],
        ["unregistered", "periodicsync", "news"],
    ]);
    assert_eq!(Value::Array(told), expected);
}

#[test]
fn a_smaller_gap_lets_a_developer_see_events_in_seconds_also_of_a_tag_from_before() {
    let is_hasty = std::rc::Rc::new(std::cell::Cell::new(false));
    let now_hasty = std::rc::Rc::clone(&is_hasty);
    let hasty = SyncPolicy {
        periodic: PeriodicPolicy {
            min_gap: SECOND,
            ..PeriodicPolicy::default()
        },
        ..SyncPolicy::landfall()
    };
    let scenario = Scenario::online()
        .with(move |builder| {
            if is_hasty.get() {
                builder.sync_policy(hasty.clone())
            } else {
                builder
            }
        })
        .worker(FULFILS)
        .register_periodic_sync("news", Duration::ZERO);
    now_hasty.set(true);
    scenario
        .restart_host()
        .expect_fired("news", 0)
        .advance(4 * SECOND)
        .expect_fired("news", 1)
        .advance(SECOND)
        .expect_fired("news", 2);
}
