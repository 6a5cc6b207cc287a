//! The tables of moves and delays. Identifiers such as F10 are rows of the fact sheet
//! `specs/background-sync.md`, section 5.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::sync::admission::{Admission, SyncRefusal};
use crate::sync::kind::SyncKind;
use crate::sync::policy::{Preset, SyncPolicy};
use crate::sync::registration::{OwnerId, Recovery, Removal, Step, SyncKey, SyncRegistration};
use crate::sync::retry::RetryPolicy;
use crate::sync::schedule::SyncQueue;
use crate::sync::state::{Move, Outcome, SyncState};

const NOW: Timestamp = Timestamp(1_000_000);
const MINUTE: Duration = Duration::from_secs(60);

fn key(owner: i64, tag: &str) -> SyncKey {
    SyncKey {
        owner: OwnerId(owner),
        kind: SyncKind::OneShot,
        tag: tag.to_owned(),
    }
}

fn acknowledged(owner: i64, tag: &str) -> SyncRegistration {
    let mut row = SyncRegistration::new(key(owner, tag), "https://shop.example".to_owned(), 3);
    row.resolved = true;
    row
}

fn kept(step: Step) -> SyncRegistration {
    match step {
        Step::Keep(row) => row,
        other => panic!("it was not kept: {other:?}"),
    }
}

/// One attempt that fails.
fn fail(row: SyncRegistration, now: Timestamp, policy: &SyncPolicy) -> Step {
    row.start().settle(Outcome::Failed, now, 0.0, policy)
}

fn succeed(row: SyncRegistration, policy: &SyncPolicy) -> Step {
    row.start().settle(Outcome::Succeeded, NOW, 0.0, policy)
}

#[test]
fn registering_again_moves_a_state_as_the_specification_says() {
    use SyncState::{Firing, Pending, ReregisteredWhileFiring, Waiting};
    for (before, after) in [
        (Pending, Pending),
        (Waiting, Pending),
        (Firing, ReregisteredWhileFiring),
        (ReregisteredWhileFiring, ReregisteredWhileFiring),
    ] {
        assert_eq!(before.reregister(), after);
    }
}

#[test]
fn the_end_of_an_event_moves_a_state_as_the_specification_says() {
    use Outcome::{Failed, NotDispatched, Succeeded};
    use SyncState::{Firing, Pending, ReregisteredWhileFiring, Waiting};
    for (state, outcome, was_last_chance, expected) in [
        (Firing, Succeeded, false, Move::Away),
        (Firing, Succeeded, true, Move::Away),
        (Firing, Failed, false, Move::To(Waiting)),
        (Firing, Failed, true, Move::Away),
        (Firing, NotDispatched, true, Move::To(Pending)),
        (ReregisteredWhileFiring, Succeeded, false, Move::To(Pending)),
        (ReregisteredWhileFiring, Failed, true, Move::To(Pending)),
        (
            ReregisteredWhileFiring,
            NotDispatched,
            true,
            Move::To(Pending),
        ),
        (Pending, Succeeded, false, Move::To(Pending)),
        (Waiting, Failed, true, Move::To(Waiting)),
    ] {
        assert_eq!(
            state.settle(outcome, was_last_chance),
            expected,
            "{state:?} {outcome:?}"
        );
    }
}

/// T7, and the table of section 3.
#[test]
fn the_waits_are_five_minutes_and_then_fifteen() {
    let retry = RetryPolicy::default();
    assert_eq!(retry.delay_after(1, 0.9), 5 * MINUTE);
    assert_eq!(retry.delay_after(2, 0.9), 15 * MINUTE);
    assert_eq!(retry.delay_after(3, 0.9), 45 * MINUTE);
    assert_eq!(retry.delay_after(u32::MAX, 0.0), Duration::MAX);
}

#[test]
fn jitter_only_makes_a_wait_longer() {
    let retry = RetryPolicy {
        jitter: 0.5,
        ..RetryPolicy::default()
    };
    assert_eq!(retry.delay_after(1, 0.0), 5 * MINUTE);
    assert_eq!(retry.delay_after(1, 1.0), Duration::from_secs(450));
}

