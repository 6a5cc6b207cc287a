//! Real libraries from npm, unmodified, inside workers: what people write today must run.
//!
//! `tests/npm` is the site: its lock says which versions, its folder `workers` how each library is used.
//! Downloads nothing but what `npm ci` installs.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use landfall::network::origin::OriginServer;
use landfall::service_worker::EventOutcome;
use landfall::{
    Client, ClientOptions, ClientScript, ConnectivityMode, Host, HostEventKind, RegisterOptions,
    SyncEvent,
};
use serde_json::{Value, json};
use url::Url;

use crate::support::npm;

const ORIGIN: &str = "https://app.example/";

/// Settles when the page has a controller, which Workbox's `clientsClaim()` gives it.
const CONTROLLED: &str = "new Promise((resolve) => {
    if (navigator.serviceWorker.controller) resolve(true);
    navigator.serviceWorker.addEventListener('controllerchange', () => resolve(true));
})";

/// What Workbox's caches come to. Some of it happens after an answer: that is waited for.
const WORKBOX_CACHES: &str = r#"(async () => {
    const until = async (condition) => {
        while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    const text = async (path, init) => (await fetch(path, init)).text();
    const paths = async (cache) =>
        (await (await caches.open(cache)).keys()).map(({ url }) => new URL(url).pathname).sort();

    await text("/film");
    await until(async () => (await paths("films")).length === 1);
    const part = await fetch("/film", { headers: { range: "bytes=2-4" } });
    const film = [part.status, part.headers.get("content-range"), await part.text()];

    const told = new Promise((resolve) => {
        const hear = ({ data }) => resolve(data.type);
        new BroadcastChannel("news").onmessage = hear;
        navigator.serviceWorker.onmessage = hear;
    });
    const news = [await text("/news")];
    await until(async () => (await paths("news")).length === 1);
    news.push(await text("/news"), await told);
    await until(async () => (await (await caches.match("/news")).text()) === "news 2");
    news.push("news 2");

    for (const number of [1, 2, 3]) {
        await text(`/pictures/${number}`);
        await until(async () => (await paths("pictures")).includes(`/pictures/${number}`));
    }
    await until(async () => (await paths("pictures")).length === 2);
    return { film, news, pictures: await paths("pictures") };
})()"#;

/// The site's folder, with the packages of the lock installed.
pub fn site() -> &'static Path {
    static SITE: OnceLock<PathBuf> = OnceLock::new();
    SITE.get_or_init(|| npm::installed("tests/npm"))
}

/// A host whose origin is the site's folder, with a worker of it and a page that talks to that worker.
async fn start(data: &Path, worker: &str) -> (Host, Client) {
    let origin = Url::parse(ORIGIN).unwrap();
    let folder = OriginServer::Folder {
        root: site().to_owned(),
        accept: Vec::new(),
    };
    let host = Host::builder()
        .data_dir(data)
        .connectivity(ConnectivityMode::Online)
        // What people write today deserves no warning.
        .strict(true)
        .origin_server(&origin, folder)
        .build()
        .await
        .unwrap();
    let script = origin.join(&format!("workers/{worker}")).unwrap();
    host.register(RegisterOptions::new(script)).await.unwrap();
    let page = open_page(&host, &origin).await;
    (host, page)
}

async fn open_page(host: &Host, origin: &Url) -> Client {
    let options = ClientOptions {
        url: origin.join("workers/page.html").unwrap(),
        script: ClientScript::None,
    };
    host.open_client(options).await.unwrap()
}

/// Runs an action of the worker (see `workers/answer.js`) and gives what it returned.
async fn ask(page: &Client, action: &str) -> Value {
    let question = format!(
        "navigator.serviceWorker.ready.then(({{ active }}) => new Promise((resolve) => {{
            const {{ port1, port2 }} = new MessageChannel();
            port1.onmessage = ({{ data }}) => resolve(data);
            active.postMessage({action:?}, [port2]);
        }}))"
    );
    let answer = page.eval(&question).await.unwrap();
    assert_eq!(answer.get("error"), None, "`{action}` failed: {answer}");
    answer.get("value").cloned().unwrap_or(Value::Null)
}

/// Stores with one host and reads with the next, so that what is read was on disk.
async fn stored_and_read(worker: &str) -> (Value, Value) {
    let data = tempfile::tempdir().unwrap();
    let (host, page) = start(data.path(), worker).await;
    let stored = ask(&page, "store").await;
    host.shut_down().await.unwrap();

    let (host, page) = start(data.path(), worker).await;
    let read = ask(&page, "read").await;
    host.shut_down().await.unwrap();
    (stored, read)
}

#[tokio::test]
async fn idb_stores_and_reads_in_a_worker() {
    let (_, read) = stored_and_read("idb.js").await;
    let second = json!({ "id": 2, "day": "tuesday", "text": "second" });
    assert_eq!(
        read,
        json!({ "count": 3, "second": second, "monday": ["first", "third"] })
    );
}

#[tokio::test]
async fn idb_keyval_stores_and_reads_in_a_worker() {
    let (_, read) = stored_and_read("idb_keyval.js").await;
    assert_eq!(
        read,
        json!({
            "keys": ["bytes", "name", "visits", "when"],
            "name": "landfall",
            "when": "1970-01-01T00:00:00.000Z",
            "bytes": [1, 2, 3],
            "visits": 2,
        })
    );
}

#[tokio::test]
async fn localforage_stores_and_reads_in_a_worker() {
    let (_, read) = stored_and_read("localforage.js").await;
    assert_eq!(
        read,
        json!({
            "driver": "asyncStorage",
            "keys": ["avatar", "theme"],
            "theme": { "dark": true, "accents": ["amber", "teal"] },
            "avatar": { "type": "image/test", "text": "pixels" },
            "missing": null,
        })
    );
}

