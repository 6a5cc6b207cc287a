//! Background fetches: what is fetched while nobody looks, what its worker is told, and what is left in the end.

use std::path::Path;
use std::time::Duration;

use landfall::network::OriginServer;
use landfall::service_worker::{EventKind, EventOutcome};
use landfall::{
    BackgroundFetchEvent, ClientScript, Error, HostBuilder, HostEventKind, Permission,
    PermissionState, RegisterOptions,
};
use serde_json::json;
use url::Url;

use crate::support::scenario::{ORIGIN, Scenario, address};
use crate::support::server::{Answer, TestServer};

/// Prints how each fetch ended, with everything that can be read of it.
const WORKER: &str = "
addEventListener('install', () => skipWaiting());
const read = async ({ request, responseReady }) => {
  const path = new URL(request.url).pathname;
  const response = await responseReady.catch(({ name }) => ({ status: name, text: () => '' }));
  return `${path} ${response.status} ${await response.text()}`.trim();
};
const tell = async ({ type, registration }) => {
  const records = await registration.matchAll();
  const seen = await Promise.all(records.map(read));
  const { id, failureReason, downloaded } = registration;
  console.log(`${type} ${id} ${failureReason || registration.result} ${downloaded}: ${seen.join(', ')}`);
};
for (const end of ['success', 'fail', 'abort', 'click']) {
  addEventListener(`backgroundfetch${end}`, (event) => event.waitUntil(tell(event)));
}
";

fn online() -> (Scenario, TestServer) {
    with_worker(WORKER)
}

fn with_worker(worker: &str) -> (Scenario, TestServer) {
    configured(worker, |builder| builder)
}

/// A worker whose site is a real server.
fn configured(
    worker: &str,
    configure: impl Fn(HostBuilder) -> HostBuilder + 'static,
) -> (Scenario, TestServer) {
    let server = TestServer::start();
    let script = Answer::status(200).header("content-type", "text/javascript");
    server.answer("/sw.js", script.body(worker));
    let upstream: Url = server.url("/").parse().unwrap();
    let mut scenario = Scenario::online().with(move |builder| {
        let site = OriginServer::Upstream(upstream.clone());
        configure(builder.origin_server(&address(""), site))
    });
    let options = RegisterOptions::new(address("sw.js"));
    scenario.register_with(options).expect("it is registered");
    scenario.settle();
    (scenario, server)
}

/// A script that has the manager.
fn with_manager(body: &str) -> String {
    format!("navigator.serviceWorker.ready.then(async ({{ backgroundFetch }}) => {{ {body} }})")
}

fn fetch(arguments: &str) -> String {
    with_manager(&format!(
        "globalThis.fetched = await backgroundFetch.fetch({arguments}); return fetched.id;"
    ))
}

/// Fetches, and waits until all is over.
fn fetched(scenario: &mut Scenario, arguments: &str) {
    scenario.eval(&fetch(arguments));
    scenario.settle();
}

fn is_event(kind: &HostEventKind, is_expected: impl Fn(&BackgroundFetchEvent) -> bool) -> bool {
    matches!(kind, HostEventKind::BackgroundFetch(event) if is_expected(event))
}

/// Some of the response was written.
fn has_received(kind: &HostEventKind, bytes: u64) -> bool {
    is_event(
        kind,
        |event| matches!(event, BackgroundFetchEvent::Progress { downloaded, .. } if *downloaded >= bytes),
    )
}