/// T2, T4: last chance on the third attempt only, then it is gone.
#[test]
fn a_failing_tag_is_tried_three_times() {
    let policy = SyncPolicy::landfall();
    let first = acknowledged(1, "outbox");
    assert!(!first.is_last_chance());
    let second = kept(fail(first, NOW, &policy));
    assert_eq!(second.state, SyncState::Waiting);
    assert_eq!(second.not_before, Some(NOW.plus(5 * MINUTE)));
    assert!(!second.is_last_chance());
    let third = kept(fail(second, NOW, &policy));
    assert_eq!(third.not_before, Some(NOW.plus(15 * MINUTE)));
    assert_eq!((third.attempt(), third.is_last_chance()), (3, true));
    assert_eq!(fail(third, NOW, &policy), Step::Remove(Removal::GaveUp));
}

/// T4: with one attempt the first is the last chance (and F8).
#[test]
fn a_single_attempt_is_the_last_chance() {
    let mut row = acknowledged(1, "outbox");
    row.max_attempts = 1;
    assert!(row.is_last_chance());
    assert_eq!(
        fail(row, NOW, &SyncPolicy::chromium()),
        Step::Remove(Removal::GaveUp)
    );
}

/// T6
#[test]
fn notification_permission_may_give_more_attempts() {
    let retry = RetryPolicy {
        max_attempts_with_notifications: 4,
        ..RetryPolicy::default()
    };
    assert_eq!((retry.attempts(false), retry.attempts(true)), (3, 4));
}

/// F10, F11: the counter starts again, whatever became of the first run.
#[test]
fn a_tag_registered_while_it_fires_fires_once_more_with_a_fresh_counter() {
    let policy = SyncPolicy::landfall();
    let mut row = acknowledged(1, "outbox");
    row.attempts = 2;
    for outcome in [Outcome::Succeeded, Outcome::Failed] {
        let firing = row.clone().start().reregister(&policy).reregister(&policy);
        let again = kept(firing.settle(outcome, NOW, 0.0, &policy));
        assert_eq!((again.state, again.attempts), (SyncState::Pending, 0));
        assert!(again.due_at().is_some_and(|due| due <= NOW));
        assert_eq!(succeed(again, &policy), Step::Remove(Removal::Succeeded));
    }
}

#[test]
fn an_event_that_was_never_sent_costs_no_attempt() {
    let policy = SyncPolicy::landfall();
    let row = acknowledged(1, "outbox");
    let back = row
        .clone()
        .start()
        .settle(Outcome::NotDispatched, NOW, 0.0, &policy);
    assert_eq!(kept(back), row);
}

#[test]
fn what_registering_again_does_in_backoff_is_a_policy() {
    let waiting = kept(fail(
        acknowledged(1, "outbox"),
        NOW,
        &SyncPolicy::landfall(),
    ));
    let chromium = waiting.clone().reregister(&SyncPolicy::chromium());
    assert_eq!(chromium, waiting, "the delay stands");
    let spec = waiting.clone().reregister(&SyncPolicy::spec());
    assert_eq!(
        (spec.state, spec.attempts, spec.not_before),
        (SyncState::Pending, 1, None)
    );
    let landfall = waiting.reregister(&SyncPolicy::landfall());
    assert_eq!(
        (landfall.state, landfall.attempts, landfall.not_before),
        (SyncState::Pending, 0, None)
    );
}

/// S4, S7, S8: nothing but a running event changes in a restart.
#[test]
fn a_restart_leaves_what_did_not_fire_as_it_was() {
    let policy = SyncPolicy::landfall();
    let waiting = kept(fail(acknowledged(1, "outbox"), NOW, &policy));
    let mut stored = waiting.clone();
    stored.resolved = false;
    let recovered = stored.recover_after_restart(NOW, 0.0, &policy);
    assert_eq!(recovered, Recovery::Untouched(waiting));
}

