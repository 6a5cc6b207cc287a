//! Push messages: who may send them, what workers get, and what waits.

use std::time::Duration;

use landfall::push::{PushRefusal, PushRequest};
use landfall::service_worker::EventOutcome;
use landfall::{
    Error, HostBuilder, HostEventKind, Permission, PermissionState, PushEvent, PushMessage,
    PushReceipt,
};
use serde_json::{Value, json};

use crate::support::push::ApplicationServer;
use crate::support::scenario::{NOW_MS, ORIGIN, Scenario, address};

const WORKER: &str = "
addEventListener('install', () => skipWaiting());
addEventListener('push', ({ data }) => console.log(`push ${data?.text()}`));
addEventListener('pushsubscriptionchange', ({ newSubscription, oldSubscription }) =>
  console.log(`change ${oldSubscription.endpoint} ${newSubscription?.endpoint}`));
";

fn granted(builder: HostBuilder) -> HostBuilder {
    let origin = ORIGIN.parse().unwrap();
    builder.permission(&origin, Permission::Notifications, PermissionState::Granted)
}

fn allowed(worker: &str) -> Scenario {
    Scenario::online().with(granted).worker(worker)
}

fn with_push_manager(body: &str) -> String {
    format!("navigator.serviceWorker.ready.then(async ({{ pushManager }}) => {{ {body} }})")
}

fn server() -> ApplicationServer {
    ApplicationServer::new(1)
}

/// Subscribes with the key of the server, and gives the subscription as JSON.
fn subscribe(scenario: &mut Scenario) -> Value {
    let key = server().public_key();
    scenario.eval(&with_push_manager(&format!(
        "return await pushManager.subscribe({{ userVisibleOnly: false, applicationServerKey: '{key}' }})"
    )))
}

fn deliver(scenario: &mut Scenario, message: impl Into<PushMessage>) -> Result<PushReceipt, Error> {
    let (host, message) = (scenario.host(), message.into());
    scenario.run(async move { host.deliver_push(message).await })
}

fn send(scenario: &mut Scenario, subscription: &Value, text: &str) {
    let request = server().message(subscription, text, NOW_MS);
    deliver(scenario, request).expect("it is taken");
}

