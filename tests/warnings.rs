//! Warnings: each is given where it should be, and nowhere else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::FutureExt;
use landfall::network::{NetworkError, OriginServer, Response};
use landfall::service_worker::{EventOutcome, Warning, WarningName};
use landfall::{Error, HostEventKind, ScriptSource};
use serde_json::json;

use crate::support::scenario::{Scenario, address};

/// A scenario with another origin, `https://api.example`, that answers `/503` with that status, refuses `/refused`, and
/// does `/flaky` the second time.
fn online() -> Scenario {
    let was_asked = Arc::new(AtomicBool::new(false));
    let answer = move |path: &str| match path.trim_start_matches('/') {
        "refused" => Err(NetworkError::Connect("connection refused".to_owned())),
        "flaky" if was_asked.swap(true, Ordering::Relaxed) => Ok(200),
        "flaky" => Ok(503),
        status => Ok(status.parse().expect("a status")),
    };
    let handler = OriginServer::Handler(Arc::new(move |request| {
        let answer = answer(request.url.path()).map(|status| {
            let mut response = Response::new(status);
            let allowed = ("Access-Control-Allow-Origin".to_owned(), b"*".to_vec());
            response.headers.push(allowed);
            response
        });
        async move { answer }.boxed()
    }));
    let api = "https://api.example/".parse().expect("an address");
    Scenario::online().with(move |builder| builder.origin_server(&api, handler.clone()))
}

/// Exactly these warnings were given.
#[track_caller]
fn expect_warnings(scenario: &Scenario, expected: &[WarningName]) -> Vec<Warning> {
    let given: Vec<_> = scenario
        .events()
        .filter_map(|kind| match kind {
            HostEventKind::Warning { warning, .. } => Some(warning.clone()),
            _ => None,
        })
        .collect();
    let names: Vec<_> = given.iter().map(|warning| warning.name).collect();
    assert_eq!(names, expected, "{given:#?}");
    given
}

/// Runs one `sync` event of a handler that says this, and gives the only warning.
#[track_caller]
fn warning_of(handler: &str, expected: WarningName) -> Warning {
    let scenario = sync_with(handler);
    let mut given = expect_warnings(&scenario, &[expected]);
    given.remove(0)
}

#[track_caller]
fn sync_with(handler: &str) -> Scenario {
    let script = format!("self.onsync = (event) => {{\n{handler}\n}};");
    online().worker(&script).register_sync("outbox")
}

#[test]
fn a_request_that_failed_during_a_fulfilled_event_is_warned_of() {
    let handler = "event.waitUntil(\n  fetch('https://api.example/503', { method: 'POST' })\n);";
    let warning = warning_of(handler, WarningName::FalseSuccess);
    let said = "POST https://api.example/503 was answered with 503 during a `sync` event that was fulfilled all the same: the tag is gone, and nothing will be tried again.";
    assert!(warning.message.starts_with(said), "{}", warning.message);
    let place = warning.place.expect("a place");
    assert_eq!(
        (place.url.as_str(), place.line, place.column),
        ("https://app.example/sw.js", 3, 3)
    );
}

#[test]
fn a_request_without_an_answer_is_warned_of_if_its_failure_was_swallowed() {
    let handler = "event.waitUntil(fetch('https://api.example/refused').catch(() => {}));";
    let warning = warning_of(handler, WarningName::FalseSuccess);
    assert!(
        warning.message.contains("failed (") && warning.message.contains("connection refused"),
        "{}",
        warning.message
    );
}

#[test]
fn a_request_after_awaits_timers_and_databases_belongs_to_its_event() {
    let handler = "
        const open = () => new Promise((resolve) => {
          const request = indexedDB.open('outbox', 1);
          request.onupgradeneeded = () => request.result.createObjectStore('messages');
          request.onsuccess = () => resolve(request.result);
        });
        const read = (db) => new Promise((resolve) => {
          const request = db.transaction('messages').objectStore('messages').getAll();
          request.onsuccess = () => resolve(fetch('https://api.example/503'));
        });
        event.waitUntil((async () => {
          await null;
          await new Promise((resolve) => setTimeout(resolve));
          await read(await open());
        })());";
    let warning = warning_of(handler, WarningName::FalseSuccess);
    assert!(
        !warning.message.contains("cannot be told"),
        "{}",
        warning.message
    );
}

