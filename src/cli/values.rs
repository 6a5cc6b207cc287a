//! What words of the command line stand for where clap does not know: addresses, sizes, networks, clocks.

use std::net::SocketAddr;

use url::Url;

use crate::cli::clock;
use crate::clock::Timestamp;
use crate::connectivity::{Probe, Timeline};

/// The value of `--clock`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClockArg {
    /// The computer's.
    System,
    /// One that moves by hand, from this moment or the present one on.
    Manual(Option<Timestamp>),
}

/// The value of `--connectivity`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ConnectivityArg {
    /// What the machine says.
    Auto,
    /// Always.
    Online,
    /// Never.
    Offline,
    /// What the machine says, confirmed by a probe.
    Probe(Probe),
    /// As planned.
    Timeline(Timeline),
}

/// The value of `--connectivity`.
pub(super) fn parse_connectivity(text: &str) -> Result<ConnectivityArg, String> {
    match text {
        "auto" => Ok(ConnectivityArg::Auto),
        "online" => Ok(ConnectivityArg::Online),
        "offline" => Ok(ConnectivityArg::Offline),
        _ => match text.split_once('=') {
            Some(("probe", probe)) => Probe::parse(probe)
                .map(ConnectivityArg::Probe)
                .map_err(|error| error.to_string()),
            Some(("timeline", plan)) => Timeline::parse(plan)
                .map(ConnectivityArg::Timeline)
                .map_err(|error| error.to_string()),
            _ => Err(
                "expected auto, online, offline, probe=http://... or timeline=offline:3s,online"
                    .into(),
            ),
        },
    }
}

/// The value of `--clock`.
pub(super) fn parse_clock(text: &str) -> Result<ClockArg, String> {
    match text.split_once('=') {
        None if text == "system" => Ok(ClockArg::System),
        None if text == "manual" => Ok(ClockArg::Manual(None)),
        Some(("manual", start)) => Ok(ClockArg::Manual(Some(clock::parse_moment(start)?))),
        _ => Err("expected system, manual or manual=2026-01-01T12:00:00Z".into()),
    }
}

/// Bytes, or with a unit: `64K`, `500M`, `2G`.
pub(super) fn parse_size(text: &str) -> Result<u64, String> {
    let (number, shift) = match text.strip_suffix(['K', 'M', 'G']) {
        Some(number) if text.ends_with('K') => (number, 10),
        Some(number) if text.ends_with('M') => (number, 20),
        Some(number) => (number, 30),
        None => (text, 0),
    };
    let number: Option<u64> = number.parse().ok();
    number
        .and_then(|number| number.checked_mul(1 << shift))
        .ok_or_else(|| "expected a number of bytes, or one with K, M or G as in 500M".to_owned())
}

/// An address of a web server.
pub(super) fn parse_http(text: &str) -> Result<Url, String> {
    Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .ok_or_else(|| "expected an address that begins with https:// or http://".to_owned())
}

/// A place to listen at.
pub(super) fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        "expected the address of this machine and a port, as in 127.0.0.1:8080".to_owned()
    })
}

/// An address without a path.
pub(super) fn parse_origin(text: &str) -> Result<Url, String> {
    let url = parse_http(text)?;
    if url.path() == "/" && url.query().is_none() && url.fragment().is_none() {
        Ok(url)
    } else {
        Err("an origin has no path, as in https://app.example".into())
    }
}

/// Bytes as one would say them.
pub(super) fn spoken_size(bytes: u64) -> String {
    let mut size = bytes as f64;
    let mut unit = "B";
    for larger in ["KiB", "MiB", "GiB", "TiB"] {
        if size < 1024.0 {
            break;
        }
        size /= 1024.0;
        unit = larger;
    }
    match unit {
        "B" => format!("{bytes} B"),
        unit => format!("{size:.1} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_may_have_a_unit() {
        let sizes = ["4096", "64K", "500M", "2G"].map(parse_size);
        assert_eq!(sizes, [Ok(4096), Ok(64 << 10), Ok(500 << 20), Ok(2 << 30)]);
        for wrong in ["", "M", "1.5G", "1T", "-1", "99999999999G"] {
            assert!(parse_size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_origin_has_no_path() {
        assert!(parse_origin("https://app.example").is_ok());
        assert!(parse_origin("https://app.example/app/").is_err());
        assert!(parse_origin("file:///app").is_err());
    }

    #[test]
    fn a_wrong_address_is_told_what_one_looks_like() {
        let expected = "expected an address that begins with https:// or http://";
        for wrong in ["app.example", "ftp://app.example", ""] {
            assert_eq!(parse_http(wrong), Err(expected.to_owned()), "{wrong}");
        }
        for wrong in ["8080", ":8080", "localhost:8080"] {
            assert!(
                parse_listen(wrong).unwrap_err().contains("127.0.0.1:8080"),
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_timeline_or_a_probe_is_read_with_the_connectivity() {
        assert!(matches!(
            parse_connectivity("probe=http://check.example/,status=200"),
            Ok(ConnectivityArg::Probe(_))
        ));
        assert!(parse_connectivity("probe=check.example").is_err());
        assert!(matches!(
            parse_connectivity("timeline=offline:3s,online"),
            Ok(ConnectivityArg::Timeline(_))
        ));
        assert!(parse_connectivity("timeline=offline:,online").is_err());
        assert!(parse_connectivity("sometimes").is_err());
    }

    #[test]
    fn sizes_are_said_in_the_unit_that_fits() {
        let said = [0, 1023, 1024, 1_572_864, 5 << 30].map(spoken_size);
        assert_eq!(said, ["0 B", "1023 B", "1.0 KiB", "1.5 MiB", "5.0 GiB"]);
    }
}
