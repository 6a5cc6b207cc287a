//! Periodic background sync by origin: what it may do and how much it is used decide whether its events come.
//! Identifiers such as P5 are rows of the fact sheet, section 5; CONFORMANCE.md lists them all.

use std::time::Duration;

use landfall::sync::{Engagement, SyncState};
use landfall::{HostEventKind, Permission, PermissionState, SyncEvent};
use serde_json::json;

use crate::periodic_sync::{FULFILS, HOUR, SECOND, outcome_of, tags};
use crate::support::scenario::{Scenario, address};

/// P5
#[test]
fn an_origin_without_engagement_is_suspended_until_it_has_some() {
    let mut scenario = Scenario::online()
        .with(|builder| builder.engagement(&address(""), Engagement::None))
        .worker(FULFILS)
        .register_periodic_sync("mail", Duration::ZERO)
        .register_periodic_sync("news", Duration::ZERO)
        .advance(100 * HOUR)
        .expect_fired("news", 0)
        .expect_eval(&tags(), json!(["mail", "news"]));
    assert!(
        scenario
            .status()
            .syncs
            .iter()
            .all(|sync| { (sync.state, sync.next_attempt_at_ms) == (SyncState::Suspended, None) })
    );
    let host = scenario.host();
    scenario
        .run(async move { host.set_engagement(&address(""), Engagement::High).await })
        .expect("it is set");
    let mut scenario = scenario
        .expect_fired("news", 0)
        .advance(12 * HOUR)
        .expect_fired("mail", 1)
        .expect_fired("news", 1);

    let host = scenario.host();
    scenario
        .run(async move { host.set_engagement(&address(""), Engagement::None).await })
        .expect("it is set");
    scenario.advance(100 * HOUR).expect_fired("news", 1);
}

/// P5: across a restart, which may come with another engagement.
#[test]
fn what_was_suspended_is_revived_by_a_host_that_knows_some_engagement() {
    let is_used = std::rc::Rc::new(std::cell::Cell::new(false));
    let now_used = std::rc::Rc::clone(&is_used);
    let scenario = Scenario::online()
        .with(move |builder| {
            let engagement = if is_used.get() {
                Engagement::Medium
            } else {
                Engagement::None
            };
            builder.engagement(&address(""), engagement)
        })
        .worker(FULFILS)
        .register_periodic_sync("news", Duration::ZERO);
    now_used.set(true);
    scenario
        .restart_host()
        .advance(24 * HOUR - SECOND)
        .expect_fired("news", 0)
        .advance(SECOND)
        .expect_fired("news", 1);
}

/// P6, R6
#[test]
fn when_the_permission_is_taken_away_the_origins_periodic_syncs_are_gone() {
    let mut scenario = Scenario::offline()
        .worker(FULFILS)
        .register_sync("outbox")
        .register_periodic_sync("mail", Duration::ZERO)
        .register_periodic_sync("news", Duration::ZERO);
    scenario.set_permission(Permission::PeriodicBackgroundSync, PermissionState::Denied);
    let mut scenario = scenario
        .expect_tags(&["outbox"])
        .expect_eval(
            &outcome_of("register('news')"),
            json!("NotAllowedError: Permission denied."),
        )
        .go_online()
        .advance(100 * HOUR)
        .expect_fired("news", 0);
    scenario.set_permission(Permission::PeriodicBackgroundSync, PermissionState::Granted);
    scenario
        .expect_eval(&outcome_of("register('news')"), json!("resolved"))
        .advance(12 * HOUR)
        .expect_fired("news", 1)
        .restart_host()
        .expect_tags(&["news"]);
}

/// The way of every tutorial: ask for the permission first, then register.
#[test]
fn a_script_sees_its_permission_and_that_it_is_taken_away() {
    let mut scenario = Scenario::online().worker(FULFILS).expect_eval(
        "navigator.permissions.query({ name: 'periodic-background-sync' }).then((status) => {
             globalThis.status = status;
             status.onchange = () => console.log(`now ${status.state}`);
             return [status.name, status.state, status instanceof PermissionStatus];
         })",
        json!(["periodic-background-sync", "granted", true]),
    );
    scenario.set_permission(Permission::PeriodicBackgroundSync, PermissionState::Denied);
    let query = |name: &str| {
        format!(
            "navigator.permissions.query({{ name: '{name}' }})
                 .then(({{ state }}) => state, ({{ name }}) => name)"
        )
    };
    scenario
        .wait_until_printed("now denied")
        .expect_eval("status.state", json!("denied"))
        .expect_eval(&query("periodic-background-sync"), json!("denied"))
        .expect_eval(&query("background-sync"), json!("granted"))
        .expect_eval(&query("camera"), json!("TypeError"));
}

/// P6: a host that starts without the permission.
#[test]
fn a_host_without_the_permission_forgets_what_one_with_it_kept() {
    let is_denied = std::rc::Rc::new(std::cell::Cell::new(false));
    let now_denied = std::rc::Rc::clone(&is_denied);
    let scenario = Scenario::online()
        .with(move |builder| {
            if is_denied.get() {
                let permission = Permission::PeriodicBackgroundSync;
                builder.permission(&address(""), permission, PermissionState::Denied)
            } else {
                builder
            }
        })
        .worker(FULFILS)
        .register_periodic_sync("news", Duration::ZERO);
    now_denied.set(true);
    scenario
        .restart_host()
        .expect_tags(&[])
        .expect_event(|kind| matches!(kind, HostEventKind::Sync(SyncEvent::Unregistered { .. })));
}