#[test]
fn a_clock_that_was_set_back_makes_no_wait_longer_than_its_delay() {
    let policy = SyncPolicy::landfall();
    let waiting = kept(fail(acknowledged(1, "a"), NOW, &policy));
    assert_eq!(waiting.clone().shorten_wait(NOW, &policy), waiting);
    let before = Timestamp(NOW.as_millis() - 60_000);
    let shortened = waiting.clone().shorten_wait(before, &policy);
    assert_eq!(shortened.not_before, Some(before.plus(5 * MINUTE)));

    let mut queue = SyncQueue::new();
    queue.put(waiting.clone());
    queue.put(acknowledged(1, "never tried"));
    assert_eq!(queue.set_back(NOW, &policy), []);
    assert_eq!(
        queue.set_back(before, &policy),
        std::slice::from_ref(&shortened)
    );
    let recovered = waiting.recover_after_restart(before, 0.0, &policy);
    assert_eq!(recovered, Recovery::Untouched(shortened));
}

/// S5, S6: by default the second interruption in a row counts.
#[test]
fn an_interrupted_event_counts_as_an_attempt_only_the_second_time() {
    let policy = SyncPolicy::landfall();
    let firing = acknowledged(1, "outbox").start();
    let Recovery::Repeat(again) = firing.recover_after_restart(NOW, 0.0, &policy) else {
        panic!("the first interruption does not count");
    };
    assert_eq!((again.state, again.attempts), (SyncState::Pending, 0));
    let Recovery::Failed(step) = again.start().recover_after_restart(NOW, 0.0, &policy) else {
        panic!("the second interruption counts");
    };
    let failed = kept(step);
    assert_eq!(
        (failed.state, failed.attempts, failed.interruptions),
        (SyncState::Waiting, 1, 0)
    );
    assert_eq!(failed.not_before, Some(NOW.plus(5 * MINUTE)));
}

/// S6
#[test]
fn interruptions_are_counted_by_policy() {
    let firing = acknowledged(1, "outbox").start();
    let mut interrupted = firing.clone();
    for _ in 0..9 {
        match interrupted.recover_after_restart(NOW, 0.0, &SyncPolicy::chromium()) {
            Recovery::Repeat(row) => interrupted = row.start(),
            other => panic!("chromium never counts: {other:?}"),
        }
    }
    let counted = firing.recover_after_restart(NOW, 0.0, &SyncPolicy::spec());
    assert!(matches!(counted, Recovery::Failed(Step::Keep(_))));
}

#[test]
fn a_real_end_of_an_event_forgets_interruptions() {
    let policy = SyncPolicy::landfall();
    let mut row = acknowledged(1, "outbox");
    row.interruptions = 1;
    assert_eq!(kept(fail(row, NOW, &policy)).interruptions, 0);
}

#[test]
fn a_registration_made_during_an_interrupted_event_is_never_lost() {
    let policy = SyncPolicy::landfall();
    for max_attempts in [1, 2, 3] {
        let mut row = acknowledged(1, "outbox");
        row.max_attempts = max_attempts;
        row.attempts = max_attempts - 1;
        for _ in 0..20 {
            let interrupted = row.start().reregister(&policy);
            row = match interrupted.recover_after_restart(NOW, 0.0, &policy) {
                Recovery::Untouched(row) | Recovery::Repeat(row) => row,
                Recovery::Failed(step) => kept(step),
            };
        }
    }
}

#[test]
fn a_restarted_row_is_read_back_as_resolved() {
    let row = SyncRegistration::new(key(1, "outbox"), "https://shop.example".to_owned(), 3);
    let json = serde_json::to_string(&row).unwrap();
    let read: SyncRegistration = serde_json::from_str(&json).unwrap();
    assert!(!row.resolved && read.resolved);
}

