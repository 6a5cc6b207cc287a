//! Background sync where something is in the way: no permission, no window, a broken disk, a worker that goes.
//! Identifiers such as R6 are rows of the fact sheet, section 5; CONFORMANCE.md lists them all.

use std::sync::Arc;
use std::time::Duration;

use landfall::clock::SystemClock;
use landfall::service_worker::EventOutcome;
use landfall::sync::{Preset, RetryPolicy, SyncPolicy, SyncState};
use landfall::{
    ClientOptions, ClientScript, Error, Host, HostEventKind, Permission, PermissionState,
    RegisterOptions, SyncEvent,
};
use rusqlite::Connection;
use serde_json::json;

use crate::support::scenario::{Scenario, address};

const MINUTE: Duration = Duration::from_secs(60);

const FULFILS: &str = "self.onsync = (event) => event.waitUntil(Promise.resolve());";

/// A worker whose event goes on until a message says `go`.
const HOLDS: &str = "const held = Promise.withResolvers();
self.onsync = (event) => {
    console.log('holds');
    event.waitUntil(held.promise);
};
self.onmessage = () => held.resolve();";

/// Registers a tag in the page and says how that went.
fn registered(tag: &str) -> String {
    format!(
        "navigator.serviceWorker.ready
             .then((r) => r.sync.register('{tag}'))
             .then(() => 'resolved', (error) => `${{error.name}} ${{error.message}}`)"
    )
}

const NO_WINDOW: &str = "InvalidAccessError Attempted to register a sync event without a window or registration tag too long.";
const DISABLED: &str = "UnknownError Background Sync is disabled.";

/// R6, R19
#[test]
fn without_permission_register_is_refused_in_that_origin_only() {
    let denied = Scenario::offline().with(|builder| {
        builder.permission(
            &address("any/path"),
            Permission::BackgroundSync,
            PermissionState::Denied,
        )
    });
    denied
        .worker(FULFILS)
        .expect_eval(
            &registered("outbox"),
            json!("NotAllowedError Permission denied."),
        )
        .expect_tags(&[]);

    let elsewhere = address("").join("https://other.example/").unwrap();
    Scenario::offline()
        .with(move |builder| {
            builder.permission(
                &elsewhere,
                Permission::BackgroundSync,
                PermissionState::Denied,
            )
        })
        .worker(FULFILS)
        .expect_eval(&registered("outbox"), json!("resolved"));
}

/// R6: the permission is looked up at each try; what was registered before is not touched.
#[test]
fn a_permission_that_was_taken_away_stops_new_tags_and_not_those_there_are() {
    let mut scenario = Scenario::offline()
        .worker(FULFILS)
        .register_sync("outbox")
        .stop_host()
        .with(|builder| {
            builder.permission(
                &address(""),
                Permission::BackgroundSync,
                PermissionState::Denied,
            )
        });
    assert_eq!(
        scenario.eval(&registered("outbox")),
        json!("NotAllowedError Permission denied.")
    );
    scenario.go_online().expect_fired("outbox", 1);
}

/// R9: also for a tag that is registered already.
#[test]
fn by_policy_register_needs_an_open_window_also_from_the_worker() {
    const WORKER: &str = "self.onsync = (event) => event.waitUntil(
        registration.sync.register('outbox').then(
            () => console.log('resolved'),
            (error) => console.log(error.name, error.message)));";
    for policy in [SyncPolicy::spec(), SyncPolicy::chromium()] {
        let mut scenario = Scenario::online().with_policy(policy).worker(WORKER);
        let (host, scope) = (scenario.host(), address(""));
        let fire = move || {
            let (host, scope) = (host.clone(), scope.clone());
            async move { host.dispatch_sync(&scope, "from outside", false).await }
        };
        scenario.run(fire()).unwrap();
        let mut scenario = scenario
            .expect_printed(&[NO_WINDOW])
            .go_offline()
            .register_sync("outbox")
            .close_page()
            .expect_tags(&["outbox"])
            .go_online();
        scenario.settle();
        // The tag fires without a window; only to register it again one is needed.
        scenario
            .expect_fired("outbox", 1)
            .expect_printed(&[NO_WINDOW, NO_WINDOW])
            .expect_tags(&[]);
    }
}

