//! The HTTP cache between scripts and servers: what it answers, and what it does to updates of workers.

use std::time::Duration;

use landfall::RegisterOptions;
use landfall::service_worker::UpdateViaCache;
use serde_json::json;

use crate::support::scenario::{Scenario, address};
use crate::support::server::{Answer, TestServer};

fn minute(text: &str) -> Answer {
    Answer::text(text).header("cache-control", "max-age=60")
}

fn script(text: &str) -> Answer {
    Answer::script(text).header("cache-control", "max-age=3600000")
}

#[test]
fn offline_a_page_gets_what_is_still_fresh_and_nothing_is_posted() {
    let server = TestServer::start();
    server.answer("/data", minute("cached"));
    let scenario = Scenario::online().behind(&server).page("");
    let get = "fetch('/data').then((response) => response.text(), (error) => error.name)";
    let scenario = scenario
        .expect_eval(get, json!("cached"))
        .go_offline()
        .expect_eval(get, json!("cached"))
        .expect_eval(
            "fetch('/data', { method: 'POST' }).catch((error) => error.name)",
            json!("TypeError"),
        )
        .advance(Duration::from_secs(60))
        .expect_eval(get, json!("TypeError"))
        .expect_eval(
            "fetch('/data', { cache: 'force-cache' }).then((response) => response.text())",
            json!("cached"),
        );
    drop(scenario);
    assert_eq!(server.asked(), ["/data"]);
}

#[test]
fn a_host_without_a_cache_always_asks() {
    let server = TestServer::start();
    server
        .answer("/data", minute("one"))
        .answer("/data", minute("two"));
    let get = "fetch('/data').then((response) => response.text())";
    Scenario::online()
        .behind(&server)
        .with(|builder| builder.http_cache_limit(0))
        .page("")
        .expect_eval(get, json!("one"))
        .expect_eval(get, json!("two"));
}

#[test]
fn clearing_an_origin_empties_its_http_cache() {
    let server = TestServer::start();
    server
        .answer("/data", minute("one"))
        .answer("/data", minute("two"));
    let get = "fetch('/data').then((response) => response.text())";
    let mut scenario = Scenario::online()
        .behind(&server)
        .page("")
        .expect_eval(get, json!("one"));
    let host = scenario.host();
    scenario
        .run(async move { host.clear_origin(&address("")).await })
        .expect("the origin is cleared");
    scenario.expect_eval(get, json!("two"));
}

/// <https://w3c.github.io/webappsec-clear-site-data/>
#[test]
fn a_server_clears_what_its_clients_keep_of_it() {
    let server = TestServer::start();
    let leave = |what: &str| Answer::text("bye").header("clear-site-data", what);
    server
        .answer(
            "/sw.js",
            script("addEventListener('install', () => skipWaiting());"),
        )
        .answer("/data", minute("one").header("set-cookie", "id=1"))
        .answer("/data", minute("two"))
        .answer("/some", leave("\"cache\", \"cookies\""))
        .answer("/all", leave("\"*\""));
    let mut scenario = Scenario::online().behind(&server);
    let options = RegisterOptions::new(address("sw.js"));
    scenario.register_with(options).expect("it is registered");
    let get = "fetch('/data').then((response) => response.text())";
    let kept = "(async () => [await caches.keys(), (await navigator.serviceWorker.getRegistrations()).length])()";
    scenario
        .page("")
        .expect_eval("caches.open('v1').then(() => 1)", json!(1))
        .expect_eval(get, json!("one"))
        .expect_eval(
            "fetch('/some').then((response) => response.text())",
            json!("bye"),
        )
        .expect_eval(get, json!("two"))
        .expect_eval(kept, json!([["v1"], 1]))
        .expect_eval(
            "fetch('/all').then((response) => response.text())",
            json!("bye"),
        )
        .expect_eval(kept, json!([[], 0]));
    let cookies: Vec<_> = server
        .requests()
        .iter()
        .map(|request| (request.target.clone(), request.header("cookie").is_some()))
        .collect();
    let expected = [
        ("/sw.js", false),
        ("/data", false),
        ("/some", true),
        ("/data", false),
        ("/all", false),
    ];
    assert_eq!(
        cookies,
        expected.map(|(path, is_sent)| (path.to_owned(), is_sent))
    );
}

