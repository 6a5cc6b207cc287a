//! What is shown, who may show it, and what becomes of a click.

use std::time::Duration;

use landfall::service_worker::EventOutcome;
use landfall::{
    ClientScript, HostEventKind, NotificationEnd, NotificationEvent, NotificationStatus,
    OpenWindow, Permission, PermissionState,
};
use serde_json::json;

use crate::support::scenario::{ORIGIN, Scenario, address};

const WORKER: &str = "
addEventListener('install', () => skipWaiting());
addEventListener('notificationclick', ({ notification, action }) => {
  console.log(`click ${notification.title} [${action}] ${JSON.stringify(notification.data)}`);
  if (notification.tag === 'mail') notification.close();
});
addEventListener('notificationclose', ({ notification }) => console.log(`close ${notification.title}`));
";

/// Allowed to show notifications, with a worker that tells of clicks.
fn allowed(worker: &str) -> Scenario {
    Scenario::online().with(granted).worker(worker)
}

fn granted(builder: landfall::HostBuilder) -> landfall::HostBuilder {
    let origin = ORIGIN.parse().unwrap();
    builder.permission(&origin, Permission::Notifications, PermissionState::Granted)
}

/// Calls a function of the page with the registration.
fn with_registration(body: &str) -> String {
    format!("navigator.serviceWorker.ready.then(async (registration) => {{ {body} }})")
}

fn show(arguments: &str) -> String {
    with_registration(&format!(
        "await registration.showNotification({arguments}); return true;"
    ))
}

fn shown(scenario: &mut Scenario) -> Vec<NotificationStatus> {
    let host = scenario.host();
    scenario
        .run(async move { host.notifications().await })
        .unwrap()
}

fn titles(scenario: &mut Scenario) -> Vec<String> {
    let shown = shown(scenario).into_iter();
    shown.map(|shown| shown.content.title).collect()
}

fn click(scenario: &mut Scenario, action: Option<&'static str>) -> EventOutcome {
    let newest = shown(scenario).last().expect("one is shown").id;
    let host = scenario.host();
    scenario
        .run(async move { host.click_notification(newest, action).await })
        .unwrap()
}

#[test]
fn nobody_may_show_notifications_unless_it_was_granted() {
    let mut scenario = Scenario::online().worker(WORKER);
    let refused = with_registration(
        "return await registration.showNotification('x').catch((error) => `${error.name}: ${error.message}`)",
    );
    scenario = scenario
        .expect_eval("Notification.permission", json!("denied"))
        .expect_eval("Notification.requestPermission()", json!("denied"))
        .expect_eval(
            &refused,
            json!("TypeError: No notification permission has been granted for this origin."),
        )
        .expect_eval(
            "new Promise((resolve) => { new Notification('x').onerror = ({ type }) => resolve(type); })",
            json!("error"),
        );
    assert_eq!(titles(&mut scenario), Vec::<String>::new());
}

/// What a page sees of its permission.
const STATES: &str = "(async () => [
    Notification.permission,
    (await navigator.permissions.query({ name: 'notifications' })).state,
])()";

#[test]
fn a_page_asks_for_the_permission_and_waits_for_the_answer() {
    let origin = address("");
    let asks = move |builder: landfall::HostBuilder| {
        builder.permission(&origin, Permission::Notifications, PermissionState::Prompt)
    };
    let request =
        "Notification.requestPermission().then((state) => console.log(`told ${state}`)); 0";
    for (state, name) in [
        (PermissionState::Granted, "granted"),
        (PermissionState::Denied, "denied"),
    ] {
        let mut scenario = Scenario::online()
            .with(asks.clone())
            .worker(WORKER)
            .expect_eval(STATES, json!(["default", "prompt"]))
            .expect_eval(request, json!(0))
            .wait_until(|kind| matches!(kind, HostEventKind::PermissionRequested { .. }))
            .expect_printed(&[]);
        scenario.set_permission(Permission::Notifications, state);
        scenario
            .wait_until_printed(&format!("told {name}"))
            .expect_eval(STATES, json!([name, name]))
            // Nobody is asked twice.
            .expect_eval("Notification.requestPermission()", json!(name));
    }
}

