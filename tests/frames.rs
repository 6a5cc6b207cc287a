//! Frames: nested clients, each with a controller, messages and requests of its own.

use landfall::{ClientScript, HostBuilder};
use serde_json::json;

use crate::support::frames::WORD_OF;
use crate::support::scenario::{Scenario, address};
use crate::support::server::{Answer, TestServer};

/// Answers page loads with what it knows of them.
const DESCRIBES: &str = "self.onactivate = (event) => event.waitUntil(clients.claim());
    self.onfetch = (event) => {
        const { request, clientId, resultingClientId } = event;
        if (request.mode !== 'navigate') return;
        const { url, destination, isReloadNavigation } = request;
        event.respondWith(Response.json(
            { path: new URL(url).pathname, destination, isReloadNavigation, clientId, resultingClientId }));
    };
    self.onmessage = (event) => event.waitUntil((async () => {
        const all = await clients.matchAll();
        event.source.postMessage([
            event.source.frameType,
            all.map(({ url, frameType }) => `${new URL(url).pathname} ${frameType}`).sort(),
        ]);
    })());";

/// A page that can open frames, below a worker.
fn with_frames(worker: &str) -> Scenario {
    Scenario::online().with(HostBuilder::frames).worker(worker)
}

#[test]
fn a_page_sees_nothing_of_frames_unless_it_is_asked_for() {
    Scenario::online().expect_eval(
        "[typeof openFrame, typeof Frame]",
        json!(["undefined", "undefined"]),
    );
}

#[test]
fn opening_a_frame_is_a_page_load_that_the_worker_answers() {
    with_frames(DESCRIBES)
        .expect_eval(
            "(async () => {
                 self.frame = openFrame('inner/page.html');
                 await frame.loaded;
                 const { resultingClientId, ...rest } = JSON.parse(frame.text);
                 return [rest, frame.status, frame.window.location.pathname];
             })()",
            json!([
                {
                    "path": "/inner/page.html", "destination": "iframe",
                    "isReloadNavigation": false, "clientId": "",
                },
                200,
                "/inner/page.html"
            ]),
        )
        .expect_eval(
            "(async () => {
                 const before = JSON.parse(frame.text).resultingClientId;
                 frame.window.location.reload();
                 await frame.loaded;
                 const { resultingClientId, isReloadNavigation } = JSON.parse(frame.text);
                 return [isReloadNavigation, resultingClientId !== before];
             })()",
            json!([true, true]),
        );
}

#[test]
fn a_frames_window_has_what_its_pages_has() {
    with_frames(DESCRIBES).expect_eval(
        "(async () => {
             const frame = openFrame('inner/page.html');
             await frame.loaded;
             const names = Object.getOwnPropertyNames(self).filter((name) => !(name in frame.window));
             return [names, frame.window.isSecureContext, frame.window.IDBKeyRange === IDBKeyRange];
         })()",
        json!([["Frame"], true, true]),
    );
}

#[test]
fn a_frame_is_a_nested_client_that_speaks_for_itself() {
    with_frames(DESCRIBES).expect_eval(
        "(async () => {
             const frame = openFrame('inner/page.html');
             await frame.loaded;
             const container = frame.window.navigator.serviceWorker;
             const heard = new Promise((resolve) => container.onmessage = ({ data }) => resolve(data));
             container.controller.postMessage('who am I');
             const seen = await heard;
             const registration = await container.ready;
             return [
                 seen,
                 registration === await container.getRegistration(),
                 registration === await navigator.serviceWorker.ready,
                 container.controller === registration.active,
             ];
         })()",
        json!([
            ["nested", ["/ top-level", "/inner/page.html nested"]],
            true,
            false,
            true
        ]),
    );
}

#[test]
fn a_worker_sees_in_which_pages_a_frame_lies() {
    with_frames(
        "self.onactivate = (event) => event.waitUntil(clients.claim());
         self.onmessage = (event) => {
             const { ancestorOrigins } = event.source;
             event.source.postMessage([
                 ancestorOrigins,
                 Object.isFrozen(ancestorOrigins) && ancestorOrigins === event.source.ancestorOrigins,
             ]);
         };",
    )
    .expect_eval(
        "(async () => {
             const ask = (container) => new Promise((resolve) => {
                 container.onmessage = ({ data }) => resolve(data);
                 container.controller.postMessage('where');
             });
             await navigator.serviceWorker.ready;
             const frame = openFrame('inner/page.html');
             await frame.loaded;
             return [
                 await ask(navigator.serviceWorker),
                 await ask(frame.window.navigator.serviceWorker),
             ];
         })()",
        json!([[[], true], [["https://app.example"], true]]),
    );
}

