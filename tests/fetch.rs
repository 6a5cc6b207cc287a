//! fetch() as scripts see it, against a real server.

use landfall::network::origin::OriginServer;
use landfall::{Client, ClientOptions, ClientScript, ConnectivityMode, Host};
use serde_json::{Value, json};
use url::Url;

use crate::support::server::{Answer, TestServer};

/// A page of the server's own origin, without a worker.
async fn page_of(server: &TestServer) -> (Host, Client) {
    let host = Host::builder()
        .connectivity(ConnectivityMode::Online)
        .build()
        .await
        .expect("a host starts");
    let page = open(&host, &server.url("/app/page.html")).await;
    (host, page)
}

async fn open(host: &Host, address: &str) -> Client {
    let options = ClientOptions {
        url: address.parse().expect("an address"),
        script: ClientScript::None,
    };
    host.open_client(options).await.expect("a client opens")
}

/// The value of an async function's body.
async fn run(page: &Client, body: &str) -> Value {
    let script = format!("(async () => {{ {body} }})()");
    page.eval(&script).await.expect(body)
}

#[tokio::test]
async fn a_script_gets_what_the_server_says() {
    let server = TestServer::start();
    server.answer(
        "/app/data.json",
        Answer::text("{\"a\":[1,2]}").header("x-mark", "m"),
    );
    let (_host, page) = page_of(&server).await;
    let seen = run(
        &page,
        "const r = await fetch('data.json?q=1#x');
         return [r.ok, r.status, r.statusText, r.type, r.url, r.redirected, r.headers.get('X-Mark'),
                 r.bodyUsed, (await r.json()).a, r.bodyUsed];",
    )
    .await;
    let url = server.url("/app/data.json?q=1");
    let expected = json!([
        true,
        200,
        "OK",
        "basic",
        url,
        false,
        "m",
        false,
        [1, 2],
        true
    ]);
    assert_eq!(seen, expected);
    assert_eq!(
        server.requests()[0].header("referer"),
        Some(server.url("/app/page.html").as_str())
    );
}

#[tokio::test]
async fn every_kind_of_body_is_sent_with_its_type() {
    let server = TestServer::start();
    server.answer("/in", Answer::status(204));
    let (_host, page) = page_of(&server).await;
    run(
        &page,
        "const post = (body) => fetch('/in', { method: 'POST', body });
         await post('text');
         await post(new Uint8Array([1, 2, 3]));
         await post(new URLSearchParams({ a: 'b c' }));
         await post(new Blob(['blob'], { type: 'image/x' }));
         const form = new FormData();
         form.append('name', 'value');
         await post(form);
         await fetch('/in', { method: 'POST' });",
    )
    .await;
    let seen = server.requests();
    let summary: Vec<_> = seen
        .iter()
        .map(|request| {
            (
                request.header("content-type"),
                request.header("content-length"),
                request.text(),
            )
        })
        .collect();
    assert_eq!(
        summary[0],
        (
            Some("text/plain;charset=UTF-8"),
            Some("4"),
            "text".to_owned()
        )
    );
    assert_eq!(summary[1], (None, Some("3"), "\u{1}\u{2}\u{3}".to_owned()));
    let form = Some("application/x-www-form-urlencoded;charset=UTF-8");
    assert_eq!(summary[2], (form, Some("5"), "a=b+c".to_owned()));
    assert_eq!(summary[3], (Some("image/x"), Some("4"), "blob".to_owned()));
    assert!(
        summary[4]
            .0
            .is_some_and(|kind| kind.starts_with("multipart/form-data; boundary="))
    );
    assert!(summary[4].2.contains("name=\"name\"\r\n\r\nvalue"));
    assert_eq!(summary[5], (None, Some("0"), String::new()));
}

#[tokio::test]
async fn a_request_body_streams_from_the_script() {
    let server = TestServer::start();
    server
        .answer("/in", Answer::status(204))
        .answer("/fail", Answer::status(204));
    let (_host, page) = page_of(&server).await;
    let failure = run(
        &page,
        "const chunks = ['one,', 'two,', 'three'];
         const body = new ReadableStream({
           pull(c) {
             const chunk = chunks.shift();
             chunk === undefined ? c.close() : c.enqueue(new TextEncoder().encode(chunk));
           },
         });
         await fetch('/in', { method: 'PUT', body, duplex: 'half' });
         const broken = new ReadableStream({ pull(c) { c.error(new Error('no more')); } });
         return fetch('/fail', { method: 'PUT', body: broken, duplex: 'half' })
           .catch((e) => [e.name, e.message.includes('no more')]);",
    )
    .await;
    assert_eq!(server.requests()[0].text(), "one,two,three");
    assert_eq!(failure, json!(["TypeError", true]));
}