#[test]
fn requests_of_two_events_at_once_are_told_apart() {
    let worker = "
        self.onsync = (event) => event.waitUntil((async () => {
          await new Promise((resolve) => setTimeout(resolve, 5));
          await fetch('https://api.example/' + event.tag);
          await new Promise((resolve) => setTimeout(resolve, 5));
        })());";
    let scenario = online().worker(worker);
    let mut scenario = scenario.go_offline();
    scenario.eval(
        "navigator.serviceWorker.ready.then((r) => Promise.all(['200', '503', '204'].map((tag) => r.sync.register(tag))))",
    );
    let scenario = scenario.go_online();
    let given = expect_warnings(&scenario, &[WarningName::FalseSuccess]);
    assert!(given[0].message.contains("https://api.example/503"));
}

#[test]
fn a_request_that_belongs_to_no_event_for_certain_is_said_to_be_so() {
    let worker = "
        let ask;
        const asked = new Promise((resolve) => { ask = resolve; });
        const failed = asked.then(() => fetch('https://api.example/503'));
        self.onsync = (event) => { ask(); event.waitUntil(failed); };";
    let scenario = online().worker(worker).register_sync("outbox");
    let given = expect_warnings(&scenario, &[WarningName::FalseSuccess]);
    assert!(
        given[0]
            .message
            .contains("it cannot be told whose request it was: the script itself"),
        "{}",
        given[0].message
    );
}

#[test]
fn a_listener_that_throws_is_warned_of() {
    let warning = warning_of("missing();", WarningName::FalseSuccess);
    assert!(
        warning.message.contains("threw an error"),
        "{}",
        warning.message
    );
    assert_eq!(warning.place.map(|place| place.line), Some(2));
}

#[test]
fn correct_handlers_are_not_warned_of() {
    let handlers = [
        // It fails, and says so.
        "event.waitUntil(fetch('https://api.example/503').then((r) => { if (!r.ok) throw new Error(r.status); }));",
        "event.waitUntil(fetch('https://api.example/refused'));",
        // All is well.
        "event.waitUntil(fetch('https://api.example/204'));",
        "event.waitUntil(fetch('https://api.example/404'));",
        "event.waitUntil(caches.open('a'));",
        "event.waitUntil(Promise.resolve());",
        // It tried again by itself.
        "const send = () => fetch('https://api.example/flaky'); event.waitUntil(send().then((r) => r.ok ? r : send()));",
        // It gave up a request on purpose.
        "const controller = new AbortController();
         event.waitUntil(fetch('https://api.example/200', { signal: controller.signal }).catch(() => {}));
         controller.abort();",
        // It asks for another event by itself.
        "if (!self.again) {
           self.again = true;
           event.waitUntil(fetch('https://api.example/503').then(() => registration.sync.register(event.tag)));
         } else event.waitUntil(Promise.resolve());",
        // It tells others, which is over at once.
        "new BroadcastChannel('sync').postMessage(event.tag);",
    ];
    for handler in handlers {
        expect_warnings(&sync_with(handler), &[]);
    }
}

#[test]
fn a_worker_without_a_listener_for_sync_is_warned_of() {
    let scenario = online()
        .worker("self.onfetch = () => {};")
        .register_sync("outbox");
    let given = expect_warnings(&scenario, &[WarningName::NoListener]);
    assert!(
        given[0].message.contains("`outbox`"),
        "{}",
        given[0].message
    );
    scenario.expect_event(|kind| {
        matches!(kind, HostEventKind::Warning { source, .. }
            if *source == ScriptSource::Worker(address("sw.js")))
    });
}

#[test]
fn work_without_wait_until_is_warned_of() {
    let begins = [
        (
            "fetch('https://api.example/200');",
            "a request (GET https://api.example/200)",
        ),
        ("setTimeout(() => {}, 1000);", "a timer"),
        (
            "caches.open('a').then(() => {});",
            "work with IndexedDB or caches",
        ),
        (
            "Promise.resolve().then(() => indexedDB.open('a'));",
            "work with IndexedDB or caches",
        ),
    ];
    for (handler, what) in begins {
        let warning = warning_of(handler, WarningName::NoWaitUntil);
        let said = format!("the listener for `sync` began {what} without `event.waitUntil()`");
        assert!(warning.message.starts_with(&said), "{}", warning.message);
        assert_eq!(warning.place.map(|place| place.line), Some(2), "{handler}");
    }
    let scenario = online().worker("self.oninstall = () => { caches.open('a'); };");
    expect_warnings(&scenario, &[WarningName::NoWaitUntil]);
}

#[test]
fn a_tag_that_the_listener_ignores_is_warned_of() {
    let handler = "if (event.tag === 'sync-messages') event.waitUntil(caches.open('a'));";
    let warning = warning_of(handler, WarningName::UnmatchedTag);
    assert!(warning.message.contains("`outbox`"), "{}", warning.message);
}