#[test]
fn a_notification_is_shown_with_everything_that_was_said_of_it() {
    let mut scenario = allowed(WORKER)
        .expect_eval("Notification.permission", json!("granted"))
        .expect_eval(
            &show(
                "'Mail', { body: 'from Ada', tag: 'mail', lang: 'en', dir: 'ltr', icon: 'icon.png', badge: '/b.png',
                   image: 'https://other.example/i.png', vibrate: [200, 100, 20000, 50], timestamp: 42,
                   requireInteraction: true, renotify: true, silent: false, data: { id: 7n, when: new Date(0) },
                   actions: [{ action: 'read', title: 'Read', icon: 'r.png' }, { action: 'later', title: 'Later' },
                             { action: 'third', title: 'Left out' }] }",
            ),
            json!(true),
        )
        .expect_eval(
            &with_registration(
                "const [one] = await registration.getNotifications({ tag: 'mail' });
                 return [one.title, one.body, one.tag, one.lang, one.dir, one.icon, one.badge, one.image, one.vibrate,
                         one.timestamp, one.requireInteraction, one.renotify, one.silent, one.actions,
                         typeof one.data.id, one.data.when.getTime(), one.data === one.data];",
            ),
            json!([
                "Mail", "from Ada", "mail", "en", "ltr",
                "https://app.example/icon.png", "https://app.example/b.png", "https://other.example/i.png",
                [200, 100, 10000], 42, true, true, false,
                [
                    { "action": "read", "title": "Read", "icon": "https://app.example/r.png" },
                    { "action": "later", "title": "Later" },
                ],
                "bigint", 0, true,
            ]),
        );
    let status = shown(&mut scenario).pop().expect("it is shown");
    assert_eq!(
        status.scope.as_ref().map(|scope| scope.as_str()),
        Some(ORIGIN)
    );
    assert_eq!(status.content.body, "from Ada");
    scenario.expect_event(
        |kind| matches!(kind, HostEventKind::Notification(NotificationEvent::Shown(shown)) if **shown == status),
    );
}

#[test]
fn what_contradicts_itself_is_refused() {
    let refused = |arguments: &str, expected: &str, scenario: Scenario| {
        let script = with_registration(&format!(
            "return await registration.showNotification({arguments}).catch((error) => error.name)"
        ));
        scenario.expect_eval(&script, json!(expected))
    };
    let mut scenario = allowed(WORKER);
    for (arguments, expected) in [
        ("", "TypeError"),
        ("Symbol()", "TypeError"),
        ("'x', 7", "TypeError"),
        ("'x', { silent: true, vibrate: 100 }", "TypeError"),
        ("'x', { silent: true, vibrate: [] }", "TypeError"),
        ("'x', { renotify: true }", "TypeError"),
        ("'x', { dir: 'up' }", "TypeError"),
        ("'x', { actions: [{ title: 'no action' }] }", "TypeError"),
        ("'x', { actions: [{ action: 'no title' }] }", "TypeError"),
        ("'x', { data: () => {} }", "DataCloneError"),
    ] {
        scenario = refused(arguments, expected, scenario);
    }
    scenario = scenario.expect_eval(
        "try { new Notification('x', { actions: [{ action: 'a', title: 'A' }] }) } catch (error) { error.name }",
        json!("TypeError"),
    );
    assert_eq!(titles(&mut scenario), Vec::<String>::new());
}

#[test]
fn arguments_are_read_before_the_worker_and_the_permission_are_looked_at() {
    // Nobody has granted it, and while a worker is being installed there is no active one.
    let worker = "
        const unreadable = { toString() { throw new RangeError('unreadable'); } };
        const attempts = [[unreadable], ['x', { silent: true, vibrate: 1 }], ['x']];
        const attempt = async () => {
            for (const words of attempts) {
                await registration.showNotification(...words)
                    .catch(({ message }) => console.log(message.split(': ').at(-1)));
            }
        };
        self.oninstall = (event) => event.waitUntil(attempt());
        self.onactivate = (event) => event.waitUntil(attempt());";
    let inactive = "No active registration available on the ServiceWorkerRegistration.";
    Scenario::online().worker(worker).expect_printed(&[
        "unreadable",
        inactive,
        inactive,
        "unreadable",
        "Silent notifications must not specify vibration patterns.",
        "No notification permission has been granted for this origin.",
    ]);
}

