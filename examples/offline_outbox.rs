//! A message outbox that survives being offline and being killed: what `make demo` runs.
//!
//! A page queues three messages while there is no network and asks for a `sync`; then its process is killed.
//! A second process finds everything in the data folder, goes online, and the worker delivers. The worker and
//! the page, `outbox/sw.js` and `outbox/page.js`, are as a browser would run them.
//!
//!     cargo run --example offline_outbox
#![expect(clippy::print_stdout, reason = "it tells a story")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::header;
use axum::routing::{get, post};
use axum::{Json, Router};
use landfall::{ClientOptions, ClientScript, ConnectivityMode, Host, RegisterOptions};
use serde_json::Value;
use url::Url;

const WORKER: &str = include_str!("outbox/sw.js");
const PAGE: &str = include_str!("outbox/page.js");
/// What the first process prints when it may be killed.
const QUEUED: &str = "everything is queued";
const GET_TAGS: &str =
    "navigator.serviceWorker.ready.then((registration) => registration.sync.getTags())";

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        [] => tell_the_story(),
        ["queue", data, site] => block_on(queue(Path::new(data), site.parse()?)),
        ["deliver", data, site] => block_on(deliver(Path::new(data), site.parse()?)),
        _ => Err("usage: offline_outbox".into()),
    }
}

/// The first process: offline, a page queues messages.
async fn queue(data: &Path, site: Url) -> Result<(), Failure> {
    let host = Host::builder()
        .data_dir(data)
        .connectivity(ConnectivityMode::Online)
        .build()
        .await?;
    host.register(RegisterOptions::new(site.join("sw.js")?))
        .await?;
    println!("the service worker is installed");

    host.go_offline();
    println!("the network is gone");

    let page = host
        .open_client(ClientOptions {
            url: site.join("page.html")?,
            script: ClientScript::Source(PAGE.to_owned()),
        })
        .await?;
    page.eval("messagesQueued").await?;
    println!(
        "the page has stored three messages; tags: {}",
        page.eval(GET_TAGS).await?
    );

    println!("{QUEUED}");
    std::future::pending().await
}

/// The second process: finds what the first one left, and delivers it.
async fn deliver(data: &Path, site: Url) -> Result<(), Failure> {
    let host = Host::builder()
        .data_dir(data)
        .connectivity(ConnectivityMode::Offline)
        .build()
        .await?;
    println!(
        "still offline; syncs found in the data folder: {}",
        host.status().await?.syncs.len()
    );

    host.go_online();
    println!("the network is back");
    host.run_until_idle().await?;

    let page = host
        .open_client(ClientOptions {
            url: site.join("page.html")?,
            script: ClientScript::None,
        })
        .await?;
    let tags = page.eval(GET_TAGS).await?;
    println!("everything is sent; tags: {tags}");
    host.shut_down().await?;
    if tags == serde_json::json!([]) {
        Ok(())
    } else {
        Err("a tag is still registered".into())
    }
}

/// Around them: a real HTTP server, and a kill.
fn tell_the_story() -> Result<(), Failure> {
    let (site, received) = start_server()?;
    let data = tempfile::tempdir()?;
    println!("A server for the messages runs at {site}");

    println!("\nFirst process");
    let mut first = start("queue", data.path(), &site)?;
    if !echo(&mut first, Some(QUEUED))? {
        return Err(format!("the first process ended early: {}", first.wait()?).into());
    }
    // SIGKILL: no handler runs, nothing is flushed.
    first.kill()?;
    first.wait()?;
    println!(
        "  killed; the server has received {} messages",
        count(&received)
    );

    println!("\nSecond process");
    let mut second = start("deliver", data.path(), &site)?;
    echo(&mut second, None)?;
    let status = second.wait()?;
    if !status.success() {
        return Err(format!("the second process failed: {status}").into());
    }

    let texts = received.lock().map_err(|_| "the server failed")?.clone();
    println!("\nThe server has received:");
    for text in &texts {
        println!("  {text}");
    }
    if texts != ["first message", "second message", "third message"] {
        return Err("not each message exactly once".into());
    }
    println!("Each message exactly once.");
    Ok(())
}

fn start(role: &str, data: &Path, site: &Url) -> Result<Child, Failure> {
    let child = Command::new(std::env::current_exe()?)
        .arg(role)
        .arg(data)
        .arg(site.as_str())
        .stdout(Stdio::piped())
        .spawn()?;
    Ok(child)
}

/// Repeats what a process prints, to its end or to a certain line; says whether that line came.
fn echo(process: &mut Child, until: Option<&str>) -> Result<bool, Failure> {
    let output = process.stdout.take().ok_or("its output is piped")?;
    for line in BufReader::new(output).lines() {
        let line = line?;
        println!("  {line}");
        if until == Some(line.as_str()) {
            return Ok(true);
        }
    }
    Ok(false)
}

type Received = Arc<Mutex<Vec<String>>>;

/// Serves the worker's script and takes messages, on a thread of its own.
fn start_server() -> Result<(Url, Received), Failure> {
    let received = Received::default();
    let routes = Router::new()
        .route(
            "/sw.js",
            get(|| async { ([(header::CONTENT_TYPE, "text/javascript")], WORKER) }),
        )
        .route("/messages", post(take_message))
        .with_state(received.clone());
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let site = format!("http://{}/", listener.local_addr()?).parse()?;
    std::thread::spawn(move || {
        block_on(async {
            Ok(axum::serve(tokio::net::TcpListener::from_std(listener)?, routes).await?)
        })
    });
    Ok((site, received))
}

async fn take_message(State(received): State<Received>, Json(message): Json<Value>) {
    let text = message["text"].as_str().unwrap_or_default().to_owned();
    if let Ok(mut received) = received.lock() {
        received.push(text);
    }
}

fn count(received: &Received) -> usize {
    received.lock().map_or(0, |received| received.len())
}

fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(work)
}