const IMPORTING: &str =
    "importScripts('lib.js'); addEventListener('install', () => skipWaiting());";

/// Registers, updates at once and again after more than a day, and says what was asked for each time.
fn updates(update_via_cache: UpdateViaCache) -> [Vec<String>; 3] {
    let server = TestServer::start();
    server
        .answer("/sw.js", script(IMPORTING))
        .answer("/lib.js", script("self.version = 1;"));
    let mut scenario = Scenario::online().behind(&server);
    let options = RegisterOptions {
        update_via_cache,
        ..RegisterOptions::new(address("sw.js"))
    };
    scenario.register_with(options).expect("it is registered");
    let scenario = scenario.page("");
    let update =
        "navigator.serviceWorker.ready.then((registration) => registration.update()).then(() => 1)";
    let registered = server.asked().len();
    let scenario = scenario.expect_eval(update, json!(1));
    let updated = server.asked().len();
    let scenario = scenario
        .advance(Duration::from_secs(86_401))
        .expect_eval(update, json!(1));
    drop(scenario);
    let all = server.asked();
    [
        all[..registered].to_vec(),
        all[registered..updated].to_vec(),
        all[updated..].to_vec(),
    ]
}

/// <https://w3c.github.io/ServiceWorker/#update-algorithm>
#[test]
fn an_update_asks_the_server_for_what_the_registration_says_and_for_all_after_a_day() {
    let both = ["/sw.js", "/lib.js"];
    let [registered, updated, later] = updates(UpdateViaCache::Imports);
    assert_eq!(registered, both);
    assert_eq!(updated, ["/sw.js"]);
    assert_eq!(later, both);
    let [_, updated, later] = updates(UpdateViaCache::All);
    assert!(updated.is_empty(), "{updated:?}");
    assert_eq!(later, both);
    let [_, updated, later] = updates(UpdateViaCache::None);
    assert_eq!(updated, both);
    assert_eq!(later, both);
}

#[test]
fn an_update_asks_whether_a_script_has_changed() {
    let server = TestServer::start();
    server
        .answer(
            "/sw.js",
            script("console.log('one');").header("etag", "\"1\""),
        )
        .answer("/sw.js", Answer::status(304))
        .answer(
            "/sw.js",
            script("console.log('two');").header("etag", "\"2\""),
        );
    let mut scenario = Scenario::online().behind(&server);
    let options = RegisterOptions::new(address("sw.js"));
    scenario.register_with(options).expect("it is registered");
    let update =
        "navigator.serviceWorker.ready.then((registration) => registration.update()).then(() => 1)";
    scenario
        .page("")
        .expect_eval(update, json!(1))
        .expect_printed(&["one"])
        .expect_eval(update, json!(1))
        .expect_printed(&["one", "two"]);
    let tags: Vec<_> = server
        .requests()
        .iter()
        .map(|request| request.header("if-none-match").map(str::to_owned))
        .collect();
    let tag = Some("\"1\"".to_owned());
    assert_eq!(tags, [None, tag.clone(), tag]);
}

#[test]
fn a_new_worker_imports_what_is_in_the_cache_unless_its_registration_says_no() {
    for (update_via_cache, is_asked) in [
        (UpdateViaCache::Imports, false),
        (UpdateViaCache::None, true),
    ] {
        let server = TestServer::start();
        server.answer("/sw.js", script(IMPORTING)).answer(
            "/lib.js",
            script("self.version = 1;").header("vary", "accept-language"),
        );
        let mut scenario = Scenario::online().behind(&server).page("").expect_eval(
            "fetch('/lib.js').then((response) => response.text()).then(() => 1)",
            json!(1),
        );
        let options = RegisterOptions {
            update_via_cache,
            ..RegisterOptions::new(address("sw.js"))
        };
        scenario.register_with(options).expect("it is registered");
        drop(scenario);
        let imports = server
            .asked()
            .iter()
            .filter(|path| *path == "/lib.js")
            .count();
        assert_eq!(imports, 1 + usize::from(is_asked), "{update_via_cache:?}");
    }
}