/// R18: instead of a frame, a worker of an origin that has no window.
#[test]
fn a_window_of_another_origin_is_no_window() {
    let mut scenario = Scenario::online()
        .with_policy(SyncPolicy::chromium())
        .worker(
            "self.onsync = (event) => event.waitUntil(
                 registration.sync.register('outbox').catch((error) => console.log(error.name)));",
        );
    let (host, scope) = (scenario.host(), address(""));
    scenario
        .run(async move {
            let elsewhere = ClientOptions {
                url: "https://other.example/".parse().unwrap(),
                script: ClientScript::None,
            };
            let _window = host.open_client(elsewhere).await?;
            host.dispatch_sync(&scope, "from outside", false).await
        })
        .unwrap();
    scenario.expect_printed(&["InvalidAccessError"]);
}

/// R7, X1
#[test]
fn what_was_unregistered_takes_no_tag_and_fires_none() {
    Scenario::offline()
        .worker(FULFILS)
        .register_sync("outbox")
        .expect_eval(
            "navigator.serviceWorker.ready.then(async (r) => {
                 await r.unregister();
                 return [
                     await r.sync.getTags(),
                     await r.sync.register('again').catch((error) => error.name),
                 ];
             })",
            json!([[], "InvalidStateError"]),
        )
        .go_online()
        .expect_fired("outbox", 0)
        .restart_host()
        .expect_tags(&[]);
}

/// X2
#[test]
fn a_register_that_is_overtaken_by_unregister_leaves_nothing() {
    Scenario::offline()
        .worker(FULFILS)
        .expect_eval(
            "navigator.serviceWorker.ready.then(async (r) => {
                 const ended = [r.sync.register('a'), r.unregister(), r.sync.register('b')];
                 const results = (await Promise.allSettled(ended))
                     .map(({ status, reason }) => reason?.name ?? status);
                 return [results[1], results.every((result) => ['fulfilled', 'InvalidStateError'].includes(result))];
             })",
            json!(["fulfilled", true]),
        )
        .expect_tags(&[])
        .go_online()
        .expect_no_event(|kind| matches!(kind, HostEventKind::Sync(SyncEvent::Started { .. })))
        .restart_host()
        .expect_tags(&[]);
}

/// X3
#[test]
fn a_worker_unregistered_during_its_event_ends_alone() {
    let mut scenario = Scenario::online()
        .file("other/sw.js", FULFILS)
        .worker(HOLDS);
    let other = RegisterOptions::new(address("other/sw.js"));
    scenario.register_with(other).expect("it is registered");
    let mut scenario = scenario.sync_under_way("outbox", "holds");
    scenario.eval(
        "navigator.serviceWorker.ready.then(async (r) => {
             const { active } = r;
             await r.unregister();
             active.postMessage('go');
             return await r.sync.register('late').catch((error) => console.log(error.name));
         })",
    );
    scenario.settle();
    scenario
        .expect_printed(&["holds", "InvalidStateError"])
        .expect_tags(&[])
        .expect_eval(
            "navigator.serviceWorker.getRegistration('/other/').then((r) => r.sync.register('works'))",
            json!(null),
        )
        .wait_until(
            |kind| matches!(kind, HostEventKind::Sync(SyncEvent::Ended { tag, .. }) if tag == "works"),
        )
        .expect_tags(&[]);
}

/// F7
#[test]
fn a_tag_is_listed_until_its_event_has_ended() {
    let mut scenario = Scenario::online()
        .worker(HOLDS)
        .sync_under_way("outbox", "holds");
    assert_eq!(scenario.status().syncs[0].state, SyncState::Firing);
    let tags = scenario.eval("navigator.serviceWorker.ready.then((r) => r.sync.getTags())");
    assert_eq!(tags, json!(["outbox"]));
    scenario.eval("navigator.serviceWorker.ready.then((r) => r.active.postMessage('go'))");
    scenario.settle();
    scenario.expect_fired("outbox", 1).expect_tags(&[]);
}

