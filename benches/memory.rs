//! How much memory a running trivial worker adds, and a registration that does not run.
//!
//!     cargo bench --bench memory
//!
//! Prints the resident memory of the process (Linux) with none, one, ten and fifty workers running, and what each adds.

#![allow(
    clippy::print_stdout,
    reason = "a bench tells its figures on the terminal"
)]

use std::time::Duration;

use landfall::network::OriginServer;
use landfall::service_worker::lifetime::EventLimits;
use landfall::{ConnectivityMode, Error, Host, RegisterOptions};
use url::Url;

const WORKERS: usize = 50;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let site = tempfile::tempdir()?;
    for worker in 0..WORKERS {
        let folder = site.path().join(worker.to_string());
        std::fs::create_dir(&folder)?;
        std::fs::write(folder.join("sw.js"), "self.onsync = () => {};")?;
    }
    let origin: Url = "https://bench.example/".parse()?;
    let server = OriginServer::Folder {
        root: site.path().to_owned(),
        accept: Vec::new(),
    };
    let host = Host::builder()
        .connectivity(ConnectivityMode::Online)
        .origin_server(&origin, server)
        .limits(EventLimits {
            idle: Duration::from_secs(3600),
            idle_workers: WORKERS,
            ..EventLimits::default()
        })
        .build()
        .await?;
    let empty = resident_kib()?;
    println!("no worker: {} KiB", empty);
    let mut first = 0;
    for worker in 0..WORKERS {
        register(&host, origin.join(&format!("{worker}/sw.js"))?).await?;
        let (running, now) = (worker + 1, resident_kib()?);
        if running == 1 {
            first = now;
        }
        if [1, 10, WORKERS].contains(&running) {
            println!(
                "{running} running: {now} KiB, the first {} KiB, each further {} KiB",
                first - empty,
                (now - first) / (running as u64 - 1).max(1)
            );
        }
    }
    Ok(host.shut_down().await?)
}

async fn register(host: &Host, script: Url) -> Result<(), Error> {
    host.register(RegisterOptions::new(script)).await.map(drop)
}

fn resident_kib() -> std::io::Result<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm")?;
    let pages = statm
        .split_whitespace()
        .nth(1)
        .and_then(|pages| pages.parse::<u64>().ok());
    Ok(pages.unwrap_or_default() * 4)
}
