//! The checkout's own server, wptserve: started for the tests that need it, stopped with the run.

use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use landfall::HostBuilder;
use landfall::clock::{Clock, SystemClock};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::ports::Ports;

/// The hosts that wptserve answers for.
const DOMAINS: [&str; 2] = ["web-platform.test", "not-web-platform.test"];

/// Their subdomains; two levels of them are used.
const SUBDOMAINS: [&str; 5] = [
    "www",
    "www1",
    "www2",
    "xn--n8j6ds53lwwkrqhv28a",
    "xn--lve-6lad",
];

/// How long the server may take until all its ports answer.
const START_LIMIT: Duration = Duration::from_secs(60);

/// A running server, as a test's host reaches it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Server {
    ports: Ports,
    /// The root certificate that its certificates are signed with, in PEM.
    root_certificate: String,
}

/// A server that runs as long as this lives.
pub(crate) struct RunningServer {
    child: Child,
    server: Server,
    /// Its settings and keys.
    _folder: tempfile::TempDir,
}

impl Server {
    pub(crate) fn ports(&self) -> Ports {
        self.ports
    }

    /// Makes a host find the server under all its names and trust it.
    pub(crate) fn reached_by(&self, builder: HostBuilder) -> HostBuilder {
        let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let builder = builder.trust_certificate(self.root_certificate.as_str());
        names().into_iter().fold(builder, |builder, name| {
            // With a dot at its end it is the same host, and another origin.
            builder
                .resolve_host(format!("{name}."), loopback)
                .resolve_host(name, loopback)
        })
    }
}

impl RunningServer {
    /// Starts the server of a checkout and waits until it answers.
    pub(crate) fn start(checkout: &Path) -> Result<Self> {
        let missing = "python3 is needed for wptserve: install it, or say --no-server to leave out the tests that need it";
        let python = || {
            let mut python = Command::new("python3");
            python.stdin(Stdio::null());
            python
        };
        python().arg("--version").output().context(missing)?;
        let ports = Ports::free()?;
        let folder = tempfile::tempdir()?;
        let root_certificate = write_certificates(folder.path())?;
        let config = folder.path().join("config.json");
        std::fs::write(&config, settings(ports, folder.path()).to_string())?;
        let log = std::fs::File::create(folder.path().join("log"))?;
        let child = python()
            .args(["wpt", "serve", "--no-h2", "--config"])
            .arg(&config)
            .current_dir(checkout)
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context(missing)?;
        let mut running = Self {
            child,
            server: Server {
                ports,
                root_certificate,
            },
            _folder: folder,
        };
        running.wait_until_ready()?;
        Ok(running)
    }

    /// What a test's host has to know.
    pub(crate) fn server(&self) -> Server {
        self.server.clone()
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let deadline = SystemClock.now().plus(START_LIMIT);
        let mut waiting = self.server.ports.all().to_vec();
        while !waiting.is_empty() {
            let has_ended = self.child.try_wait()?.is_some();
            if has_ended || SystemClock.now() > deadline {
                let mut said = String::new();
                std::fs::File::open(self._folder.path().join("log"))?.read_to_string(&mut said)?;
                let last: Vec<&str> = said.lines().rev().take(5).collect();
                let last: Vec<&str> = last.into_iter().rev().collect();
                bail!(
                    "wptserve did not start (a checkout of 2021 needs Python 3.11 or older):\n  {}",
                    last.join("\n  ")
                );
            }
            waiting.retain(|port| {
                let address = SocketAddr::from((Ipv4Addr::LOCALHOST, *port));
                TcpStream::connect_timeout(&address, Duration::from_millis(100)).is_err()
            });
            std::thread::park_timeout(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for RunningServer {
    /// Asked to end, it ends the processes it started too.
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        let asked = Command::new("kill")
            .arg(self.child.id().to_string())
            .status();
        if !asked.is_ok_and(|status| status.success()) {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

fn settings(ports: Ports, folder: &Path) -> serde_json::Value {
    json!({
        // No name has to be known to this machine.
        "check_subdomains": false,
        "server_host": "127.0.0.1",
        "log_level": "error",
        "ports": ports.settings(),
        "ssl": {
            "type": "pregenerated",
            "pregenerated": {
                "host_key_path": folder.join("host.key"),
                "host_cert_path": folder.join("host.pem"),
            },
        },
    })
}

/// Makes a root certificate and one for all names below it; gives the root's PEM.
fn write_certificates(folder: &Path) -> Result<String> {
    let root_key = KeyPair::generate()?;
    let mut root = CertificateParams::new(Vec::new())?;
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    root.distinguished_name
        .push(DnType::CommonName, "landfall-wpt");
    let root_pem = root.self_signed(&root_key)?.pem();
    let key = KeyPair::generate()?;
    let mut host = CertificateParams::new(names())?;
    host.distinguished_name.push(DnType::CommonName, DOMAINS[0]);
    let host = host.signed_by(&key, &Issuer::new(root, root_key))?;
    std::fs::write(folder.join("host.key"), key.serialize_pem())?;
    std::fs::write(folder.join("host.pem"), host.pem())?;
    Ok(root_pem)
}

/// Every name that the server answers to.
fn names() -> Vec<String> {
    let mut names = Vec::new();
    for domain in DOMAINS {
        names.push(domain.to_owned());
        for outer in SUBDOMAINS {
            names.push(format!("{outer}.{domain}"));
            names.extend(SUBDOMAINS.map(|inner| format!("{inner}.{outer}.{domain}")));
        }
    }
    names
}
