//! Workers that frameworks bring or generate, unmodified, each with a check of what it is for.

use std::path::Path;
use std::process::Command;

use landfall::network::{OriginServer, Request, RequestMode};
use landfall::service_worker::EventOutcome;
use landfall::{
    Client, ClientOptions, ClientScript, ConnectivityMode, Host, Permission, PermissionState,
    RegisterOptions,
};
use serde_json::json;
use tempfile::TempDir;
use url::Url;

use crate::real_scripts::site;

const ORIGIN: &str = "https://app.example";

/// Settles when the page has a controller.
const CONTROLLED: &str = "new Promise((resolve) => {
    if (navigator.serviceWorker.controller) resolve(true);
    navigator.serviceWorker.addEventListener('controllerchange', () => resolve(true));
})";

/// A site in a folder of its own, with a host in front of it.
struct App {
    folder: TempDir,
    host: Host,
}

impl App {
    async fn new(files: &[(&str, &str)]) -> Self {
        Self::serving(folder_with(files), ".").await
    }

    /// With a part of a folder as the site.
    async fn serving(folder: TempDir, part: &str) -> Self {
        let server = OriginServer::Folder {
            root: folder.path().join(part),
            accept: Vec::new(),
        };
        let host = Host::builder()
            .connectivity(ConnectivityMode::Online)
            .origin_server(&address("/"), server)
            .build()
            .await
            .expect("a host");
        Self { folder, host }
    }

    fn write(&self, name: &str, text: &str) {
        write(&self.folder, name, text);
    }

    /// Puts a file of a package into the site.
    fn copy(&self, from: &str, to: &str) {
        let from = site().join("node_modules").join(from);
        std::fs::copy(from, self.folder.path().join(to)).expect("the package has the file");
    }

    async fn register(&self, script: &str) {
        let options = RegisterOptions::new(address(script));
        self.host.register(options).await.expect("it is registered");
    }

    async fn open(&self, script: ClientScript) -> Client {
        let url = address("/page");
        let options = ClientOptions { url, script };
        self.host.open_client(options).await.expect("a page")
    }

    /// What a browser shows at an address: the status and the text.
    async fn load(&self, path: &str) -> (u16, String) {
        let mut request = Request::new("GET", address(path), ORIGIN);
        request.mode = RequestMode::Navigate;
        request.destination = "document".to_owned();
        let accept = ("Accept".to_owned(), b"text/html".to_vec());
        request.headers.push(accept);
        let response = self.host.fetch(request).await.expect("an answer");
        let body = response.body.collect().await.expect("a body");
        (response.status, String::from_utf8_lossy(&body).into_owned())
    }
}

fn folder_with(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        write(&folder, name, text);
    }
    folder
}

fn write(folder: &TempDir, name: &str, text: &str) {
    let file = folder.path().join(name);
    std::fs::create_dir_all(file.parent().expect("a file has a folder")).expect("writable");
    std::fs::write(file, text).expect("writable");
}

fn address(path: &str) -> Url {
    format!("{ORIGIN}{path}").parse().expect("an address")
}

