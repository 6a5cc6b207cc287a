//! Clients: what a worker sees of them, how they speak with each other, and requests that a worker answers.

use landfall::{ClientScript, HostEventKind};
use serde_json::json;

use crate::support::scenario::Scenario;

const CLAIMS: &str = "self.onactivate = (event) => event.waitUntil(clients.claim());";

#[test]
fn a_page_without_a_worker_at_its_opening_is_not_controlled_until_it_is_claimed() {
    Scenario::online()
        .page("navigator.serviceWorker.oncontrollerchange = () => console.log('claimed');")
        .expect_eval("navigator.serviceWorker.controller", json!(null))
        .worker(CLAIMS)
        .expect_printed(&["claimed"])
        .expect_eval(
            "navigator.serviceWorker.controller.state",
            json!("activated"),
        );
}

#[test]
fn what_a_worker_sends_after_its_claim_comes_after_the_news_of_it() {
    let mut scenario = Scenario::online().page("").worker(
        "self.onmessage = ({ ports: [port] }) =>
             clients.claim().then(() => port.postMessage(null));",
    );
    scenario = scenario.expect_eval(
        "navigator.serviceWorker.ready.then(({ active }) => new Promise((resolve) => {
             const { port1, port2 } = new MessageChannel();
             port1.onmessage = () => {
                 port1.close();
                 resolve(navigator.serviceWorker.controller === active);
             };
             active.postMessage(null, [port2]);
         }))",
        json!(true),
    );
    scenario.settle();
}

#[test]
fn messages_go_both_ways_with_what_they_transfer() {
    Scenario::online()
        .worker(
            "self.onmessage = (event) => {
                 const [port] = event.ports;
                 port.postMessage({ from: event.source.type, bytes: event.data.bytes.byteLength });
             };",
        )
        .expect_eval(
            "navigator.serviceWorker.ready.then((r) => new Promise((resolve) => {
                 const { port1, port2 } = new MessageChannel();
                 const bytes = new ArrayBuffer(8);
                 port1.onmessage = (event) => { port1.close(); resolve([event.data, bytes.byteLength]); };
                 r.active.postMessage({ bytes }, [bytes, port2]);
             }))",
            json!([{ "from": "window", "bytes": 8 }, 0]),
        );
}

#[test]
fn messages_wait_until_the_page_listens() {
    Scenario::online()
        .worker("self.onmessage = (event) => event.source.postMessage('early');")
        .page(
            "navigator.serviceWorker.ready.then((r) => r.active.postMessage(1));
             navigator.serviceWorker.addEventListener('message', (event) => console.log(event.data));",
        )
        .expect_printed(&["early"]);
}

#[test]
fn a_message_that_cannot_be_cloned_is_refused_where_it_is_posted() {
    Scenario::online().worker("").expect_eval(
        "navigator.serviceWorker.ready.then((r) => {
             try { r.active.postMessage(() => {}); } catch (error) { return error.name; }
         })",
        json!("DataCloneError"),
    );
}

#[test]
fn blobs_and_errors_cross_in_messages() {
    Scenario::online()
        .worker(
            "self.onmessage = ({ data: { file, error }, source }) => source.postMessage({
                 blob: new Blob([file, '!'], { type: 'text/x' }),
                 error: error instanceof RangeError ? new TypeError(error.message, { cause: error.cause }) : error,
             });",
        )
        .page(
            "navigator.serviceWorker.onmessage = async ({ data: { blob, error } }) =>
                 console.log(blob.type, await blob.text(), error instanceof TypeError, error.message, error.cause);
             navigator.serviceWorker.ready.then(({ active }) => active.postMessage({
                 file: new File(['hello'], 'hello.txt'),
                 error: new RangeError('too far', { cause: 7 }),
             }));",
        )
        .wait_until_printed("text/x hello! true too far 7");
}

#[test]
fn a_message_that_is_undefined_stays_so() {
    Scenario::online()
        .worker("self.onmessage = ({ data, source }) => source.postMessage(data === undefined ? data : 'not undefined');")
        .page(
            "navigator.serviceWorker.onmessage = ({ data }) => console.log('said', data);
             navigator.serviceWorker.ready.then(({ active }) => active.postMessage(undefined));
             console.log('unsaid', new MessageEvent('message', {}).data);",
        )
        .expect_printed(&["unsaid null", "said undefined"]);
}

#[test]
fn a_message_through_a_port_is_an_event_like_others() {
    Scenario::online()
        .worker("")
        .page(
            "const { port1, port2 } = new MessageChannel();
             port1.onmessage = (event) =>
                 console.log(event instanceof MessageEvent, event.data, event.origin === '', event.ports.length);
             port2.postMessage(undefined);",
        )
        .wait_until_printed("true undefined true 0");
}

