//! What a registration asks its server for, compares and takes up, and what it refuses.

use std::time::Duration;

use landfall::service_worker::ScriptType;
use landfall::{ClientScript, RegisterOptions};
use serde_json::json;

use crate::support::scenario::{Scenario, address};
use crate::support::server::{Answer, TestServer};

const UPDATE: &str = "navigator.serviceWorker.ready.then((r) => r.update()).then(() => true)";

#[test]
fn an_import_that_the_check_has_fetched_is_what_the_new_worker_gets() {
    let server = TestServer::start();
    server
        .answer("/sw.js", Answer::script("importScripts('lib.js');"))
        .answer("/lib.js", Answer::script("console.log('one');"))
        .answer("/lib.js", Answer::script("console.log('two');"))
        .answer("/lib.js", Answer::script("console.log('never asked for');"));
    let mut scenario = Scenario::online().behind(&server);
    scenario.register("sw.js").expect("it is registered");
    scenario = scenario.expect_eval(UPDATE, json!(true));
    scenario.settle();
    scenario.expect_printed(&["one", "two"]);
    assert_eq!(server.times_asked("/lib.js"), 2);
}

#[test]
fn an_import_that_the_check_could_not_have_fails_the_new_worker() {
    let server = TestServer::start();
    server
        .answer("/sw.js", Answer::script("importScripts('a.js', 'b.js');"))
        .answer("/a.js", Answer::script("// one"))
        .answer("/a.js", Answer::script("// two"))
        .answer("/b.js", Answer::script("// there"))
        .answer("/b.js", Answer::status(404));
    let mut scenario = Scenario::online().behind(&server);
    scenario.register("sw.js").expect("it is registered");
    scenario.expect_eval(
        "navigator.serviceWorker.ready.then((r) => r.update()).catch(({ name }) => name)",
        json!("TypeError"),
    );
    assert_eq!(
        (server.times_asked("/a.js"), server.times_asked("/b.js")),
        (2, 2)
    );
}

#[test]
fn an_import_that_is_not_used_any_more_is_not_asked_for_again() {
    let server = TestServer::start();
    server
        .answer("/sw.js", Answer::script("importScripts('lib.js');"))
        .answer("/sw.js", Answer::script("console.log('alone');"))
        .answer("/lib.js", Answer::script(""));
    let mut scenario = Scenario::online().behind(&server);
    scenario.register("sw.js").expect("it is registered");
    scenario
        .expect_eval(UPDATE, json!(true))
        .expect_eval(UPDATE, json!(true))
        .expect_printed(&["alone"]);
    assert_eq!(server.times_asked("/lib.js"), 1);
}

#[test]
fn an_update_of_a_script_that_was_replaced_meanwhile_is_refused() {
    Scenario::online()
        .worker("")
        .file("other.js", "")
        .expect_eval(
            "navigator.serviceWorker.ready.then(async (registration) => {
                 const other = navigator.serviceWorker.register('/other.js');
                 const refused = registration.update().catch(({ name }) => name);
                 return [(await other) === registration, await refused];
             })",
            json!([true, "TypeError"]),
        );
}

#[test]
fn an_update_of_what_was_unregistered_is_refused() {
    Scenario::online()
        .worker("self.onactivate = () => clients.claim();")
        .page("")
        .expect_eval(
            "navigator.serviceWorker.ready.then(async (registration) => {
                 await registration.unregister();
                 return registration.update().catch(({ name }) => name);
             })",
            json!("TypeError"),
        );
}

#[test]
fn a_script_that_fails_changes_nothing_of_the_registration() {
    Scenario::online()
        .worker("")
        .file("broken.js", "throw new Error('broken');")
        .expect_eval(
            "navigator.serviceWorker.ready.then(async (registration) => {
                 const refused = await navigator.serviceWorker
                     .register('/broken.js', { updateViaCache: 'none' }).catch(({ name }) => name);
                 return [refused, registration.updateViaCache];
             })",
            json!(["TypeError", "imports"]),
        );
}

