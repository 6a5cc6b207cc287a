//! Background sync: a tag is registered, the network comes, the event is sent; again if it fails.
//! Identifiers such as F4 are rows of the fact sheet, section 5; CONFORMANCE.md lists them all.

use std::time::Duration;

use landfall::service_worker::EventOutcome;
use landfall::sync::{Removal, RetryPolicy, SyncPolicy};
use landfall::{HostEventKind, Permission, PermissionState, SyncEvent};
use serde_json::json;

use crate::support::scenario::{ORIGIN, Scenario, address};

const MINUTE: Duration = Duration::from_secs(60);

/// A worker that fulfils every event.
const FULFILS: &str = "self.addEventListener('sync', (event) => {
    console.log(`${event.tag} ${event.lastChance}`);
    event.waitUntil(Promise.resolve());
});";

/// A worker that rejects every event.
const REJECTS: &str = "self.onsync = (event) => {
    console.log(`${event.tag} ${event.lastChance}`);
    event.waitUntil(Promise.reject(new Error('still nothing')));
};";

fn with_attempts(max_attempts: u32) -> SyncPolicy {
    SyncPolicy {
        retry: RetryPolicy {
            max_attempts,
            ..RetryPolicy::default()
        },
        ..SyncPolicy::landfall()
    }
}

/// R1, F4
#[test]
fn a_sync_registered_offline_fires_once_online() {
    Scenario::offline()
        .worker(FULFILS)
        .register_sync("outbox")
        .expect_tags(&["outbox"])
        .expect_fired("outbox", 0)
        .go_online()
        .expect_fired("outbox", 1)
        .expect_tags(&[]);
}

/// F3, R15: from a controlled page.
#[test]
fn a_sync_registered_online_fires_at_once() {
    Scenario::online()
        .worker(FULFILS)
        .register_sync("now")
        .expect_printed(&["now false"])
        .expect_tags(&[]);
}

/// R3, F6
#[test]
fn the_same_tag_registered_twice_fires_once() {
    Scenario::offline()
        .worker(FULFILS)
        .register_sync("outbox")
        .register_sync("outbox")
        .expect_tags(&["outbox"])
        .go_online()
        .expect_fired("outbox", 1);
}

/// T2, T3, T4
#[test]
fn a_rejected_sync_is_tried_after_5_and_15_minutes_and_then_dropped() {
    Scenario::online()
        .worker(REJECTS)
        .register_sync("outbox")
        .expect_fired("outbox", 1)
        .advance(5 * MINUTE - Duration::from_secs(1))
        .expect_fired("outbox", 1)
        .advance(Duration::from_secs(1))
        .expect_fired("outbox", 2)
        .advance(15 * MINUTE - Duration::from_secs(1))
        .expect_fired("outbox", 2)
        .expect_tags(&["outbox"])
        .advance(Duration::from_secs(1))
        .expect_printed(&["outbox false", "outbox false", "outbox true"])
        .expect_outcome(|outcome| {
            matches!(outcome, EventOutcome::Rejected(rejection) if rejection.message == "Error: still nothing")
        })
        .expect_tags(&[]);
}

#[test]
fn a_listener_that_throws_is_still_success() {
    Scenario::online()
        .worker("self.onsync = () => { throw new Error('thrown'); };")
        .register_sync("outbox")
        .expect_outcome(|outcome| *outcome == EventOutcome::Fulfilled)
        .expect_tags(&[]);
}

/// F11
#[test]
fn registering_while_the_event_runs_fires_once_more() {
    Scenario::online()
        .worker(
            "let runs = 0;
             self.onsync = (event) => event.waitUntil((async () => {
                 if (++runs === 1) await registration.sync.register(event.tag);
             })());",
        )
        .register_sync("again")
        .expect_fired("again", 2)
        .expect_tags(&[]);
}

/// R2, F5
#[test]
fn two_tags_fire_concurrently() {
    // The first handler waits for the second one: one after the other they would never end.
    Scenario::offline()
        .worker(
            "const second = Promise.withResolvers();
             self.onsync = (event) => {
                 if (event.tag === 'b') second.resolve();
                 event.waitUntil(second.promise);
             };",
        )
        .register_sync("a")
        .register_sync("b")
        .expect_tags(&["a", "b"])
        .go_online()
        .expect_fired("a", 1)
        .expect_fired("b", 1)
        .expect_tags(&[]);
}

#[test]
fn the_sync_manager_is_the_same_object_each_time() {
    Scenario::online().worker(FULFILS).expect_eval(
        "navigator.serviceWorker.ready.then((r) => r.sync === r.sync && r.sync instanceof SyncManager)",
        json!(true),
    );
}

