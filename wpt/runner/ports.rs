//! The ports of wptserve. A run takes those that are free, so that several can go at once; what is reported names the
//! usual ones, so that two runs say the same.

use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

/// Where free ports are looked for: below those that systems give to connections, above those that fetch() blocks.
const CANDIDATES: Range<u16> = 20_000..32_000;

/// One port for each thing that the server listens for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ports([u16; 6]);

impl Ports {
    /// Those that web-platform-tests' own documents name, in the order of [`Ports::settings`].
    pub(crate) const USUAL: Self = Self([8000, 8001, 8443, 8444, 8002, 8003]);

    /// Six that nothing listens on. Runs that begin at the same time look at different places.
    pub(crate) fn free() -> Result<Self> {
        let count = CANDIDATES.end - CANDIDATES.start;
        let start = u16::try_from(std::process::id() % 2_000 * 6)?;
        let candidates = (0..count).filter_map(|step| {
            let port = CANDIDATES.start + (start + step) % count;
            TcpListener::bind((Ipv4Addr::LOCALHOST, port))
                .is_ok()
                .then_some(port)
        });
        let free: Vec<u16> = candidates.take(6).collect();
        let free = free.try_into().ok().with_context(|| {
            format!("wptserve needs six ports, and of {CANDIDATES:?} not so many are free")
        })?;
        Ok(Self(free))
    }

    /// As wptserve's settings have them.
    pub(crate) fn settings(self) -> Value {
        let [http, other_http, https, other_https, ws, wss] = self.0;
        json!({ "http": [http, other_http], "https": [https, other_https], "ws": [ws], "wss": [wss] })
    }

    pub(crate) fn all(self) -> [u16; 6] {
        self.0
    }

    /// Where tests live.
    pub(crate) fn site(self) -> Result<Url> {
        let https = self.0[2];
        Ok(Url::parse(&format!("https://web-platform.test:{https}"))?)
    }

    /// What a test said, with the usual ports.
    pub(crate) fn named_usually(self, text: &str) -> String {
        let pairs = self.0.into_iter().zip(Self::USUAL.0);
        pairs.fold(text.to_owned(), |text, (port, usual)| {
            text.replace(&format!(":{port}"), &format!(":{usual}"))
        })
    }
}
