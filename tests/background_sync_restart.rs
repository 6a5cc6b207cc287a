//! Background sync across the ends of a host: what was promised is still there, and goes on where it was.
//! Identifiers such as S4 are rows of the fact sheet, section 5; CONFORMANCE.md lists them all.

use std::time::Duration;

use landfall::RegisterOptions;
use landfall::service_worker::EventOutcome;
use landfall::sync::{RetryPolicy, SyncPolicy};
use serde_json::json;

use crate::support::scenario::{Scenario, address};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

const FULFILS: &str = "self.onsync = (event) => {
    console.log(`${event.tag} ${event.lastChance}`);
    event.waitUntil(Promise.resolve());
};";

const REJECTS: &str = "self.onsync = (event) => {
    console.log(`${event.tag} ${event.lastChance}`);
    event.waitUntil(Promise.reject(new Error('still nothing')));
};";

/// A worker whose events end only with it.
const NEVER_ENDS: &str = "self.onsync = (event) => event.waitUntil((async () => {
    const cache = await caches.open('runs');
    const run = (await cache.keys()).length + 1;
    await cache.put(`/${run}`, new Response());
    console.log(`run ${run} ${event.lastChance}`);
    await new Promise(() => {});
})());";

/// A worker whose first event ends only with it; later ones are fulfilled.
const ENDS_THE_SECOND_TIME: &str = "self.onsync = (event) => event.waitUntil((async () => {
    const cache = await caches.open('runs');
    if (await cache.match('/first')) return;
    await cache.put('/first', new Response('it began'));
    console.log('waits');
    await new Promise(() => {});
})());";

fn with_attempts(max_attempts: u32, policy: SyncPolicy) -> SyncPolicy {
    SyncPolicy {
        retry: RetryPolicy {
            max_attempts,
            ..policy.retry
        },
        ..policy
    }
}

/// S1
#[test]
fn a_pending_sync_survives_a_restart() {
    Scenario::offline()
        .worker(FULFILS)
        .register_sync("outbox")
        .restart_host()
        .expect_tags(&["outbox"])
        .go_online()
        .expect_fired("outbox", 1)
        .expect_tags(&[]);
}

/// S2
#[test]
fn after_a_restart_each_worker_has_its_own_tags_and_takes_more() {
    let mut scenario = Scenario::offline();
    for folder in ["a", "b"] {
        scenario = scenario.file(&format!("{folder}/sw.js"), FULFILS);
        let script = RegisterOptions::new(address(&format!("{folder}/sw.js")));
        scenario.register_with(script).expect("it is registered");
    }
    let tags = |folder: &str| {
        format!(
            "navigator.serviceWorker.getRegistration('/{folder}/').then(async ({{ sync }}) => {{
                 await sync.register('new-{folder}');
                 return await sync.getTags();
             }})"
        )
    };
    let register = |tag: &str, folder: &str| {
        format!(
            "navigator.serviceWorker.getRegistration('/{folder}/').then(({{ sync }}) => sync.register('{tag}'))"
        )
    };
    scenario.eval(&register("of-a", "a"));
    scenario.eval(&register("of-b", "b"));
    scenario
        .restart_host()
        .expect_eval(&tags("a"), json!(["new-a", "of-a"]))
        .expect_eval(&tags("b"), json!(["new-b", "of-b"]))
        .go_online()
        .expect_tags(&[]);
}

/// S4
#[test]
fn a_tag_fires_at_the_start_if_the_network_came_while_the_host_was_down() {
    Scenario::offline()
        .worker(FULFILS)
        .register_sync("outbox")
        .stop_host()
        .go_online()
        .expect_fired("outbox", 1)
        .expect_tags(&[]);
}

/// S5
#[test]
fn an_event_that_the_end_of_the_host_cut_off_is_sent_again_at_the_start() {
    Scenario::online()
        .worker(ENDS_THE_SECOND_TIME)
        .sync_under_way("outbox", "waits")
        .restart_host()
        .expect_fired("outbox", 2)
        .expect_outcome(|outcome| *outcome == EventOutcome::Fulfilled)
        .expect_tags(&[]);
}