#[test]
fn an_event_that_takes_more_than_three_minutes_has_failed() {
    Scenario::online()
        .worker("self.onsync = (event) => { console.log('waits'); event.waitUntil(new Promise(() => {})); };")
        .sync_under_way("outbox", "waits")
        .advance(3 * MINUTE)
        .expect_outcome(|outcome| *outcome == EventOutcome::TimedOut)
        .expect_tags(&["outbox"]);
}

#[test]
fn going_online_does_not_shorten_a_back_off_unless_the_policy_says_so() {
    let patient = Scenario::online()
        .worker(REJECTS)
        .register_sync("outbox")
        .go_offline()
        .go_online();
    patient.expect_fired("outbox", 1);

    let eager = SyncPolicy {
        retry_on_reconnect: true,
        ..SyncPolicy::landfall()
    };
    Scenario::online()
        .with_policy(eager)
        .worker(REJECTS)
        .register_sync("outbox")
        .go_offline()
        .go_online()
        .expect_fired("outbox", 2);
}

/// F8
#[test]
fn with_one_attempt_the_first_is_the_last_chance() {
    Scenario::online()
        .with_policy(with_attempts(1))
        .worker(REJECTS)
        .register_sync("outbox")
        .expect_printed(&["outbox true"])
        .expect_tags(&[]);
}

/// R15, R16
#[test]
fn a_worker_registers_tags_itself_and_reads_them_back() {
    Scenario::offline()
        .worker(
            "self.onmessage = (event) => event.waitUntil((async () => {
                 await registration.sync.register('from-worker');
                 event.source.postMessage(await registration.sync.getTags());
             })());",
        )
        .expect_eval(
            "new Promise((resolve) => {
                 navigator.serviceWorker.onmessage = (event) => resolve(event.data);
                 navigator.serviceWorker.ready.then((r) => r.active.postMessage('go'));
             })",
            json!(["from-worker"]),
        );
}

/// R15
#[test]
fn a_page_that_is_not_controlled_registers_too() {
    Scenario::online()
        .page("")
        .worker(FULFILS)
        .expect_eval("navigator.serviceWorker.controller", json!(null))
        .register_sync("outbox")
        .expect_fired("outbox", 1)
        .expect_tags(&[]);
}

/// R11, R16
#[test]
fn get_tags_gives_exactly_what_is_registered() {
    let tags = "navigator.serviceWorker.ready.then((r) => r.sync.getTags())";
    Scenario::offline()
        .worker(FULFILS)
        .expect_eval(tags, json!([]))
        .register_sync("b")
        .expect_eval(tags, json!(["b"]))
        .register_sync("a")
        .register_sync("b")
        .expect_eval(tags, json!(["a", "b"]))
        .go_online()
        .expect_eval(tags, json!([]));
}

/// R14, V5
#[test]
fn a_registration_is_told_once_with_its_scope() {
    let scenario = Scenario::offline().worker(FULFILS).register_sync("outbox");
    let told: Vec<_> = scenario
        .events()
        .filter_map(|kind| match kind {
            HostEventKind::Sync(SyncEvent::Registered { scope, tag, .. }) => {
                Some((scope.as_str(), tag.as_str()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(told, [(ORIGIN, "outbox")]);
}

/// F1
#[test]
fn the_event_comes_after_the_promise_of_register() {
    Scenario::online()
        .worker(
            "self.onmessage = (event) => event.waitUntil((async () => {
                 await registration.sync.register('outbox');
                 console.log('registered');
             })());
             self.onsync = () => console.log('fired');",
        )
        .expect_eval(
            "navigator.serviceWorker.ready.then((r) => r.active.postMessage('go'))",
            json!(null),
        )
        .wait_until_printed("fired")
        .expect_printed(&["registered", "fired"]);
}

#[test]
fn a_tag_registered_while_the_worker_activates_fires_when_it_is_activated() {
    Scenario::online()
        .worker(
            "self.onactivate = (event) => event.waitUntil((async () => {
                 await registration.sync.register('early');
                 console.log(registration.active.state);
             })());
             self.onsync = () => console.log(registration.active.state);",
        )
        .expect_printed(&["activating", "activated"])
        .expect_tags(&[]);
}

#[test]
fn a_tag_that_nobody_listens_to_is_done() {
    Scenario::online()
        .worker("")
        .register_sync("outbox")
        .expect_outcome(|outcome| *outcome == EventOutcome::Fulfilled)
        .expect_tags(&[]);
}