fn bodies_on_disk(data: &Path) -> usize {
    let folder = data.join("origins/https_app.example/background_fetch");
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

fn ranges(server: &TestServer, path: &str) -> Vec<Option<String>> {
    let requests = server.requests();
    let asked = requests.iter().filter(|request| request.target == path);
    asked
        .map(|request| request.header("range").map(str::to_owned))
        .collect()
}

#[test]
fn a_worker_reads_everything_that_was_fetched_and_then_nothing_is_left() {
    let (mut scenario, server) = online();
    server.answer("/one", Answer::text("first"));
    server.answer("/two", Answer::text("second").header("x-kept", "yes"));
    fetched(
        &mut scenario,
        "'films', ['/one', new Request('/two')], { title: 'Films' }",
    );
    let scenario = scenario
        .expect_printed(&["backgroundfetchsuccess films success 11: /one 200 first, /two 200 second"])
        .expect_eval(
            "[fetched.result, fetched.failureReason, fetched.downloaded, fetched.recordsAvailable]",
            json!(["success", "", 11, false]),
        )
        .expect_eval(
            "fetched.matchAll().catch(({ name }) => name)",
            json!("InvalidStateError"),
        )
        .expect_eval(
            &with_manager("return [await backgroundFetch.getIds(), await backgroundFetch.get('films') ?? null]"),
            json!([[], null]),
        )
        .expect_event(|kind| {
            is_event(kind, |event| {
                matches!(event, BackgroundFetchEvent::Registered { display, requests: 2, .. }
                    if display.title == "Films")
            })
        })
        .expect_event(|kind| {
            is_event(kind, |event| {
                matches!(
                    event,
                    BackgroundFetchEvent::EventEnded {
                        kind: EventKind::BackgroundFetchSuccess,
                        outcome: EventOutcome::Fulfilled,
                        ..
                    }
                )
            })
        });
    assert_eq!(bodies_on_disk(scenario.data()), 0);
}

#[test]
fn a_fetch_is_described_as_the_specification_says() {
    let (mut scenario, server) = online();
    let (held, hold) = Answer::text("film").held();
    server.answer("/film", held);
    scenario.eval(&fetch("'films', '/film', { downloadTotal: 9 }"));
    let scenario = scenario
        .expect_eval(
            "[fetched.id, fetched.uploadTotal, fetched.uploaded, fetched.downloadTotal, fetched.downloaded,
              fetched.result, fetched.failureReason, fetched.recordsAvailable, fetched.onprogress,
              fetched instanceof BackgroundFetchRegistration, fetched instanceof EventTarget]",
            json!(["films", 0, 0, 9, 0, "", "", true, null, true, true]),
        )
        .expect_eval(
            &with_manager(
                "const record = await fetched.match('/film');
                 return [await backgroundFetch.get('films') === fetched, await backgroundFetch.getIds(),
                         record instanceof BackgroundFetchRecord, record.request.url, record.request.method,
                         await fetched.match('/other') ?? null]",
            ),
            json!([true, ["films"], true, "https://app.example/film", "GET", null]),
        )
        .expect_eval(
            "navigator.permissions.query({ name: 'background-fetch' }).then(({ state }) => state)",
            json!("granted"),
        );
    hold.let_go();
    scenario.wait_until_printed("backgroundfetchsuccess films success 4: /film 200 film");
}

#[test]
fn what_cannot_be_fetched_is_refused_by_name() {
    let (scenario, server) = online();
    let (held, _hold) = Answer::text("film").held();
    server.answer("/film", held);
    let refused = |arguments: &str| {
        with_manager(&format!(
            "return await backgroundFetch.fetch({arguments}).then(() => 'fetched', ({{ name }}) => name)"
        ))
    };
    scenario
        .expect_eval(&refused("'films', '/film'"), json!("fetched"))
        .expect_eval(&refused("'films', '/other'"), json!("TypeError"))
        .expect_eval(&refused("'x', []"), json!("TypeError"))
        .expect_eval(&refused("'x'"), json!("TypeError"))
        .expect_eval(&refused("'x', ['/film', 'wss://app.example']"), json!("TypeError"))
        .expect_eval(&refused("'x', 'https://app.example:25/'"), json!("TypeError"))
        .expect_eval(&refused("'x', 'https://me:it@app.example/'"), json!("TypeError"))
        .expect_eval(
            &refused("'x', new Request('/film', { mode: 'no-cors' })"),
            json!("TypeError"),
        )
        .expect_eval(
            &refused("'x', '/film', { downloadTotal: Number.MAX_SAFE_INTEGER }"),
            json!("QuotaExceededError"),
        )
        .expect_eval(
            &refused(
                "'x', new Request('/film', { method: 'POST', duplex: 'half', body: new ReadableStream({
                   start: (controller) => controller.error(new Error('broken')) }) })",
            ),
            json!("TypeError"),
        )
        .expect_eval(
            &with_manager("return await backgroundFetch.get('').catch(({ name }) => name)"),
            json!("TypeError"),
        );
    let (denied, _server) = configured(WORKER, |builder| {
        let origin = ORIGIN.parse().unwrap();
        builder.permission(
            &origin,
            Permission::BackgroundFetch,
            PermissionState::Denied,
        )
    });
    denied.expect_eval(&refused("'films', '/film'"), json!("NotAllowedError"));
}