/// F1, F2: nothing fires before the caller knows that it is registered.
#[test]
fn a_tag_fires_only_after_its_promise_was_resolved() {
    let mut queue = SyncQueue::new();
    let origin = "https://shop.example".to_owned();
    queue.put(SyncRegistration::new(key(1, "outbox"), origin, 3));
    assert_eq!(queue.plan(NOW, true, usize::MAX).fire, []);
    queue.acknowledge(&key(1, "unknown"));
    assert_eq!(queue.plan(NOW, true, usize::MAX).fire, []);
    queue.acknowledge(&key(1, "outbox"));
    assert_eq!(queue.plan(NOW, true, usize::MAX).fire, [key(1, "outbox")]);
}

/// F4, F5, F6, N4, N8, and the order of section 4.
#[test]
fn everything_due_fires_in_order_once_online() {
    let mut queue = SyncQueue::new();
    for (owner, tag) in [(2, "a"), (1, "b"), (1, "a"), (1, "a"), (1, "")] {
        queue.put(acknowledged(owner, tag));
    }
    let offline = queue.plan(NOW, false, usize::MAX);
    assert_eq!((offline.fire.len(), offline.wake_at), (0, None));
    let online = queue.plan(NOW, true, usize::MAX);
    let expected = [key(1, ""), key(1, "a"), key(1, "b"), key(2, "a")];
    assert_eq!((online.fire, online.wake_at), (expected.to_vec(), None));
}

/// Each worker gets all its events at once; more workers wait until one has had them.
#[test]
fn only_so_many_workers_have_events_at_the_same_time() {
    let mut queue = SyncQueue::new();
    for (owner, tag) in [(1, "a"), (1, "b"), (2, "a"), (3, "a")] {
        queue.put(acknowledged(owner, tag));
    }
    let first = queue.plan(NOW, true, 2).fire;
    assert_eq!(first, [key(1, "a"), key(1, "b"), key(2, "a")]);
    for key in &first {
        let row = queue.get(key).unwrap().clone().start();
        queue.put(row);
    }
    assert_eq!(queue.plan(NOW, true, 2).fire, []);
    assert!(!queue.has_due(NOW, true, 2) && queue.has_due(NOW, true, 3));
    // A worker that has events may get more.
    queue.put(acknowledged(1, "c"));
    assert_eq!(queue.plan(NOW, true, 2).fire, [key(1, "c")]);
    assert!(queue.has_due(NOW, true, 2) && !queue.has_due(NOW, false, 2));
    queue.remove(&key(2, "a"));
    let next = queue.plan(NOW, true, 2).fire;
    assert_eq!(next, [key(1, "c"), key(3, "a")]);
}

/// T3, T5, S8, N4, N5, N8: both the delay and the network are needed, and the soonest row sets the alarm.
#[test]
fn the_next_look_is_at_the_soonest_retry() {
    let policy = SyncPolicy::landfall();
    let mut queue = SyncQueue::new();
    let early = kept(fail(acknowledged(1, "early"), NOW, &policy));
    let late = kept(fail(early.clone(), NOW, &policy));
    queue.put(SyncRegistration {
        key: key(1, "late"),
        ..late
    });
    queue.put(early);
    let due = NOW.plus(5 * MINUTE);
    let plan = queue.plan(Timestamp(due.0 - 1), true, usize::MAX);
    assert_eq!((plan.fire.len(), plan.wake_at), (0, Some(due)));
    let plan = queue.plan(due, true, usize::MAX);
    assert_eq!(
        (plan.fire, plan.wake_at),
        (vec![key(1, "early")], Some(NOW.plus(15 * MINUTE)))
    );
    assert_eq!(queue.plan(due, false, usize::MAX).fire, []);
}

/// F7: what fires is listed, and does not fire a second time.
#[test]
fn a_firing_tag_is_not_planned_again() {
    let mut queue = SyncQueue::new();
    queue.put(acknowledged(1, "outbox").start());
    assert_eq!(queue.plan(NOW, true, usize::MAX).fire, []);
    assert_eq!(queue.of_owner(OwnerId(1), SyncKind::OneShot).count(), 1);
}