#[test]
fn a_worker_finds_its_clients() {
    let mut scenario = Scenario::online().worker(
        "self.onmessage = (event) => event.waitUntil((async () => {
             const controlled = await clients.matchAll();
             const all = await clients.matchAll({ includeUncontrolled: true });
             const one = await clients.get(event.source.id);
             event.source.postMessage([
                 controlled.length, all.map((client) => client.url), one.frameType, one instanceof WindowClient,
                 await clients.get('nobody') === undefined,
             ]);
         })());",
    );
    scenario
        .open("other.html", ClientScript::None)
        .expect("it opens");
    scenario.expect_eval(
        "new Promise((resolve) => {
             navigator.serviceWorker.onmessage = (event) => resolve(event.data);
             navigator.serviceWorker.ready.then((r) => r.active.postMessage(0));
         })",
        json!([
            2,
            ["https://app.example/other.html", "https://app.example/"],
            "top-level",
            true,
            true
        ]),
    );
}

#[test]
fn broadcast_channels_join_the_scopes_of_an_origin() {
    Scenario::online()
        .worker(
            "new BroadcastChannel('news').onmessage = (event) => console.log('heard', event.data);",
        )
        .page("new BroadcastChannel('news').postMessage('hello');")
        .wait_until_printed("heard hello");
}

#[test]
fn a_broadcast_is_heard_by_all_but_the_channel_that_spoke() {
    let scenario = Scenario::online()
        .worker(
            "globalThis.MessageEvent = null;
             const hear = ({ target, origin, data }) => console.log(target.id, origin, data);
             for (const [id, name] of Object.entries(['news', 'news', 'weather'])) {
                 const channel = new BroadcastChannel(name);
                 Object.assign(channel, { id, onmessage: hear });
                 addEventListener('message', () => id === '0' && channel.postMessage(undefined));
             }",
        )
        .page(
            "const channel = new BroadcastChannel('news');
             const deaf = new BroadcastChannel('news');
             deaf.onmessage = () => console.log('closed');
             deaf.close();
             channel.onmessage = ({ origin, data }) => console.log('page', origin, data);
             navigator.serviceWorker.ready.then(({ active }) => active.postMessage(null));",
        )
        .wait_until_printed("1 https://app.example undefined")
        .wait_until_printed("page https://app.example undefined");
    assert_eq!(scenario.printed().len(), 2, "nobody else hears it");
}

#[test]
fn broadcasts_are_not_lost_on_a_scope_that_is_slow() {
    Scenario::online()
        .worker(
            "let count = 0;
             new BroadcastChannel('news').onmessage = ({ data }) => {
                 if (data !== count++) throw new Error(`${data} is not next`);
                 if (count === 1_000) console.log('all of them');
             };",
        )
        .page(
            "const channel = new BroadcastChannel('news');
             for (let n = 0; n < 1_000; n += 1) channel.postMessage(n);",
        )
        .wait_until_printed("all of them");
}

#[test]
fn a_scope_that_another_one_wakes_is_not_idle() {
    let mut scenario = Scenario::online()
        .file("plain.txt", "from the site")
        .worker(
            "new BroadcastChannel('news').onmessage = async () => {
                 await fetch('/plain.txt');
                 console.log('woken');
                 for (let n = 0; n < 50; n += 1) await (await fetch('/plain.txt')).text();
                 console.log('done');
             };",
        )
        .page("new BroadcastChannel('news').postMessage('hello');")
        .wait_until_printed("woken");
    scenario.settle();
    scenario.expect_printed(&["woken", "done"]);
}

#[test]
fn a_module_page_may_await_a_message_at_its_top_level() {
    let mut scenario = Scenario::online()
        .file(
            "page.mjs",
            "const { active } = await navigator.serviceWorker.ready;
             const answer = new Promise((resolve) => { navigator.serviceWorker.onmessage = resolve; });
             active.postMessage('question');
             console.log((await answer).data);",
        )
        .worker("self.onmessage = (event) => event.source.postMessage('answer');");
    let script = scenario.site().join("page.mjs");
    scenario
        .open("", ClientScript::File(script))
        .expect("the page opens");
    scenario.settle();
    scenario.expect_printed(&["answer"]);
}

