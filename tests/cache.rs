//! Caches: what workers and pages keep, find again after a restart, and are refused.

use std::fs;

use landfall::HostEventKind;
use serde_json::json;

use crate::support::scenario::Scenario;

/// Keeps two files while it is installed, and answers from the cache first.
const CACHE_FIRST: &str = "
self.addEventListener('install', (event) => {
    event.waitUntil(caches.open('v1').then((cache) => cache.addAll(['/app.css', '/app.js'])));
});
self.addEventListener('activate', (event) => event.waitUntil(clients.claim()));
self.addEventListener('fetch', (event) => {
    event.respondWith(caches.match(event.request).then((cached) => cached ?? fetch(event.request)));
});";

/// What a promise is rejected with, as `Name: message`.
const REJECTION: &str = "globalThis.rejection = (promise) =>
    promise.then(() => 'fulfilled', (error) => `${error.name}: ${error.message}`);";

fn site() -> Scenario {
    Scenario::online()
        .file("app.css", "body {}")
        .file("app.js", "start()")
}

#[test]
fn a_worker_answers_from_its_cache_while_offline() {
    site()
        .worker(CACHE_FIRST)
        .page("")
        .go_offline()
        .expect_eval("fetch('/app.js').then((r) => r.text())", json!("start()"))
        .expect_eval(
            "fetch('/other.js').then(() => 'answered', (error) => error.name)",
            json!("TypeError"),
        );
}

#[test]
fn what_was_kept_is_there_after_a_restart() {
    site()
        .worker(CACHE_FIRST)
        .restart_host()
        .expect_eval("caches.keys()", json!(["v1"]))
        .expect_eval(
            "caches.open('v1').then((c) => c.keys()).then((all) => all.map((r) => r.url))",
            json!(["https://app.example/app.css", "https://app.example/app.js"]),
        )
        .expect_eval(
            "caches.match('/app.css').then(async (r) =>
                [r.status, r.ok, r.url, r.headers.get('content-type'), await r.text()])",
            json!([
                200,
                true,
                "https://app.example/app.css",
                "text/css; charset=utf-8",
                "body {}"
            ]),
        );
}

#[test]
fn a_worker_that_cannot_keep_one_file_keeps_none_and_is_not_installed() {
    let mut story = Scenario::online()
        .file("app.css", "body {}")
        .file("sw.js", CACHE_FIRST);
    let _ = story.register("sw.js");
    story.settle();
    story
        .expect_event(|event| {
            matches!(event, HostEventKind::InstallFailed { outcome, .. }
                if format!("{outcome:?}").contains("https://app.example/app.js"))
        })
        .expect_eval(
            "caches.open('v1').then((c) => c.keys()).then((all) => all.length)",
            json!(0),
        );
}

#[test]
fn a_page_and_its_worker_have_the_same_caches() {
    Scenario::online()
        .worker(
            "self.onsync = (event) => event.waitUntil(
                caches.match('/draft').then((r) => r.text()).then((text) => console.log(text)));",
        )
        .page("")
        .expect_eval(
            "caches.open('drafts').then((c) => c.put('/draft', new Response('to send'))).then(() => 1)",
            json!(1),
        )
        .register_sync("outbox")
        .expect_printed(&["to send"]);
}

#[test]
fn names_of_caches_are_any_text() {
    Scenario::online()
        .expect_eval(
            r"(async () => {
                for (const name of ['b', '', 'a', '\ud800', '\ufffd', 'b']) await caches.open(name);
                await caches.delete('b');
                await caches.open('b');
                return (await caches.keys()).map((name) => escape(name));
            })()",
            json!(["", "a", "%uD800", "%uFFFD", "b"]),
        )
        .restart_host()
        .expect_eval(r"caches.has('\ud800')", json!(true))
        .expect_eval(r"caches.has('\udfff')", json!(false));
}