#[test]
fn a_status_that_is_not_ok_fails_a_fetch_and_can_be_read() {
    let (mut scenario, server) = online();
    server.answer("/film", Answer::text("film"));
    server.answer("/lost", Answer::status(404).body("gone"));
    fetched(&mut scenario, "'films', ['/film', '/lost']");
    scenario
        .expect_printed(&["backgroundfetchfail films bad-status 8: /film 200 film, /lost 404 gone"])
        .expect_eval(
            "[fetched.result, fetched.failureReason]",
            json!(["failure", "bad-status"]),
        );
}

#[test]
fn what_another_origin_does_not_share_is_not_shown() {
    let (mut scenario, _site) = online();
    let other = TestServer::start();
    other.answer("/secret", Answer::text("secret"));
    let shared = Answer::text("shared").header("access-control-allow-origin", "*");
    other.answer("/shared", shared);
    let (secret, shared) = (other.url("/secret"), other.url("/shared"));
    fetched(&mut scenario, &format!("'films', ['{shared}', '{secret}']"));
    // In plain text to a name that is not this machine's, nothing is sent at all.
    fetched(&mut scenario, "'mixed', 'http://media.example/film'");
    scenario.expect_printed(&[
        "backgroundfetchfail films fetch-error 6: /shared 200 shared, /secret TypeError",
        "backgroundfetchfail mixed fetch-error 0: /film TypeError",
    ]);
}

#[test]
fn more_than_was_said_ends_a_fetch_at_once() {
    let (mut scenario, server) = online();
    let (waiting, _hold) = Answer::text("never").held();
    server.answer("/held", waiting);
    server.answer("/film", Answer::text("0123456789"));
    fetched(
        &mut scenario,
        "'films', ['/held', '/film'], { downloadTotal: 9 }",
    );
    let printed = scenario.printed().join("\n");
    assert!(
        printed
            .starts_with("backgroundfetchfail films download-total-exceeded 0: /held AbortError"),
        "{printed}"
    );
    fetched(&mut scenario, "'exact', ['/film'], { downloadTotal: 10 }");
    scenario.expect_eval("fetched.result", json!("success"));
}

#[test]
fn what_the_quota_does_not_allow_fails_one_request() {
    let (mut scenario, server) = configured(WORKER, |builder| builder.quota(100_000));
    server.answer("/film", Answer::text("film"));
    server.answer("/long", Answer::status(200).body(vec![b'x'; 200_000]));
    fetched(&mut scenario, "'films', ['/film', '/long']");
    let printed = scenario.printed().join("\n");
    assert!(
        printed.starts_with("backgroundfetchfail films quota-exceeded"),
        "{printed}"
    );
    assert!(
        printed.contains("/film 200 film, /long TypeError"),
        "{printed}"
    );
    let refused = with_manager(
        "const request = new Request('/film', { method: 'POST', body: 'x'.repeat(200_000) });
         return await backgroundFetch.fetch('x', request).catch(({ name }) => name)",
    );
    let scenario = scenario.expect_eval(&refused, json!("QuotaExceededError"));
    assert_eq!(bodies_on_disk(scenario.data()), 0);
}

#[test]
fn progress_is_heard_until_the_end_and_not_after_it() {
    let (mut scenario, server) = online();
    let (answer, stream) = Answer::status(200).streamed();
    server.answer("/film", answer);
    scenario.eval(&fetch("'films', '/film'"));
    scenario.eval(
        "globalThis.heard = []; fetched.onprogress = ({ type, target, isTrusted }) =>
           heard.push([type, isTrusted, target === fetched, fetched.downloaded, fetched.result]); null",
    );
    stream.send("0123");
    let scenario = scenario.wait_until(|kind| has_received(kind, 4));
    stream.send("45");
    drop(stream);
    let mut scenario =
        scenario.wait_until_printed("backgroundfetchsuccess films success 6: /film 200 012345");
    scenario.settle();
    // By a clock that stands still, what comes soon after is told with the end.
    scenario.expect_eval(
        "heard",
        json!([
            ["progress", true, true, 4, ""],
            ["progress", true, true, 6, "success"]
        ]),
    );
}