#[test]
fn back_online_a_waiting_tag_fires_at_once_only_by_policy() {
    let mut policy = SyncPolicy::landfall();
    let mut queue = SyncQueue::new();
    queue.put(kept(fail(acknowledged(1, "outbox"), NOW, &policy)));
    queue.put(acknowledged(1, "due"));
    assert_eq!(queue.reconnected(&policy), []);
    policy.retry_on_reconnect = true;
    for row in queue.reconnected(&policy) {
        queue.put(row);
    }
    assert_eq!(
        queue.plan(NOW, true, usize::MAX).fire,
        [key(1, "due"), key(1, "outbox")]
    );
    assert_eq!(queue.get(&key(1, "outbox")).unwrap().attempts, 1);
}

/// X1, S2: rows go with their service worker registration and no other.
#[test]
fn an_owner_is_removed_with_all_its_tags() {
    let mut queue = SyncQueue::new();
    for (owner, tag) in [(1, "a"), (2, "a"), (2, "b"), (3, "a")] {
        queue.put(acknowledged(owner, tag));
    }
    assert_eq!(queue.remove_owner(OwnerId(2)).len(), 2);
    assert_eq!(
        queue.plan(NOW, true, usize::MAX).fire,
        [key(1, "a"), key(3, "a")]
    );
    assert_eq!(queue.iter().count(), 2);
}

#[test]
fn a_plan_over_a_hundred_thousand_rows_costs_only_what_is_due() {
    let policy = SyncPolicy::landfall();
    let mut queue = SyncQueue::new();
    let waiting = kept(fail(acknowledged(1, "outbox"), NOW, &policy));
    for number in 0..100_000 {
        let key = key(number % 1_000, &format!("tag-{number}"));
        queue.put(SyncRegistration {
            key,
            ..waiting.clone()
        });
    }
    queue.put(acknowledged(5, "due"));
    for _ in 0..10_000 {
        assert_eq!(queue.plan(NOW, true, 8).fire, [key(5, "due")]);
    }
}

fn admission(tag: &str) -> Admission<'_> {
    Admission {
        tag,
        has_active_worker: true,
        has_window: false,
        has_permission: true,
    }
}

/// R4, R5
#[test]
fn a_tag_may_be_empty_but_not_longer_than_the_limit() {
    let policy = SyncPolicy::landfall();
    let longest = "a".repeat(10_240);
    let too_long = "a".repeat(10_241);
    assert_eq!(admission("").check(&policy), Ok(()));
    assert_eq!(admission(&longest).check(&policy), Ok(()));
    let refused = admission(&too_long).check(&policy).unwrap_err();
    assert_eq!(refused, SyncRefusal::NoWindowOrLongTag);
}

/// R8, R9, R19 and the two orders of section 1.2.
#[test]
fn a_register_that_cannot_go_ahead_says_why_in_the_order_of_the_policy() {
    let (spec, chromium) = (SyncPolicy::spec(), SyncPolicy::chromium());
    let mut call = admission("outbox");
    assert_eq!(
        call.check(&SyncPolicy::landfall()),
        Ok(()),
        "no window needed"
    );
    assert_eq!(call.check(&spec), Err(SyncRefusal::NoWindowOrLongTag));
    call.has_permission = false;
    assert_eq!(call.check(&spec), Err(SyncRefusal::PermissionDenied));
    assert_eq!(call.check(&chromium), Err(SyncRefusal::NoWindowOrLongTag));
    call.has_active_worker = false;
    for policy in [spec, chromium] {
        let refused = call.check(&policy).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "Registration failed - no active Service Worker"
        );
    }
}

