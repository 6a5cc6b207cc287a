//! What every scope has, and what none has.

use landfall::{ClientOptions, ClientScript, ConnectivityMode, Host};
use serde_json::json;

use crate::support::scenario::Scenario;

/// Prints the names that are missing from a list.
const MISSING: &str = "const missing = (names) => names.filter((name) => !(name in self));";

const EVERYWHERE: &str = "[
    'AbortController', 'AbortSignal', 'Blob', 'BroadcastChannel', 'ByteLengthQueuingStrategy', 'CompressionStream',
    'CountQueuingStrategy', 'Crypto', 'CryptoKey', 'CustomEvent', 'DOMException', 'DecompressionStream', 'ErrorEvent',
    'Event', 'EventTarget', 'File', 'FileReader', 'FormData', 'Headers', 'Lock', 'LockManager', 'MessageChannel', 'MessageEvent',
    'MessagePort', 'Performance', 'ProgressEvent', 'PromiseRejectionEvent', 'ReadableStream', 'Request', 'Response',
    'ServiceWorker', 'ServiceWorkerRegistration', 'StorageManager', 'SubtleCrypto', 'SyncManager', 'TextDecoder',
    'TextEncoder', 'TransformStream', 'URL', 'URLPattern', 'URLSearchParams', 'WebAssembly', 'WritableStream',
    'atob', 'btoa', 'clearInterval', 'clearTimeout', 'console', 'crypto', 'fetch', 'isSecureContext', 'location',
    'navigator', 'origin', 'performance', 'queueMicrotask', 'reportError', 'self', 'setInterval', 'setTimeout',
    'structuredClone',
]";

#[test]
fn a_worker_has_what_a_service_worker_sees() {
    Scenario::online()
        .worker(&format!(
            "{MISSING}
             console.log(missing({EVERYWHERE}).join());
             console.log(missing(['Client', 'Clients', 'ExtendableEvent', 'ExtendableMessageEvent', 'FetchEvent',
                 'ServiceWorkerGlobalScope', 'SyncEvent', 'WindowClient', 'WorkerGlobalScope', 'WorkerLocation',
                 'WorkerNavigator', 'clients', 'importScripts', 'onactivate', 'onfetch', 'oninstall', 'onmessage',
                 'onsync', 'registration', 'serviceWorker', 'skipWaiting']).join());
             console.log(self instanceof ServiceWorkerGlobalScope, self instanceof WorkerGlobalScope, self instanceof EventTarget,
                 String(self), self === globalThis, location.href, origin, isSecureContext);"
        ))
        .expect_printed(&[
            "",
            "",
            "true true true [object ServiceWorkerGlobalScope] true https://app.example/sw.js https://app.example true",
        ]);
}

#[test]
fn a_page_has_what_a_window_sees() {
    let mut scenario = Scenario::online();
    let missing = scenario.eval(&format!(
        "{MISSING} missing({EVERYWHERE}.concat('Location', 'Navigator', 'ServiceWorkerContainer', 'Window', 'window'))"
    ));
    assert_eq!(missing, json!([]));
    scenario.expect_eval(
        "[window === self, self instanceof Window, location.pathname, 'serviceWorker' in navigator]",
        json!([true, true, "/", true]),
    );
}

#[test]
fn nothing_of_the_engine_shows() {
    let mut scenario = Scenario::online();
    let visible = scenario.eval(
        "['Deno', '__bootstrap', '__landfall_boot', 'process', 'require', 'global', 'Buffer', 'bootstrap']
             .filter((name) => name in globalThis)",
    );
    assert_eq!(visible, json!([]));
}

#[test]
fn interface_objects_are_configurable_and_not_enumerable() {
    Scenario::online().expect_eval(
        "['SyncManager', 'Response', 'URL'].map((name) => {
             const { configurable, enumerable, writable } = Object.getOwnPropertyDescriptor(self, name);
             return [configurable, enumerable, writable];
         })",
        json!([[true, false, true], [true, false, true], [true, false, true]]),
    );
}

