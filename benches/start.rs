//! How much CPU time it takes to start a stopped worker and to dispatch an event to it, and to stop it again.
//!
//!     cargo bench --bench start
//!
//! The CPU time is that of the whole process (Linux), all threads included.

#![allow(
    clippy::print_stdout,
    reason = "a bench tells its figures on the terminal"
)]

use landfall::network::OriginServer;
use landfall::{ConnectivityMode, Host, RegisterOptions};
use url::Url;

const STARTS: u32 = 300;

const WORKER: &str = "addEventListener('push', (event) => event.waitUntil(Promise.resolve()));";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let site = tempfile::tempdir()?;
    std::fs::write(site.path().join("sw.js"), WORKER)?;
    let origin: Url = "https://bench.example/".parse()?;
    let server = OriginServer::Folder {
        root: site.path().to_owned(),
        accept: Vec::new(),
    };
    let host = Host::builder()
        .connectivity(ConnectivityMode::Online)
        .origin_server(&origin, server)
        .build()
        .await?;
    host.register(RegisterOptions::new(origin.join("sw.js")?))
        .await?;
    let (mut starting, mut running, mut stopping) = (0, 0, 0);
    for _ in 0..STARTS {
        let before = cpu_ticks()?;
        host.dispatch_push(&origin, None).await?;
        let started = cpu_ticks()?;
        host.dispatch_push(&origin, None).await?;
        let dispatched = cpu_ticks()?;
        host.stop_worker(&origin).await?;
        starting += started - before;
        running += dispatched - started;
        stopping += cpu_ticks()? - dispatched;
    }
    for (what, ticks) in [
        ("start a stopped worker and dispatch", starting),
        ("dispatch to a running worker", running),
        ("stop it", stopping),
    ] {
        let milliseconds = ticks as f64 * 10.0 / f64::from(STARTS);
        println!("{what}: {milliseconds:.2} ms of CPU");
    }
    Ok(host.shut_down().await?)
}

/// User and system time of the process, in hundredths of a second.
fn cpu_ticks() -> std::io::Result<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The name, in brackets, may have spaces; behind it the times are the twelfth and the thirteenth field.
    let fields = stat.rsplit(')').next().unwrap_or_default();
    Ok(fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse::<u64>().ok())
        .sum())
}