/// A DOMString is not converted.
#[test]
fn half_a_surrogate_pair_in_a_tag_reads_back_as_it_was_written() {
    Scenario::offline()
        .worker("self.onsync = (event) => console.log(JSON.stringify(event.tag));")
        .expect_eval(
            "navigator.serviceWorker.ready.then(async ({ sync, periodicSync }) => {
                 await sync.register('\\ud800');
                 await sync.register('\\u{10f800}');
                 await periodicSync.register('b\\udc00');
             })",
            json!(null),
        )
        .restart_host()
        .expect_eval(
            "navigator.serviceWorker.ready.then(async ({ sync, periodicSync }) =>
                 JSON.stringify([...await sync.getTags(), ...await periodicSync.getTags()]))",
            json!("[\"\\ud800\",\"\u{10f800}\",\"b\\udc00\"]"),
        )
        .go_online()
        .expect_printed(&["\"\\ud800\"", "\"\u{10f800}\""]);
}

/// R4: as in Chromium, half a pair counts as the three bytes of the replacement character.
#[test]
fn half_a_surrogate_pair_counts_as_three_bytes_of_a_tag() {
    let register = |halves: u32| {
        format!(
            "navigator.serviceWorker.ready.then(({{ sync }}) => sync.register('\\ud800'.repeat({halves})))
                 .then(() => 'registered', (error) => error.name)"
        )
    };
    Scenario::offline()
        .worker(FULFILS)
        .expect_eval(&register(3_413), json!("registered"))
        .expect_eval(&register(3_414), json!("InvalidAccessError"));
}

/// F9
#[test]
fn a_tag_that_was_given_up_can_be_registered_again() {
    Scenario::online()
        .with_policy(with_attempts(1))
        .worker(
            "let runs = 0;
             self.onsync = (event) => event.waitUntil(++runs === 1 ? Promise.reject() : Promise.resolve());",
        )
        .register_sync("outbox")
        .expect_tags(&[])
        .register_sync("outbox")
        .expect_fired("outbox", 2)
        .expect_outcome(|outcome| *outcome == EventOutcome::Fulfilled)
        .expect_tags(&[]);
}

/// F10
#[test]
fn a_tag_registered_during_its_last_failing_event_fires_once_more() {
    Scenario::online()
        .with_policy(with_attempts(1))
        .worker(
            "let runs = 0;
             self.onsync = (event) => event.waitUntil((async () => {
                 console.log(event.lastChance);
                 if (++runs > 1) return;
                 await registration.sync.register(event.tag);
                 throw new Error('the first run fails');
             })());",
        )
        .register_sync("outbox")
        .expect_printed(&["true", "true"])
        .expect_outcome(|outcome| *outcome == EventOutcome::Fulfilled)
        .expect_tags(&[]);
}

/// T1, T4
#[test]
fn with_two_attempts_the_second_is_the_last_chance() {
    Scenario::online()
        .with_policy(with_attempts(2))
        .worker(REJECTS)
        .register_sync("outbox")
        .expect_tags(&["outbox"])
        .advance(5 * MINUTE)
        .expect_printed(&["outbox false", "outbox true"])
        .expect_tags(&[]);
}

/// T5
#[test]
fn every_failing_tag_comes_to_its_end() {
    let mut scenario = Scenario::online()
        .worker(REJECTS)
        .register_sync("early")
        .advance(5 * MINUTE)
        .register_sync("late")
        .advance(5 * MINUTE)
        .expect_fired("early", 2)
        .expect_fired("late", 2)
        .advance(10 * MINUTE)
        .expect_fired("early", 3)
        .expect_tags(&["late"])
        .advance(5 * MINUTE)
        .expect_fired("late", 3)
        .expect_tags(&[]);
    assert_eq!(scenario.status().syncs, []);
}

/// T6
#[test]
fn permission_for_notifications_may_give_more_attempts() {
    let policy = SyncPolicy {
        retry: RetryPolicy {
            max_attempts_with_notifications: 4,
            ..RetryPolicy::default()
        },
        ..SyncPolicy::landfall()
    };
    for (state, attempts) in [(PermissionState::Denied, 3), (PermissionState::Granted, 4)] {
        let mut scenario = Scenario::offline()
            .with_policy(policy.clone())
            .with(move |builder| builder.permission(&address(""), Permission::Notifications, state))
            .worker(FULFILS)
            .register_sync("outbox");
        assert_eq!(scenario.status().syncs[0].max_attempts, attempts);
    }
}