#[test]
fn requests_of_a_frame_go_through_its_own_controller() {
    let mut scenario = Scenario::online()
        .with(HostBuilder::frames)
        .file("inner/page.html", "text of the page")
        .file("inner/data.txt", "data beside it")
        .file(
            "inner/sw.js",
            "self.onfetch = (event) => {
                 if (event.request.url.endsWith('.txt')) event.respondWith(new Response('from the worker'));
             };",
        );
    scenario.register("inner/sw.js").expect("it registers");
    scenario.settle();
    scenario.expect_eval(
        "(async () => {
             const frame = openFrame('inner/page.html');
             await frame.loaded;
             const own = await (await fetch('inner/data.txt')).text();
             const framed = await (await frame.window.fetch('data.txt')).text();
             return [frame.text, own, framed, new frame.window.Request('x').url];
         })()",
        json!([
            "text of the page",
            "data beside it",
            "from the worker",
            "https://app.example/inner/x"
        ]),
    );
}

#[test]
fn the_referrer_policy_of_a_frames_page_holds_for_its_requests_and_for_frames_in_it() {
    let server = TestServer::start();
    let page = Answer::text("");
    let silent = page.clone().header("referrer-policy", "origin");
    server
        .answer("/open", page.clone())
        .answer("/silent", silent.header("referrer-policy", "no-referrer"))
        .answer("/data", page.clone())
        .answer("/inner", page);
    Scenario::online()
        .with(HostBuilder::frames)
        .behind(&server)
        .expect_eval(
            "(async () => {
             for (const address of ['open', 'silent']) {
                 const frame = openFrame(address);
                 await frame.loaded;
                 const { window } = frame;
                 await window.fetch('data');
                 await window.openFrame('inner').loaded;
             }
         })()",
            json!(null),
        );
    let requests = server.requests();
    let told: Vec<_> = requests
        .iter()
        .map(|request| (request.target.as_str(), request.header("referer")))
        .collect();
    let (page, open) = (server.url("/"), server.url("/open"));
    let expected = [
        ("/open", Some(page.as_str())),
        ("/data", Some(open.as_str())),
        ("/inner", Some(open.as_str())),
        ("/silent", Some(page.as_str())),
        ("/data", None),
        ("/inner", None),
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_worker_waits_for_the_last_frame_of_its_predecessor() {
    let mut scenario = Scenario::online()
        .with(HostBuilder::frames)
        .file("inner/sw.js", "// one");
    scenario.register("inner/sw.js").expect("it registers");
    scenario.settle();
    scenario
        .expect_eval(
            "(async () => {
                 self.frame = openFrame('inner/');
                 await frame.loaded;
                 return frame.window.navigator.serviceWorker.controller !== null;
             })()",
            json!(true),
        )
        .file("inner/sw.js", "// two")
        .expect_eval(
            "(async () => {
                 const registration = await navigator.serviceWorker.getRegistration('inner/');
                 await registration.update();
                 const { installing } = registration;
                 self.installed = new Promise((resolve) => installing.onstatechange = resolve);
                 await installed;
                 self.activated = new Promise((resolve) => installing.onstatechange = resolve);
                 // A reload is not the end of what the page has to do with the worker.
                 frame.window.location.reload();
                 await frame.loaded;
                 return registration.waiting === installing;
             })()",
            json!(true),
        )
        .expect_eval(
            "frame.close(); activated.then(({ target }) => target.state)",
            json!("activating"),
        );
}

#[test]
fn claiming_changes_the_controller_of_frames() {
    Scenario::online()
        .with(HostBuilder::frames)
        .page(
            "const frame = openFrame('inner/');
             frame.onload = () => {
                 frame.window.navigator.serviceWorker.oncontrollerchange = () => console.log('claimed');
             };",
        )
        .worker(DESCRIBES)
        .expect_printed(&["claimed"]);
}

#[test]
fn a_frame_follows_redirects_through_the_workers_in_charge_of_each() {
    with_frames(
        "self.addEventListener('fetch', (event) => {
             const { pathname } = new URL(event.request.url);
             if (pathname === '/old') event.respondWith(Response.redirect('/new'));
             else if (pathname === '/new') event.respondWith(new Response('moved'));
         });",
    )
    .expect_eval(
        "(async () => {
             const frame = openFrame('old');
             await frame.loaded;
             return [frame.text, frame.url];
         })()",
        json!(["moved", "https://app.example/new"]),
    );
}

#[test]
fn what_cannot_be_loaded_is_no_client() {
    with_frames(
        "self.onfetch = (event) => {
             if (event.request.mode === 'navigate') event.respondWith(Response.error());
         };
         self.onmessage = async ({ source }) => source.postMessage((await clients.matchAll()).length);",
    )
    .expect_eval(
        "(async () => {
             const frame = openFrame('broken');
             await frame.loaded;
             return [frame.window, frame.status];
         })()",
        json!([null, 0]),
    );
}