#[test]
fn what_is_loaded_on_first_use_is_there_whatever_a_script_has_overwritten_before() {
    Scenario::online()
        .worker(
            "const { log } = console;
             const gone = () => { throw new Error('gone'); };
             for (const name of ['create', 'defineProperty', 'entries', 'freeze', 'getOwnPropertyDescriptor',
                 'getOwnPropertySymbols', 'setPrototypeOf']) Object[name] = gone;
             for (const name of ['apply', 'defineProperty', 'ownKeys']) Reflect[name] = gone;
             Object.prototype.value = Object.prototype.get = 1;
             EventTarget.prototype.addEventListener = Array.prototype.map = Array.prototype.forEach = gone;
             const names = Object.getOwnPropertyNames(self).filter((name) => /^[A-Z]/.test(name));
             const { iterator } = Symbol;
             for (const name of ['Array', 'Event', 'EventTarget', 'Map', 'Object', 'Promise', 'Proxy', 'Reflect', 'Set',
                 'Symbol', 'WeakMap']) self[name] = undefined;
             [].__proto__[iterator] = gone;
             let count = 0;
             for (let index = 0; index < names.length; index += 1) {
                 if (typeof self[names[index]] === 'function') count += 1;
             }
             log(names.length - count, typeof indexedDB.open, typeof performance.now());",
        )
        // Those eleven, six namespaces as Math, Infinity and NaN.
        .expect_printed(&["19 function number"]);
}

#[test]
fn what_is_loaded_on_first_use_can_be_replaced_and_deleted_before() {
    Scenario::online()
        .worker(
            "self.IDBCursor = 'mine';
             console.log(IDBCursor, delete self.IDBIndex, 'IDBIndex' in self, new IDBVersionChangeEvent('x').type);
             const { get, value, ...flags } = Object.getOwnPropertyDescriptor(self, 'FileReader');
             console.log(get, value.name, JSON.stringify(flags));",
        )
        .expect_printed(&[
            "mine true false x",
            r#"undefined FileReader {"writable":true,"enumerable":false,"configurable":true}"#,
        ]);
}

#[test]
fn what_only_the_host_makes_cannot_be_constructed() {
    Scenario::online().expect_eval(
        "[SyncManager, ServiceWorker, ServiceWorkerRegistration, ServiceWorkerContainer, Navigator, StorageManager]
             .map((Interface) => { try { new Interface(); return 'made'; } catch (error) { return error.name; } })",
        json!(["TypeError", "TypeError", "TypeError", "TypeError", "TypeError", "TypeError"]),
    );
}

#[test]
fn the_navigator_tells_what_browsers_tell() {
    Scenario::online().expect_eval(
        "[
             navigator.onLine, navigator.userAgent.startsWith('Mozilla/5.0 landfall/'), navigator.language,
             navigator.languages.length > 0, navigator.hardwareConcurrency > 0, typeof navigator.locks.request,
         ]",
        json!([true, true, "en-US", true, true, "function"]),
    );
}

#[test]
fn the_platform_works() {
    let mut scenario = Scenario::online();
    let cases = [
        (
            "new URL('/a?b#c', location).href",
            json!("https://app.example/a?b#c"),
        ),
        (
            "new URLPattern({ pathname: '/x/:id' }).exec('https://app.example/x/7').pathname.groups.id",
            json!("7"),
        ),
        (
            "new Response(new Blob(['a', 'b']).stream()).text()",
            json!("ab"),
        ),
        (
            "structuredClone(new Map([[1, { a: new Date(0) }]])).get(1).a.getTime()",
            json!(0),
        ),
        (
            "crypto.subtle.digest('SHA-256', new Uint8Array()).then((hash) => new Uint8Array(hash)[0])",
            json!(227),
        ),
        ("crypto.randomUUID().length", json!(36)),
        (
            "new Response(new Blob(['squeeze']).stream().pipeThrough(new CompressionStream('gzip'))
                 .pipeThrough(new DecompressionStream('gzip'))).text()",
            json!("squeeze"),
        ),
        (
            "new Promise((resolve) => { const r = new FileReader(); r.onload = () => resolve(r.result); r.readAsText(new File(['f'], 'n')); })",
            json!("f"),
        ),
        (
            "navigator.locks.request('l', async (lock) => lock.name)",
            json!("l"),
        ),
        (
            "new Promise((resolve) => setTimeout(resolve, 0, 'later'))",
            json!("later"),
        ),
        ("AbortSignal.abort('why').reason", json!("why")),
        (
            "(async () => { const form = new FormData(); form.set('k', 'v'); return new Response(form).formData().then((f) => f.get('k')); })()",
            json!("v"),
        ),
        (
            "new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])) instanceof WebAssembly.Module",
            json!(true),
        ),
        (
            "performance.now() >= 0 && performance.timeOrigin > 0",
            json!(true),
        ),
        ("atob(btoa('both ways'))", json!("both ways")),
    ];
    for (script, expected) in cases {
        assert_eq!(scenario.eval(script), expected, "{script}");
    }
}

