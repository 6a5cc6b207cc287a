//! One cheap HTTP request that says whether the internet answers, or something in between does.
//!
//! When it is sent is decided in `monitor`.

mod exchange;

use std::str::FromStr;
use std::time::Duration;

use url::Url;

use crate::connectivity::duration::parse_duration;
use crate::connectivity::state::NetworkReason;

pub(super) use exchange::{Prober, Probing};

/// What is asked to find out whether the network leads anywhere, and what has to come back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// What is asked with GET. Plain `http:` also notices captive portals, which cannot answer for `https:`.
    pub url: Url,
    /// The only status that counts. 204 by default.
    pub status: u16,
    /// What the first 64 KiB of the body must contain. Nothing in particular by default.
    pub body: Option<String>,
    /// How long an answer may take. Five seconds by default.
    pub time_limit: Duration,
}

/// What is wrong with the text of a probe, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// The first piece is no address that can be asked.
    #[error("probe: `{0}` is no address that begins with http:// or https://")]
    BadAddress(String),
    /// Something after the address that is no setting.
    #[error(
        "probe: `{0}` is none of status=204, body=TEXT, timeout=5s; write a comma in the address as %2C"
    )]
    UnknownSetting(String),
    /// A setting whose value does not fit.
    #[error(
        "probe: `{0}` does not fit, expected a status from 200 to 599, a text, or a duration such as 5s"
    )]
    BadValue(String),
}

/// The parts of an answer that matter.
struct Answer {
    status: u16,
    location: Option<String>,
    /// Whether it contains what it should.
    has_body: bool,
}

impl Probe {
    /// Asks `url` for a 204 within five seconds.
    pub fn new(url: Url) -> Self {
        Self {
            url,
            status: 204,
            body: None,
            time_limit: Duration::from_secs(5),
        }
    }

    /// Reads `URL[,status=204][,body=TEXT][,timeout=5s]`.
    pub fn parse(text: &str) -> Result<Self, ProbeError> {
        let mut pieces = text.split(',');
        let address = pieces.next().unwrap_or_default();
        let url = Url::parse(address)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"))
            .ok_or_else(|| ProbeError::BadAddress(address.to_owned()))?;
        pieces.try_fold(Self::new(url), Self::with)
    }

    fn with(mut self, piece: &str) -> Result<Self, ProbeError> {
        let bad_value = || ProbeError::BadValue(piece.to_owned());
        match piece.split_once('=') {
            Some(("status", status)) => {
                let status = status.parse().ok();
                let status = status.filter(|status| (200..600).contains(status));
                self.status = status.ok_or_else(bad_value)?;
            }
            Some(("body", body)) if !body.is_empty() => self.body = Some(body.to_owned()),
            Some(("timeout", limit)) => {
                let limit = parse_duration(limit).filter(|limit| !limit.is_zero());
                self.time_limit = limit.ok_or_else(bad_value)?;
            }
            Some(("body", _)) => return Err(bad_value()),
            _ => return Err(ProbeError::UnknownSetting(piece.to_owned())),
        }
        Ok(self)
    }

    /// The reason to be online, or why not.
    fn judge(&self, answer: &Answer) -> Result<NetworkReason, NetworkReason> {
        let address = &self.url;
        let expected = self.status;
        let unexpected = match answer {
            Answer { status, .. } if *status == expected => {
                if answer.has_body {
                    return Ok(NetworkReason::Answered(address.to_string()));
                }
                format!("{address} does not contain what it should")
            }
            Answer {
                location: Some(location),
                ..
            } => format!("{address} redirects to {location}"),
            Answer { status, .. } => format!("{address} answers {status} instead of {expected}"),
        };
        Err(NetworkReason::UnexpectedAnswer(unexpected))
    }
}

impl FromStr for Probe {
    type Err = ProbeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests;