#[tokio::test]
async fn dexie_stores_queries_and_upgrades_in_a_worker() {
    let (stored, read) = stored_and_read("dexie.js").await;
    assert_eq!(
        stored, "changed my mind",
        "a transaction that throws is undone"
    );
    assert_eq!(
        read,
        json!({
            "grown": [{ "id": 2, "name": "Grace", "age": 42 }],
            "byBoth": 1,
            "names": ["Ada", "Edsger", "Grace"],
            "ada": { "id": 1, "name": "Ada", "age": 0 },
        })
    );
}

/// Every version of Workbox that is around, the name of its worker.
fn workboxes() -> impl Iterator<Item = String> {
    (3..=7).map(|version| format!("workbox.js?version={version}"))
}

#[tokio::test]
async fn every_workbox_since_the_third_queues_a_failed_post_and_replays_it_once() {
    for worker in workboxes() {
        queues_a_failed_post_and_replays_it_once(&worker).await;
    }
}

#[tokio::test]
async fn every_workbox_since_the_third_caches_expires_cuts_ranges_and_tells_of_updates() {
    for worker in workboxes() {
        let server = Server::start().await;
        let data = tempfile::tempdir().unwrap();
        let (host, page) = server.open(data.path(), &worker).await;
        assert_eq!(
            page.eval(WORKBOX_CACHES).await.unwrap(),
            json!({
                "film": [206, "bytes 2-4/10", "234"],
                "news": ["news 1", "news 1", "CACHE_UPDATED", "news 2"],
                "pictures": ["/pictures/2", "/pictures/3"],
            }),
            "{worker}"
        );
        host.go_offline();
        let offline = r#"Promise.all(["/workers/answer.js", "/film", "/pictures/1"].map((path) =>
            fetch(path).then(({ status }) => status, ({ name }) => name)))"#;
        assert_eq!(
            page.eval(offline).await.unwrap(),
            json!([200, 200, "TypeError"]),
            "{worker}"
        );
        host.shut_down().await.unwrap();
    }
}

async fn queues_a_failed_post_and_replays_it_once(worker: &str) {
    let server = Server::start().await;
    let data = tempfile::tempdir().unwrap();
    let scope = server.origin.join("workers/").unwrap();
    let (host, page) = server.open(data.path(), worker).await;

    host.go_offline();
    let post = r#"fetch("/messages", { method: "POST", body: "hello from offline" })
        .then((response) => response.status, (error) => error.name)"#;
    assert_eq!(page.eval(post).await.unwrap(), "TypeError");
    let tags = "navigator.serviceWorker.ready.then((registration) => registration.sync.getTags())";
    assert_eq!(
        page.eval(tags).await.unwrap(),
        json!(["workbox-background-sync:outbox"])
    );
    assert!(server.received().is_empty());

    let mut events = host.events();
    host.go_online();
    let outcome = loop {
        let event = events.next().await.expect("the host runs");
        if let HostEventKind::Sync(SyncEvent::Ended {
            scope: of, outcome, ..
        }) = event.kind
        {
            assert_eq!(of, scope);
            break outcome;
        }
    };
    assert_eq!(outcome, EventOutcome::Fulfilled);
    host.run_until_idle().await.unwrap();
    assert_eq!(page.eval(tags).await.unwrap(), json!([]));
    host.shut_down().await.unwrap();
    assert_eq!(server.received(), ["hello from offline"]);
}

/// A real HTTP server: the site's files, and a place to post messages to.
struct Server {
    origin: Url,
    received: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start() -> Self {
        let received = Arc::new(Mutex::new(Vec::new()));
        let read = Arc::new(AtomicU32::new(0));
        let news = move || {
            let number = read.fetch_add(1, Ordering::Relaxed) + 1;
            std::future::ready((
                [(header::ETAG, number.to_string())],
                format!("news {number}"),
            ))
        };
        let routes = Router::new()
            .route("/messages", post(take_message))
            .route("/news", get(news))
            .route("/film", get("0123456789"))
            .route("/pictures/{number}", get("a picture"))
            .fallback(serve_file)
            .with_state(received.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let origin = format!("http://{address}/").parse().unwrap();
        Self { origin, received }
    }

    /// A host with a worker of the site, and a page that it controls.
    async fn open(&self, data: &Path, worker: &str) -> (Host, Client) {
        let host = Host::builder()
            .data_dir(data)
            .connectivity(ConnectivityMode::Online)
            // What people write today deserves no warning.
            .strict(true)
            .build()
            .await
            .unwrap();
        let script = self.origin.join(&format!("workers/{worker}")).unwrap();
        host.register(RegisterOptions::new(script)).await.unwrap();
        let page = open_page(&host, &self.origin).await;
        page.eval(CONTROLLED).await.unwrap();
        (host, page)
    }

    fn received(&self) -> Vec<String> {
        self.received.lock().unwrap().clone()
    }
}

async fn take_message(State(received): State<Arc<Mutex<Vec<String>>>>, body: Bytes) {
    let text = String::from_utf8_lossy(&body).into_owned();
    received.lock().expect("no handler panics").push(text);
}

async fn serve_file(address: axum::http::Uri) -> impl IntoResponse {
    let file = site().join(address.path().trim_start_matches('/'));
    match tokio::fs::read(file).await {
        Ok(script) => (
            StatusCode::OK,
            [(header::CONTENT_TYPE, "text/javascript")],
            script,
        ),
        Err(_) => (
            StatusCode::NOT_FOUND,
            [(header::CONTENT_TYPE, "text/plain")],
            Vec::new(),
        ),
    }
}