/// S6: the interruption cost no attempt, so a single attempt is still there to fail.
#[test]
fn an_interrupted_last_chance_is_still_the_last_chance_after_the_restart() {
    Scenario::online()
        .with_policy(with_attempts(1, SyncPolicy::landfall()))
        .worker(NEVER_ENDS)
        .sync_under_way("outbox", "run 1 true")
        .stop_host()
        .advance_meanwhile(6 * MINUTE)
        .start_host()
        .wait_until_printed("run 2 true")
        .advance(3 * MINUTE)
        .expect_outcome(|outcome| *outcome == EventOutcome::TimedOut)
        .expect_tags(&[]);
}

/// S6: only a death of the process may count.
#[test]
fn an_end_in_good_order_costs_no_attempt_however_often() {
    let failed_attempts = |policy: SyncPolicy, interruptions: u32| {
        let mut scenario = Scenario::online()
            .with_policy(policy)
            .worker(NEVER_ENDS)
            .sync_under_way("outbox", "run 1 false");
        for run in 2..=interruptions {
            scenario = scenario
                .stop_host()
                .start_host()
                .wait_until_printed(&format!("run {run} false"));
        }
        let mut scenario = scenario.stop_host().go_offline();
        scenario.status().syncs[0].failed_attempts
    };
    for policy in [SyncPolicy::landfall(), SyncPolicy::chromium()] {
        assert_eq!(failed_attempts(policy, 3), 0);
    }
}

/// S6: by the specification a worker that is terminated has failed, whoever ended it.
#[test]
fn by_the_specification_an_end_in_good_order_is_a_failed_attempt() {
    let mut scenario = Scenario::online()
        .with_policy(with_attempts(2, SyncPolicy::spec()))
        .worker(NEVER_ENDS)
        .sync_under_way("outbox", "run 1 false")
        .restart_host()
        .expect_fired("outbox", 1);
    assert_eq!(scenario.status().syncs[0].failed_attempts, 1);
    scenario
        .advance_meanwhile(5 * MINUTE)
        .wait_until_printed("run 2 true")
        .restart_host()
        .expect_tags(&[]);
}

/// S7
#[test]
fn a_delay_that_passed_while_the_host_was_down_is_over_at_the_start() {
    Scenario::online()
        .with_policy(with_attempts(2, SyncPolicy::landfall()))
        .worker(REJECTS)
        .register_sync("outbox")
        .expect_fired("outbox", 1)
        .stop_host()
        .advance(5 * MINUTE)
        .expect_printed(&["outbox false", "outbox true"])
        .expect_tags(&[]);
}

/// S8
#[test]
fn a_delay_that_is_not_over_goes_on_after_a_restart() {
    Scenario::online()
        .with_policy(with_attempts(2, SyncPolicy::landfall()))
        .worker(REJECTS)
        .register_sync("outbox")
        .stop_host()
        .advance(5 * MINUTE - SECOND)
        .expect_fired("outbox", 1)
        .advance(SECOND)
        .expect_fired("outbox", 2)
        .expect_tags(&[]);
}

#[test]
fn a_tag_goes_over_to_the_workers_successor_and_survives_with_it() {
    let script = |version: u8| {
        format!(
            "self.oninstall = () => self.skipWaiting();
             self.onsync = (event) => console.log('{version}', event.tag);"
        )
    };
    Scenario::offline()
        .worker(&script(1))
        .register_sync("outbox")
        .file("sw.js", &script(2))
        .expect_eval(
            "navigator.serviceWorker.ready.then((r) => r.update()).then(() => true)",
            json!(true),
        )
        .advance(Duration::ZERO)
        .restart_host()
        .expect_tags(&["outbox"])
        .go_online()
        .expect_printed(&["2 outbox"])
        .expect_tags(&[]);
}

/// R20
#[test]
fn a_host_that_keeps_nothing_and_one_that_does_see_nothing_of_each_other() {
    let kept = Scenario::offline()
        .worker(FULFILS)
        .register_sync("kept")
        .stop_host();
    Scenario::offline()
        .with(landfall::HostBuilder::ephemeral)
        .worker(FULFILS)
        .register_sync("forgotten")
        .expect_tags(&["forgotten"])
        .restart_host()
        .expect_tags(&[]);
    kept.restart_host().expect_tags(&["kept"]);
}

/// X4
#[test]
fn without_its_data_folder_a_host_knows_nothing() {
    let scenario = Scenario::offline()
        .worker(FULFILS)
        .register_sync("outbox")
        .stop_host();
    std::fs::remove_dir_all(scenario.data()).expect("the data folder goes");
    scenario
        .restart_host()
        .expect_tags(&[])
        .worker(FULFILS)
        .expect_tags(&[]);
}