#[test]
fn platform_objects_are_cloned_only_where_their_interface_says_how() {
    let mut scenario = Scenario::online();
    let refused = "const name = (object) => {
             try { structuredClone(object); return 'cloned'; } catch (error) { return error.name; }
         };
         [new Request('/'), new Headers(), new URL('/', location), navigator, new Event('e'), caches].map(name)";
    assert_eq!(scenario.eval(refused), json!(vec!["DataCloneError"; 6]));
    let cloned = "(async () => {
             const all = [new Blob(['b']), new DOMPoint(1), new DOMException('m', 'n'), await crypto.subtle.generateKey(
                 { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])];
             return all.map((object) => structuredClone(object).constructor.name);
         })()";
    let names = json!(["Blob", "DOMPoint", "DOMException", "CryptoKey"]);
    assert_eq!(scenario.eval(cloned), names);
}

#[test]
fn no_scope_can_be_made_to_block() {
    let script = "try { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10); } catch (error) { console.log(error.name); }";
    Scenario::online()
        .worker(script)
        .expect_printed(&["TypeError"]);
}

#[tokio::test]
async fn locks_are_of_an_origin_and_end_with_the_scope_that_holds_them() {
    let host = Host::builder()
        .connectivity(ConnectivityMode::Online)
        .build()
        .await
        .expect("the host starts");
    let open = async |url: &str| {
        let url = url.parse().expect("an address");
        let script = ClientScript::None;
        let opened = host.open_client(ClientOptions { url, script }).await;
        opened.expect("it opens")
    };
    let take =
        "navigator.locks.request('one', { ifAvailable: true }, (lock) => lock?.name ?? 'taken')";
    let held = "navigator.locks.query().then(({ held }) => held.map((lock) => lock.name))";

    let holder = open("https://app.example/holder.html").await;
    let hold = "navigator.locks.request('one', () => new Promise(() => {})), null";
    holder.eval(hold).await.expect("it holds the lock");
    let elsewhere = open("https://other.example/").await;
    assert_eq!(elsewhere.eval(take).await.expect("an answer"), json!("one"));
    assert_eq!(elsewhere.eval(held).await.expect("an answer"), json!([]));
    let page = open("https://app.example/").await;
    assert_eq!(page.eval(take).await.expect("an answer"), json!("taken"));
    assert_eq!(page.eval(held).await.expect("an answer"), json!(["one"]));
    holder.close().await.expect("it closes");
    assert_eq!(page.eval(take).await.expect("an answer"), json!("one"));
    host.shut_down().await.expect("it ends");
}

#[test]
fn members_of_a_workers_global_are_where_the_interfaces_have_them() {
    Scenario::online()
        .worker(
            "const own = (name) => Object.hasOwn(self, name);
             console.log(['clients', 'onfetch', 'skipWaiting'].every(own));
             console.log(['fetch', 'caches', 'performance', 'onerror'].filter(own).length);
             console.log(typeof URL.createObjectURL, typeof StorageManager.prototype.persist);
             self.queueMicrotask = null;
             const stream = new ReadableStream({ pull(c) { c.enqueue(new Uint8Array(3)); c.close(); } });
             oninstall = (event) => event.waitUntil((async () => {
                 console.log(await skipWaiting());
                 console.log(await fetch.call({}).catch((error) => error.name));
                 console.log((await new Response(stream).clone().text()).length);
             })());",
        )
        .expect_printed(&["true", "0", "undefined undefined", "undefined", "TypeError", "3"]);
}

#[test]
fn a_script_may_take_the_global_url_away() {
    Scenario::online()
        .file("lib.js", "console.log(self.origin);")
        .worker("delete self.URL; importScripts('lib.js');")
        .page("")
        .expect_printed(&["https://app.example"])
        .expect_eval(
            "delete self.URL;
             postMessage('own', 'https://app.example');
             navigator.serviceWorker.getRegistration('/').then((found) =>
                 navigator.locks.request('one', () => [self.origin, found.scope]))",
            json!(["https://app.example", "https://app.example/"]),
        );
}
