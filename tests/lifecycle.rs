//! The life of a worker: register, install, activate, update, unregister, and what a restart finds.

use std::time::Duration;

use landfall::service_worker::lifetime::EventLimits;
use landfall::service_worker::{ScriptType, WorkerState};
use landfall::{ClientScript, Error, HostBuilder, HostEventKind, RegisterOptions};
use serde_json::json;

use crate::support::scenario::{Scenario, address};

const TELLS: &str = "console.log('evaluated');
self.oninstall = () => console.log('install');
self.onactivate = () => console.log('activate');";

#[test]
fn a_new_worker_is_evaluated_installed_and_activated() {
    Scenario::online()
        .worker(TELLS)
        .expect_printed(&["evaluated", "install", "activate"])
        .expect_event(|kind| matches!(kind, HostEventKind::Installed { .. }))
        .expect_event(|kind| matches!(kind, HostEventKind::Activated { .. }));
}

#[test]
fn registering_the_same_script_again_does_nothing() {
    let mut scenario = Scenario::online().worker(TELLS);
    scenario.register("sw.js").expect("it is registered");
    scenario.expect_printed(&["evaluated", "install", "activate"]);
}

#[test]
fn a_restart_finds_the_worker_without_the_network() {
    let scenario = Scenario::online()
        .file("lib.js", "function answer() { return 'stored'; }")
        .worker("importScripts('lib.js'); self.onsync = () => console.log(answer());");
    // Nothing is left to fetch the scripts from.
    std::fs::remove_file(scenario.site().join("sw.js")).expect("the script is there");
    std::fs::remove_file(scenario.site().join("lib.js")).expect("the import is there");
    scenario
        .go_offline()
        .restart_host()
        .register_sync("x")
        .go_online()
        .expect_printed(&["stored"]);
}

#[test]
fn imported_scripts_are_stored_for_later_starts() {
    let scenario = Scenario::online()
        .file("lib.js", "function answer() { return 'from the library'; }")
        .worker("importScripts('lib.js'); self.onsync = () => console.log(answer());");
    std::fs::remove_file(scenario.site().join("lib.js")).expect("the import is there");
    scenario
        .restart_host()
        .register_sync("x")
        .expect_printed(&["from the library"]);
}

#[test]
fn a_script_that_was_not_imported_at_install_cannot_be_imported_later() {
    Scenario::online()
        .file("late.js", "")
        .worker(
            "self.onsync = () => {
                 try { importScripts('late.js'); } catch (error) { console.log(error.name); }
             };",
        )
        .register_sync("x")
        .expect_printed(&["NetworkError"]);
}

#[test]
fn module_workers_import_statically_and_have_no_import_scripts() {
    let mut scenario = Scenario::online()
        .file("lib.mjs", "export const answer = 42;")
        .file(
            "sw.mjs",
            "import { answer } from './lib.mjs';
             console.log(answer, this === undefined);
             try { importScripts('lib.mjs'); } catch (error) { console.log(error.name); }",
        );
    scenario
        .register_with(as_module("sw.mjs"))
        .expect("it is registered");
    scenario.expect_printed(&["42 true", "TypeError"]);
}

fn as_module(path: &str) -> RegisterOptions {
    RegisterOptions {
        script_type: ScriptType::Module,
        ..RegisterOptions::new(address(path))
    }
}

#[test]
fn a_module_that_throws_at_its_top_level_is_not_installed() {
    let mut scenario = Scenario::online().file("sw.mjs", "throw new Error('at the top');");
    let refused = scenario
        .register_with(as_module("sw.mjs"))
        .expect_err("it threw");
    assert!(refused.to_string().contains("at the top"), "{refused}");
    assert!(scenario.status().registrations.is_empty());
}

#[test]
fn a_module_worker_that_awaits_for_ever_is_cut_off() {
    register_without_end(
        Scenario::online().file(
            "sw.js",
            "console.log('begun'); await new Promise(() => {});",
        ),
        "{ type: 'module' }",
    );
}

#[test]
fn a_worker_that_imports_from_a_server_that_never_answers_is_cut_off() {
    // Nobody accepts what is connected to it.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = silent.local_addr().expect("it is bound");
    let script = format!("console.log('begun'); importScripts('http://{address}/lib.js');");
    register_without_end(Scenario::online().file("sw.js", &script), "{}");
}