#[test]
fn a_policy_that_makes_no_sense_is_refused_by_name() {
    let refused = |change: fn(&mut SyncPolicy)| {
        let mut policy = SyncPolicy::landfall();
        change(&mut policy);
        policy.validate().unwrap_err().field
    };
    assert_eq!(
        refused(|policy| policy.retry.max_attempts = 0),
        "retry.max_attempts"
    );
    assert_eq!(
        refused(|policy| policy.retry.max_attempts_with_notifications = 0),
        "retry.max_attempts_with_notifications"
    );
    assert_eq!(
        refused(|policy| policy.retry.delay_factor = -1.0),
        "retry.delay_factor"
    );
    assert_eq!(
        refused(|policy| policy.retry.delay_factor = f64::NAN),
        "retry.delay_factor"
    );
    assert_eq!(refused(|policy| policy.retry.jitter = -0.1), "retry.jitter");
    assert_eq!(
        refused(|policy| policy.event_time_limit = Duration::ZERO),
        "event_time_limit"
    );
    assert_eq!(
        refused(|policy| policy.interruptions_per_attempt = Some(0)),
        "interruptions_per_attempt"
    );
    assert_eq!(
        refused(|policy| policy.periodic.min_gap = Duration::from_micros(999)),
        "periodic.min_gap"
    );
    assert_eq!(
        refused(|policy| policy.periodic.max_interval = Some(MINUTE)),
        "periodic.max_interval"
    );
    assert_eq!(
        refused(|policy| policy.periodic.max_attempts = 0),
        "periodic.max_attempts"
    );
    for preset in [Preset::Landfall, Preset::Spec, Preset::Chromium] {
        SyncPolicy::from(preset).validate().unwrap();
    }
}

#[test]
fn the_message_of_a_refused_policy_says_what_to_write() {
    let mut policy = SyncPolicy::landfall();
    policy.retry.max_attempts = 0;
    assert_eq!(
        policy.validate().unwrap_err().to_string(),
        "the sync policy's `retry.max_attempts` must be at least 1"
    );
}

/// D9: the values of section 3, and what the presets change.
#[test]
fn the_defaults_are_chromiums_and_the_presets_say_where_they_differ() {
    let landfall = SyncPolicy::default();
    assert_eq!(landfall, SyncPolicy::from(Preset::default()));
    assert_eq!(landfall.retry.max_attempts, 3);
    assert_eq!(landfall.retry.max_attempts_with_notifications, 3);
    assert_eq!(landfall.retry.initial_delay, 5 * MINUTE);
    assert_eq!(
        (landfall.retry.delay_factor, landfall.retry.jitter),
        (3.0, 0.0)
    );
    assert_eq!(landfall.event_time_limit, 3 * MINUTE);
    assert_eq!(landfall.max_tag_bytes, Some(10_240));

    assert!(!landfall.disabled);
    assert_eq!(landfall.periodic.min_gap, 12 * 60 * MINUTE);
    assert_eq!(landfall.periodic.max_attempts, 3);

    let chromium = SyncPolicy::from(Preset::Chromium);
    assert_eq!(chromium.retry, landfall.retry);
    assert_eq!(chromium.periodic, landfall.periodic);
    assert_eq!(SyncPolicy::from(Preset::Spec).periodic.max_attempts, 1);
    assert_eq!(chromium.max_tag_bytes, landfall.max_tag_bytes);
    assert_eq!(SyncPolicy::from(Preset::Spec).max_tag_bytes, None);
}

/// R12
#[test]
fn a_tag_is_told_apart_by_its_worker_and_its_bytes() {
    assert_eq!(key(1, "outbox"), key(1, "outbox"));
    assert_ne!(key(1, "outbox"), key(1, "Outbox"));
    assert_ne!(key(1, "outbox"), key(2, "outbox"));
}

/// T3, N10: one second early nothing runs, and the alarm is that second away.
#[test]
fn a_wait_is_not_over_a_second_before_its_end() {
    let policy = SyncPolicy::landfall();
    let mut queue = SyncQueue::new();
    queue.put(kept(fail(acknowledged(1, "outbox"), NOW, &policy)));
    let early = NOW.plus(5 * MINUTE - Duration::from_secs(1));
    let plan = queue.plan(early, true, usize::MAX);
    assert_eq!(plan.fire, []);
    assert_eq!(plan.wake_at, Some(early.plus(Duration::from_secs(1))));
}