#[test]
fn a_response_can_be_read_while_it_comes() {
    let (mut scenario, server) = online();
    let (answer, stream) = Answer::status(200).header("x-kept", "yes").streamed();
    server.answer("/film", answer);
    scenario.eval(&fetch("'films', '/film'"));
    stream.send("0123");
    let read = "fetched.match('/film').then(async (record) => {
        const response = await record.responseReady;
        globalThis.reader = response.body.getReader();
        const { value } = await reader.read();
        return [response.status, response.headers.get('x-kept'), response.headers.has('content-length'),
                response.url, value.length];
    })";
    let expected = json!([200, "yes", false, "https://app.example/film", 4]);
    let mut scenario = scenario.expect_eval(read, expected);
    stream.send("45");
    drop(stream);
    let rest = "(async () => {
        let rest = 0;
        for (;;) {
            const { done, value } = await reader.read();
            if (done) return rest;
            rest += value.length;
        }
    })()";
    assert_eq!(scenario.eval(rest), json!(2));
}

#[test]
fn an_aborted_fetch_keeps_what_had_ended() {
    let (mut scenario, server) = online();
    server.answer("/film", Answer::text("film"));
    let (held, _hold) = Answer::text("never").held();
    server.answer("/held", held);
    scenario.eval(&fetch("'films', ['/film', '/held']"));
    let mut scenario = scenario.wait_until(|kind| has_received(kind, 4));
    let waiting =
        "globalThis.waiting = fetched.match('/held').then(({ responseReady }) => responseReady)
        .catch(({ name }) => name); null";
    scenario.eval(waiting);
    assert_eq!(scenario.eval("fetched.abort()"), json!(true));
    assert_eq!(scenario.eval("fetched.abort()"), json!(false));
    scenario.settle();
    scenario
        .expect_printed(&["backgroundfetchabort films aborted 4: /film 200 film, /held AbortError"])
        .expect_eval(
            "[fetched.result, fetched.failureReason]",
            json!(["failure", "aborted"]),
        )
        .expect_eval("waiting", json!("AbortError"))
        .expect_eval(&fetch("'films', '/film'"), json!("films"));
}

#[test]
fn what_is_sent_arrives_and_is_counted() {
    let (mut scenario, server) = online();
    server.answer("/short", Answer::text("ok"));
    // The second answer comes after a redirect that keeps the body.
    server.answer("/moved", Answer::redirect(307, "/short"));
    server.answer("/long", Answer::text("ok"));
    fetched(
        &mut scenario,
        "'films', [new Request('/short', { method: 'POST', body: 'letter', headers: { 'x-of': 'mine' } }),
                   new Request('/moved', { method: 'PUT', body: new Blob(['moved']) }),
                   new Request('/long', { method: 'POST', body: new Uint8Array(3 << 20) })]",
    );
    let total = 6 + 5 + (3 << 20);
    let scenario = scenario.expect_eval(
        "[fetched.result, fetched.uploadTotal, fetched.uploaded]",
        json!(["success", total, total]),
    );
    let requests = server.requests();
    let sent = |path: &str, method: &str| {
        let mut found = requests.iter();
        found
            .find(|it| it.target == path && it.method == method)
            .cloned()
            .expect("it was sent")
    };
    let letter = sent("/short", "POST");
    assert_eq!(
        (
            letter.text().as_str(),
            letter.header("x-of"),
            letter.header("content-length")
        ),
        ("letter", Some("mine"), Some("6"))
    );
    assert_eq!(sent("/short", "PUT").text(), "moved");
    let long = sent("/long", "POST");
    assert_eq!(long.body.len(), 3 << 20);
    assert_eq!(long.header("content-length"), Some("3145728"));
    assert_eq!(bodies_on_disk(scenario.data()), 0);
}

