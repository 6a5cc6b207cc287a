//! What became of tags: kept beyond their end, with its reasons, and told.

use std::time::Duration;

use landfall::service_worker::lifetime::EventLimits;
use landfall::storage::{Dispatch, DispatchOutcome, DropCause, SyncEntry, SyncRecord};
use landfall::sync::{DispatchReason, HistoryLimits, Removal, SyncKind};
use landfall::{Error, HostEventKind, SyncEvent, SyncStory};

use crate::support::scenario::{Scenario, address};

const FAILS_TWICE: &str = "
    self.onsync = (event) => event.waitUntil(fetch('/sw.js').then((response) => {
      if (!event.lastChance) throw new TypeError('not yet');
    }));";
const FAILS: &str = "self.onsync = (event) => event.waitUntil(Promise.reject(new Error('no')));";

/// The only story of the tag.
#[track_caller]
fn story(scenario: &mut Scenario, tag: &str) -> SyncStory {
    let host = scenario.host();
    let asked = tag.to_owned();
    let told = scenario.run(async move { host.sync_story(&asked).await });
    let mut stories = told.expect("the tag is known");
    assert_eq!(stories.len(), 1, "{stories:#?}");
    stories.remove(0)
}

fn dispatches(story: &SyncStory) -> Vec<&Dispatch> {
    story
        .history
        .iter()
        .filter_map(SyncRecord::dispatch)
        .collect()
}

#[track_caller]
fn reasons(scenario: &mut Scenario, tag: &str) -> Vec<DispatchReason> {
    let story = story(scenario, tag);
    dispatches(&story)
        .iter()
        .map(|dispatch| dispatch.reason)
        .collect()
}

#[test]
fn every_attempt_leaves_its_entry() {
    let mut scenario = Scenario::online()
        .worker(FAILS_TWICE)
        .register_sync("outbox")
        .advance(Duration::from_secs(5 * 60))
        .advance(Duration::from_secs(15 * 60));
    let story = story(&mut scenario, "outbox");
    assert_eq!(story.kind, SyncKind::OneShot);
    assert_eq!(story.scope, address(""));
    assert_eq!(story.registration, None);
    assert!(matches!(
        story.history[0].entry,
        SyncEntry::Registered { .. }
    ));
    let dispatches = dispatches(&story);
    let numbers: Vec<_> = dispatches
        .iter()
        .map(|d| (d.attempt, d.max_attempts, d.last_chance, d.reason))
        .collect();
    let (registered, delay) = (DispatchReason::Registered, DispatchReason::DelayOver);
    assert_eq!(
        numbers,
        [
            (1, 3, false, registered),
            (2, 3, false, delay),
            (3, 3, true, delay)
        ]
    );
    let ends: Vec<_> = dispatches.iter().filter_map(|d| d.end.as_ref()).collect();
    let DispatchOutcome::Rejected(rejection) = &ends[0].outcome else {
        panic!("{:?}", ends[0]);
    };
    assert_eq!(rejection.message, "TypeError: not yet");
    let stack = rejection.stack.as_deref().expect("a stack");
    assert!(stack.contains("https://app.example/sw.js:3:"), "{stack}");
    let sent_at = story.history[1].at;
    assert_eq!(
        ends[0].next_attempt_at_ms,
        Some(sent_at.plus(Duration::from_secs(5 * 60)))
    );
    let request = &ends[0].requests[0];
    assert_eq!(
        (
            request.method.as_str(),
            request.url.as_str(),
            request.status
        ),
        ("GET", "https://app.example/sw.js", Some(200))
    );
    assert!(request.duration_ms.is_some() && request.maybe_of.is_empty());
    assert_eq!(request.place.as_ref().map(|place| place.line), Some(2));
    assert_eq!(ends[2].outcome, DispatchOutcome::Fulfilled);
    assert_eq!(ends[2].removed, Some(Removal::Succeeded));
}