/// Registers a worker that prints `begun` and never comes to the end of its script, and sees that the host goes on.
#[track_caller]
fn register_without_end(mut scenario: Scenario, options: &str) {
    let page = format!(
        "navigator.serviceWorker.register('/sw.js', {options}).catch(() => console.log('refused'));"
    );
    scenario
        .open("", ClientScript::Source(page))
        .expect("the page opens");
    scenario = scenario
        .wait_until_printed("begun")
        .advance_meanwhile(Duration::from_secs(600))
        .wait_until_printed("refused");
    scenario.settle();
    assert!(scenario.status().registrations.is_empty());
}

#[test]
fn classic_scripts_run_in_sloppy_mode() {
    Scenario::online()
        .worker(
            "undeclared = 1; console.log(undeclared, (function () { return this === self; })());",
        )
        .expect_printed(&["1 true"]);
}

#[test]
fn a_rejected_install_discards_the_worker_and_the_registration() {
    let mut scenario = Scenario::online().file(
        "sw.js",
        "self.oninstall = (event) => event.waitUntil(Promise.reject(new Error('no')));",
    );
    scenario.register("sw.js").expect_err("it is not installed");
    assert!(scenario.status().registrations.is_empty());
    scenario.expect_event(|kind| matches!(kind, HostEventKind::InstallFailed { .. }));
}

#[test]
fn a_throwing_install_listener_does_not_stop_the_installation() {
    let mut scenario =
        Scenario::online().worker("self.oninstall = () => { throw new Error('thrown'); };");
    let status = scenario.status();
    let active = status.registrations[0].active.as_ref();
    assert_eq!(
        active.map(|worker| worker.state),
        Some(WorkerState::Activated)
    );
}

#[test]
fn a_changed_script_waits_until_its_predecessor_has_no_client() {
    let scenario = Scenario::online()
        .worker("self.onactivate = () => clients.claim(); console.log('first');")
        .page("")
        .expect_eval("navigator.serviceWorker.controller !== null", json!(true))
        .file(
            "sw.js",
            "console.log('second'); self.onactivate = () => console.log('in charge');",
        );
    let mut scenario = scenario.expect_eval(
        "navigator.serviceWorker.ready.then((r) => r.update()).then(() => true)",
        json!(true),
    );
    scenario.settle();
    let waiting = scenario.status().registrations[0].waiting.clone();
    assert_eq!(
        waiting.map(|worker| worker.state),
        Some(WorkerState::Installed)
    );
    scenario
        .close_page()
        .expect_printed(&["first", "second", "in charge"]);
}

#[test]
fn skip_waiting_takes_over_at_once_and_tells_the_clients() {
    Scenario::online()
        .worker("self.onactivate = () => clients.claim();")
        .page("navigator.serviceWorker.oncontrollerchange = () => console.log('new controller');")
        .file("sw.js", "self.oninstall = () => skipWaiting(); // second")
        .expect_eval(
            "navigator.serviceWorker.ready.then((r) => r.update()).then((r) => new Promise((resolve) => {
                 const worker = r.installing ?? r.waiting ?? r.active;
                 if (worker.state === 'activated') resolve(worker.state);
                 worker.onstatechange = () => { if (worker.state === 'activated') resolve(worker.state); };
             }))",
            json!("activated"),
        )
        .expect_printed(&["new controller"]);
}

#[test]
fn an_unchanged_script_makes_no_new_worker() {
    Scenario::online()
        .worker(TELLS)
        .expect_eval(
            "navigator.serviceWorker.ready.then((r) => r.update()).then((r) => r.installing)",
            json!(null),
        )
        .expect_printed(&["evaluated", "install", "activate"]);
}

#[test]
fn a_page_registers_and_sees_every_state() {
    let mut scenario = Scenario::online().file("sw.js", "");
    let states = scenario.eval(
        "navigator.serviceWorker.register('sw.js').then((registration) => new Promise((resolve) => {
             const worker = registration.installing;
             const states = [worker.state];
             worker.onstatechange = () => {
                 states.push(worker.state);
                 if (worker.state === 'activated') resolve(states);
             };
         }))",
    );
    assert_eq!(
        states,
        json!(["installing", "installed", "activating", "activated"])
    );
}