#[test]
fn records_are_found_by_their_requests() {
    let (mut scenario, server) = online();
    let (held, _hold) = Answer::text("film").held();
    server.answer("/film", held);
    let put = "new Request('/film', { method: 'PUT', body: 'mine' })";
    scenario.eval(&fetch(&format!(
        "'films', ['/film', '/film', '/film?id=3', {put}]"
    )));
    let count = |query: &str, expected: usize, scenario: Scenario| {
        let found = format!("fetched.matchAll({query}).then(({{ length }}) => length)");
        scenario.expect_eval(&found, json!(expected))
    };
    let scenario = count("", 4, scenario);
    let scenario = count("'/film#part'", 2, scenario);
    let scenario = count("'/film', { ignoreSearch: true }", 3, scenario);
    let scenario = count("'/film', { ignoreMethod: true }", 3, scenario);
    let scenario = count(
        "'/film', { ignoreSearch: true, ignoreMethod: true }",
        4,
        scenario,
    );
    let scenario = count("'/none'", 0, scenario);
    scenario.expect_eval(
        "fetched.matchAll().then(async (records) => [records[3].request.method, await records[3].request.text()])",
        json!(["PUT", "mine"]),
    );
}

#[test]
fn offline_a_fetch_waits_and_online_it_goes_on() {
    let (scenario, server) = online();
    let mut scenario = scenario.go_offline();
    server.answer("/film", Answer::text("film"));
    server.answer("/letter", Answer::text("ok"));
    fetched(
        &mut scenario,
        "'films', ['/film', new Request('/letter', { method: 'POST', body: 'x' })]",
    );
    let scenario = scenario
        .expect_printed(&[])
        .advance(Duration::from_secs(3600));
    assert_eq!(server.requests().len(), 1, "only the worker's script");
    scenario.go_online().expect_printed(&[
        "backgroundfetchsuccess films success 6: /film 200 film, /letter 200 ok",
    ]);
}

#[test]
fn a_download_goes_on_where_the_network_was_lost() {
    let (mut scenario, server) = online();
    let tag = ("etag", "\"one\"");
    let (answer, stream) = Answer::status(200).header(tag.0, tag.1).streamed();
    server.answer("/film", answer);
    let rest = Answer::status(206).header(tag.0, tag.1).body("456789");
    server.answer("/film", rest.header("content-range", "bytes 4-9/10"));
    scenario.eval(&fetch("'films', '/film'"));
    stream.send("0123");
    scenario
        .wait_until(|kind| has_received(kind, 4))
        .go_offline()
        .expect_printed(&[])
        .go_online()
        .expect_printed(&["backgroundfetchsuccess films success 10: /film 200 0123456789"]);
    assert_eq!(
        ranges(&server, "/film"),
        [None, Some("bytes=4-".to_owned())]
    );
    drop(stream);
}

#[test]
fn a_download_that_nothing_identifies_begins_anew() {
    let (mut scenario, server) = online();
    let (answer, stream) = Answer::status(200).streamed();
    server.answer("/film", answer);
    server.answer("/film", Answer::text("whole"));
    scenario.eval(&fetch("'films', '/film'"));
    stream.send("0123");
    scenario
        .wait_until(|kind| has_received(kind, 4))
        .go_offline()
        .go_online()
        .expect_printed(&["backgroundfetchsuccess films success 5: /film 200 whole"]);
    assert_eq!(ranges(&server, "/film"), [None, None]);
    drop(stream);
}

#[test]
fn the_rest_of_something_else_is_not_taken() {
    let (mut scenario, server) = online();
    let (answer, stream) = Answer::status(200).header("etag", "\"one\"").streamed();
    server.answer("/film", answer);
    let other = Answer::status(206).header("etag", "\"two\"").body("456789");
    server.answer("/film", other.header("content-range", "bytes 4-9/10"));
    scenario.eval(&fetch("'films', '/film'"));
    stream.send("0123");
    scenario
        .wait_until(|kind| has_received(kind, 4))
        .go_offline()
        .go_online()
        .expect_printed(&["backgroundfetchfail films fetch-error 4: /film TypeError"]);
    drop(stream);
}

