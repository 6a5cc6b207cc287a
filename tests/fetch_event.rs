//! Requests that a worker answers: from its pages, and from outside of the host.

use landfall::network::{Body, NetworkError, RedirectMode, Request, RequestMode, Response};
use landfall::{Error, HostEventKind};
use serde_json::json;

use crate::support::scenario::{ORIGIN, Scenario, address};
use crate::support::server::{Answer, TestServer};

const ANSWERS: &str = "addEventListener('fetch', (event) => {
  const { pathname } = new URL(event.request.url);
  if (pathname === '/who') {
    const { request, clientId, resultingClientId } = event;
    const { mode, destination, redirect, credentials } = request;
    event.respondWith(Response.json({
      mode, destination, redirect, credentials, clientId, makesClient: resultingClientId !== '',
    }));
  }
  if (pathname === '/echo') {
    event.respondWith(event.request.text().then((text) => new Response(text.toUpperCase())));
  }
});";

fn get(path: &str) -> Request {
    Request::new("GET", address(path), ORIGIN.trim_end_matches('/'))
}

/// Sends a request from outside and gives the status and the body.
fn fetch(scenario: &mut Scenario, request: Request) -> Result<(u16, String), Error> {
    let host = scenario.host();
    scenario.run(async move {
        let Response { status, body, .. } = host.fetch(request).await?;
        let bytes = body.collect().await?;
        Ok((status, String::from_utf8_lossy(&bytes).into_owned()))
    })
}

#[test]
fn a_request_from_outside_is_answered_by_the_worker() {
    let mut scenario = Scenario::online().worker(ANSWERS);
    let mut upload = get("echo");
    upload.method = "POST".to_owned();
    upload.body = Body::from("a word");
    let answer = fetch(&mut scenario, upload).expect("an answer");
    assert_eq!(answer, (200, "A WORD".to_owned()));
}

#[test]
fn an_answer_may_come_in_a_microtask_of_the_handler_and_not_later() {
    Scenario::online()
        .worker(
            "addEventListener('fetch', async (event) => {
                 const path = new URL(event.request.url).pathname;
                 if (path === '/soon') await null;
                 else await new Promise((resolve) => setTimeout(resolve));
                 try {
                     event.respondWith(new Response('answered'));
                 } catch ({ name }) {
                     console.log(path, name);
                 }
             });",
        )
        .file("late", "from the site")
        .expect_eval(
            "fetch('/soon').then((response) => response.text())",
            json!("answered"),
        )
        .expect_eval(
            "fetch('/late').then((response) => response.text())",
            json!("from the site"),
        )
        .wait_until_printed("/late InvalidStateError");
}

#[test]
fn a_redirect_that_a_worker_answers_is_followed_through_the_worker() {
    let mut scenario = Scenario::online()
        .worker(
            "addEventListener('fetch', (event) => {
                 const { pathname } = new URL(event.request.url);
                 const redirects = { '/one': '/two', '/two': '/plain.txt', '/loop': '/loop' };
                 if (redirects[pathname]) event.respondWith(Response.redirect(redirects[pathname], 307));
                 if (pathname === '/relative') {
                     event.respondWith(new Response(null, { status: 302, headers: { location: 'plain.txt' } }));
                 }
                 if (pathname === '/to-answer') event.respondWith(Response.redirect('/answer'));
                 if (pathname === '/answer') event.respondWith(event.request.text().then((text) => new Response('got ' + text)));
             });",
        )
        .file("plain.txt", "from the site");
    let fetched = |call: &str| {
        format!(
            "fetch({call})
                 .then(async (response) => [response.type, response.url, response.redirected, await response.text()],
                       ({{ name }}) => name)"
        )
    };
    scenario.settle();
    scenario
        .expect_eval(
            &fetched("'/one'"),
            json!([
                "basic",
                "https://app.example/plain.txt",
                true,
                "from the site"
            ]),
        )
        .expect_eval(
            &fetched("'/to-answer', { method: 'POST', body: 'x' }"),
            json!(["default", "https://app.example/answer", true, "got "]),
        )
        .expect_eval(
            &fetched("'/one', { redirect: 'manual' }"),
            json!(["opaqueredirect", "https://app.example/one", false, ""]),
        )
        .expect_eval(
            &fetched("'/one', { redirect: 'error' }"),
            json!("TypeError"),
        )
        .expect_eval(&fetched("'/loop'"), json!("TypeError"))
        .expect_eval(&fetched("'/relative'"), json!("TypeError"));
}

