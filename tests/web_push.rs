//! The push service of `landfall run`, with a real application server: the npm package web-push, unmodified.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::real_scripts;
use crate::support::program::{DONE, Folder, Running};

const WORKER: &str = "addEventListener('install', () => skipWaiting());
addEventListener('push', (event) => {
  const text = event.data === null ? 'nothing' : event.data.text();
  console.log(`got ${text.length > 40 ? text.length : text}`);
  event.waitUntil(registration.showNotification('News', { body: text.slice(0, 20), tag: 'news' }));
});
addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(clients.openWindow('/news').then((client) => console.log(`opened ${client.url}`)));
});";

/// Runs `tests/npm/send_push.cjs`, which trusts the push service of the folder.
fn server(folder: &Folder, action: &str, request: &Value) -> Value {
    let mut process = Command::new("node")
        .args(["send_push.cjs", action])
        .env(
            "NODE_EXTRA_CA_CERTS",
            folder.path(".landfall/push-127.0.0.1.crt"),
        )
        .current_dir(real_scripts::site())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this test needs `node`; install Node.js");
    let mut input = process.stdin.take().expect("it is piped");
    write!(input, "{request}").expect("it reads");
    drop(input);
    let output = process.wait_with_output().expect("it ends");
    assert!(output.status.success(), "web-push failed");
    serde_json::from_slice(&output.stdout).expect("it prints JSON")
}

/// A key pair of an application server.
fn new_keys() -> Value {
    server(&Folder::with(&[]), "keys", &Value::Null)
}

/// A host with a push service, and the worker's subscription there.
fn subscribed(folder: &Folder, more: &[&str]) -> (Running, Value) {
    let words = [
        &[
            "run",
            "sw.js",
            "--page",
            "page.js",
            "--grant",
            "notifications",
            "--push-listen",
            "127.0.0.1:0",
        ],
        more,
    ];
    let host = folder.start(&words.concat());
    let line = host.expect_line("subscription {");
    let json = &line[line.find('{').expect("an object")..];
    let subscription = serde_json::from_str(json).expect("the page prints JSON");
    (host, subscription)
}

fn folder(keys: &Value) -> Folder {
    let page = format!(
        "(async () => {{
           const {{ pushManager }} = await navigator.serviceWorker.ready;
           const subscription = await pushManager.subscribe({{
             userVisibleOnly: true,
             applicationServerKey: {},
           }});
           console.log(`subscription ${{JSON.stringify(subscription)}}`);
         }})();",
        keys["publicKey"]
    );
    Folder::with(&[("sw.js", WORKER), ("page.js", &page)])
}

fn message(subscription: &Value, keys: &Value, text: &Value) -> Value {
    json!({ "subscription": subscription, "keys": keys, "text": text, "options": { "TTL": 60 } })
}

