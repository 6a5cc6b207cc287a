//! Many pending syncs over many origins, offline to online: `cargo bench --bench scale [-- ORIGINS TAGS]`.
//!
//! 1,000 origins of 100 tags each unless told otherwise, with the default of 8 workers at a time. Memory is the peak
//! resident set of the whole process, read from /proc: Linux only.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench prints what it measured"
)]

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use landfall::network::OriginServer;
use landfall::{ConnectivityMode, Host, HostEventKind, RegisterOptions, SyncEvent};
use url::Url;

/// The first word of the process that registers.
const REGISTER: &str = "register";

/// Registers its tags while it is activated, and does a little at each event.
const WORKER: &str = "addEventListener('activate', (event) => {
  const tags = Array.from({ length: TAGS }, (_, number) => `tag-${number}`);
  event.waitUntil(Promise.all(tags.map((tag) => registration.sync.register(tag))));
});
addEventListener('sync', (event) => event.waitUntil(Promise.resolve(event.tag.length)));";

#[tokio::main]
async fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let mut numbers = words.iter().filter_map(|word| word.parse().ok());
    let origins = numbers.next().unwrap_or(1_000);
    let tags = numbers.next().unwrap_or(100);
    if let [word, data, ..] = words.as_slice()
        && word == REGISTER
    {
        return register(Path::new(data), origins, tags).await;
    }

    // In a process of its own, so that the memory of this one tells what is known of workers that sleep.
    let data = tempfile::tempdir().unwrap();
    let registered = Command::new(std::env::current_exe().unwrap())
        .args([OsStr::new(REGISTER), data.path().as_os_str()])
        .args([origins.to_string(), tags.to_string()])
        .status();
    assert!(registered.unwrap().success());
    let empty = tempfile::tempdir().unwrap();
    host(empty.path(), origins, tags)
        .await
        .shut_down()
        .await
        .unwrap();
    println!("an empty host: {}", memory("VmRSS"));
    fire(data.path(), origins, tags).await;
}

async fn register(data: &Path, origins: usize, tags: usize) {
    let began = Instant::now();
    let host = host(data, origins, tags).await;
    for number in 0..origins {
        let script = origin(number).join("sw.js").unwrap();
        host.register(RegisterOptions::new(script)).await.unwrap();
    }
    host.run_until_idle().await.unwrap();
    host.shut_down().await.unwrap();
    let took = began.elapsed();
    println!(
        "{} tags of {origins} origins registered in {took:.1?}",
        origins * tags
    );
}

async fn fire(data: &Path, origins: usize, tags: usize) {
    let began = Instant::now();
    let host = host(data, origins, tags).await;
    let took = began.elapsed();
    println!(
        "a host with all of them, started in {took:.1?}: {}",
        memory("VmRSS")
    );

    let mut events = host.events();
    let began = Instant::now();
    host.go_online();
    let (mut ended, mut first) = (0, None);
    while ended < origins * tags {
        if let HostEventKind::Sync(SyncEvent::Ended { outcome, .. }) =
            events.next().await.unwrap().kind
        {
            assert!(outcome.is_success(), "{outcome:?}");
            first.get_or_insert_with(|| began.elapsed());
            ended += 1;
        }
    }
    let last = began.elapsed();
    println!(
        "{ended} events: the first after {:.1?}, the last after {last:.1?}, {:.0} a second, peak {}",
        first.unwrap(),
        ended as f64 / last.as_secs_f64(),
        memory("VmHWM"),
    );
    host.shut_down().await.unwrap();
}

/// An offline host with a site at every origin.
async fn host(data: &Path, origins: usize, tags: usize) -> Host {
    // Scripts of a folder can be read offline.
    let site = data.join("site");
    std::fs::create_dir_all(&site).unwrap();
    std::fs::write(
        site.join("sw.js"),
        WORKER.replace("TAGS", &tags.to_string()),
    )
    .unwrap();
    let server = OriginServer::Folder {
        root: site,
        accept: Vec::new(),
    };
    let builder = Host::builder()
        .data_dir(data.join("data"))
        .connectivity(ConnectivityMode::Offline);
    let builder = (0..origins).fold(builder, |builder, number| {
        builder.origin_server(&origin(number), server.clone())
    });
    builder.build().await.unwrap()
}

fn origin(number: usize) -> Url {
    format!("https://site-{number}.example/").parse().unwrap()
}

/// A field of /proc/self/status, in megabytes.
fn memory(field: &str) -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(field));
    let kilobytes: Option<f64> = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
    kilobytes.map_or_else(
        || "memory unknown".to_owned(),
        |k| format!("{:.0} MB resident", k / 1024.0),
    )
}