#[test]
fn a_page_load_says_that_it_makes_a_client_and_a_subresource_does_not() {
    let mut scenario = Scenario::online().worker(ANSWERS);
    let mut load = get("who");
    load.mode = RequestMode::Navigate;
    load.destination = "document".to_owned();
    let (_, text) = fetch(&mut scenario, load).expect("an answer");
    let seen: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(seen["mode"], "navigate");
    assert_eq!(seen["destination"], "document");
    assert_eq!(seen["makesClient"], true);
    let (_, text) = fetch(&mut scenario, get("who")).expect("an answer");
    let seen: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(
        (&seen["mode"], &seen["makesClient"]),
        (&json!("cors"), &json!(false))
    );
}

#[test]
fn what_the_worker_leaves_alone_is_answered_by_the_site_as_it_came() {
    let server = TestServer::start();
    server.answer(
        "/account",
        Answer::redirect(302, "/login").header("set-cookie", "seen=1"),
    );
    let mut scenario = Scenario::online().behind(&server);
    server.answer("/sw.js", Answer::script(ANSWERS));
    scenario
        .register("sw.js")
        .expect("the worker is registered");
    let mut request = get("account");
    let cookie = ("Cookie".to_owned(), b"session=7".to_vec());
    request.headers.push(cookie);
    let host = scenario.host();
    let response = scenario
        .run(async move { host.fetch(request).await })
        .expect("an answer");
    assert_eq!(response.status, 302);
    assert_eq!(
        response.header("location"),
        Some(b"https://app.example/login".as_slice())
    );
    assert_eq!(response.header("set-cookie"), Some(b"seen=1".as_slice()));
    let seen = server.requests();
    let account = seen.iter().find(|request| request.target == "/account");
    let account = account.expect("the upstream was asked");
    assert_eq!(account.header("cookie"), Some("session=7"));
}

#[test]
fn a_worker_that_answers_badly_is_a_network_error_with_its_reason() {
    let mut scenario = Scenario::online().worker(
        "const used = new Response('once'); used.text();
         const locked = new Response('held'); locked.body.getReader();
         const answers = {
           '/number': 42, '/used': used, '/locked': locked, '/error': Response.error(),
           '/rejected': Promise.reject(new Error('no luck')),
         };
         answers['/rejected'].catch(() => {});
         addEventListener('fetch', (event) => {
           const { pathname } = new URL(event.request.url);
           if (pathname === '/prevented') event.preventDefault();
           if (pathname in answers) event.respondWith(answers[pathname]);
         });",
    );
    for (path, reason) in [
        ("number", "not a Response"),
        ("used", "already used"),
        ("locked", "is locked"),
        ("error", "Response.error()"),
        ("rejected", "no luck"),
        ("prevented", "preventDefault"),
    ] {
        match fetch(&mut scenario, get(path)) {
            Err(Error::Network(NetworkError::Handler(said))) => {
                assert!(said.contains(reason), "{path}: {said}");
            }
            other => panic!("{path}: {other:?}"),
        }
    }
}

/// What a script waits for when it looks whether its client gave up.
const WAITS: &str = "addEventListener('fetch', (event) => {
  if (!event.request.url.endsWith('/slow')) return;
  const { signal } = event.request;
  event.respondWith(new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => {
      console.log('given up', signal.reason.name);
      reject(signal.reason);
    });
  }));
  console.log('asked');
});";

#[test]
fn a_page_that_gives_up_aborts_the_request_of_the_event() {
    let mut scenario = Scenario::online().worker(WAITS).page("");
    scenario.eval(
        "globalThis.giveUp = new AbortController();
         fetch('/slow', { signal: giveUp.signal }).catch((error) => console.log(error.name));
         null",
    );
    let mut scenario = scenario.wait_until_printed("asked");
    scenario.eval("giveUp.abort()");
    scenario.wait_until_printed("given up AbortError");
}

#[test]
fn whoever_gives_up_outside_aborts_the_request_of_the_event() {
    let mut scenario = Scenario::online().worker(WAITS);
    let host = scenario.host();
    let asking = scenario.begin(async move { host.fetch(get("slow")).await });
    let scenario = scenario.wait_until_printed("asked");
    asking.abort();
    scenario.wait_until_printed("given up AbortError");
}

#[test]
fn a_page_load_is_the_occasion_to_look_for_a_new_worker() {
    let mut scenario = Scenario::online()
        .worker(ANSWERS)
        .file("sw.js", &format!("{ANSWERS}\nself.skipWaiting();"));
    let mut load = get("who");
    load.mode = RequestMode::Navigate;
    fetch(&mut scenario, load).expect("an answer");
    scenario.wait_until(|kind| matches!(kind, HostEventKind::Installed { .. }));
}