/// Runs a script of Node.js in a folder.
fn node(script: &Path, folder: &Path, arguments: &[&str]) {
    let mut command = Command::new("node");
    command.arg(script).args(arguments).current_dir(folder);
    let output = command.output();
    let output = output.expect("this test needs `node`; install Node.js");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

const SITE: &[(&str, &str)] = &[
    ("index.html", "<h1>app</h1>"),
    ("main.js", "console.log('main');"),
];

#[tokio::test]
async fn angulars_worker_serves_the_app_offline_from_its_manifest() {
    let app = App::new(SITE).await;
    let config = json!({
        "index": "/index.html",
        "assetGroups": [{
            "name": "app",
            "installMode": "prefetch",
            "resources": { "files": ["/index.html", "/*.js"] },
        }],
    });
    let config_file = app.folder.path().join("ngsw-config.json");
    std::fs::write(&config_file, config.to_string()).expect("writable");
    let command = site().join("node_modules/@angular/service-worker/ngsw-config.js");
    node(&command, app.folder.path(), &[".", "ngsw-config.json", "/"]);
    app.copy("@angular/service-worker/ngsw-worker.js", "ngsw-worker.js");
    app.register("/ngsw-worker.js").await;
    // The first page load makes it read the manifest and fill its caches.
    assert_eq!(app.load("/").await, (200, "<h1>app</h1>".to_owned()));
    app.host.run_until_idle().await.expect("it comes to rest");
    app.host.go_offline();
    assert_eq!(
        app.load("/deep/link").await,
        (200, "<h1>app</h1>".to_owned())
    );
    let (_, state) = app.load("/ngsw/state").await;
    assert!(state.contains("Driver state: NORMAL"), "{state}");
}

#[tokio::test]
async fn a_generated_workbox_worker_precaches_falls_back_and_cuts_ranges() {
    let app = App::new(SITE).await;
    node(
        &site().join("generate_workbox.cjs"),
        app.folder.path(),
        &["."],
    );
    // After the worker, so that it is not precached.
    app.write("api/user.json", "{\"name\":\"Ada\"}");
    app.write("media/a.txt", "0123456789");
    app.register("/sw.js").await;
    let page = app.open(ClientScript::None).await;
    page.eval(CONTROLLED).await.expect("it is claimed");
    let online = "Promise.all([
        fetch('/api/user.json').then((response) => response.text()),
        fetch('/media/a.txt').then((response) => response.text()),
    ])";
    page.eval(online).await.expect("answers");
    app.host.run_until_idle().await.expect("it comes to rest");
    app.host.go_offline();
    assert_eq!(
        app.load("/deep/link").await,
        (200, "<h1>app</h1>".to_owned())
    );
    let offline = "Promise.all([
        fetch('/api/user.json').then((response) => response.json()),
        fetch('/media/a.txt', { headers: { range: 'bytes=2-4' } })
            .then(async (response) => [response.status, await response.text()]),
        fetch('/main.js').then((response) => response.text()),
        caches.keys().then((names) => names.sort()),
    ])";
    assert_eq!(
        page.eval(offline).await.expect("answers from the caches"),
        json!([
            { "name": "Ada" },
            [206, "234"],
            "console.log('main');",
            ["api", "media", "workbox-precache-v2-https://app.example/"],
        ])
    );
}

/// What `msw` finds in a browser and a host without documents does not have.
const BROWSER: &str =
    "globalThis.localStorage = { getItem: () => null, setItem() {}, removeItem() {} };";

#[tokio::test]
async fn mock_service_worker_answers_a_page_with_its_mocks() {
    let app = App::new(&[("real.txt", "from the site")]).await;
    app.copy("msw/lib/mockServiceWorker.js", "mockServiceWorker.js");
    let library = site().join("node_modules/msw/lib/iife/index.js");
    let library = std::fs::read_to_string(library).expect("the package has it");
    let page = app
        .open(ClientScript::Source(format!("{BROWSER}\n{library}")))
        .await;
    let answers = "(async () => {
        const { http, HttpResponse, setupWorker } = MockServiceWorker;
        await setupWorker(
            http.get('/user', () => HttpResponse.json({ name: 'Ada' })),
            http.post('/shout', async ({ request }) =>
                HttpResponse.text((await request.text()).toUpperCase(), { status: 201 })),
            http.get('/broken', () => HttpResponse.error()),
        ).start({ quiet: true, onUnhandledRequest: 'bypass' });
        const shout = await fetch('/shout', { method: 'POST', body: 'abc' });
        return [
            await (await fetch('/user')).json(),
            [shout.status, await shout.text()],
            await fetch('/broken').catch((error) => error.name),
            await (await fetch('/real.txt')).text(),
        ];
    })()";
    assert_eq!(
        page.eval(answers).await.expect("answers"),
        json!([{ "name": "Ada" }, [201, "ABC"], "TypeError", "from the site"])
    );
}