#[test]
fn a_lost_connection_is_tried_again_after_a_while_but_a_letter_is_not_sent_twice() {
    let (mut scenario, server) = online();
    for path in ["/film", "/letter"] {
        let (answer, stream) = Answer::status(200).streamed();
        server.answer(path, answer);
        stream.cut();
        server.answer(path, Answer::text("whole"));
    }
    let letter = "new Request('/letter', { method: 'POST', body: 'x' })";
    fetched(&mut scenario, &format!("'films', ['/film', {letter}]"));
    let scenario = scenario
        .expect_printed(&[])
        .advance(Duration::from_millis(999))
        .expect_printed(&[])
        .advance(Duration::from_millis(1));
    scenario.expect_printed(&[
        "backgroundfetchfail films fetch-error 5: /film 200 whole, /letter TypeError",
    ]);
    assert_eq!(ranges(&server, "/letter").len(), 1);
}

#[test]
fn a_server_that_is_not_there_is_given_up_in_the_end() {
    let (mut scenario, _site) = online();
    let gone = TestServer::start();
    let film = gone.url("/film");
    drop(gone);
    fetched(&mut scenario, &format!("'films', '{film}'"));
    scenario
        .advance(Duration::from_millis(2_999))
        .expect_printed(&[])
        .advance(Duration::from_millis(1))
        .expect_printed(&["backgroundfetchfail films fetch-error 0: /film TypeError"]);
}

#[test]
fn a_fetch_goes_on_when_the_page_that_began_it_is_gone() {
    let (mut scenario, server) = online();
    let (held, hold) = Answer::text("film").held();
    server.answer("/film", held);
    scenario.eval(&fetch("'films', '/film'"));
    // This one is gone before it can know.
    scenario.eval(&with_manager(
        "backgroundFetch.fetch('more', '/film'); return null",
    ));
    let host = scenario.host();
    let page = scenario.open("other", ClientScript::None).unwrap();
    let closed = scenario.run_meanwhile(async move {
        let begun = with_manager("backgroundFetch.fetch('last', '/film'); return null");
        page.eval(&begun).await?;
        page.close().await?;
        host.status().await
    });
    assert_eq!(closed.unwrap().background_fetches.len(), 3);
    hold.let_go();
    let mut printed: Vec<_> = scenario
        .close_page()
        .printed()
        .into_iter()
        .map(str::to_owned)
        .collect();
    printed.sort();
    let ended = |id: &str| format!("backgroundfetchsuccess {id} success 4: /film 200 film");
    assert_eq!(printed, ["films", "last", "more"].map(ended));
}

#[test]
fn a_restart_goes_on_with_what_had_not_ended() {
    let (mut scenario, server) = online();
    let tag = ("etag", "\"one\"");
    let (answer, stream) = Answer::status(200).header(tag.0, tag.1).streamed();
    server.answer("/film", answer);
    let rest = Answer::status(206).header(tag.0, tag.1).body("456789");
    server.answer("/film", rest.header("content-range", "bytes 4-9/10"));
    server.answer("/done", Answer::text("done"));
    let (held, hold) = Answer::text("too late").held();
    server.answer("/letter", held);
    let letter = "new Request('/letter', { method: 'POST', body: 'x' })";
    scenario.eval(&fetch(&format!(
        "'films', ['/done', '/film', {letter}], {{ title: 'Films', icons: [{{ src: 'i.png', sizes: '9x9' }}] }}"
    )));
    stream.send("0123");
    // The letter came, so it must not come again.
    let server = scenario.run_meanwhile(async move {
        server.wait_for_requests(4).await;
        server
    });
    let mut scenario = scenario
        .wait_until(|kind| has_received(kind, 4))
        .advance_meanwhile(Duration::from_secs(1))
        .wait_until(|kind| has_received(kind, 8))
        .stop_host();
    drop((stream, hold));
    scenario.settle();
    let scenario = scenario.expect_printed(&[
        "backgroundfetchfail films fetch-error 14: /done 200 done, /film 200 0123456789, /letter TypeError",
    ]);
    assert_eq!(ranges(&server, "/letter").len(), 1);
    assert_eq!(bodies_on_disk(scenario.data()), 0);
}

#[test]
fn an_event_that_the_end_of_the_host_cut_off_is_sent_again() {
    let worker = "
        addEventListener('install', () => skipWaiting());
        addEventListener('backgroundfetchsuccess', (event) => event.waitUntil((async () => {
            const [record] = await event.registration.matchAll();
            console.log(await (await record.responseReady).text());
            // An hour by the clock of the scenario, which stands still.
            await new Promise((resolve) => setTimeout(resolve, 200_000));
            console.log('done');
        })()));
    ";
    let (mut scenario, server) = with_worker(worker);
    server.answer("/film", Answer::text("film"));
    scenario.eval(&fetch("'films', '/film'"));
    let mut scenario = scenario.wait_until_printed("film").stop_host();
    scenario.settle();
    let scenario = scenario
        .advance(Duration::from_secs(200))
        .expect_printed(&["film", "film", "done"]);
    assert_eq!(ranges(&server, "/film").len(), 1);
    assert_eq!(bodies_on_disk(scenario.data()), 0);
}

