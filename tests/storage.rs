//! What is kept for an origin: how much, how it is cleared from under running scripts, and what is damaged.

use landfall::HostEventKind;
use landfall::clock::Timestamp;
use landfall::service_worker::EventOutcome;
use serde_json::json;

use crate::support::program::{DONE, FAILED, Folder};
use crate::support::scenario::{NOW_MS, Scenario, address};

const WORKER: &str = "
    addEventListener('install', () => skipWaiting());
    addEventListener('activate', (event) => event.waitUntil(clients.claim()));
    addEventListener('sync', (event) => {
        if (event.tag !== 'endless') return;
        console.log('begun');
        event.waitUntil(new Promise(() => {}));
    });
";

const PAGE: &str = "
    const ready = navigator.serviceWorker.ready;
    const done = (request) => new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
    });
    const open = () => {
        const opening = indexedDB.open('app', 1);
        opening.onupgradeneeded = () => opening.result.createObjectStore('notes');
        return done(opening);
    };
    let db, cache;
    const fill = async () => {
        db = await open();
        db.onclose = () => console.log('closed');
        await done(db.transaction('notes', 'readwrite').objectStore('notes').put('milk', 1));
        cache = await caches.open('v1');
        await cache.put('/page', new Response('body'));
    };
    navigator.serviceWorker.oncontrollerchange =
        () => console.log('controller', navigator.serviceWorker.controller?.state ?? 'none');
";

fn filled(scenario: Scenario) -> Scenario {
    let mut scenario = scenario.worker(WORKER).page(PAGE);
    scenario.eval("fill()");
    scenario
}

fn clear(scenario: &mut Scenario) {
    let host = scenario.host();
    scenario
        .run(async move { host.clear_origin(&address("")).await })
        .expect("the origin is cleared");
}

/// X5
#[test]
fn clearing_an_origin_removes_everything_and_its_pages_run_on() {
    let mut scenario = filled(Scenario::offline())
        .register_sync("from the page")
        .expect_tags(&["from the page"]);
    scenario.eval("globalThis.r = null; ready.then((registration) => { r = registration; })");
    clear(&mut scenario);
    let host = scenario.host();
    let told = scenario.run(async move { host.sync_story("from the page").await });
    let told = told.expect_err("nothing is known of it").to_string();
    assert_eq!(
        told,
        "no sync is registered as `from the page`; nor is any other"
    );
    let scenario = scenario
        .expect_tags(&[])
        .expect_event(|kind| matches!(kind, HostEventKind::OriginCleared { origin } if origin == "https://app.example"))
        .wait_until_printed("controller none")
        .wait_until_printed("closed")
        .expect_eval("r.sync.getTags()", json!([]))
        .expect_eval("navigator.serviceWorker.getRegistrations().then((all) => all.length)", json!(0))
        .expect_eval("indexedDB.databases()", json!([]))
        .expect_eval("caches.keys()", json!([]))
        .expect_eval("cache.match('/page').then((found) => found ?? 'nothing')", json!("nothing"))
        .expect_eval("(() => { try { db.transaction('notes') } catch (e) { return e.name } })()", json!("InvalidStateError"))
        .expect_eval("fill().then(() => caches.keys())", json!(["v1"]));
    let mut scenario = scenario.restart_host().expect_tags(&[]);
    assert!(scenario.status().registrations.is_empty());
}

/// X6
#[test]
fn clearing_an_origin_cuts_off_a_sync_that_fires() {
    let mut scenario = Scenario::online()
        .worker(WORKER)
        .sync_under_way("endless", "begun");
    clear(&mut scenario);
    let history = landfall::SyncStory::read(scenario.data(), "endless", Timestamp(NOW_MS));
    assert!(history.is_err(), "{history:?}");
    scenario
        .expect_tags(&[])
        .expect_outcome(|outcome| *outcome == EventOutcome::Terminated)
        .expect_fired("endless", 1)
        .restart_host()
        .expect_tags(&[])
        .expect_fired("endless", 1);
}