#[test]
fn an_address_that_cannot_be_resolved_counts_as_none() {
    allowed(WORKER)
        .expect_eval(&show("'x', { icon: 'https://' }"), json!(true))
        .expect_eval(
            &with_registration("return (await registration.getNotifications())[0].icon"),
            json!(""),
        );
}

#[test]
fn a_notification_takes_the_place_of_the_one_with_its_tag() {
    let mut scenario = allowed(WORKER);
    for arguments in [
        "'first', { tag: 'a' }",
        "'other', { tag: 'b' }",
        "'second', { tag: 'a' }",
        "'no tag'",
    ] {
        scenario.eval(&show(arguments));
    }
    scenario.eval(&show("'no tag'"));
    assert_eq!(
        titles(&mut scenario),
        ["other", "second", "no tag", "no tag"]
    );
    scenario
        .expect_event(|kind| {
            matches!(kind, HostEventKind::Notification(NotificationEvent::Closed { title, by: NotificationEnd::Replaced, .. }) if title == "first")
        })
        .expect_eval(
            &with_registration(
                "return (await registration.getNotifications({ tag: 'a' })).map(({ title }) => title)",
            ),
            json!(["second"]),
        )
        .expect_printed(&[]);
}

#[test]
fn a_click_reaches_the_worker_with_its_action_and_its_data() {
    let mut scenario = allowed(WORKER);
    scenario.eval(&show(
        "'Mail', { tag: 'mail', data: { id: 7 }, actions: [{ action: 'read', title: 'Read' }] }",
    ));
    assert_eq!(click(&mut scenario, Some("read")), EventOutcome::Fulfilled);
    scenario = scenario.expect_printed(&[r#"click Mail [read] {"id":7}"#]);
    assert_eq!(
        titles(&mut scenario),
        Vec::<String>::new(),
        "the worker closed it"
    );
    scenario.expect_event(|kind| {
        matches!(
            kind,
            HostEventKind::Notification(NotificationEvent::Closed {
                by: NotificationEnd::Script,
                ..
            })
        )
    });
}

#[test]
fn what_is_not_there_cannot_be_clicked() {
    let mut scenario = allowed(WORKER);
    scenario.eval(&show(
        "'x', { actions: [{ action: 'read', title: 'Read' }] }",
    ));
    let id = shown(&mut scenario)[0].id;
    let host = scenario.host();
    let errors = scenario.run(async move {
        [
            host.click_notification(id + 1, None).await.unwrap_err(),
            host.close_notification(id + 1).await.unwrap_err(),
            host.click_notification(id, Some("write"))
                .await
                .unwrap_err(),
        ]
        .map(|error| error.to_string())
    });
    let unknown = format!("no notification {} is shown; shown are {id}", id + 1);
    let no_action = "the notification has no action `write`; it has `read`".to_owned();
    assert_eq!(errors, [unknown.clone(), unknown, no_action]);
}

#[test]
fn only_a_user_who_closes_a_notification_sends_an_event() {
    let mut scenario = allowed(WORKER);
    scenario.eval(&show("'one'"));
    scenario.eval(&show("'two'"));
    scenario.eval(&with_registration(
        "(await registration.getNotifications())[0].close(); return true",
    ));
    let id = shown(&mut scenario)[0].id;
    let host = scenario.host();
    let outcome = scenario.run(async move { host.close_notification(id).await });
    assert_eq!(outcome.unwrap(), EventOutcome::Fulfilled);
    assert_eq!(titles(&mut scenario), Vec::<String>::new());
    scenario.expect_printed(&["close two"]);
}

#[test]
fn notifications_outlive_the_host_and_go_with_their_registration() {
    let mut scenario = allowed(WORKER);
    scenario.eval(&show("'kept', { data: [1, 2] }"));
    let before = shown(&mut scenario);
    let mut scenario = scenario.restart_host();
    assert_eq!(shown(&mut scenario), before);
    assert_eq!(click(&mut scenario, None), EventOutcome::Fulfilled);
    let mut scenario = scenario.expect_printed(&["click kept [] [1,2]"]);
    scenario.eval(&with_registration("return await registration.unregister()"));
    assert_eq!(titles(&mut scenario), Vec::<String>::new());
    let mut scenario = scenario.restart_host();
    assert_eq!(titles(&mut scenario), Vec::<String>::new());
}

#[test]
fn a_page_shows_a_notification_and_hears_of_it() {
    let mut scenario = allowed(WORKER).page(
        "const one = new Notification('page', { body: 'text', data: { x: 1 } });
         for (const type of ['show', 'click', 'close', 'error']) {
           one.addEventListener(type, (event) => console.log(`${type} ${event.cancelable} ${event.isTrusted}`));
         }
         one.onclick = () => console.log(`data ${one.data.x}`);",
    );
    assert_eq!(titles(&mut scenario), ["page"]);
    assert_eq!(click(&mut scenario, None), EventOutcome::Fulfilled);
    scenario.settle();
    let mut scenario = scenario
        .expect_eval(
            &with_registration("return (await registration.getNotifications()).length"),
            json!(0),
        )
        .expect_eval("one.close(), one.close(), true", json!(true));
    scenario.settle();
    assert_eq!(titles(&mut scenario), Vec::<String>::new());
    scenario.expect_printed(&[
        "show false true",
        "click true true",
        "data 1",
        "close false true",
    ]);
}

#[test]
fn a_click_brings_the_page_that_shows_a_notification_to_the_front() {
    let focused = "new Promise((resolve) => {
        navigator.serviceWorker.onmessage = ({ data }) => resolve(data);
        navigator.serviceWorker.controller.postMessage('who has the focus');
    })";
    let worker = "self.onmessage = (event) => event.waitUntil((async () => {
        const [first] = await clients.matchAll();
        event.source.postMessage(new URL(first.url).pathname + ' ' + first.focused);
    })());";
    for (listener, expected) in [("", "/shows true"), ("event.preventDefault()", "/ true")] {
        let mut scenario = allowed(worker).expect_eval(focused, json!("/ true"));
        let script = format!(
            "const shown = new Notification('page');
             shown.onclick = (event) => {{ {listener}; console.log('clicked'); }};"
        );
        let page = ClientScript::Source(script);
        scenario.open("shows", page).expect("it opens");
        click(&mut scenario, None);
        scenario
            .wait_until_printed("clicked")
            .expect_eval(focused, json!(expected));
    }
}