#[test]
fn the_history_says_why_an_event_was_sent_at_its_moment() {
    let scenario = Scenario::offline().worker(FAILS).register_sync("outbox");
    let mut scenario = scenario.go_online();
    assert_eq!(
        reasons(&mut scenario, "outbox"),
        [DispatchReason::BackOnline]
    );

    let scenario = scenario.go_offline().advance(Duration::from_secs(5 * 60));
    let mut scenario = scenario.go_online();
    assert_eq!(
        reasons(&mut scenario, "outbox")[1..],
        [DispatchReason::BackOnline]
    );

    let scenario = scenario
        .stop_host()
        .advance_meanwhile(Duration::from_secs(15 * 60));
    let mut scenario = scenario.start_host();
    scenario.settle();
    assert_eq!(
        reasons(&mut scenario, "outbox")[2..],
        [DispatchReason::HostStarted]
    );

    let host = scenario.host();
    let sent = scenario.run(async move { host.dispatch_sync(&address(""), "outbox", true).await });
    sent.expect("it is sent");
    assert_eq!(
        reasons(&mut scenario, "outbox")[3..],
        [DispatchReason::ByHand]
    );
}

#[test]
fn the_end_of_the_host_is_seen_in_the_history_and_told() {
    let scenario = Scenario::online()
        .worker("self.onsync = (event) => { console.log('runs'); event.waitUntil(new Promise(() => {})); };")
        .sync_under_way("outbox", "runs")
        .stop_host();
    let told = SyncStory::read(scenario.data(), "outbox", landfall::clock::Timestamp(0));
    let story = told.expect("the tag is known").remove(0);
    let end = dispatches(&story)[0].end.as_ref().expect("it ended");
    assert_eq!(end.outcome, DispatchOutcome::Interrupted);
    assert!(story.registration.is_some());
    scenario
        .start_host()
        .wait_until_printed_times("runs", 2)
        .expect_fired("outbox", 2);
}

#[test]
fn unregistering_dropping_and_registering_again_are_entries() {
    let mut scenario = Scenario::offline()
        .worker(FAILS)
        .register_sync("one")
        .register_sync("one")
        .register_sync("two");
    let host = scenario.host();
    let dropped = scenario.run(async move {
        host.drop_sync(&address(""), SyncKind::OneShot, "one")
            .await?;
        host.drop_sync(&address(""), SyncKind::OneShot, "one").await
    });
    let Err(Error::UnknownTag { known, .. }) = dropped else {
        panic!("it was dropped twice");
    };
    assert_eq!(known, ["two"]);
    let scenario_host = scenario.host();
    let gone = scenario.run(async move { scenario_host.unregister(&address("")).await });
    assert!(gone.expect("it is unregistered"));

    let entries: Vec<_> = story(&mut scenario, "one")
        .history
        .into_iter()
        .map(|r| r.entry)
        .collect();
    assert!(matches!(
        entries[..],
        [
            SyncEntry::Registered { .. },
            SyncEntry::RegisteredAgain,
            SyncEntry::Dropped {
                cause: DropCause::ByHand
            },
        ]
    ));
    let story = story(&mut scenario, "two");
    let last = story.history.last().map(|record| &record.entry);
    let cause = DropCause::WorkerUnregistered;
    assert_eq!(last, Some(&SyncEntry::Dropped { cause }));
    assert!(!story.has_worker);
    scenario.expect_event(
        |kind| matches!(kind, HostEventKind::Sync(SyncEvent::Unregistered { tag, .. }) if tag == "one"),
    );
}

#[test]
fn an_unknown_tag_lists_those_that_are_known() {
    let mut scenario = Scenario::online()
        .worker("self.onsync = (event) => event.waitUntil(Promise.resolve());")
        .register_sync("outbox");
    let host = scenario.host();
    let told = scenario.run(async move { host.sync_story("inbox").await });
    let message = told.expect_err("it is unknown").to_string();
    assert_eq!(
        message,
        "no sync is registered as `inbox`; known are `outbox`"
    );
}

