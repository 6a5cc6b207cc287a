//! The request of a probe: a connection of its own, past the gate that scripts' requests pass.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use reqwest::header::{CACHE_CONTROL, LOCATION};
use tokio::sync::OnceCell;

use crate::clock::Clock;
use crate::connectivity::probe::{Answer, Probe};
use crate::connectivity::state::NetworkReason;

/// More of a body is not looked at.
const LONGEST_BODY: usize = 64 << 10;

/// A probe under way: the reason to be online, or why not.
pub(in crate::connectivity) type Probing = BoxFuture<'static, Result<NetworkReason, NetworkReason>>;

/// Sends probes. Clones share the TLS settings, which are costly to load.
#[derive(Clone)]
pub(in crate::connectivity) struct Prober {
    probe: Arc<Probe>,
    client: Arc<OnceCell<reqwest::Client>>,
}

impl Prober {
    pub(in crate::connectivity) fn new(probe: Probe) -> Self {
        Self {
            probe: Arc::new(probe),
            client: Arc::default(),
        }
    }

    /// What is asked.
    pub(in crate::connectivity) fn address(&self) -> &str {
        self.probe.url.as_str()
    }

    /// Asks once; dropping the future closes the connection.
    pub(in crate::connectivity) fn probe(&self, clock: &dyn Clock) -> Probing {
        let this = self.clone();
        let limit = self.probe.time_limit;
        let too_late = clock.sleep_until(clock.now().plus(limit));
        async move {
            tokio::select! {
                answer = this.exchange() => match answer {
                    Ok(answer) => this.probe.judge(&answer),
                    Err(error) => Err(this.no_answer(&innermost(&error))),
                },
                () = too_late => Err(this.no_answer(&format!("no answer within {limit:?}"))),
            }
        }
        .boxed()
    }

    async fn exchange(&self) -> Result<Answer, reqwest::Error> {
        let client = self
            .client
            .get_or_try_init(|| std::future::ready(client()))
            .await?;
        let mut response = client
            .get(self.probe.url.clone())
            .header(CACHE_CONTROL, "no-cache, no-store")
            .send()
            .await?;
        let location = response.headers().get(LOCATION);
        Ok(Answer {
            status: response.status().as_u16(),
            location: location.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()),
            has_body: match &self.probe.body {
                Some(expected) => contains(&mut response, expected.as_bytes()).await?,
                None => true,
            },
        })
    }

    fn no_answer(&self, why: &str) -> NetworkReason {
        NetworkReason::NoAnswer(format!("{}: {why}", self.probe.url))
    }
}

/// A connection that was made over another link says nothing about this one, so that none is kept.
fn client() -> Result<reqwest::Client, reqwest::Error> {
    let settings = || {
        reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .pool_max_idle_per_host(0)
            .no_proxy()
    };
    // A machine without root certificates can still probe over plain HTTP.
    settings()
        .build()
        .or_else(|_| settings().tls_certs_only([]).build())
}

async fn contains(
    response: &mut reqwest::Response,
    expected: &[u8],
) -> Result<bool, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
        body.truncate(LONGEST_BODY);
        if body.len() == LONGEST_BODY {
            break;
        }
    }
    Ok(body.windows(expected.len()).any(|part| part == expected))
}

fn innermost(error: &reqwest::Error) -> String {
    let mut current: &dyn std::error::Error = error;
    while let Some(inner) = current.source() {
        current = inner;
    }
    current.to_string()
}