#[test]
fn a_controlled_page_gets_its_answers_from_the_worker() {
    Scenario::online()
        .file("plain.txt", "from the site")
        .worker(
            "self.onfetch = (event) => {
                 const { pathname } = new URL(event.request.url);
                 if (pathname === '/made-up') event.respondWith(new Response('from the worker', { status: 201 }));
                 if (pathname === '/echo') event.respondWith(event.request.text().then((text) => new Response(text.toUpperCase())));
                 if (pathname === '/proxied') event.respondWith(fetch('/plain.txt'));
                 if (pathname === '/broken') event.respondWith(Promise.reject(new Error('on purpose')));
                 if (pathname === '/nonsense') event.respondWith('not a response');
             };",
        )
        .expect_eval("fetch('/made-up').then(async (r) => [r.status, await r.text()])", json!([201, "from the worker"]))
        .expect_eval("fetch('/echo', { method: 'POST', body: 'loud' }).then((r) => r.text())", json!("LOUD"))
        .expect_eval("fetch('/proxied').then((r) => r.text())", json!("from the site"))
        .expect_eval("fetch('/plain.txt').then((r) => r.text())", json!("from the site"))
        .expect_eval("fetch('/accepted', { method: 'POST', body: 'kept' }).then((r) => r.status)", json!(204))
        .expect_eval("fetch('/broken').catch((error) => error.name)", json!("TypeError"))
        .expect_eval("fetch('/nonsense').catch((error) => error.name)", json!("TypeError"));
}

#[test]
fn a_stream_from_the_worker_arrives_in_pieces() {
    Scenario::online()
        .worker(
            "self.onfetch = (event) => {
                 let n = 0;
                 const stream = new ReadableStream({
                     pull(controller) {
                         if (n === 3) controller.close();
                         else controller.enqueue(new TextEncoder().encode(String(n++)));
                     },
                 });
                 event.respondWith(new Response(stream));
             };",
        )
        .expect_eval("fetch('/counted').then((r) => r.text())", json!("012"));
}

#[test]
fn respond_with_after_the_dispatch_is_refused() {
    Scenario::online()
        .file("plain.txt", "from the site")
        .worker(
            "self.onfetch = (event) => {
                 event.waitUntil(new Promise((resolve) => setTimeout(resolve)).then(() => {
                     try { event.respondWith(new Response('late')); } catch (error) { console.log(error.name); }
                 }));
             };",
        )
        .expect_eval("fetch('/plain.txt').then((r) => r.text())", json!("from the site"))
        .wait_until_printed("InvalidStateError");
}

#[test]
fn offline_every_request_fails_and_everyone_knows() {
    Scenario::online()
        .worker("self.addEventListener('offline', () => console.log('worker offline', navigator.onLine));")
        .page("for (const type of ['online', 'offline']) addEventListener(type, () => console.log(`page ${type}`));")
        .go_offline()
        .expect_eval("[navigator.onLine, typeof fetch]", json!([false, "function"]))
        .expect_eval("fetch('/sw.js').catch((error) => error.name)", json!("TypeError"))
        .go_online()
        .expect_eval("fetch('/sw.js').then((r) => r.ok)", json!(true))
        .wait_until_printed("page online")
        .wait_until_printed("worker offline false");
}

#[test]
fn a_window_posts_messages_to_itself() {
    Scenario::online()
        .page(
            "self.onmessage = ({ data, origin, source, ports }) =>
                 console.log(data, origin, source === window, ports.length);
             const { port1, port2 } = new MessageChannel();
             postMessage('to all', '*', [port1]);
             postMessage('to us', { targetOrigin: location.href, transfer: [port2] });
             postMessage('by default');
             postMessage('to others', 'https://elsewhere.example');
             console.log('first');",
        )
        .expect_printed(&[
            "first",
            "to all https://app.example true 1",
            "to us https://app.example true 1",
            "by default https://app.example true 0",
        ])
        .expect_eval(
            "['nonsense', '', 5].map((target) => {
                 try { postMessage(1, target); } catch (error) { return error.name; }
             })",
            json!(["SyntaxError", "SyntaxError", "SyntaxError"]),
        );
}

#[test]
fn a_worker_can_write_to_a_page_while_its_script_runs_for_the_first_time() {
    Scenario::online()
        .page(
            "navigator.serviceWorker.onmessage = ({ data, source }) =>
                 console.log(data, source instanceof ServiceWorker);",
        )
        .worker(
            "clients.matchAll({ includeUncontrolled: true }).then(([page]) => page.postMessage('hello'));",
        )
        .expect_printed(&["hello true"]);
}