#[test]
fn clearing_an_origin_aborts_what_is_under_way_in_its_databases() {
    let mut scenario = filled(Scenario::online());
    scenario.eval(
        "globalThis.transaction = db.transaction('notes', 'readwrite');
         transaction.onabort = () => console.log('aborted', transaction.error.name);
         globalThis.busy = setInterval(() => {}, 1000);
         (function again() { transaction.objectStore('notes').put('more', 2).onsuccess = again; })();",
    );
    let host = scenario.host();
    scenario
        .run_meanwhile(async move { host.clear_origin(&address("")).await })
        .expect("the origin is cleared");
    scenario.eval("clearInterval(busy)");
    scenario
        .wait_until_printed("aborted AbortError")
        .expect_eval("indexedDB.databases()", json!([]));
}

#[test]
fn clearing_an_origin_leaves_the_others_alone() {
    let mut scenario = filled(Scenario::online());
    let host = scenario.host();
    let other = "https://other.example/".parse().expect("an address");
    scenario
        .run(async move { host.clear_origin(&other).await })
        .expect("there is nothing to clear");
    scenario
        .expect_eval("caches.keys()", json!(["v1"]))
        .expect_eval("indexedDB.databases().then((all) => all.length)", json!(1));
}

#[test]
fn a_host_lists_what_its_origins_store_and_checks_it() {
    let mut scenario = filled(Scenario::online());
    let host = scenario.host();
    let origins = scenario
        .run(async move { host.origins().await })
        .expect("a list");
    assert_eq!(origins.len(), 1);
    assert_eq!(origins[0].origin, "https://app.example");
    assert_eq!(origins[0].registrations, 1);
    assert!(origins[0].usage.indexed_db_bytes > 0 && origins[0].usage.cache_bytes > 0);

    let host = scenario.host();
    let databases = scenario
        .run(async move { host.check_storage().await })
        .expect("a list");
    assert_eq!(databases.len(), 3, "{databases:?}");
    assert!(databases.iter().all(|database| database.problem.is_none()));
}

const STORES: &str = "
    addEventListener('install', (event) => event.waitUntil(caches.open('v1').then((cache) => cache.put('/', new Response('page')))));
    addEventListener('sync', () => {});
";

#[test]
fn the_program_lists_checks_and_clears_a_folder_that_no_host_runs_on() {
    let folder = Folder::with(&[("sw.js", STORES)]);
    let words = ["run", "sw.js", "--connectivity=online", "--exit-when-idle"];
    assert_eq!(folder.landfall(&words).code, DONE);
    let listed = folder.landfall(&["storage", "ls", "--json"]);
    listed.expect_line(r#"{"origin":"https://localhost","registrations":1,"indexed_db_bytes":0"#);
    folder
        .landfall(&["storage", "check"])
        .expect_line("caches.sqlite  ok");

    let caches = folder.path(".landfall/origins/https_localhost/caches.sqlite");
    let whole = std::fs::read(&caches).expect("it is there");
    std::fs::write(&caches, vec![7; whole.len()]).expect("writable");
    let checked = folder.landfall(&["storage", "check"]);
    assert_eq!(checked.code, FAILED);
    checked.expect_line("caches.sqlite  damaged: file is not a database");
    checked.expect_line("host.db  ok");

    folder
        .landfall(&["storage", "clear", "--origin", "https://other.example"])
        .expect_error(
            FAILED,
            &[
                "nothing is stored for `https://other.example`",
                "https://localhost",
            ],
        );
    let cleared = folder.landfall(&["storage", "clear", "--origin", "https://localhost"]);
    cleared.expect_line("cleared https://localhost");
    folder
        .landfall(&["storage", "ls"])
        .expect_line("nothing is stored");
    folder
        .landfall(&["registrations"])
        .expect_line("no service worker is registered");
    assert!(!caches.exists());
}

#[test]
fn the_program_clears_and_checks_through_the_running_host() {
    let folder = Folder::with(&[("sw.js", STORES)]);
    let host = folder.start(&["run", "sw.js", "--connectivity=online"]);
    host.expect_line("activated");
    folder
        .landfall(&["storage", "ls"])
        .expect_line("https://localhost  1        0 B");
    assert_eq!(folder.landfall(&["storage", "check", "--json"]).code, DONE);
    folder
        .landfall(&["storage", "clear"])
        .expect_line("cleared https://localhost");
    host.expect_line("cleared");
    folder
        .landfall(&["storage", "ls"])
        .expect_line("nothing is stored");
    folder.landfall(&["status"]).expect_line("running, online");
}