#[test]
fn a_message_to_a_worker_that_does_not_listen_is_warned_of() {
    let mut scenario = online().worker("self.onsync = () => {};");
    let post = "navigator.serviceWorker.ready.then(({ active }) => active.postMessage('hello'))";
    scenario.eval(post);
    scenario.settle();
    let given = expect_warnings(&scenario, &[WarningName::UnheardMessage]);
    let said = "https://app.example/ posted a message to the worker, which has no listener";
    assert!(given[0].message.starts_with(said), "{}", given[0].message);
}

#[test]
fn a_message_to_a_page_that_does_not_listen_is_warned_of() {
    let worker = "self.onmessage = (event) => {\n  event.source.postMessage('hello');\n};";
    let post = "navigator.serviceWorker.ready.then(({ active }) => active.postMessage('hello'))";
    let mut scenario = online().worker(worker);
    scenario.eval(post);
    scenario.settle();
    let given = expect_warnings(&scenario, &[WarningName::UnheardMessage]);
    assert_eq!(given[0].place.as_ref().map(|place| place.line), Some(2));

    let mut scenario = online().worker(worker);
    scenario.eval("navigator.serviceWorker.onmessage = () => {}");
    scenario.eval(post);
    scenario.settle();
    expect_warnings(&scenario, &[]);
}

#[test]
fn a_tag_that_is_registered_again_in_each_event_is_warned_of() {
    let worker = |rounds: usize| {
        format!(
            "let rounds = 0;
             self.onsync = (event) => {{
               if (++rounds < {rounds}) event.waitUntil(registration.sync.register(event.tag));
               else event.waitUntil(Promise.resolve());
             }};"
        )
    };
    let scenario = online().worker(&worker(10)).register_sync("outbox");
    let given = expect_warnings(&scenario, &[WarningName::RegisterLoop]);
    assert!(given[0].message.contains("each of its last 5 events"));
    assert_eq!(given[0].place.as_ref().map(|place| place.line), Some(3));

    let scenario = online().worker(&worker(4)).register_sync("outbox");
    expect_warnings(&scenario, &[]);
}

#[test]
fn a_warning_that_is_turned_off_is_not_given() {
    let scenario = online()
        .with(|builder| builder.warning(WarningName::NoListener, false))
        .worker("")
        .register_sync("outbox");
    expect_warnings(&scenario, &[]);
}

#[test]
fn a_strict_host_with_warnings_does_not_end_well() {
    let end = |script: &str| {
        let mut scenario = Scenario::online()
            .with(|builder| builder.strict(true))
            .worker(script)
            .register_sync("outbox");
        let host = scenario.host();
        scenario.run_last(async move { host.shut_down().await })
    };
    assert!(matches!(end(""), Err(Error::Warned { count: 1 })));
    assert!(end("self.onsync = (event) => event.waitUntil(Promise.resolve());").is_ok());
}

#[test]
fn an_event_by_hand_is_warned_of_in_its_own_words() {
    let mut scenario = online().worker("");
    let host = scenario.host();
    let outcome = scenario.run(async move { host.dispatch_sync(&address(""), "x", true).await });
    assert_eq!(outcome.expect("it is sent"), EventOutcome::Fulfilled);
    let given = expect_warnings(&scenario, &[WarningName::NoListener]);
    assert!(given[0].message.contains("had it not been sent by hand"));
}

#[test]
fn warnings_are_told_as_json_by_their_stable_names() {
    let scenario = online().worker("").register_sync("outbox");
    let warning = scenario
        .events()
        .find(|kind| matches!(kind, HostEventKind::Warning { .. }));
    let told = serde_json::to_value(warning).expect("JSON");
    assert_eq!(told["event"], "warning");
    assert_eq!(told["name"], "no-listener");
    assert_eq!(told["source"], "worker");
    assert_eq!(told["url"], "https://app.example/sw.js");
    assert_eq!(told["place"], json!(null));
    assert!(
        told["message"]
            .as_str()
            .is_some_and(|message| message.len() > 50)
    );
}

#[test]
fn what_is_far_apart_is_no_loop() {
    let worker = "self.onsync = (event) => event.waitUntil(
        new Promise((resolve) => { self.go = resolve; console.log('waits'); })
          .then(() => registration.sync.register(event.tag)));
        self.onmessage = () => self.go();";
    let mut scenario = online().worker(worker).sync_under_way("outbox", "waits");
    for round in 2..8 {
        scenario = scenario.advance_meanwhile(Duration::from_secs(20));
        scenario
            .eval("navigator.serviceWorker.ready.then(({ active }) => active.postMessage('go'))");
        scenario = scenario.wait_until_printed_times("waits", round);
    }
    expect_warnings(&scenario, &[]);
}