#[test]
fn queries_can_look_past_search_method_and_vary() {
    Scenario::online()
        .page(
            "globalThis.count = async (request, options) => {
                const cache = await caches.open('all');
                return (await cache.matchAll(request, options)).length;
            };
            globalThis.ready = (async () => {
                const cache = await caches.open('all');
                const varied = new Request('/a?page=2', { headers: { 'x-user': 'ann' } });
                await cache.put('/a?page=1#top', new Response('1'));
                await cache.put(varied, new Response('2', { headers: { vary: 'X-User' } }));
            })();",
        )
        .expect_eval("ready.then(() => count())", json!(2))
        .expect_eval("count('/a?page=1#elsewhere')", json!(1))
        .expect_eval("count('/a')", json!(0))
        .expect_eval("count('/a', { ignoreSearch: true })", json!(1))
        .expect_eval(
            "count('/a', { ignoreSearch: true, ignoreVary: true })",
            json!(2),
        )
        .expect_eval("count('/a?page=2')", json!(0))
        .expect_eval(
            "count(new Request('/a?page=2', { headers: { 'X-USER': 'ann' } }))",
            json!(1),
        )
        .expect_eval(
            "count(new Request('/a?page=1', { method: 'HEAD' }))",
            json!(0),
        )
        .expect_eval(
            "count(new Request('/a?page=1', { method: 'HEAD' }), { ignoreMethod: true })",
            json!(1),
        );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of refusals")]
fn what_no_cache_keeps_is_refused_by_the_exception_of_the_specification() {
    let put = |request: &str, response: &str| {
        format!("rejection(caches.open('x').then((c) => c.put({request}, {response})))")
    };
    let begins = |story: &mut Scenario, script: &str, expected: &str| {
        let rejection = story.eval(script);
        let rejection = rejection.as_str().unwrap_or_default();
        assert!(rejection.starts_with(expected), "{script}: {rejection}");
    };
    let mut story = Scenario::online().page(REJECTION);
    for (request, response, expected) in [
        (
            "'data:,x'",
            "new Response()",
            "TypeError: Failed to execute 'put' on 'Cache': the scheme",
        ),
        (
            "new Request('/', { method: 'POST' })",
            "new Response()",
            "TypeError: Failed to execute 'put' on 'Cache': the request method 'POST'",
        ),
        (
            "'/'",
            "new Response('', { status: 206 })",
            "TypeError: Failed to execute 'put' on 'Cache': the response for 'https://app.example/' is partial",
        ),
        (
            "'/'",
            "new Response('', { headers: { Vary: 'a, *' } })",
            "TypeError: Failed to execute 'put' on 'Cache': the response for 'https://app.example/' has the header 'Vary: *'",
        ),
        (
            "'/'",
            "(() => { const r = new Response('x'); r.text(); return r; })()",
            "TypeError: Failed to execute 'put' on 'Cache': the response's body is already used",
        ),
        ("'/'", "{}", "TypeError"),
        ("'/'", "undefined", "TypeError"),
        (
            "'/'",
            "new Response(new ReadableStream({ pull() { throw new RangeError('mine'); } }))",
            "RangeError: mine",
        ),
    ] {
        begins(&mut story, &put(request, response), expected);
    }
    begins(
        &mut story,
        "rejection(caches.open())",
        "TypeError: Failed to execute 'open' on 'CacheStorage': 1 argument required",
    );
    begins(
        &mut story,
        "rejection(caches.match.call({}, '/'))",
        "TypeError: Illegal invocation",
    );
    story
        .expect_eval("caches.open('x').then((c) => c.keys()).then((all) => all.length)", json!(0))
        .expect_eval(
            "[Cache, CacheStorage].map((Made) => { try { new Made(); } catch (e) { return e.name; } })",
            json!(["TypeError", "TypeError"]),
        );
}

#[test]
fn add_all_refuses_requests_that_would_replace_one_another() {
    site().page(REJECTION).expect_eval(
        "rejection(caches.open('x').then((c) => c.addAll(['/app.css', '/app.css#again'])))",
        json!("InvalidStateError: duplicate requests: `https://app.example/app.css#again`"),
    );
}

#[test]
fn add_while_offline_names_what_it_could_not_fetch() {
    let mut story = Scenario::offline().page(REJECTION);
    let rejection = story.eval("rejection(caches.open('x').then((c) => c.add('/app.css')))");
    let rejection = rejection.as_str().unwrap_or_default();
    assert!(rejection.starts_with("TypeError: "), "{rejection}");
    assert!(
        rejection.contains("https://app.example/app.css"),
        "{rejection}"
    );
}