#[test]
fn what_is_hidden_from_the_worker_reaches_whom_it_answers_also_from_its_cache() {
    let elsewhere = TestServer::start();
    elsewhere.answer("/logo", Answer::text("pixels").header("x-kind", "logo"));
    let mut scenario = Scenario::online().worker(&format!(
        "addEventListener('fetch', (event) => {{
           if (!event.request.url.endsWith('/logo')) return;
           event.respondWith((async () => {{
             const kept = await caches.match('/logo');
             if (kept) return kept;
             const response = await fetch('{}', {{ mode: 'no-cors' }});
             await (await caches.open('v1')).put('/logo', response.clone());
             console.log(response.type, response.status, `[${{await response.clone().text()}}]`);
             return response;
           }})());
         }});",
        elsewhere.url("/logo")
    ));
    for is_online in [true, false] {
        if !is_online {
            scenario = scenario.go_offline();
        }
        let mut image = get("logo");
        image.mode = RequestMode::NoCors;
        let host = scenario.host();
        let (kind, text) = scenario.run(async move {
            let response = host.fetch(image).await.expect("an answer");
            let kind = response.header("x-kind").map(<[u8]>::to_vec);
            (kind, response.body.collect().await.expect("a body"))
        });
        assert_eq!(
            (kind.as_deref(), &text[..]),
            (Some(&b"logo"[..]), &b"pixels"[..])
        );
    }
    let scenario = scenario.expect_printed(&["opaque 0 []"]);
    assert_eq!(elsewhere.requests().len(), 1);
    scenario.page("").expect_eval(
        "fetch('/logo', { mode: 'no-cors' }).then(async (r) => [r.type, r.status, await r.text()])",
        json!(["opaque", 0, ""]),
    );
}

#[test]
fn a_page_load_that_the_worker_fetches_is_redirected_outside() {
    let server = TestServer::start();
    let worker = "addEventListener('fetch', (event) => event.respondWith(fetch(event.request)));";
    server
        .answer("/sw.js", Answer::script(worker))
        .answer("/old", Answer::redirect(301, "/new"));
    let mut scenario = Scenario::online().behind(&server);
    scenario
        .register("sw.js")
        .expect("the worker is registered");
    let mut load = get("old");
    load.mode = RequestMode::Navigate;
    load.redirect = RedirectMode::Manual;
    let host = scenario.host();
    let response = scenario
        .run(async move { host.fetch(load).await })
        .expect("an answer");
    assert_eq!(response.status, 301);
    assert_eq!(
        response.header("location"),
        Some(&b"https://app.example/new"[..])
    );
}

#[test]
fn what_became_of_the_answer_is_told_by_the_promise_that_it_was_handled() {
    let mut scenario = Scenario::online().file("left", "").worker(
        "addEventListener('fetch', (event) => {
             const { pathname } = new URL(event.request.url);
             event.handled.then(
                 (value) => console.log(pathname, value),
                 (error) => console.log(pathname, error instanceof DOMException, error.name),
             );
             if (pathname === '/answered') event.respondWith(new Response('here'));
             if (pathname === '/rejected') event.respondWith(Promise.reject(new Error('no luck')));
             if (pathname === '/prevented') event.preventDefault();
         });
         const request = new Request('/');
         const own = new FetchEvent('fetch', { request, handled: Promise.resolve(7), clientId: null });
         own.handled.then((value) => console.log(own.clientId, value));",
    );
    for path in ["answered", "rejected", "prevented", "left"] {
        let _ = fetch(&mut scenario, get(path));
    }
    scenario.expect_printed(&[
        "null 7",
        "/answered undefined",
        "/rejected true NetworkError",
        "/prevented true NetworkError",
        "/left undefined",
    ]);
}

#[test]
fn what_a_worker_answers_has_to_be_what_the_page_expects() {
    let empty = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    let ask = |body: &str| {
        format!(
            "fetch('/{body}', {{ integrity: '{empty}' }}).then(() => 'taken', (error) => error.name)"
        )
    };
    Scenario::online()
        .worker(
            "addEventListener('fetch', (event) => {
                 event.respondWith(new Response(new URL(event.request.url).pathname.slice(1)));
             });",
        )
        .page("")
        .expect_eval(&ask("forged"), json!("TypeError"))
        .expect_eval(&ask(""), json!("taken"));
}

#[test]
fn a_worker_sees_what_a_request_accepts() {
    Scenario::online()
        .worker("self.onfetch = (event) => event.respondWith(new Response(event.request.headers.get('accept')));")
        .expect_eval("fetch('/any').then((response) => response.text())", json!("*/*"))
        .expect_eval(
            "fetch('/some', { headers: { accept: 'text/plain' } }).then((response) => response.text())",
            json!("text/plain"),
        );
}