fn refusal(scenario: &mut Scenario, request: PushRequest) -> PushRefusal {
    match deliver(scenario, request) {
        Err(Error::Push(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

fn with_header(mut request: PushRequest, name: &str, value: &str) -> PushRequest {
    request.headers.retain(|(found, _)| found != name);
    request.headers.push((name.to_owned(), value.to_owned()));
    request
}

#[test]
fn an_encrypted_message_of_the_right_server_reaches_the_worker() {
    let mut scenario = allowed(WORKER);
    let subscription = subscribe(&mut scenario);
    send(&mut scenario, &subscription, "hello");
    scenario
        .expect_printed(&["push hello"])
        .expect_event(|kind| {
            matches!(
                kind,
                HostEventKind::Push(PushEvent::Started { bytes: Some(5), .. })
            )
        })
        .expect_event(|kind| {
            matches!(
                kind,
                HostEventKind::Push(PushEvent::Ended {
                    outcome: EventOutcome::Fulfilled,
                    is_broken_promise: false,
                    ..
                })
            )
        });
}

#[test]
fn a_subscription_is_described_as_the_specification_says() {
    let key = server().public_key();
    let subscribe = format!(
        "const one = await pushManager.subscribe({{ userVisibleOnly: true, applicationServerKey: '{key}' }});
         const bytes = new Uint8Array(one.options.applicationServerKey);"
    );
    allowed(WORKER)
        .expect_eval("PushManager.supportedContentEncodings", json!(["aes128gcm"]))
        .expect_eval(
            &with_push_manager("return [await pushManager.permissionState(), await pushManager.getSubscription()]"),
            json!(["granted", null]),
        )
        .expect_eval(
            &with_push_manager(&format!(
                "{subscribe}
                 return [one instanceof PushSubscription, one.expirationTime, one.options.userVisibleOnly,
                         one.options.applicationServerKey === one.options.applicationServerKey, bytes.length, bytes[0],
                         one.getKey('auth').byteLength, new Uint8Array(one.getKey('p256dh'))[0],
                         Object.keys(one.toJSON().keys).sort(), one.endpoint === one.toJSON().endpoint]"
            )),
            json!([true, null, true, true, 65, 4, 16, 4, ["auth", "p256dh"], true]),
        )
        .expect_eval(
            &with_push_manager(&format!(
                "{subscribe}
                 const found = await pushManager.getSubscription();
                 const again = await pushManager.subscribe({{ userVisibleOnly: true, applicationServerKey: bytes }});
                 return [found.endpoint === one.endpoint, again.endpoint === one.endpoint]"
            )),
            json!([true, true]),
        )
        .expect_eval(
            &with_push_manager(&format!(
                "{subscribe}
                 return [await one.unsubscribe(), await one.unsubscribe(), await pushManager.getSubscription()]"
            )),
            json!([true, false, null]),
        )
        .expect_event(|kind| matches!(kind, HostEventKind::Push(PushEvent::Unsubscribed { .. })));
}

#[test]
fn what_cannot_be_subscribed_is_refused_by_name() {
    let name = |options: &str| {
        with_push_manager(&format!(
            "return await pushManager.subscribe({options}).then(() => 'subscribed', ({{ name }}) => name)"
        ))
    };
    let key = server().public_key();
    let other = ApplicationServer::new(2).public_key();
    allowed(WORKER)
        .expect_eval(
            &name("{ applicationServerKey: 'not/base64url' }"),
            json!("InvalidCharacterError"),
        )
        .expect_eval(
            &name(&format!("{{ applicationServerKey: '{key}=' }}")),
            json!("InvalidCharacterError"),
        )
        .expect_eval(
            &name("{ applicationServerKey: 'AAAA' }"),
            json!("InvalidAccessError"),
        )
        .expect_eval(
            &name("{ applicationServerKey: new Uint8Array(65) }"),
            json!("InvalidAccessError"),
        )
        .expect_eval(&name("7"), json!("TypeError"))
        .expect_eval(
            &name(&format!("{{ applicationServerKey: '{key}' }}")),
            json!("subscribed"),
        )
        .expect_eval(
            &name(&format!("{{ applicationServerKey: '{other}' }}")),
            json!("InvalidStateError"),
        )
        .expect_eval(&name("{}"), json!("InvalidStateError"));
    Scenario::online()
        .worker(WORKER)
        .expect_eval(&name("{}"), json!("NotAllowedError"))
        .expect_eval(
            &with_push_manager("return await pushManager.permissionState()"),
            json!("denied"),
        );
}

#[test]
fn a_message_of_somebody_else_or_for_nobody_is_refused() {
    let mut scenario = allowed(WORKER);
    let subscription = subscribe(&mut scenario);
    let message = || server().message(&subscription, "hello", NOW_MS);
    let of_another = ApplicationServer::new(2).message(&subscription, "hello", NOW_MS);
    let expired = server().message(&subscription, "hello", NOW_MS - 2 * 60 * 60 * 1000);
    let mut unsigned = message();
    unsigned.headers.retain(|(name, _)| name != "authorization");
    let mut garbage = message();
    garbage.body.truncate(90);
    let mut nobody = message();
    nobody.endpoint = address("nothing");
    let refused = [
        (of_another, 403),
        (expired, 403),
        (unsigned, 401),
        (garbage, 400),
        (with_header(message(), "ttl", "soon"), 400),
        (nobody, 404),
    ];
    for (request, status) in refused {
        assert_eq!(refusal(&mut scenario, request).http_status(), status);
    }
    scenario.eval(&with_push_manager(
        "return await (await pushManager.getSubscription()).unsubscribe()",
    ));
    assert_eq!(refusal(&mut scenario, message()), PushRefusal::Gone);
    scenario.expect_printed(&[]);
}

#[test]
fn the_data_of_a_message_is_read_in_every_way() {
    let mut scenario = allowed(
        "addEventListener('install', () => skipWaiting());
         onpush = (event) => event.waitUntil((async () => {
           const { data } = event;
           if (data === null) return console.log('no data');
           const bytes = data.bytes();
           bytes[0] = 0;
           console.log(data instanceof PushMessageData, data.text(), data.json().a, data.arrayBuffer().byteLength,
                       data.bytes()[0], await data.blob().text(), event instanceof ExtendableEvent, event.isTrusted);
         })());
         const made = new PushEvent('push', { data: new Uint8Array([104, 105]) });
         console.log(made.data.text(), new PushEvent('push').data, new PushEvent('push', { data: 'x' }).data.text());
         try { new PushMessageData() } catch (error) { console.log(error.name) }
         try { made.data.json() } catch (error) { console.log(error.name) }",
    );
    let host = scenario.host();
    let outcomes = scenario.run(async move {
        let scope = address("");
        let text = Some(br#"{"a":1}"#.to_vec());
        [
            host.dispatch_push(&scope, text).await.unwrap(),
            host.dispatch_push(&scope, None).await.unwrap(),
        ]
    });
    assert_eq!(outcomes, [EventOutcome::Fulfilled, EventOutcome::Fulfilled]);
    scenario.expect_printed(&[
        "hi null x",
        "TypeError",
        "SyntaxError",
        r#"true {"a":1} 1 7 123 {"a":1} true true"#,
        "no data",
    ]);
}

#[test]
fn messages_wait_for_the_network_and_come_in_their_order() {
    let mut scenario = allowed(WORKER);
    let subscription = subscribe(&mut scenario);
    scenario = scenario.go_offline();
    for text in ["one", "two", "three"] {
        send(&mut scenario, &subscription, text);
    }
    scenario
        .expect_printed(&[])
        .expect_event(|kind| matches!(kind, HostEventKind::Push(PushEvent::Queued { .. })))
        .go_online()
        .expect_printed(&["push one", "push two", "push three"]);
}

#[test]
fn a_message_that_was_taken_outlives_the_host() {
    let mut scenario = allowed(WORKER);
    let subscription = subscribe(&mut scenario);
    scenario = scenario.go_offline();
    send(&mut scenario, &subscription, "kept");
    scenario
        .restart_host()
        .restart_host()
        .go_online()
        .expect_printed(&["push kept"])
        .restart_host()
        .expect_printed(&["push kept"]);
}

#[test]
fn a_message_does_not_wait_longer_than_its_sender_wants() {
    let mut scenario = allowed(WORKER);
    let subscription = subscribe(&mut scenario);
    scenario = scenario.go_offline();
    let message = |text: &str, ttl: &str| {
        with_header(server().message(&subscription, text, NOW_MS), "ttl", ttl)
    };
    for (text, ttl) in [("short", "59"), ("none", "0"), ("long", "61")] {
        let receipt = deliver(&mut scenario, message(text, ttl)).expect("it is taken");
        assert_eq!(receipt.ttl, Duration::from_secs(ttl.parse().unwrap()));
    }
    let mut scenario = scenario
        .advance(Duration::from_secs(60))
        .go_online()
        .expect_printed(&["push long"]);
    let expired = scenario
        .events()
        .filter(|kind| matches!(kind, HostEventKind::Push(PushEvent::Expired { .. })));
    assert_eq!(expired.count(), 2);
    deliver(&mut scenario, message("now", "0")).expect("it is taken");
    scenario.expect_printed(&["push long", "push now"]);
}

#[test]
fn a_message_takes_the_place_of_one_with_its_topic_that_waits() {
    let mut scenario = allowed(WORKER);
    let subscription = subscribe(&mut scenario);
    scenario = scenario.go_offline();
    for (text, topic) in [
        ("old", Some("score")),
        ("other", None),
        ("new", Some("score")),
    ] {
        let request = server().message(&subscription, text, NOW_MS);
        let request = match topic {
            Some(topic) => with_header(request, "topic", topic),
            None => request,
        };
        deliver(&mut scenario, request).expect("it is taken");
    }
    scenario
        .go_online()
        .expect_printed(&["push other", "push new"]);
}

#[test]
fn a_plain_payload_needs_no_subscription_and_waits_as_well() {
    let mut scenario = allowed(WORKER).go_offline();
    let plain = |text: &str| PushMessage::Plain {
        scope: address(""),
        data: Some(text.as_bytes().to_vec()),
        ttl: Duration::from_secs(60),
    };
    deliver(&mut scenario, plain("one")).expect("it is taken");
    deliver(&mut scenario, plain("two")).expect("it is taken");
    scenario
        .go_online()
        .expect_printed(&["push one", "push two"]);
}

#[test]
fn a_message_whose_event_the_end_of_the_host_cut_off_is_delivered_again() {
    let mut scenario = allowed(
        "addEventListener('install', () => skipWaiting());
         addEventListener('push', (event) => event.waitUntil(caches.has('restarted').then((isAgain) => {
           console.log(event.data.text());
           return isAgain || new Promise(() => {});
         })));",
    );
    let subscription = subscribe(&mut scenario);
    let request = server().message(&subscription, "slow", NOW_MS);
    let host = scenario.host();
    let _taken = scenario.begin(async move { host.deliver_push(request.into()).await });
    let mut scenario = scenario.wait_until_printed("slow");
    scenario.eval("caches.open('restarted').then(() => true)");
    scenario.restart_host().expect_printed(&["slow", "slow"]);
}

#[test]
fn a_push_event_may_take_ninety_seconds() {
    let mut scenario = allowed(
        "addEventListener('install', () => skipWaiting());
         addEventListener('push', (event) => { event.waitUntil(new Promise(() => {})); console.log('begun'); });",
    );
    let host = scenario.host();
    let dispatched = scenario.begin(async move { host.dispatch_push(&address(""), None).await });
    let mut scenario = scenario
        .wait_until_printed("begun")
        .advance_meanwhile(Duration::from_secs(89))
        .expect_no_event(|kind| matches!(kind, HostEventKind::Push(PushEvent::Ended { .. })))
        .advance_meanwhile(Duration::from_secs(1));
    let outcome = scenario.run(dispatched);
    assert_eq!(outcome.unwrap().unwrap(), EventOutcome::TimedOut);
}

/// Scripts ask for it by the name of the Push API.
#[test]
fn the_permission_for_push_messages_is_that_for_notifications() {
    let mut scenario = allowed(WORKER).expect_eval(
        "navigator.permissions.query({ name: 'push', userVisibleOnly: true }).then((status) => {
             status.onchange = () => console.log(`now ${status.state}`);
             return [status.name, status.state];
         })",
        json!(["push", "granted"]),
    );
    scenario.set_permission(Permission::Notifications, PermissionState::Denied);
    scenario.wait_until_printed("now denied");
}

#[test]
fn subscribing_asks_for_the_permission() {
    let asks = |builder: HostBuilder| {
        builder.permission(
            &address(""),
            Permission::Notifications,
            PermissionState::Prompt,
        )
    };
    let subscribe = with_push_manager(
        "pushManager.subscribe().then(({ options }) => console.log('subscribed'), ({ name }) => console.log(name));
         return await pushManager.permissionState();",
    );
    for (state, line) in [
        (PermissionState::Granted, "subscribed"),
        (PermissionState::Denied, "NotAllowedError"),
    ] {
        let mut scenario = Scenario::online()
            .with(asks)
            .worker(WORKER)
            .expect_eval(&subscribe, json!("prompt"))
            .wait_until(|kind| matches!(kind, HostEventKind::PermissionRequested { .. }));
        scenario.set_permission(Permission::Notifications, state);
        scenario.wait_until_printed(line);
    }
    // Nobody is asked for what could not be done.
    Scenario::online()
        .with(asks)
        .worker(WORKER)
        .expect_eval(
            &with_push_manager(
                "return await pushManager.subscribe({ applicationServerKey: 'AAAA' }).catch(({ name }) => name)",
            ),
            json!("InvalidAccessError"),
        )
        .expect_no_event(|kind| matches!(kind, HostEventKind::PermissionRequested { .. }));
}

#[test]
fn a_host_without_the_permission_ends_the_subscriptions_of_one_with_it() {
    let mut scenario = allowed(WORKER);
    let subscription = subscribe(&mut scenario);
    scenario = scenario.stop_host().with(|builder| {
        builder.permission(
            &address(""),
            Permission::Notifications,
            PermissionState::Denied,
        )
    });
    let endpoint = subscription["endpoint"].as_str().expect("an endpoint");
    scenario = scenario
        .start_host()
        .wait_until_printed(&format!("change {endpoint} undefined"));
    let request = server().message(&subscription, "x", NOW_MS);
    assert_eq!(refusal(&mut scenario, request), PushRefusal::Gone);
}

#[test]
fn a_subscription_goes_with_its_permission() {
    let mut scenario = allowed(WORKER);
    let subscription = subscribe(&mut scenario);
    scenario.set_permission(Permission::Notifications, PermissionState::Denied);
    let endpoint = subscription["endpoint"].as_str().expect("an endpoint");
    scenario = scenario.expect_printed(&[&format!("change {endpoint} undefined")]);
    let request = server().message(&subscription, "x", NOW_MS);
    assert_eq!(refusal(&mut scenario, request), PushRefusal::Gone);
    scenario
        .expect_eval(
            &with_push_manager("return await pushManager.getSubscription()"),
            Value::Null,
        )
        .expect_event(|kind| matches!(kind, HostEventKind::Push(PushEvent::Unsubscribed { .. })));
}

#[test]
fn nothing_is_pushed_offline_by_hand() {
    let mut scenario = allowed(WORKER).go_offline();
    let host = scenario.host();
    let refused = scenario.run(async move { host.dispatch_push(&address(""), None).await });
    assert!(matches!(refused, Err(Error::Offline)), "{refused:?}");
}

#[test]
fn a_worker_that_promised_to_show_and_does_not_is_told_of() {
    let worker = |handler: &str| {
        format!(
            "addEventListener('install', () => skipWaiting());
             addEventListener('activate', (event) =>
               event.waitUntil(registration.pushManager.subscribe({{ userVisibleOnly: true }})));
             addEventListener('push', (event) => {{ {handler} }});"
        )
    };
    let is_broken = |handler: &str| {
        let mut scenario = allowed(&worker(handler));
        let host = scenario.host();
        scenario
            .run(async move { host.dispatch_push(&address(""), None).await })
            .unwrap();
        scenario.events().any(|kind| {
            matches!(
                kind,
                HostEventKind::Push(PushEvent::Ended {
                    is_broken_promise: true,
                    ..
                })
            )
        })
    };
    assert!(is_broken(""));
    assert!(!is_broken(
        "event.waitUntil(registration.showNotification('x'))"
    ));
}

#[test]
fn a_renewed_subscription_has_another_endpoint_and_the_worker_hears_of_it() {
    let mut scenario = allowed(WORKER);
    let old = subscribe(&mut scenario);
    let host = scenario.host();
    let outcome = scenario.run(async move { host.renew_push_subscription(&address("")).await });
    assert_eq!(outcome.unwrap(), EventOutcome::Fulfilled);
    let new = scenario.eval(&with_push_manager(
        "return await pushManager.getSubscription()",
    ));
    let (old_endpoint, new_endpoint) = (&old["endpoint"], &new["endpoint"]);
    assert_ne!(old_endpoint, new_endpoint);
    let text = |value: &Value| value.as_str().expect("an endpoint").to_owned();
    let line = format!("change {} {}", text(old_endpoint), text(new_endpoint));
    assert_eq!(scenario.printed(), [line.as_str()]);
    let to_the_old = server().message(&old, "x", NOW_MS);
    assert_eq!(refusal(&mut scenario, to_the_old), PushRefusal::Gone);
    send(&mut scenario, &new, "to the new");
    scenario.expect_printed(&[&line, "push to the new"]);
}

#[test]
fn subscriptions_move_to_another_push_service() {
    let mut scenario = allowed(WORKER);
    let old = subscribe(&mut scenario);
    scenario = scenario.stop_host().with(|builder| {
        granted(builder).push_service("http://127.0.0.1:4000/push/".parse().unwrap())
    });
    let mut moved = scenario.start_host();
    moved.settle();
    let moved = moved.restart_host();
    let printed = moved.printed();
    assert_eq!(printed.len(), 1, "{printed:?}");
    let beginning = format!(
        "change {} http://127.0.0.1:4000/push/",
        old["endpoint"].as_str().expect("an endpoint")
    );
    assert!(printed[0].starts_with(&beginning), "{printed:?}");
}

#[test]
fn a_subscription_goes_with_its_registration() {
    let mut scenario = allowed(WORKER);
    let subscription = subscribe(&mut scenario);
    scenario
        .eval("navigator.serviceWorker.ready.then((registration) => registration.unregister())");
    let request = server().message(&subscription, "x", NOW_MS);
    assert_eq!(refusal(&mut scenario, request.clone()), PushRefusal::Gone);
    let mut scenario = scenario.restart_host();
    assert_eq!(refusal(&mut scenario, request), PushRefusal::Gone);
}