/// X1
#[test]
fn unregistering_forgets_worker_and_tags() {
    let mut scenario = Scenario::offline()
        .worker("")
        .register_sync("outbox")
        .expect_eval(
            "navigator.serviceWorker.ready.then((r) => r.unregister())",
            json!(true),
        )
        .expect_tags(&[]);
    assert!(scenario.status().registrations.is_empty());
    let mut scenario = scenario.restart_host();
    assert!(scenario.status().registrations.is_empty());
}

#[test]
fn what_must_not_be_registered_is_refused_with_the_reason() {
    let mut scenario = Scenario::online()
        .file("text.txt", "")
        .file("deep/sw.js", "")
        .file("throws.js", "throw new Error('at the top');")
        .file("syntax.js", "let = = 1;");
    let cases = [
        ("missing.js", "answered 404"),
        ("text.txt", "MIME type `text/plain`"),
        (
            "throws.js",
            "Error: at the top (https://app.example/throws.js:1:7)",
        ),
        ("syntax.js", "SyntaxError"),
    ];
    for (script, reason) in cases {
        let error = scenario.register(script).expect_err(script).to_string();
        assert!(error.contains(reason), "{script}: {error}");
    }
    let too_wide = RegisterOptions {
        scope: Some(address("")),
        ..RegisterOptions::new(address("deep/sw.js"))
    };
    let error = scenario.register_with(too_wide).expect_err("too wide");
    assert!(matches!(&error, Error::Refused(_)), "{error:?}");
    let insecure = "http://app.example/sw.js".parse().expect("an address");
    let error = scenario
        .register_with(RegisterOptions::new(insecure))
        .expect_err("insecure");
    assert!(error.to_string().contains("app.example"), "{error}");
    assert!(scenario.status().registrations.is_empty());
}

#[test]
fn a_worker_may_unregister_itself_while_it_is_activated() {
    let mut scenario = Scenario::online()
        .file(
            "sw.js",
            "self.onactivate = (event) => event.waitUntil(registration.unregister().then(console.log));",
        )
        .expect_eval("navigator.serviceWorker.register('sw.js').then(() => true)", json!(true))
        .wait_until_printed("true");
    assert!(scenario.status().registrations.is_empty());
}

#[test]
fn skip_waiting_at_the_top_of_a_script_is_heard() {
    Scenario::online()
        .worker("self.onactivate = () => clients.claim();")
        .page("")
        .file(
            "sw.js",
            "skipWaiting(); self.onactivate = () => console.log('in charge');",
        )
        .expect_eval(
            "navigator.serviceWorker.ready.then((r) => r.update()).then(() => true)",
            json!(true),
        )
        .wait_until_printed("in charge");
}

#[test]
fn the_page_that_asks_for_an_update_hears_that_one_was_found() {
    Scenario::online()
        .worker("")
        .file("sw.js", "// changed")
        .expect_eval(
            "navigator.serviceWorker.ready.then((r) => new Promise((resolve) => {
                 r.onupdatefound = (event) => resolve([event.isTrusted, r.installing !== null]);
                 r.update();
             }))",
            json!([true, true]),
        );
}

#[test]
fn registering_a_script_that_changed_takes_it_up() {
    let mut scenario = Scenario::online()
        .worker("console.log('first');")
        .file("sw.js", "console.log('second');");
    scenario.register("sw.js").expect("it is registered");
    scenario.settle();
    scenario.expect_printed(&["first", "second"]);
}

#[test]
fn a_stale_registration_looks_for_an_update_after_an_event() {
    Scenario::online()
        .worker("console.log('first'); self.onsync = () => {};")
        .file("sw.js", "console.log('second');")
        .advance(Duration::from_secs(86_401))
        .register_sync("x")
        .wait_until_printed("second");
}

#[test]
fn a_worker_stops_when_it_has_been_idle_and_starts_again_for_the_next_event() {
    let mut scenario = Scenario::online()
        .worker("console.log('evaluated'); self.onsync = () => {};")
        .advance(Duration::from_secs(29));
    assert!(is_running(&mut scenario));
    let mut scenario = scenario.advance(Duration::from_secs(1));
    assert!(!is_running(&mut scenario));
    scenario
        .register_sync("x")
        .expect_fired("x", 1)
        .expect_printed(&["evaluated", "evaluated"]);
}

