//! Frames of another origin than their page's: what either sees of the other, and whose data they use.

use landfall::HostBuilder;
use landfall::network::OriginServer;
use serde_json::json;
use url::Url;

use crate::support::frames::WORD_OF;
use crate::support::scenario::Scenario;
use crate::support::server::{Answer, TestServer};

/// Says of a step what it comes to, or why it is refused.
const ATTEMPT: &str = "self.attempt = (step) => {
    try {
        return String(step());
    } catch ({ name }) {
        return name;
    }
};";

/// A server for `https://other.example` with a page for a frame.
fn other() -> TestServer {
    let server = TestServer::start();
    server.answer(
        "/page",
        Answer::text("secret").header("set-cookie", "of=navigation"),
    );
    server
}

/// A page that can open frames, which run that function when they are loaded.
fn beside(server: &TestServer, frame_script: &'static str) -> Scenario {
    let upstream: Url = server.url("/").parse().expect("an address");
    let other: Url = "https://other.example/".parse().expect("an address");
    Scenario::online().with(move |builder: HostBuilder| {
        builder
            .frames()
            .frame_script(frame_script)
            .origin_server(&other, OriginServer::Upstream(upstream.clone()))
    })
}

#[test]
fn a_page_sees_of_a_frame_of_another_origin_what_html_allows() {
    let server = other();
    beside(&server, "() => {}").page(ATTEMPT).expect_eval(
        "(async () => {
             const frame = openFrame('https://other.example/page');
             await frame.loaded;
             const { window } = frame;
             const refused = [
                 () => window.fetch,
                 () => window.navigator,
                 () => window.eval,
                 () => window.location.href,
                 () => window.location.reload,
                 () => 'fetch' in window,
                 () => window.constructor,
                 () => window.variable = 1,
                 () => window.closed = 1,
                 () => delete window.postMessage,
                 () => Object.defineProperty(window, 'variable', { value: 1 }),
             ];
             return [
                 [...new Set(refused.map(attempt))],
                 [frame.text, frame.status, frame.contentType, frame.url],
                 [window.parent === self, window.top === self, window.self === window],
                 [window.closed, window.length, window.opener, await window === window],
                 [Object.getPrototypeOf(window), Object.isExtensible(window)],
             ];
         })()",
        json!([
            ["SecurityError"],
            ["", 0, "", "https://other.example/page"],
            [true, true, true],
            [false, 0, null, true],
            [null, true],
        ]),
    );
}

#[test]
fn a_frame_of_another_origin_sees_as_little_of_the_page_and_speaks_with_it() {
    let server = other();
    beside(
        &server,
        "() => {
             self.onmessage = ({ data, origin, source }) => {
                 let seen;
                 try {
                     seen = typeof source.fetch;
                 } catch ({ name }) {
                     seen = name;
                 }
                 source.postMessage([data, origin, source === parent, parent === top, seen], '*');
             };
         }",
    )
    .expect_eval(
        "(async () => {
             const frame = openFrame('https://other.example/page');
             await frame.loaded;
             const heard = new Promise((resolve) => self.onmessage = resolve);
             frame.window.postMessage('meant for another', 'https://app.example');
             frame.window.postMessage('hello', '*');
             const { data, origin, source } = await heard;
             return [data, origin, source === frame.window];
         })()",
        json!([
            ["hello", "https://app.example", true, true, "SecurityError"],
            "https://other.example",
            true
        ]),
    );
}

#[test]
fn a_page_navigates_a_frame_of_another_origin_and_then_sees_its_own() {
    let server = other();
    beside(&server, "() => {}")
        .file("inner/page.html", "its own")
        .expect_eval(
            "(async () => {
                 const frame = openFrame('https://other.example/page');
                 await frame.loaded;
                 const { window } = frame;
                 window.location = 'inner/page.html';
                 await frame.loaded;
                 return [frame.text, frame.window.location.pathname, window.closed];
             })()",
            json!(["its own", "/inner/page.html", true]),
        );
}

#[test]
fn a_frame_of_another_origin_has_nothing_of_the_pages_data() {
    let server = other();
    beside(
        &server,
        "async () => {
             const names = ['caches', 'indexedDB', 'Notification'];
             const mine = await self.caches?.keys();
             parent.postMessage([
                 names.filter((name) => name in self),
                 typeof caches,
                 ['locks', 'permissions', 'storage'].filter((name) => name in navigator),
                 mine,
             ], '*');
         }",
    )
    .file("inner.html", "")
    .page(WORD_OF)
    .expect_eval(
        "(async () => {
             await caches.open('of the page');
             return [await wordOf('https://other.example/page'), await wordOf('inner.html')];
         })()",
        json!([
            [[], "undefined", [], null],
            [
                ["caches", "indexedDB", "Notification"],
                "object",
                ["locks", "permissions", "storage"],
                ["of the page"]
            ]
        ]),
    );
}

#[test]
fn cookies_of_a_frames_page_load_and_of_its_requests_are_the_same() {
    let server = other();
    server.answer("/data", Answer::text("").header("set-cookie", "of_a=fetch"));
    beside(&server, "() => fetch('/data')").expect_eval(
        "(async () => {
             await openFrame('https://other.example/page').loaded;
             await openFrame('https://other.example/page').loaded;
             await fetch('https://other.example/data', { mode: 'no-cors', credentials: 'include' });
         })()",
        json!(null),
    );
    let requests = server.requests();
    let told: Vec<_> = requests
        .iter()
        .map(|request| (request.target.as_str(), request.header("cookie")))
        .collect();
    let both = Some("of=navigation; of_a=fetch");
    // The last one is the page's, whose cookies are apart.
    let expected = [
        ("/page", None),
        ("/data", Some("of=navigation")),
        ("/page", both),
        ("/data", both),
        ("/data", None),
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_request_that_a_worker_redirected_and_let_pass_keeps_its_tainted_origin() {
    let server = other();
    let open = Answer::text("open to all").header("access-control-allow-origin", "*");
    server.answer("/open", open);
    beside(&server, "() => {}")
        .worker(
            "self.onactivate = (event) => event.waitUntil(clients.claim());
             self.onfetch = (event) => {
                 if (event.request.url.startsWith('https://third.example/')) {
                     event.respondWith(Response.redirect('https://other.example/open'));
                 }
             };",
        )
        .expect_eval(
            "navigator.serviceWorker.ready
                 .then(() => fetch('https://third.example/'))
                 .then((response) => response.text())",
            json!("open to all"),
        );
    let requests = server.requests();
    assert_eq!(requests[0].header("origin"), Some("null"));
}