/// F13: whoever waits for a host to be idle waits for the event too, unless only a manual clock can bring it on.
#[test]
fn a_host_is_not_idle_before_its_event_has_ended() {
    let mut scenario = Scenario::online()
        .with(|builder| builder.clock(Arc::new(SystemClock)))
        .worker(HOLDS)
        .sync_under_way("outbox", "holds");
    let (host, asked) = (scenario.host(), scenario.host());
    let was_idle = scenario.run(async move {
        let idle = host.run_until_idle();
        tokio::pin!(idle);
        // Both are answered in the order in which they are asked.
        let was_idle = tokio::select! {
            biased;
            _ = &mut idle => true,
            _ = asked.status() => false,
        };
        let window = ClientOptions {
            url: address(""),
            script: ClientScript::Source(
                "navigator.serviceWorker.ready.then((r) => r.active.postMessage('go'))".to_owned(),
            ),
        };
        let _window = asked.open_client(window).await.unwrap();
        idle.await.unwrap();
        was_idle
    });
    assert!(!was_idle);
    scenario.expect_tags(&[]);
}

/// F12
#[test]
fn a_worker_that_dies_has_failed_and_a_new_one_gets_the_next_attempt() {
    Scenario::online()
        .with(|builder| builder.heap_limit(64 << 20))
        .with_policy(SyncPolicy {
            retry: RetryPolicy {
                max_attempts: 2,
                ..RetryPolicy::default()
            },
            ..SyncPolicy::landfall()
        })
        .worker(
            "self.onsync = (event) => {
                 const all = [];
                 while (!event.lastChance) all.push(new Array(100000).fill(all.length));
             };",
        )
        .register_sync("outbox")
        .expect_outcome(|outcome| *outcome == EventOutcome::Terminated)
        .expect_tags(&["outbox"])
        .advance(5 * MINUTE)
        .expect_outcome(|outcome| *outcome == EventOutcome::Fulfilled)
        .expect_tags(&[]);
}

/// A fault of the disk under the table of syncs, until it is healed.
fn break_storage(scenario: &Scenario, operation: &str) -> Connection {
    let database = Connection::open(scenario.data().join("host.db")).unwrap();
    let fault = format!(
        "CREATE TRIGGER fault BEFORE {operation} ON sync_registration
         BEGIN SELECT RAISE(ABORT, 'no space left'); END;"
    );
    database.execute_batch(&fault).unwrap();
    database
}

fn heal_storage(database: &Connection) {
    database.execute_batch("DROP TRIGGER fault").unwrap();
}

/// D1, D2, D4. Differs from Chromium, which refuses everything until it is started again: what can be done is done.
#[test]
fn a_tag_that_cannot_be_stored_is_refused_and_others_are_still_there() {
    let scenario = Scenario::offline().worker(FULFILS).register_sync("stored");
    let database = break_storage(&scenario, "INSERT");
    let scenario = scenario
        .expect_eval(&registered("lost"), json!(DISABLED))
        .expect_event(
            |kind| matches!(kind, HostEventKind::StorageFailed { reason } if reason.contains("no space left")),
        )
        .expect_tags(&["stored"]);
    heal_storage(&database);
    scenario
        .expect_eval(&registered("new"), json!("resolved"))
        .expect_tags(&["new", "stored"])
        .go_online()
        .expect_tags(&[]);
}