#[tokio::test]
async fn the_worker_of_vite_plugin_pwa_precaches_the_build_and_answers_every_page_with_the_app() {
    let app = App::new(&[
        ("index.html", "<h1>app</h1>"),
        ("assets/main-abcd1234.js", "console.log('main');"),
    ])
    .await;
    let command = site().join("generate_vite_plugin_pwa.cjs");
    node(&command, app.folder.path(), &["."]);
    app.register("/sw.js").await;
    let page = app.open(ClientScript::None).await;
    page.eval(CONTROLLED).await.expect("it is claimed");
    app.host.run_until_idle().await.expect("it comes to rest");
    app.host.go_offline();
    assert_eq!(
        app.load("/deep/link").await,
        (200, "<h1>app</h1>".to_owned())
    );
    let asset = "fetch('/assets/main-abcd1234.js').then((response) => response.text())";
    assert_eq!(
        page.eval(asset).await.expect("from the cache"),
        "console.log('main');"
    );
}

#[tokio::test]
async fn the_worker_of_next_pwa_keeps_what_was_seen_and_shows_it_offline() {
    let folder = folder_with(&[
        ("main.js", "console.log('main');"),
        ("public/index.html", "<h1>start</h1>"),
    ]);
    let command = site().join("generate_next_pwa.cjs");
    node(&command, folder.path(), &["."]);
    let app = App::serving(folder, "public").await;
    // After the worker, so that they are not precached.
    app.write("public/about.html", "<h1>about</h1>");
    app.write("public/api/user.json", "{\"name\":\"Ada\"}");
    app.register("/sw.js").await;
    let page = app.open(ClientScript::None).await;
    page.eval(CONTROLLED).await.expect("it is claimed");
    assert_eq!(app.load("/").await.1, "<h1>start</h1>");
    assert_eq!(app.load("/about.html").await.1, "<h1>about</h1>");
    let user = "fetch('/api/user.json').then((response) => response.json())";
    page.eval(user).await.expect("an answer");
    app.host.run_until_idle().await.expect("it comes to rest");
    app.host.go_offline();
    assert_eq!(app.load("/").await, (200, "<h1>start</h1>".to_owned()));
    assert_eq!(
        app.load("/about.html").await,
        (200, "<h1>about</h1>".to_owned())
    );
    assert_eq!(
        page.eval(user).await.expect("from the cache"),
        json!({ "name": "Ada" })
    );
    let precached = "fetch('/_next/static/chunks/main.js').then((response) => response.status)";
    assert_eq!(page.eval(precached).await.expect("from the cache"), 200);
}

/// The worker of Firebase's documentation, with its scripts from the own origin.
const FIREBASE: &str = "
importScripts('/firebase-app-compat.js', '/firebase-messaging-compat.js');
firebase.initializeApp({
  apiKey: 'key',
  projectId: 'project',
  messagingSenderId: '1234567890',
  appId: '1:1234567890:web:abcdef',
});
firebase.messaging().onBackgroundMessage(({ data }) => {
  if (data) return self.registration.showNotification(data.title, { body: data.body });
});";

#[tokio::test]
async fn firebases_messaging_worker_shows_what_is_pushed() {
    let app = App::new(&[("firebase-messaging-sw.js", FIREBASE)]).await;
    for script in ["firebase-app-compat.js", "firebase-messaging-compat.js"] {
        app.copy(&format!("firebase/{script}"), script);
    }
    let notifications = Permission::Notifications;
    app.host
        .set_permission(&address("/"), notifications, PermissionState::Granted)
        .await
        .expect("it is granted");
    app.register("/firebase-messaging-sw.js").await;
    for message in [
        // The library shows this one.
        json!({
            "from": "1234567890",
            "fcmMessageId": "1",
            "notification": { "title": "News", "body": "shown by the library" },
        }),
        // And leaves this one to the script.
        json!({
            "from": "1234567890",
            "fcmMessageId": "2",
            "data": { "title": "Data", "body": "shown by the script" },
        }),
    ] {
        let bytes = message.to_string().into_bytes();
        let outcome = app.host.dispatch_push(&address("/"), Some(bytes)).await;
        assert_eq!(outcome.expect("it is sent"), EventOutcome::Fulfilled);
    }
    let page = app.open(ClientScript::None).await;
    let shown = "navigator.serviceWorker.ready
        .then((registration) => registration.getNotifications())
        .then((shown) => shown.map(({ title, body }) => [title, body]).sort())";
    assert_eq!(
        page.eval(shown).await.expect("a list"),
        json!([
            ["Data", "shown by the script"],
            ["News", "shown by the library"]
        ])
    );
}