#[test]
fn a_client_that_a_redirect_kept_from_coming_is_not_waited_for() {
    with_frames(
        "let expected;
         self.onactivate = (event) => event.waitUntil(clients.claim());
         self.onfetch = (event) => {
             if (event.request.mode !== 'navigate') return;
             expected = event.resultingClientId;
             event.respondWith(new Response(null, { status: 302, headers: { location: 'data:text/plain,x' } }));
         };
         self.onmessage = ({ source }) => {
             clients.get(expected).then((client) => source.postMessage([expected !== '', typeof client]));
         };",
    )
    .expect_eval(
        "(async () => {
             const { active } = await navigator.serviceWorker.ready;
             const frame = openFrame('away');
             await frame.loaded;
             const heard = new Promise((resolve) => {
                 navigator.serviceWorker.onmessage = ({ data }) => resolve(data);
             });
             active.postMessage('is it there?');
             return [frame.window, await heard];
         })()",
        json!([null, [true, "undefined"]]),
    );
}

#[test]
fn a_worker_navigates_a_frame_which_stays_where_it_is() {
    with_frames(
        "self.onactivate = (event) => event.waitUntil(clients.claim());
         self.onfetch = (event) => {
             const { pathname } = new URL(event.request.url);
             event.respondWith(pathname === '/broken' ? Response.error() : new Response(pathname));
         };
         self.onmessage = ({ data, source }) => (async () => {
             const all = await clients.matchAll();
             const nested = all.find(({ frameType }) => frameType === 'nested');
             const { url, frameType, ancestorOrigins } = await nested.navigate(data);
             const { length } = await clients.matchAll();
             return [new URL(url).pathname, frameType, ancestorOrigins, length];
         })().catch(({ name }) => name).then((result) => source.postMessage(result));",
    )
    .expect_eval(
        "(async () => {
             const { active } = await navigator.serviceWorker.ready;
             const ask = (address) => new Promise((resolve) => {
                 navigator.serviceWorker.onmessage = ({ data }) => resolve(data);
                 active.postMessage(address);
             });
             const frame = openFrame('one');
             await frame.loaded;
             const moved = await ask('two');
             const shown = [frame.text, frame.window.location.pathname];
             return [moved, shown, await ask('broken')];
         })()",
        json!([
            ["/two", "nested", ["https://app.example"], 2],
            ["/two", "/two"],
            "TypeError"
        ]),
    );
}

#[test]
fn a_frame_that_is_gone_asks_for_nothing() {
    with_frames("")
        .file("data.txt", "data")
        .expect_eval(
            "(async () => {
                 const frame = openFrame('about:blank');
                 await frame.loaded;
                 const { fetch } = frame.window;
                 frame.close();
                 return fetch('https://app.example/data.txt').catch(({ name, message }) => [name, message]);
             })()",
            json!(["TypeError", "Failed to fetch: the frame is gone"]),
        );
}

#[test]
fn a_frame_needs_an_address() {
    with_frames("").expect_eval(
        "(() => {
             try {
                 openFrame();
             } catch ({ name, message }) {
                 return [name, message];
             }
         })()",
        json!([
            "TypeError",
            "Failed to execute 'openFrame' on 'Window': 1 argument required, but only 0 present"
        ]),
    );
}

#[test]
fn windows_post_messages_to_each_other() {
    with_frames("").expect_eval(
        "(async () => {
             const frame = openFrame('inner');
             await frame.loaded;
             frame.window.onmessage = ({ data, source }) => source.postMessage(`${data} back`);
             const answer = new Promise((resolve) => self.onmessage = resolve);
             frame.window.postMessage('there', '*');
             const { data, source, origin } = await answer;
             return [data, source === frame.window, origin];
         })()",
        json!(["there back", true, "https://app.example"]),
    );
}

#[test]
fn an_embedder_opens_frames_and_runs_scripts_in_them() {
    let mut scenario = Scenario::online().worker(DESCRIBES);
    let page = scenario.open("", ClientScript::None).expect("it opens");
    let seen = scenario.run(async move {
        let frame = page.open_frame(&address("inner/page.html")).await?;
        let path = frame.eval("location.pathname").await?;
        let controller = frame
            .eval("navigator.serviceWorker.controller.scriptURL")
            .await?;
        frame.close().await?;
        let gone = frame.eval("1").await.is_err();
        Ok::<_, landfall::Error>((path, controller, gone))
    });
    let (path, controller, gone) = seen.expect("the frame opens");
    assert_eq!(path, json!("/inner/page.html"));
    assert_eq!(controller, json!("https://app.example/sw.js"));
    assert!(gone, "a frame that was closed evaluates nothing");
}

#[test]
fn a_frame_of_data_has_no_service_workers() {
    Scenario::online()
        .with(|builder| {
            builder.frames().frame_script(
                "() => parent.postMessage([
                     'serviceWorker' in navigator,
                     navigator.serviceWorker !== undefined,
                     navigator.onLine,
                 ], '*')",
            )
        })
        .page(WORD_OF)
        .expect_eval(
            "(async () => [await wordOf('data:text/html,frame'), await wordOf('about:blank')])()",
            json!([[false, false, true], [true, true, true]]),
        );
}