#[test]
fn the_history_is_bounded_by_tag_and_in_all() {
    let limits = HistoryLimits {
        per_tag: 4,
        per_host: 10,
    };
    let mut scenario = Scenario::online()
        .with(move |builder| builder.history(limits))
        .worker("self.onsync = (event) => event.waitUntil(Promise.resolve());");
    for _ in 0..4 {
        scenario = scenario.register_sync("often");
    }
    assert_eq!(story(&mut scenario, "often").history.len(), 4);
    for number in 0..8 {
        scenario = scenario.register_sync(&format!("tag {number}"));
    }
    let host = scenario.host();
    let forgotten = scenario.run(async move { host.sync_story("often").await });
    assert!(forgotten.is_err());
    assert_eq!(story(&mut scenario, "tag 7").history.len(), 2);
}

/// The names of the log's events, in the words of Chromium's developer tools.
#[track_caller]
fn log(scenario: &mut Scenario, tag: &str) -> Vec<&'static str> {
    let log = story(scenario, tag).event_log();
    log.iter().map(|entry| entry.event).collect()
}

/// V5
#[test]
fn a_one_shot_sync_is_logged_in_the_words_of_the_developer_tools() {
    let mut scenario = Scenario::online()
        .worker(FAILS_TWICE)
        .register_sync("outbox");
    let sent = "Dispatched sync event";
    let mut expected = vec!["Registered sync", sent, "sync event failed"];
    assert_eq!(log(&mut scenario, "outbox"), expected);
    scenario = scenario.advance(Duration::from_secs(5 * 60));
    expected.extend([sent, "sync event failed"]);
    assert_eq!(log(&mut scenario, "outbox"), expected);
    scenario = scenario.advance(Duration::from_secs(15 * 60));
    expected.extend([sent, "Sync completed"]);
    assert_eq!(log(&mut scenario, "outbox"), expected);

    let log = story(&mut scenario, "outbox").event_log();
    let metadata: Vec<_> = log.iter().map(|entry| entry.metadata.clone()).collect();
    let value = |name, value: &str| (name, value.to_owned());
    let failed = value("Failure Reason", "waitUntil rejected");
    let delay = |ms| value("Next Attempt Delay (ms)", ms);
    assert_eq!(metadata[1], [value("Last Chance", "No")]);
    assert_eq!(metadata[2], [delay("300000"), failed.clone()]);
    assert_eq!(metadata[4], [delay("900000"), failed]);
    assert_eq!(metadata[5], [value("Last Chance", "Yes")]);
    assert_eq!(metadata[6], [value("Status", "succeeded")]);
}

/// V6
#[test]
fn a_periodic_sync_is_logged_in_the_words_of_the_developer_tools() {
    let day = Duration::from_secs(24 * 60 * 60);
    let worker =
        "self.onperiodicsync = (event) => event.waitUntil(new Promise((resolve, reject) => {
        self.failed ? resolve() : reject(new Error('no'));
        self.failed = true;
    }));";
    let register = "navigator.serviceWorker.ready.then((r) => r.periodicSync.register('news', { minInterval: 86400000 }))";
    let mut scenario = Scenario::online()
        .with(|builder| {
            let never = EventLimits {
                idle: Duration::from_secs(10 * 86_400),
                ..EventLimits::default()
            };
            builder.limits(never)
        })
        .worker(worker);
    scenario.eval(register);
    let mut expected = vec!["Got next event delay", "Registered periodicsync"];
    assert_eq!(log(&mut scenario, "news"), expected);
    let sent = "Dispatched periodicsync event";
    scenario = scenario.advance(day);
    expected.extend([sent, "periodicsync event failed"]);
    assert_eq!(log(&mut scenario, "news"), expected);
    scenario = scenario.advance(Duration::from_secs(5 * 60));
    expected.extend([sent, "periodicsync event completed"]);
    assert_eq!(log(&mut scenario, "news"), expected);
    let reasons = reasons(&mut scenario, "news");
    assert_eq!(
        reasons,
        [DispatchReason::Interval, DispatchReason::DelayOver]
    );
    scenario.eval("navigator.serviceWorker.ready.then((r) => r.periodicSync.unregister('news'))");
    expected.push("Unregistered periodicsync");
    assert_eq!(log(&mut scenario, "news"), expected);
}