#[tokio::test]
async fn a_response_body_streams_into_the_script() {
    let server = TestServer::start();
    let (answer, pieces) = Answer::status(200).streamed();
    server.answer("/slow", answer);
    let (_host, page) = page_of(&server).await;
    pieces.send("first");
    let first = run(
        &page,
        "globalThis.reader = (await fetch('/slow')).body.pipeThrough(new TextDecoderStream()).getReader();
         return (await reader.read()).value;",
    )
    .await;
    assert_eq!(first, json!("first"));
    pieces.send("second");
    assert_eq!(
        run(&page, "return (await reader.read()).value;").await,
        json!("second")
    );
    run(&page, "await reader.cancel();").await;
    pieces.client_gone().await;
}

#[tokio::test]
async fn a_connection_cut_in_the_middle_rejects_the_read() {
    let server = TestServer::start();
    let (answer, pieces) = Answer::status(200).streamed();
    server.answer("/cut", answer);
    let (_host, page) = page_of(&server).await;
    pieces.send("half");
    run(&page, "globalThis.cut = await fetch('/cut');").await;
    pieces.cut();
    let error = run(
        &page,
        "return cut.text().catch((e) => [e.name, e.message]);",
    )
    .await;
    assert_eq!(error[0], "TypeError");
    assert!(
        error[1]
            .as_str()
            .is_some_and(|text| text.starts_with("network error: ")),
        "{error}"
    );
}

#[tokio::test]
async fn a_signal_aborts_before_during_and_after_the_head() {
    let server = TestServer::start();
    let (held, _hold) = Answer::status(200).held();
    let (streamed, pieces) = Answer::status(200).streamed();
    server.answer("/held", held).answer("/body", streamed);
    let (_host, page) = page_of(&server).await;
    let before = run(
        &page,
        "return fetch('/', { signal: AbortSignal.abort('why') }).catch((e) => e);",
    )
    .await;
    assert_eq!(before, json!("why"));
    let early = page.eval(
        "globalThis.control = new AbortController();
         fetch('/held', { signal: control.signal }).catch((e) => [e.name, e instanceof DOMException])",
    );
    let abort = async {
        server.wait_for_requests(1).await;
        run(&page, "control.abort();").await
    };
    let (early, _) = tokio::join!(early, abort);
    assert_eq!(early.expect("it settles"), json!(["AbortError", true]));

    pieces.send("half");
    let late = run(
        &page,
        "const control = new AbortController();
         const r = await fetch('/body', { signal: control.signal });
         const read = r.text().catch((e) => e);
         control.abort('enough');
         return [await read, r.bodyUsed];",
    )
    .await;
    assert_eq!(late, json!(["enough", true]));
    pieces.client_gone().await;
}