#[test]
fn web_push_sends_to_a_worker_and_a_click_opens_a_window() {
    let keys = new_keys();
    let folder = folder(&keys);
    let (host, subscription) = subscribed(&folder, &[]);
    let answer = server(
        &folder,
        "send",
        &message(&subscription, &keys, &json!("breaking news")),
    );
    assert_eq!(answer["status"], 201, "{answer}");
    assert_eq!(answer["headers"]["ttl"], "60");
    let location = answer["headers"]["location"].as_str().expect("a location");
    assert!(location.starts_with("http://127.0.0.1:"), "{location}");
    host.expect_line("got breaking news");
    host.expect_line(r#""News" "breaking news""#);

    folder
        .landfall(&["notification", "ls"])
        .expect_line("breaking news");
    let clicked = folder.landfall(&["notification", "click"]);
    assert_eq!((clicked.code, clicked.stdout.trim()), (DONE, "fulfilled"));
    host.expect_line("opened https://localhost/news");
    folder
        .landfall(&["notification", "ls"])
        .expect_line("no notification is shown");
}

#[test]
fn web_push_is_told_why_a_message_is_not_taken() {
    let keys = new_keys();
    let folder = folder(&keys);
    let (host, subscription) = subscribed(&folder, &[]);
    let status = |request: &Value| server(&folder, "send", request)["status"].clone();
    assert_eq!(status(&message(&subscription, &keys, &Value::Null)), 201);
    host.expect_line("got nothing");
    let largest = "x".repeat(3993);
    assert_eq!(status(&message(&subscription, &keys, &json!(largest))), 201);
    host.expect_line("got 3993");
    let too_large = "x".repeat(4100);
    assert_eq!(
        status(&message(&subscription, &keys, &json!(too_large))),
        413
    );
    let other_keys = new_keys();
    assert_eq!(
        status(&message(&subscription, &other_keys, &json!("x"))),
        403
    );
    let mut elsewhere = subscription.clone();
    let endpoint = subscription["endpoint"].as_str().expect("an endpoint");
    elsewhere["endpoint"] = json!(endpoint.replace("/push/", "/push/x"));
    assert_eq!(status(&message(&elsewhere, &keys, &json!("x"))), 404);
    elsewhere["endpoint"] = json!(endpoint[..endpoint.len() - 4].to_owned() + "AAAA");
    assert_eq!(status(&message(&elsewhere, &keys, &json!("x"))), 410);
}

#[test]
fn a_message_that_was_taken_with_201_survives_a_kill() {
    let keys = new_keys();
    let folder = folder(&keys);
    let (host, subscription) = subscribed(&folder, &["--connectivity", "offline"]);
    for text in ["first", "second", "third"] {
        let request = message(&subscription, &keys, &json!(text));
        assert_eq!(server(&folder, "send", &request)["status"], 201);
    }
    drop(host);
    let host = folder.start(&["run", "sw.js", "--grant", "notifications"]);
    for line in ["got first", "got second", "got third"] {
        host.expect_line(line);
    }
}

#[tokio::test]
async fn application_servers_may_send_without_tls_and_hear_what_is_wrong() {
    let keys = new_keys();
    let folder = folder(&keys);
    let (_host, subscription) = subscribed(&folder, &[]);
    let endpoint = subscription["endpoint"].as_str().expect("an endpoint");
    let client = reqwest::Client::new();
    let posted = client.post(endpoint).header("ttl", "60").send().await;
    let unsigned = posted.expect("an answer");
    assert_eq!(unsigned.status(), 401);
    assert_eq!(unsigned.headers()["www-authenticate"], "vapid");
    let why = unsigned.text().await.expect("text");
    assert!(why.contains("applicationServerKey"), "{why}");
    let asked = client.get(endpoint).send().await.expect("an answer");
    assert_eq!(asked.status(), 405);
    assert_eq!(asked.headers()["allow"], "POST");
    let too_large = client.post(endpoint).body(vec![0; 100_000]).send().await;
    assert_eq!(too_large.expect("an answer").status(), 413);
}

#[test]
fn a_page_that_asks_is_answered_from_the_command_line() {
    let page = "Notification.requestPermission().then((state) => console.log(`told ${state}`));";
    let folder = Folder::with(&[("sw.js", WORKER), ("page.js", page)]);
    let host = folder.start(&["run", "sw.js", "--page", "page.js", "--ask"]);
    host.expect_line("landfall permission grant notifications");
    let granted = folder.landfall(&["permission", "grant", "notifications"]);
    assert_eq!(granted.code, DONE);
    host.expect_line("told granted");
}

#[test]
fn a_push_is_sent_from_the_command_line() {
    let folder = Folder::with(&[("sw.js", WORKER), ("data.bin", "from a file")]);
    let host = folder.start(&["run", "sw.js", "--grant", "notifications"]);
    host.expect_line("activated");
    let pushed = folder.landfall(&["push", "--text", "by hand"]);
    assert_eq!((pushed.code, pushed.stdout.trim()), (DONE, "fulfilled"));
    host.expect_line("got by hand");
    assert_eq!(folder.landfall(&["push", "--file", "data.bin"]).code, DONE);
    host.expect_line("got from a file");
    assert_eq!(folder.landfall(&["push"]).code, DONE);
    host.expect_line("got nothing");
    folder.landfall(&["push", "--renew"]).expect_error(
        crate::support::program::FAILED,
        &["has not subscribed to push messages"],
    );
    let closed = folder.landfall(&["notification", "close"]);
    assert_eq!((closed.code, closed.stdout.trim()), (DONE, "fulfilled"));
    host.expect_line("by the user");
}