/// D6, D7. Differs from Chromium, which stops altogether: the outcome holds, and is forgotten only with the process.
#[test]
fn an_outcome_that_cannot_be_stored_holds_until_the_host_ends() {
    let scenario = Scenario::online()
        .worker(HOLDS)
        .sync_under_way("outbox", "holds");
    let database = break_storage(&scenario, "DELETE");
    let mut scenario = scenario;
    scenario.eval("navigator.serviceWorker.ready.then((r) => r.active.postMessage('go'))");
    scenario.settle();
    let scenario = scenario
        .expect_event(|kind| matches!(kind, HostEventKind::StorageFailed { .. }))
        .expect_tags(&[]);
    heal_storage(&database);
    scenario
        .register_sync("outbox")
        .expect_fired("outbox", 2)
        .expect_tags(&[]);
}

/// P1: also what is to be forgotten.
#[test]
fn a_periodic_tag_that_cannot_be_stored_or_forgotten_is_refused() {
    let periodic = |call: &str| {
        format!(
            "navigator.serviceWorker.ready.then(({{ periodicSync }}) => periodicSync.{call})
                 .then(() => 'resolved', (error) => `${{error.name}} ${{error.message}}`)"
        )
    };
    let scenario = Scenario::offline()
        .worker(FULFILS)
        .register_periodic_sync("stored", Duration::ZERO);
    let database = break_storage(&scenario, "INSERT");
    let scenario = scenario.expect_eval(&periodic("register('lost')"), json!(DISABLED));
    heal_storage(&database);
    let database = break_storage(&scenario, "DELETE");
    let scenario = scenario
        .expect_eval(&periodic("unregister('stored')"), json!(DISABLED))
        .expect_tags(&["stored"]);
    heal_storage(&database);
    scenario
        .expect_eval(&periodic("unregister('stored')"), json!("resolved"))
        .expect_tags(&[]);
}

/// S9, D5, D8: disabled by the policy, for as long as the policy says so.
#[test]
fn while_background_sync_is_disabled_what_is_stored_waits_for_a_host_that_has_it() {
    let is_disabled = std::rc::Rc::new(std::cell::Cell::new(false));
    let disabled = std::rc::Rc::clone(&is_disabled);
    let call = |call: &str| {
        format!(
            "navigator.serviceWorker.ready.then((r) => r.{call})
                 .then((value) => value ?? 'resolved', (error) => `${{error.name}} ${{error.message}}`)"
        )
    };
    let scenario = Scenario::offline()
        .with(move |builder| {
            builder.sync_policy(SyncPolicy {
                disabled: disabled.get(),
                ..SyncPolicy::landfall()
            })
        })
        .worker(FULFILS)
        .register_sync("outbox")
        .register_periodic_sync("news", Duration::ZERO);
    is_disabled.set(true);
    let mut scenario = scenario.restart_host();
    for refused in [
        "sync.register('new')",
        "sync.getTags()",
        "periodicSync.register('new')",
        "periodicSync.getTags()",
        "periodicSync.unregister('news')",
    ] {
        assert_eq!(scenario.eval(&call(refused)), json!(DISABLED), "{refused}");
    }
    assert!(scenario.status().is_sync_disabled);
    let scenario = scenario
        .go_online()
        .advance(100 * 60 * MINUTE)
        .expect_fired("outbox", 0)
        .expect_fired("news", 0)
        .expect_tags(&["news", "outbox"]);
    is_disabled.set(false);
    scenario
        .go_offline()
        .restart_host()
        .expect_eval(&call("sync.getTags()"), json!(["outbox"]))
        .expect_eval(&call("periodicSync.getTags()"), json!(["news"]))
        .go_online()
        .expect_fired("outbox", 1)
        .expect_fired("news", 1);
}

