//! Background sync: a tag is registered, the network comes, the event is sent; again if it fails.

use std::time::Duration;

use landfall::service_worker::EventOutcome;
use landfall::sync::{RetryPolicy, SyncPolicy};
use serde_json::json;

use crate::support::scenario::Scenario;

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

#[test]
fn a_sync_registered_online_fires_at_once() {
    Scenario::online()
        .worker(FULFILS)
        .register_sync("now")
        .expect_printed(&["now false"])
        .expect_tags(&[]);
}

#[test]
fn the_same_tag_registered_twice_fires_once() {
    Scenario::offline()
        .worker(FULFILS)
        .register_sync("outbox")
        .register_sync("outbox")
        .go_online()
        .expect_fired("outbox", 1);
}

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
        .go_online()
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

#[test]
fn with_one_attempt_the_first_is_the_last_chance() {
    let once = SyncPolicy {
        retry: RetryPolicy {
            max_attempts: 1,
            ..SyncPolicy::landfall().retry
        },
        ..SyncPolicy::landfall()
    };
    Scenario::online()
        .with_policy(once)
        .worker(REJECTS)
        .register_sync("outbox")
        .expect_printed(&["outbox true"])
        .expect_tags(&[]);
}

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
    Scenario::offline().worker(FULFILS).expect_eval(
        names,
        json!(["TypeError", "InvalidAccessError", "resolved", "resolved"]),
    );
}

#[test]
fn before_a_worker_is_active_register_rejects() {
    Scenario::offline()
        .worker(
            "self.oninstall = (event) => event.waitUntil(
                 registration.sync.register('early').catch((error) => console.log(error.name, error.message)));",
        )
        .expect_printed(&["InvalidStateError Registration failed - no active Service Worker"]);
}

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

#[test]
fn an_embedder_fires_any_tag_and_gets_the_outcome() {
    let mut scenario = Scenario::online().worker(REJECTS);
    let host = scenario.host();
    let scope = crate::support::scenario::address("");
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