#[test]
fn a_registration_has_no_worker_when_its_last_one_is_told_to_be_redundant() {
    Scenario::online().page("").worker("").expect_eval(
        "navigator.serviceWorker.ready.then((registration) => new Promise((resolve) => {
             const { active } = registration;
             active.onstatechange = () => resolve([active.state, registration.active]);
             registration.unregister();
         }))",
        json!(["redundant", null]),
    );
}

#[test]
fn a_message_to_itself_reaches_a_worker_whose_script_has_just_run() {
    Scenario::online()
        .worker(
            "console.log(serviceWorker.state);
             serviceWorker.postMessage('to myself');
             self.onmessage = ({ data, source }) => console.log(data, source === serviceWorker);",
        )
        .expect_printed(&["parsed", "to myself true"]);
}

#[test]
fn a_worker_sees_its_clients_also_when_it_is_unregistered() {
    Scenario::online()
        .worker(
            "self.onactivate = () => clients.claim();
             self.onmessage = async ({ source }) => {
                 const controlled = await clients.matchAll();
                 await clients.claim();
                 source.postMessage(controlled.map(({ url }) => url));
             };",
        )
        .page("")
        .expect_eval(
            "navigator.serviceWorker.ready.then(async (registration) => {
                 await registration.unregister();
                 const answer = new Promise((resolve) => {
                     navigator.serviceWorker.onmessage = ({ data }) => resolve(data);
                 });
                 registration.active.postMessage('who is there?');
                 return answer;
             })",
            json!(["https://app.example/"]),
        );
}

const NAVIGATES: &str = "self.onactivate = () => clients.claim();
self.onmessage = ({ data, source }) => {
  const told = source.navigate(data).then((client) => client && `${client.url} ${client.id !== source.id}`, ({ name }) => name);
  told.then((line) => console.log(line));
};";

#[test]
fn a_worker_sends_its_page_to_another_address() {
    let mut scenario = Scenario::online().worker(NAVIGATES).page("");
    scenario.eval("navigator.serviceWorker.controller.postMessage('/next?page')");
    scenario.settle();
    scenario = scenario
        .expect_printed(&["https://app.example/next?page true"])
        .expect_event(|kind| {
            matches!(kind, HostEventKind::WindowNavigated { from, address, .. }
                if from.path() == "/" && address.path() == "/next")
        });
    let clients = scenario.status().clients;
    let clients: Vec<_> = clients.iter().map(url::Url::as_str).collect();
    assert_eq!(clients, ["https://app.example/next?page"]);
}

#[test]
fn a_page_that_a_worker_loads_is_an_occasion_for_an_update_check() {
    let mut scenario = Scenario::online()
        .worker(NAVIGATES)
        .page("")
        .file("sw.js", "console.log('new');");
    scenario.eval("navigator.serviceWorker.controller.postMessage('/next')");
    scenario
        .wait_until_printed("new")
        .expect_event(|kind| matches!(kind, HostEventKind::WindowNavigated { .. }));
}

#[test]
fn a_worker_navigates_only_what_it_controls_and_can_be_opened() {
    let mut scenario = Scenario::online()
        .file("stranger.js", NAVIGATES)
        .worker(NAVIGATES)
        .page("");
    scenario.eval(
        "for (const url of ['about:blank', 'http://', 'file:///']) {
             navigator.serviceWorker.controller.postMessage(url);
         }",
    );
    scenario.settle();
    scenario
        .open(
            "stranger",
            ClientScript::Source(
                "navigator.serviceWorker.register('/stranger.js', { scope: '/elsewhere' })
                     .then(({ installing }) => installing.postMessage('/next'));"
                    .to_owned(),
            ),
        )
        .expect("the page opens");
    scenario.settle();
    scenario = scenario.expect_printed(&["TypeError", "TypeError", "TypeError", "TypeError"]);
    scenario.eval("navigator.serviceWorker.controller.postMessage('https://other.example/')");
    scenario.settle();
    scenario.expect_printed(&["TypeError", "TypeError", "TypeError", "TypeError", "null"]);
}

#[test]
fn a_worker_has_a_container_too() {
    Scenario::online()
        .file("inner/sw.js", "")
        .worker(
            "console.log(navigator.serviceWorker instanceof ServiceWorkerContainer, navigator.serviceWorker.controller);
             self.onsync = (event) => event.waitUntil((async () => {
                 const inner = await navigator.serviceWorker.register('/inner/sw.js');
                 const found = await navigator.serviceWorker.getRegistrations();
                 console.log(found.map(({ scope }) => scope).join(), (await navigator.serviceWorker.ready) === registration);
             })());",
        )
        .register_sync("x")
        .expect_printed(&[
            "true null",
            "https://app.example/,https://app.example/inner/ true",
        ]);
}