#[test]
fn a_new_mode_for_the_same_script_is_seen_by_everyone() {
    Scenario::online()
        .worker("self.onmessage = ({ source }) => source.postMessage(registration.updateViaCache);")
        .expect_eval(
            "navigator.serviceWorker.ready.then(async (registration) => {
                 await navigator.serviceWorker.register('/sw.js', { updateViaCache: 'none' });
                 const told = new Promise((resolve) => {
                     navigator.serviceWorker.onmessage = ({ data }) => resolve(data);
                 });
                 registration.active.postMessage('which?');
                 return [registration.updateViaCache, await told];
             })",
            json!(["none", "none"]),
        );
}

#[test]
fn the_referrer_of_a_script_is_the_page_that_asks() {
    let server = TestServer::start();
    server
        .answer("/sw.js", Answer::script("// one"))
        .answer("/sw.js", Answer::script("// two"));
    let mut scenario = Scenario::online().behind(&server);
    scenario
        .open(
            "folder/page.html",
            ClientScript::Source(
                "navigator.serviceWorker.register('/sw.js')
                     .then((registration) => registration.update())
                     .then(() => console.log('updated'));"
                    .to_owned(),
            ),
        )
        .expect("the page opens");
    scenario.wait_until_printed("updated");
    let referrers: Vec<_> = server
        .requests()
        .iter()
        .map(|request| request.header("referer").map(str::to_owned))
        .collect();
    // The server is asked by its own name.
    let page = Some(server.url("/folder/page.html"));
    assert_eq!(referrers, [page.clone(), page]);
}

#[test]
fn modules_of_another_origin_are_imported_only_if_it_agrees() {
    let server = TestServer::start();
    server
        .answer(
            "/shared.mjs",
            Answer::script("export default 'shared';").header("access-control-allow-origin", "*"),
        )
        .answer("/private.mjs", Answer::script("export default 'private';"));
    let mut scenario = Scenario::online();
    for name in ["shared", "private"] {
        let text = format!(
            "import name from '{}'; console.log(name);",
            server.url(&format!("/{name}.mjs"))
        );
        scenario = scenario.file(&format!("{name}/sw.mjs"), &text);
    }
    let mut register = |path| {
        scenario.register_with(RegisterOptions {
            script_type: ScriptType::Module,
            ..RegisterOptions::new(address(path))
        })
    };
    register("shared/sw.mjs").expect("it is registered");
    register("private/sw.mjs").expect_err("it may not be read");
    scenario.expect_printed(&["shared"]);
}

#[test]
fn the_server_of_a_module_worker_knows_what_its_imports_are_for() {
    let server = TestServer::start();
    server
        .answer("/sw.js", Answer::script("import './lib.mjs';"))
        .answer("/lib.mjs", Answer::script(""));
    let mut scenario = Scenario::online().behind(&server);
    scenario
        .register_with(RegisterOptions {
            script_type: ScriptType::Module,
            ..RegisterOptions::new(address("sw.js"))
        })
        .expect("it is registered");
    let requests = server.requests();
    let told: Vec<_> = requests
        .iter()
        .map(|request| (request.target.as_str(), request.header("service-worker")))
        .collect();
    assert_eq!(
        told,
        [("/sw.js", Some("script")), ("/lib.mjs", Some("script"))]
    );
}

#[test]
fn a_module_worker_must_not_wait_at_its_top_level() {
    Scenario::online()
        .file("waits.mjs", "self.window = self; await 0;")
        .file("imports.mjs", "import './waits.mjs';")
        .file("plain.mjs", "import './lib.mjs';")
        .file("lib.mjs", "export default async () => { await 0; };")
        .expect_eval(
            "(async () => {
                 const register = (path) => navigator.serviceWorker.register(path, { type: 'module' })
                     .then(() => 'registered', ({ name }) => name);
                 return [await register('/waits.mjs'), await register('/imports.mjs'), await register('/plain.mjs')];
             })()",
            json!(["TypeError", "TypeError", "registered"]),
        );
}