#[tokio::test]
async fn redirect_modes_show_what_they_should() {
    let server = TestServer::start();
    server
        .answer("/go", Answer::redirect(302, "/end"))
        .answer("/end", Answer::text("end"));
    let (_host, page) = page_of(&server).await;
    let seen = run(
        &page,
        "const followed = await fetch('/go');
         const manual = await fetch('/go', { redirect: 'manual' });
         const error = await fetch('/go', { redirect: 'error' }).catch((e) => e.name);
         return [followed.redirected, followed.url, manual.type, manual.status, manual.url,
                 [...manual.headers].length, manual.body, error];",
    )
    .await;
    let expected = json!([
        true,
        server.url("/end"),
        "opaqueredirect",
        0,
        server.url("/go"),
        0,
        null,
        "TypeError"
    ]);
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_blob_and_a_form_are_sent_again_after_a_redirect() {
    let server = TestServer::start();
    server
        .answer("/go", Answer::redirect(307, "/end"))
        .answer("/end", Answer::text("end"));
    let (_host, page) = page_of(&server).await;
    let seen = run(
        &page,
        "const form = new FormData();
         form.set('name', 'value');
         const request = new Request('/go', { method: 'POST', body: new Blob(['a blob']) });
         const sent = fetch(request);
         const isUsedAtOnce = request.bodyUsed;
         await sent;
         const answer = await fetch('/go', { method: 'POST', body: form });
         return [isUsedAtOnce, answer.redirected, await answer.text()];",
    )
    .await;
    assert_eq!(seen, json!([true, true, "end"]));
    let bodies: Vec<String> = server
        .requests()
        .into_iter()
        .filter(|request| request.target == "/end")
        .map(|request| request.text())
        .collect();
    assert_eq!(bodies[0], "a blob");
    assert!(
        bodies[1].contains("value") && bodies[1].ends_with("--\r\n"),
        "{bodies:?}"
    );
}

#[tokio::test]
async fn an_empty_body_has_no_chunk() {
    let server = TestServer::start();
    server.answer("/", Answer::text(""));
    let (_host, page) = page_of(&server).await;
    let seen = run(
        &page,
        "const response = await fetch('/');
         return [(await response.clone().text()).length, await response.body.getReader().read()];",
    )
    .await;
    assert_eq!(seen, json!([0, { "done": true }]));
}

#[tokio::test]
async fn other_origins_are_hidden_or_refused() {
    let server = TestServer::start();
    let other = TestServer::start();
    other.answer("/closed", Answer::text("secret")).answer(
        "/open",
        Answer::text("public").header("access-control-allow-origin", "*"),
    );
    let (_host, page) = page_of(&server).await;
    let (closed, public) = (other.url("/closed"), other.url("/open"));
    let seen = run(
        &page,
        &format!(
            "const opaque = await fetch('{closed}', {{ mode: 'no-cors' }});
             const open = await fetch('{public}');
             const error = await fetch('{closed}').catch((e) => e);
             return [opaque.type, opaque.status, opaque.url, await opaque.text(), open.type, await open.text(),
                     error.name, error.message.includes('CORS')];",
        ),
    )
    .await;
    assert_eq!(
        seen,
        json!(["opaque", 0, "", "", "cors", "public", "TypeError", true])
    );
}

#[tokio::test]
async fn scripts_cannot_set_the_browsers_headers() {
    let server = TestServer::start();
    server.answer("/", Answer::status(200));
    let (_host, page) = page_of(&server).await;
    run(
        &page,
        "await fetch('/', { headers: { cookie: 'a=b', origin: 'http://evil', 'sec-fetch-mode': 'x', 'x-own': '1' } });",
    )
    .await;
    let seen = &server.requests()[0];
    for name in ["cookie", "origin"] {
        assert_eq!(seen.header(name), None, "{name}");
    }
    assert_eq!(seen.header("sec-fetch-mode"), Some("cors"));
    assert_eq!(seen.header("x-own"), Some("1"));
}

#[tokio::test]
async fn blob_and_data_addresses_need_no_network() {
    let server = TestServer::start();
    let (host, page) = page_of(&server).await;
    host.go_offline();
    let seen = run(
        &page,
        "const address = URL.createObjectURL(new Blob(['from a blob'], { type: 'text/x' }));
         const blob = await fetch(address);
         const data = await fetch('data:,from%20data');
         const texts = [await blob.text(), blob.headers.get('content-type'), data.type, await data.text()];
         URL.revokeObjectURL(address);
         return [...texts, await fetch(address).catch((e) => e.name)];",
    )
    .await;
    assert_eq!(
        seen,
        json!(["from a blob", "text/x", "basic", "from data", "TypeError"])
    );
}

#[tokio::test]
async fn offline_every_request_fails_with_the_reason() {
    let server = TestServer::start();
    let (host, page) = page_of(&server).await;
    host.go_offline();
    let error = run(
        &page,
        "return fetch('/x').catch((e) => [e.constructor === TypeError, e.message]);",
    )
    .await;
    let text = format!(
        "Failed to fetch: {}: offline: set by the host",
        server.url("/x")
    );
    assert_eq!(error, json!([true, text]));
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_folder_answers_for_an_origin() {
    let root = tempfile::tempdir().expect("a folder");
    std::fs::write(root.path().join("hello.txt"), "from a file").expect("a file");
    let origin: Url = "https://folder.example/".parse().expect("an address");
    let server = OriginServer::Folder {
        root: root.path().to_owned(),
        accept: vec!["/api".to_owned()],
    };
    let host = Host::builder()
        .connectivity(ConnectivityMode::Online)
        .origin_server(&origin, server)
        .build()
        .await
        .expect("a host starts");
    let page = open(&host, "https://folder.example/page").await;
    let seen = run(
        &page,
        "const file = await fetch('/hello.txt');
         const upload = await fetch('/api/messages', { method: 'POST', body: 'x' });
         return [await file.text(), file.headers.get('content-type'), upload.status, (await fetch('/none')).status];",
    )
    .await;
    assert_eq!(
        seen,
        json!(["from a file", "text/plain; charset=utf-8", 204, 404])
    );
}

#[tokio::test]
async fn a_request_has_no_header_that_a_script_may_not_set() {
    let server = TestServer::start();
    let (_host, page) = page_of(&server).await;
    let seen = run(
        &page,
        "const names = (request) => [...request.headers.keys()];
         const usual = new Request('/', { headers: { Cookie: 'a=b', 'X-Own': '1' } });
         usual.headers.append('Origin', 'http://evil');
         const simple = new Request('/', { mode: 'no-cors', headers: { 'X-Own': '1', Accept: 'text/plain' } });
         simple.clone().headers.set('Range', 'bytes=0-');
         simple.headers.set('Content-Type', 'application/json');
         simple.headers.delete('X-Nothing');
         return [names(usual), names(simple), names(simple.clone())];",
    )
    .await;
    assert_eq!(seen, json!([["x-own"], ["accept"], ["accept"]]));
}

#[tokio::test]
async fn what_a_request_cannot_be_is_refused_when_it_is_made() {
    let server = TestServer::start();
    let (_host, page) = page_of(&server).await;
    let seen = run(
        &page,
        "const refusal = (...values) => {
             try { return new Request(...values).referrer; } catch (error) { return error.name; }
         };
         const body = new ReadableStream();
         return [
             refusal('http://user:word@app.example/'),
             refusal('/', { mode: 'no-cors', method: 'PUT' }),
             refusal('/', { method: 'POST', body, duplex: 'half', keepalive: true }),
             refusal('/', { window: 1 }),
             refusal('/', { referrer: 'https://elsewhere.example/' }),
         ];",
    )
    .await;
    let refused = "TypeError";
    assert_eq!(
        seen,
        json!([refused, refused, refused, refused, "about:client"])
    );
}

#[tokio::test]
async fn bodies_that_may_outlive_their_page_are_small() {
    let server = TestServer::start();
    server.answer("/", Answer::text("x"));
    let (_host, page) = page_of(&server).await;
    let seen = run(
        &page,
        "const send = (size) => fetch('/', { method: 'POST', keepalive: true, body: 'x'.repeat(size) })
             .then((r) => r.status, (error) => error.name);
         const together = await Promise.all([send(40000), send(40000)]);
         return [...together, await send(64 * 1024), await send(64 * 1024 + 1)];",
    )
    .await;
    assert_eq!(seen, json!([200, "TypeError", 200, "TypeError"]));
}

#[tokio::test]
async fn a_body_that_is_all_there_can_be_aborted_too() {
    let server = TestServer::start();
    server.answer("/", Answer::text("small"));
    let (_host, page) = page_of(&server).await;
    let seen = run(
        &page,
        "const controller = new AbortController();
         const response = await fetch('/', { signal: controller.signal });
         controller.abort();
         return await response.text().catch((error) => error.name);",
    )
    .await;
    assert_eq!(seen, json!("AbortError"));
}

#[tokio::test]
async fn a_blob_of_a_body_keeps_the_boundary_of_its_parts() {
    let server = TestServer::start();
    let (_host, page) = page_of(&server).await;
    let seen = run(
        &page,
        "const text = '--aB\\r\\nContent-Disposition: form-data; name=\"n\"\\r\\n\\r\\nvalue\\r\\n--aB--\\r\\n';
         const headers = { 'Content-Type': 'multipart/form-data;boundary=aB' };
         const blob = await new Response(text, { headers }).blob();
         return [blob.type, (await new Response(blob).formData()).get('n')];",
    )
    .await;
    assert_eq!(seen, json!(["multipart/form-data;boundary=aB", "value"]));
}