#[test]
fn of_more_idle_workers_than_are_kept_the_one_that_rested_longest_stops() {
    let mut scenario = Scenario::online()
        .with(|builder| keeping_idle(builder, 1))
        .worker("self.onsync = () => {};")
        .file("other/sw.js", "");
    assert!(is_running(&mut scenario));
    scenario.register("other/sw.js").expect("it is registered");
    scenario.settle();
    assert!(!is_running(&mut scenario));
    assert!(is_running(&mut scenario.register_sync("x")));
}

#[test]
fn a_worker_that_starts_for_many_events_gets_them_all_before_it_stops() {
    let tags: Vec<_> = (0..50).map(|number| format!("tag {number}")).collect();
    let mut scenario = Scenario::offline()
        .with(|builder| keeping_idle(builder, 0))
        .worker("console.log('evaluated'); self.onsync = () => {};");
    for tag in &tags {
        scenario = scenario.register_sync(tag);
    }
    let scenario = scenario.go_online();
    let fired = tags.iter().fold(scenario, |s, tag| s.expect_fired(tag, 1));
    // For `install`, for `activate` and for all of these.
    fired
        .expect_tags(&[])
        .expect_printed(&["evaluated", "evaluated", "evaluated"]);
}

fn keeping_idle(builder: HostBuilder, idle_workers: usize) -> HostBuilder {
    builder.limits(EventLimits {
        idle_workers,
        ..EventLimits::default()
    })
}

fn is_running(scenario: &mut Scenario) -> bool {
    let status = scenario.status();
    let active = status.registrations[0].active.as_ref();
    active.expect("an active worker").running
}

#[test]
fn skip_waiting_is_answered_when_activate_has_been_dispatched_and_not_when_it_is_over() {
    let waits = "self.onactivate = (event) => {
                     console.log('activate');
                     event.waitUntil(new Promise((resolve) => setTimeout(resolve, 1000)));
                 };
                 self.onmessage = () => skipWaiting().then(() => console.log(registration.active.state));";
    let mut scenario = Scenario::online().worker("").page("").file("sw.js", waits);
    scenario.eval("navigator.serviceWorker.ready.then((r) => r.update()).then(() => true)");
    scenario.settle();
    scenario.eval(
        "navigator.serviceWorker.ready.then((r) => { r.waiting.postMessage(null); return true; })",
    );
    scenario.settle();
    scenario.expect_printed(&["activate", "activating"]);
}

#[test]
fn a_registration_unregisters_whatever_is_registered_for_its_scope() {
    Scenario::online().worker("").expect_eval(
        "(async () => {
                 const container = navigator.serviceWorker;
                 const old = await container.getRegistration();
                 await old.unregister();
                 const again = await container.register('sw.js');
                 const answers = [await old.unregister(), await old.unregister()];
                 return [...answers, again === old, (await container.getRegistrations()).length];
             })()",
        json!([true, false, false, 0]),
    );
}

/// Somebody uses it still, so its waiting worker can take over.
#[test]
fn a_worker_that_waits_takes_over_also_when_it_is_unregistered() {
    let mut scenario = Scenario::online()
        .worker("")
        .page("")
        .file("sw.js", "self.onmessage = () => skipWaiting();");
    scenario.eval(
        "navigator.serviceWorker.ready.then((r) => {
             self.kept = r;
             navigator.serviceWorker.oncontrollerchange = () => console.log('taken over');
             return r.update();
         }).then(() => true)",
    );
    scenario.settle();
    scenario = scenario.expect_eval(
        "kept.unregister().then((was) => {
             const { waiting } = kept;
             waiting.onstatechange = () => console.log(waiting.state);
             waiting.postMessage(null);
             return was;
         })",
        json!(true),
    );
    scenario.settle();
    scenario
        .expect_printed(&["activating", "taken over", "activated"])
        .restart_host()
        .expect_eval(
            "navigator.serviceWorker.getRegistrations().then(({ length }) => length)",
            json!(0),
        );
}