#[test]
fn a_registration_of_another_origin_is_not_asked_for() {
    Scenario::online().expect_eval(
        "Promise.all(['https://other.example/', '/', 'http://'].map((url) =>
             navigator.serviceWorker.getRegistration(url).then((found) => typeof found, ({ name }) => name)))",
        json!(["SecurityError", "undefined", "TypeError"]),
    );
}

#[test]
fn a_request_that_the_worker_does_not_listen_to_is_an_occasion_for_an_overdue_check_too() {
    let mut scenario = Scenario::online()
        .worker("console.log('first'); self.onactivate = () => clients.claim();")
        .page("")
        .file("sw.js", "console.log('second');")
        .file("data", "");
    scenario.eval("fetch('/data').then(() => true)");
    scenario = scenario
        .expect_printed(&["first"])
        .advance(Duration::from_secs(86_401));
    scenario.eval("fetch('/data').then(() => true)");
    scenario.wait_until_printed("second");
}

#[test]
fn who_waits_is_redundant_before_its_successor_is_installed() {
    let mut scenario = Scenario::online()
        .worker("self.onactivate = () => clients.claim();")
        .page("")
        .file("sw.js", "// second")
        .expect_eval(UPDATE, json!(true));
    scenario.settle();
    scenario.eval(
        "navigator.serviceWorker.ready.then((registration) => {
             const watch = (name, worker) => {
                 worker.onstatechange = () => console.log(name, worker.state);
             };
             watch('second', registration.waiting);
             registration.onupdatefound = () => watch('third', registration.installing);
             return true;
         })",
    );
    scenario = scenario
        .file("sw.js", "// third")
        .expect_eval(UPDATE, json!(true));
    scenario.settle();
    scenario.expect_printed(&["second redundant", "third installed"]);
}

#[test]
fn a_redirected_script_is_a_type_error_of_an_update_and_a_security_error_of_a_registration() {
    let server = TestServer::start();
    server
        .answer("/sw.js", Answer::script(""))
        .answer("/sw.js", Answer::redirect(302, "/other.js"))
        .answer("/moved.js", Answer::redirect(302, "/other.js"));
    let mut scenario = Scenario::online().behind(&server);
    scenario.register("sw.js").expect("it is registered");
    scenario
        .expect_eval(
            "navigator.serviceWorker.ready.then((r) => r.update()).catch(({ name }) => name)",
            json!("TypeError"),
        )
        .expect_eval(
            "navigator.serviceWorker.register('moved.js').catch(({ name }) => name)",
            json!("SecurityError"),
        );
}

#[test]
fn the_referrer_policy_of_a_script_holds_for_what_its_worker_imports_and_for_checks_of_that() {
    let server = TestServer::start();
    let worker = Answer::script("importScripts('part.js');").header("referrer-policy", "origin");
    server
        .answer("/sw.js", worker.header("referrer-policy", "no-referrer"))
        .answer("/part.js", Answer::script(""));
    let mut scenario = Scenario::online().behind(&server);
    scenario.register("sw.js").expect("it is registered");
    scenario.expect_eval(UPDATE, json!(true));
    let requests = server.requests();
    let imports = requests
        .iter()
        .filter(|request| request.target == "/part.js");
    let referrers: Vec<_> = imports.map(|request| request.header("referer")).collect();
    assert_eq!(referrers, [None, None]);
}

#[test]
fn the_referrer_policy_of_a_script_holds_for_what_its_worker_asks_for() {
    let server = TestServer::start();
    let worker = "self.onsync = (event) => event.waitUntil(fetch(`/${event.tag}`));";
    let silent = Answer::script(worker).header("referrer-policy", "unheard-of, no-referrer");
    server
        .answer("/sw.js", silent)
        .answer("/first", Answer::text(""))
        .answer("/second", Answer::text(""));
    let mut scenario = Scenario::online().behind(&server);
    scenario.register("sw.js").expect("it is registered");
    scenario
        .register_sync("first")
        .restart_host()
        .register_sync("second");
    for path in ["/first", "/second"] {
        let requests = server.requests();
        let asked = requests.iter().find(|request| request.target == path);
        assert_eq!(asked.expect("it was asked for").header("referer"), None);
    }
}
