//! Background fetches: what is fetched while nobody looks, what its worker is told, and what is left in the end.

use landfall::service_worker::{EventKind, EventOutcome};
use landfall::{BackgroundFetchEvent, Permission, PermissionState};
use serde_json::json;

use crate::support::background_fetch::{
    WORKER, bodies_on_disk, configured, fetch, fetched, has_received, held_film, is_event, online,
    with_manager,
};
use crate::support::scenario::{ORIGIN, Scenario};
use crate::support::server::{Answer, TestServer};

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
    let hold = held_film(&server);
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
    let _hold = held_film(&server);
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
fn an_origin_fetches_five_things_at_a_time() {
    let (scenario, server) = online();
    let hold = held_film(&server);
    let begin = |ids: &str| {
        with_manager(&format!(
            "const begin = (id) => backgroundFetch.fetch(id, '/film').then(({{ id }}) => id, ({{ message }}) => message);
             return [...await Promise.all([{ids}].map(begin))]"
        ))
    };
    let scenario = scenario
        .expect_eval(&begin("1, 2, 3, 4, 5"), json!(["1", "2", "3", "4", "5"]))
        .expect_eval(
            &begin("6"),
            json!(["There are too many active fetches for this origin."]),
        );
    hold.let_go();
    let mut scenario = scenario;
    scenario.settle();
    scenario.expect_eval(&begin("6"), json!(["6"]));
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
    let _hold = held_film(&server);
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
