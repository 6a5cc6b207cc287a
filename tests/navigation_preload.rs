//! Navigation preload: a page load asks the network while its worker starts.

use landfall::HostEventKind;
use landfall::network::{Request, RequestMode, Response};
use landfall::service_worker::WarningName;
use serde_json::json;

use crate::support::scenario::{ORIGIN, Scenario, address};
use crate::support::server::{Answer, TestServer};

const WORKER: &str = "addEventListener('install', () => skipWaiting());
addEventListener('fetch', (event) => {
  const { pathname } = new URL(event.request.url);
  if (pathname === '/used') {
    event.respondWith((async () => {
      const preloaded = await event.preloadResponse;
      if (preloaded === undefined) return new Response('nothing preloaded');
      return new Response(`${preloaded.status} ${preloaded.type}: ${await preloaded.text()}`);
    })());
  }
  if (pathname === '/unused') event.respondWith(new Response('own answer'));
  if (pathname === '/failed') {
    event.respondWith(event.preloadResponse.catch(({ name }) => new Response(name)));
  }
});";

const MANAGER: &str = "const { navigationPreload } = await navigator.serviceWorker.ready;";

fn with_manager(steps: &str) -> String {
    format!("(async () => {{ {MANAGER} {steps} }})()")
}

/// What a page load, or another request, gives.
fn load(scenario: &mut Scenario, path: &str, mode: RequestMode) -> String {
    let mut request = Request::new("GET", address(path), ORIGIN.trim_end_matches('/'));
    request.mode = mode;
    let host = scenario.host();
    let answer = scenario.run(async move {
        let Response { body, .. } = host.fetch(request).await?;
        Ok::<_, landfall::Error>(body.collect().await?)
    });
    String::from_utf8_lossy(&answer.expect("an answer")).into_owned()
}

/// A worker whose site is behind a server, and that server.
fn in_front_of(server: &TestServer) -> Scenario {
    server.answer("/sw.js", Answer::script(WORKER));
    for path in ["/used", "/unused"] {
        server.answer(path, Answer::text("from the network"));
    }
    let mut scenario = Scenario::online().behind(server);
    scenario.register("sw.js").expect("it is registered");
    scenario
}

#[test]
fn a_page_load_has_what_the_network_answered_meanwhile() {
    let server = TestServer::start();
    let mut scenario = in_front_of(&server);
    assert_eq!(
        load(&mut scenario, "used", RequestMode::Navigate),
        "nothing preloaded"
    );
    scenario.eval(&with_manager(
        "await navigationPreload.enable(); await navigationPreload.setHeaderValue('shell \\u00e4');",
    ));
    assert_eq!(
        load(&mut scenario, "used", RequestMode::Navigate),
        "200 basic: from the network"
    );
    // What is no page load asks nobody.
    assert_eq!(
        load(&mut scenario, "used", RequestMode::SameOrigin),
        "nothing preloaded"
    );
    let requests = server.requests();
    let preloads: Vec<_> = requests
        .iter()
        .filter(|request| request.target == "/used")
        .collect();
    assert_eq!(preloads.len(), 1);
    let header = preloads[0].header("service-worker-navigation-preload");
    assert!(
        header.is_some_and(|value| value.starts_with("shell ")),
        "{header:?}"
    );
}

#[test]
fn a_preload_that_fails_rejects_and_one_that_nobody_wants_does_no_harm() {
    let server = TestServer::start();
    let mut scenario = in_front_of(&server);
    scenario.eval(&with_manager("await navigationPreload.enable();"));
    assert_eq!(
        load(&mut scenario, "unused", RequestMode::Navigate),
        "own answer"
    );
    scenario = scenario.wait_until(|kind| {
        matches!(kind, HostEventKind::Warning { warning, .. }
            if warning.name == WarningName::UnusedPreload && warning.message.contains("/unused while"))
    });
    let mut scenario = scenario.go_offline();
    assert_eq!(
        load(&mut scenario, "failed", RequestMode::Navigate),
        "TypeError"
    );
}

#[test]
fn what_is_preloaded_survives_a_restart_and_can_be_taken_back() {
    let server = TestServer::start();
    let mut scenario = in_front_of(&server);
    let state = with_manager("return await navigationPreload.getState();");
    let initial = json!({ "enabled": false, "headerValue": "true" });
    assert_eq!(scenario.eval(&state), initial);
    scenario.eval(&with_manager(
        "await navigationPreload.setHeaderValue('shell'); await navigationPreload.enable();",
    ));
    let mut scenario = scenario.restart_host();
    let changed = json!({ "enabled": true, "headerValue": "shell" });
    assert_eq!(scenario.eval(&state), changed);
    scenario.eval(&with_manager("await navigationPreload.disable();"));
    assert_eq!(
        load(&mut scenario, "used", RequestMode::Navigate),
        "nothing preloaded"
    );
}

#[test]
fn a_registration_without_a_worker_in_charge_and_a_bad_header_are_refused() {
    let refusal = |steps: &str| {
        format!("(async () => {{ try {{ {steps} }} catch ({{ name }}) {{ return name; }} }})()")
    };
    Scenario::online()
        .file(
            "sw.js",
            "addEventListener('install', (event) => event.waitUntil(new Promise(() => {})));",
        )
        .expect_eval(
            &refusal(
                "const { navigationPreload } = await navigator.serviceWorker.register('/sw.js');
                 await navigationPreload.enable();",
            ),
            json!("InvalidStateError"),
        );
    Scenario::online().worker(WORKER).expect_eval(
        &refusal(&format!(
            "{MANAGER} await navigationPreload.setHeaderValue('two\\nlines');"
        )),
        json!("TypeError"),
    );
}