/// T8, V5
#[test]
fn the_end_of_a_tag_is_told_with_its_attempts() {
    let ends = |worker: &str| {
        let scenario = Scenario::online()
            .with_policy(with_attempts(2))
            .worker(worker)
            .register_sync("outbox")
            .advance(5 * MINUTE);
        let ends = scenario.events().filter_map(|kind| match kind {
            HostEventKind::Sync(SyncEvent::Ended {
                attempt, removed, ..
            }) => Some((*attempt, *removed)),
            _ => None,
        });
        ends.collect::<Vec<_>>()
    };
    assert_eq!(ends(FULFILS), [(1, Some(Removal::Succeeded))]);
    assert_eq!(ends(REJECTS), [(1, None), (2, Some(Removal::GaveUp))]);
}

#[test]
fn registering_again_in_back_off_fires_at_once_unless_the_delay_stands() {
    for (policy, fired) in [
        (SyncPolicy::landfall(), 2),
        (SyncPolicy::spec(), 2),
        (SyncPolicy::chromium(), 1),
    ] {
        Scenario::online()
            .with_policy(policy)
            .worker(REJECTS)
            .register_sync("outbox")
            .register_sync("outbox")
            .expect_fired("outbox", fired)
            .expect_tags(&["outbox"]);
    }
}

/// R4, R5
#[test]
fn register_refuses_what_the_specification_refuses() {
    let names = "(async () => {
        const { sync } = await navigator.serviceWorker.ready;
        const name = (promise) => promise.then(() => 'resolved', (error) => error.name);
        return [
            await name(sync.register()),
            await name(sync.register('x'.repeat(10241))),
            await name(sync.register('x'.repeat(10240))),
            await name(sync.register('')),
        ];
    })()";
    Scenario::offline()
        .worker(FULFILS)
        .expect_eval(
            names,
            json!(["TypeError", "InvalidAccessError", "resolved", "resolved"]),
        )
        .expect_tags(&["", &"x".repeat(10_240)]);
}

/// R8
#[test]
fn before_a_worker_is_active_register_rejects() {
    Scenario::offline()
        .worker(
            "self.oninstall = (event) => event.waitUntil(
                 registration.sync.register('early').catch((error) => console.log(error.name, error.message)));",
        )
        .expect_printed(&["InvalidStateError Registration failed - no active Service Worker"]);
}

/// W7
#[test]
fn an_event_made_by_a_script_is_not_trusted() {
    Scenario::online().worker(
        "const event = new SyncEvent('sync', { tag: 'made up', lastChance: true });
         console.log(event.tag, event.lastChance, event.isTrusted, event instanceof ExtendableEvent);
         try { event.waitUntil(Promise.resolve()); } catch (error) { console.log(error.name); }
         for (const args of [['sync'], ['sync', {}]]) {
             try { new SyncEvent(...args); } catch (error) { console.log(error.name); }
         }",
    )
    .expect_printed(&["made up true false true", "InvalidStateError", "TypeError", "TypeError"]);
}

/// V3: the event changes no registration.
#[test]
fn an_embedder_fires_any_tag_and_gets_the_outcome() {
    let mut scenario = Scenario::online().worker(REJECTS);
    let host = scenario.host();
    let scope = address("");
    let outcome = scenario
        .run(async move { host.dispatch_sync(&scope, "by hand", true).await })
        .expect("the event is sent");
    assert!(matches!(outcome, EventOutcome::Rejected(_)));
    scenario.expect_printed(&["by hand true"]).expect_tags(&[]);
}

#[test]
fn the_three_snippets_of_the_reference_page_run_unmodified() {
    // https://developer.mozilla.org/en-US/docs/Web/API/Background_Synchronization_API#examples
    Scenario::offline()
        .worker(
            r#"
function sendOutboxMessages() { console.log("sending"); return Promise.resolve(); }
self.addEventListener("sync", (event) => {
  if (event.tag === "sync-messages") {
    event.waitUntil(sendOutboxMessages());
  }
});
"#,
        )
        .page(
            r#"
async function syncMessagesLater() {
  const registration = await navigator.serviceWorker.ready;
  try {
    await registration.sync.register("sync-messages");
  } catch {
    console.log("Background Sync could not be registered!");
  }
}
syncMessagesLater().then(() => {
navigator.serviceWorker.ready.then((registration) => {
  registration.sync.getTags().then((tags) => {
    if (tags.includes("sync-messages")) {
      console.log("Messages sync already requested");
    }
  });
});
});
"#,
        )
        .expect_printed(&["Messages sync already requested"])
        .go_online()
        .expect_printed(&["Messages sync already requested", "sending"]);
}
