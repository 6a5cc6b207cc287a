//! The checkout's own server, wptserve.

use std::net::{IpAddr, Ipv4Addr};

use landfall::HostBuilder;
use serde::{Deserialize, Serialize};

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

/// A running server, as a test's host reaches it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Server {
    /// The root certificate that its certificates are signed with, in PEM.
    pub(crate) root_certificate: String,
}

impl Server {
    /// Makes a host find the server under all its names and trust it.
    pub(crate) fn reached_by(&self, builder: HostBuilder) -> HostBuilder {
        let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let builder = builder.trust_certificate(self.root_certificate.as_str());
        names().into_iter().fold(builder, |builder, name| {
            builder.resolve_host(name, loopback)
        })
    }
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