#[test]
fn a_click_and_a_new_title_reach_those_they_are_for() {
    let worker = "
        addEventListener('install', () => skipWaiting());
        addEventListener('backgroundfetchclick', ({ type, registration: { id } }) => console.log(type, id));
        addEventListener('backgroundfetchsuccess', (event) => event.waitUntil((async () => {
            const update = (options) => event.updateUI(options).then(() => 'updated', ({ name }) => name);
            console.log(await update({ title: 'Done', icons: [{ src: '/done.png' }] }), await update({}));
            const made = new BackgroundFetchUpdateUIEvent('backgroundfetchsuccess', event);
            console.log(await made.updateUI().catch(({ name }) => name), made.registration === event.registration);
        })()));
    ";
    let (mut scenario, server) = with_worker(worker);
    let (held, hold) = Answer::text("film").held();
    server.answer("/film", held);
    scenario.eval(&fetch("'films', '/film', { title: 'Films' }"));
    let host = scenario.host();
    let clicked = scenario.run_meanwhile({
        let host = host.clone();
        async move { host.click_background_fetch(&address(""), "films").await }
    });
    assert_eq!(clicked.unwrap(), EventOutcome::Fulfilled);
    let status = scenario.status();
    let [shown] = status.background_fetches.as_slice() else {
        panic!("{status:?}");
    };
    assert_eq!((shown.id.as_str(), shown.requests), ("films", 1));
    assert_eq!(
        (shown.display.title.as_str(), shown.ended_requests),
        ("Films", 0)
    );
    hold.let_go();
    scenario.settle();
    let mut scenario = scenario
        .expect_printed(&[
            "backgroundfetchclick films",
            "updated InvalidStateError",
            "InvalidStateError true",
        ])
        .expect_event(|kind| {
            is_event(kind, |event| {
                matches!(event, BackgroundFetchEvent::Updated { display, .. }
                    if display.title == "Done" && display.icons[0].src == "https://app.example/done.png")
            })
        });
    let unknown =
        scenario.run(async move { host.abort_background_fetch(&address(""), "films").await });
    assert!(matches!(unknown, Err(Error::UnknownBackgroundFetch { .. })));
}

#[test]
fn an_embedder_aborts_as_a_user_does() {
    let (mut scenario, server) = online();
    let (held, _hold) = Answer::text("film").held();
    server.answer("/film", held);
    scenario.eval(&fetch("'films', '/film'"));
    let host = scenario.host();
    let aborted =
        scenario.run(async move { host.abort_background_fetch(&address(""), "films").await });
    assert!(aborted.unwrap());
    scenario.expect_printed(&["backgroundfetchabort films aborted 0: /film AbortError"]);
}

#[test]
fn fetches_go_with_their_worker_and_with_their_origin() {
    for clears_origin in [false, true] {
        let (mut scenario, server) = online();
        let (held, _hold) = Answer::text("film").held();
        server.answer("/film", held);
        let letter = "new Request('/film', { method: 'POST', body: 'letter' })";
        scenario.eval(&fetch(&format!("'films', {letter}")));
        assert_eq!(bodies_on_disk(scenario.data()), 1);
        let end = if clears_origin {
            let host = scenario.host();
            scenario
                .run(async move { host.clear_origin(&address("")).await })
                .unwrap();
            "null"
        } else {
            "navigator.serviceWorker.ready.then((registration) => registration.unregister()).then(() => null)"
        };
        scenario.eval(end);
        scenario.settle();
        let scenario = scenario.expect_printed(&[]).expect_eval(
            "[fetched.result, fetched.failureReason, fetched.recordsAvailable]",
            json!(["failure", "fetch-error", false]),
        );
        assert_eq!(bodies_on_disk(scenario.data()), 0);
    }
}