#[test]
fn the_notifications_of_a_page_go_with_it() {
    let mut scenario = allowed(WORKER)
        .page("new Notification('page')")
        .close_page();
    assert_eq!(titles(&mut scenario), Vec::<String>::new());
    scenario.expect_event(|kind| {
        matches!(
            kind,
            HostEventKind::Notification(NotificationEvent::Closed {
                by: NotificationEnd::PageClosed,
                ..
            })
        )
    });
}

#[test]
fn a_worker_shows_notifications_through_its_registration_alone() {
    allowed(
        "addEventListener('install', (event) => {
           skipWaiting();
           console.log(Notification.permission, Notification.requestPermission, Notification.maxActions);
           try { new Notification('x') } catch (error) { console.log(error.name) }
           event.waitUntil(registration.showNotification('too early').catch((error) => console.log(error.name)));
         });
         addEventListener('activate', (event) => event.waitUntil((async () => {
           await registration.showNotification('in time');
           const [one] = await registration.getNotifications();
           const event = new NotificationEvent('notificationclick', { notification: one, action: 'a' });
           console.log(one.title, event.action, event.notification === one);
           try { new NotificationEvent('notificationclick', {}) } catch (error) { console.log(error.name) }
         })()));",
    )
    .expect_printed(&[
        "granted undefined 2",
        "TypeError",
        "TypeError",
        "in time a true",
        "TypeError",
    ]);
}