/// Offline at the moment of dispatch: no attempt, so the only one there is stays.
#[test]
fn an_event_that_could_not_be_sent_costs_no_attempt() {
    let mut scenario = Scenario::online()
        .with_policy(SyncPolicy {
            retry: RetryPolicy {
                max_attempts: 1,
                ..RetryPolicy::default()
            },
            ..SyncPolicy::landfall()
        })
        .file(
            "sw.js",
            "const released = Promise.withResolvers();
             self.onmessage = () => released.resolve();
             self.onactivate = (event) => event.waitUntil((async () => {
                 await registration.sync.register('early');
                 await released.promise;
             })());
             self.onsync = (event) => console.log(event.lastChance);",
        );
    let host = scenario.host();
    let registered =
        scenario.begin(async move { host.register(RegisterOptions::new(address("sw.js"))).await });
    // Its event is due, and waits for the worker to be activated.
    let mut scenario = scenario
        .wait_until(|kind| matches!(kind, HostEventKind::Sync(SyncEvent::Registered { .. })));
    scenario.settle();
    let mut scenario = scenario.go_offline();
    assert_eq!(scenario.status().syncs[0].state, SyncState::Firing);
    scenario
        .eval("navigator.serviceWorker.getRegistration().then((r) => r.active.postMessage('go'))");
    scenario.settle();
    assert_eq!(scenario.status().syncs[0].state, SyncState::Pending);
    scenario
        .run(async move { registered.await.expect("it came to its end") })
        .expect("it is registered");
    scenario
        .expect_fired("early", 0)
        .go_online()
        .expect_printed(&["true"])
        .expect_tags(&[]);
}

/// D10
#[test]
fn what_is_asked_in_a_row_is_answered_in_that_order() {
    Scenario::offline().worker(FULFILS).expect_eval(
        "navigator.serviceWorker.ready.then(async ({ sync }) => {
             const order = [];
             const note = (name) => (value) => order.push([name, value ?? null]);
             await Promise.all([
                 sync.getTags().then(note('before')),
                 sync.register('outbox').then(note('registered')),
                 sync.getTags().then(note('after')),
             ]);
             return order;
         })",
        json!([["before", []], ["registered", null], ["after", ["outbox"]]]),
    );
}

/// V1: the switch is the host's, not one worker's.
#[test]
fn a_host_switched_offline_holds_its_tags_back_although_the_network_is_there() {
    Scenario::online()
        .worker(FULFILS)
        .go_offline()
        .register_sync("held")
        .expect_fired("held", 0)
        .expect_tags(&["held"])
        .go_online()
        .expect_fired("held", 1)
        .register_sync("free")
        .expect_fired("free", 1)
        .expect_tags(&[]);
}

/// V2
#[test]
fn two_who_hold_a_host_offline_both_have_to_let_go() {
    let mut scenario = Scenario::online().worker(FULFILS);
    let (first, second) = (
        scenario.host().hold_offline(),
        scenario.host().hold_offline(),
    );
    let scenario = scenario
        .register_sync("held")
        .register_sync("too")
        .expect_tags(&["held", "too"])
        .expect_eval("navigator.onLine", json!(false));
    drop(first);
    let mut scenario = scenario.go_online().expect_fired("held", 0);
    drop(second);
    scenario.settle();
    scenario
        .expect_fired("held", 1)
        .expect_fired("too", 1)
        .expect_tags(&[]);
}

/// V3
#[test]
fn an_event_by_hand_is_refused_offline_and_sent_online() {
    let mut scenario = Scenario::offline().worker(FULFILS);
    let host = scenario.host();
    let fire = move || {
        let host = host.clone();
        async move {
            host.dispatch_sync(&address(""), "unregistered", false)
                .await
        }
    };
    assert!(matches!(scenario.run(fire()), Err(Error::Offline)));
    let mut scenario = scenario.go_online();
    let outcome = scenario.run(fire()).expect("it is sent");
    assert_eq!(outcome, EventOutcome::Fulfilled);
}

#[test]
fn a_policy_without_sense_is_refused_by_the_builder_with_the_name_of_the_field() {
    let nonsense = SyncPolicy {
        retry: RetryPolicy {
            max_attempts: 0,
            ..RetryPolicy::default()
        },
        ..Preset::Chromium.into()
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let built = runtime.block_on(Host::builder().sync_policy(nonsense).build());
    let refused = built.err().expect("it is refused");
    assert!(matches!(refused, Error::Policy(_)));
    assert!(
        refused.to_string().contains("`retry.max_attempts`"),
        "{refused}"
    );
}