#[test]
fn a_large_body_streams_in_and_out_over_a_restart() {
    Scenario::online()
        .expect_eval(
            "(async () => {
                let left = 50;
                const body = new ReadableStream({
                    pull(controller) {
                        if (left-- === 0) return controller.close();
                        controller.enqueue(new Uint8Array(100_000).fill(left));
                    },
                });
                const response = new Response(body);
                const putting = caches.open('films').then((c) => c.put('/film', response));
                await putting;
                return response.bodyUsed;
            })()",
            json!(true),
        )
        .restart_host()
        .expect_eval(
            "(async () => {
                const response = await caches.match('/film');
                await caches.delete('films');
                let [length, sum] = [0, 0];
                for await (const chunk of response.body) {
                    length += chunk.length;
                    sum += chunk.reduce((a, b) => a + b, 0);
                }
                return [length, sum, await caches.match('/film') === undefined];
            })()",
            json!([5_000_000, 122_500_000, true]),
        );
}

#[test]
fn a_deleted_cache_goes_on_for_the_script_that_has_it() {
    Scenario::online().expect_eval(
        "(async () => {
            const old = await caches.open('x');
            await old.put('/a', new Response('old'));
            await caches.delete('x');
            const young = await caches.open('x');
            await old.put('/b', new Response('still'));
            return [(await old.keys()).length, (await young.keys()).length,
                await caches.match('/a') === undefined];
        })()",
        json!([2, 0, true]),
    );
}

#[test]
fn putting_again_replaces_and_comes_last() {
    Scenario::online().expect_eval(
        "(async () => {
            const cache = await caches.open('x');
            for (const [path, text] of [['/a', '1'], ['/b', '2'], ['/a', '3']])
                await cache.put(path, new Response(text));
            return Promise.all((await cache.matchAll()).map((response) => response.text()));
        })()",
        json!(["2", "3"]),
    );
}

#[test]
fn caches_found_damaged_in_use_are_set_aside_when_they_are_opened_next() {
    let mut story = Scenario::online().page(REJECTION);
    story.eval(
        "caches.open('v1').then((cache) =>
            cache.put('/text', new Response('damaged soon '.repeat(10_000))))",
    );
    let story = story.restart_host();
    let file = story.data().join("origins/https_app.example/caches.sqlite");
    let mut bytes = fs::read(&file).unwrap();
    // A row larger than a page has its rest in pages that begin with the number of the next one.
    for page in bytes.chunks_mut(4_096).skip(1) {
        if page.windows(12).any(|text| text == b"damaged soon") {
            page[..8].fill(0x5a);
        }
    }
    fs::write(&file, bytes).unwrap();
    let aside = file.with_added_extension("damaged-1");
    let name = aside.display().to_string();
    let _story = story
        .page(REJECTION)
        .expect_eval("caches.keys()", json!(["v1"]))
        .expect_eval(
            "caches.match('/text').then((response) => response.text())
                .then((text) => text.length, (error) => error.name)",
            json!("UnknownError"),
        )
        .restart_host()
        .page(REJECTION)
        .expect_eval("caches.keys()", json!([]))
        .expect_event(|kind| {
            matches!(kind, HostEventKind::StorageFailed { reason } if reason.contains(&name))
        });
    assert!(aside.exists(), "it is kept");
}

#[test]
fn damaged_caches_are_set_aside_and_named_and_stop_nothing_else() {
    let story = site().worker(CACHE_FIRST).restart_host();
    let file = story.data().join("origins/https_app.example/caches.sqlite");
    let damage = vec![0x5a; 4_096];
    fs::write(&file, &damage).unwrap();
    let _ = fs::remove_file(file.with_extension("sqlite-wal"));
    let aside = file.with_added_extension("damaged-1");
    let names = [file.display().to_string(), aside.display().to_string()];
    let _story = story
        .page(REJECTION)
        .expect_eval("caches.keys()", json!([]))
        .expect_event(|kind| {
            matches!(kind, HostEventKind::StorageFailed { reason }
                if names.iter().all(|name| reason.contains(name)))
        })
        .expect_eval("rejection(caches.open('v2'))", json!("fulfilled"))
        .restart_host()
        .expect_eval("caches.keys()", json!(["v2"]))
        .expect_eval(
            "navigator.serviceWorker.ready.then((r) => r.active.state)",
            json!("activated"),
        );
    assert_eq!(fs::read(&aside).unwrap(), damage);
}