const OPENER: &str = "
addEventListener('install', () => skipWaiting());
const tell = (promise) => promise.then(
  (client) => console.log(client === null ? 'null' : `${client.constructor.name} ${client.url} ${client.focused}`),
  (error) => console.log(error.name),
);
addEventListener('message', (event) => event.waitUntil(tell(clients.openWindow('/mail'))));
addEventListener('notificationclick', (event) => event.waitUntil((async () => {
  const { open, focus, wait } = event.notification.data;
  if (wait) await new Promise((resolve) => setTimeout(resolve, wait));
  if (focus) {
    const [client] = (await clients.matchAll({ includeUncontrolled: true })).filter(({ focused }) => !focused);
    await tell(client.focus());
  }
  for (const url of open ?? []) await tell(clients.openWindow(url));
})()));
";

#[test]
fn a_window_can_be_opened_once_after_a_click_and_never_without() {
    let mut scenario = allowed(OPENER);
    scenario.eval(&with_registration(
        "registration.active.postMessage('open'); return true",
    ));
    scenario.settle();
    scenario.eval(&show("'x', { data: { open: ['/mail?1', '/mail?2'] } }"));
    click(&mut scenario, None);
    scenario = scenario
        .expect_printed(&[
            "InvalidAccessError",
            "WindowClient https://app.example/mail?1 true",
            "InvalidAccessError",
        ])
        .expect_event(|kind| {
            matches!(kind, HostEventKind::WindowOpened { address, .. } if address.path() == "/mail")
        });
    let clients = scenario.status().clients;
    assert!(
        clients
            .iter()
            .any(|url| url.as_str() == "https://app.example/mail?1")
    );
}

#[test]
fn after_ten_seconds_a_click_is_over() {
    let mut scenario = allowed(OPENER);
    scenario.eval(&show("'x', { data: { open: ['/mail'] } }"));
    let host = scenario.host();
    let id = shown(&mut scenario)[0].id;
    scenario
        .run(async move { host.click_notification(id, None).await })
        .unwrap();
    scenario = scenario.expect_printed(&["WindowClient https://app.example/mail true"]);
    // The worker still runs, and has a click left that it did not use.
    scenario.eval(&show("'unused', { data: {} }"));
    click(&mut scenario, None);
    scenario = scenario.advance(Duration::from_secs(11));
    scenario.eval(&with_registration(
        "registration.active.postMessage('open'); return true",
    ));
    scenario.settle();
    scenario.expect_printed(&[
        "WindowClient https://app.example/mail true",
        "InvalidAccessError",
    ]);
}

#[test]
fn a_window_of_another_origin_is_opened_but_not_seen() {
    let mut scenario = allowed(OPENER);
    for open in [
        "https://other.example/",
        "http://insecure.example/",
        "about:blank",
        "http://",
    ] {
        scenario.eval(&show(&format!("'x', {{ data: {{ open: ['{open}'] }} }}")));
        click(&mut scenario, None);
    }
    scenario.expect_printed(&["null", "null", "TypeError", "TypeError"]);
}

#[test]
fn the_embedder_decides_what_becomes_of_a_window() {
    let mut scenario = Scenario::online()
        .with(|builder| {
            granted(builder).open_window(|url| match url.path() {
                "/elsewhere" => OpenWindow::Elsewhere,
                "/refused" => OpenWindow::Refused("there is no screen".to_owned()),
                _ => OpenWindow::Client(ClientScript::Source("console.log('hello')".to_owned())),
            })
        })
        .worker(OPENER);
    for open in ["/elsewhere", "/refused", "/page"] {
        scenario.eval(&show(&format!("'x', {{ data: {{ open: ['{open}'] }} }}")));
        click(&mut scenario, None);
    }
    scenario.expect_printed(&[
        "null",
        "TypeError",
        "hello",
        "WindowClient https://app.example/page true",
    ]);
}

#[test]
fn a_click_may_focus_a_window() {
    let mut scenario = allowed(OPENER);
    scenario.eval("1");
    scenario
        .open("other", ClientScript::None)
        .expect("it opens");
    scenario.eval(&show("'x', { data: { focus: true, open: ['/mail'] } }"));
    click(&mut scenario, None);
    scenario.expect_printed(&[
        "WindowClient https://app.example/other true",
        "InvalidAccessError",
    ]);
}
