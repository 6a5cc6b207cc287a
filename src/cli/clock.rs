//! `landfall clock`: what time it is for a host, and letting time pass.

use std::process::ExitCode;
use std::time::Duration;

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::cli::args::{ClockArgs, ClockCommand};
use crate::cli::control::{Connection, Request};
use crate::cli::output::Output;
use crate::clock::Timestamp;
use crate::host::Status;

/// What `--json` prints.
#[derive(Serialize)]
struct Shown {
    now_ms: Timestamp,
    manual: bool,
}

/// Shows the clock of the running host, after it was moved if that is asked for.
pub(super) async fn clock(args: &ClockArgs, output: &Output) -> anyhow::Result<ExitCode> {
    let mut host = Connection::require(&args.data.path).await?;
    let request = match &args.command {
        None => Request::Status,
        Some(ClockCommand::Advance { by, .. }) => Request::AdvanceClock {
            by_ms: u64::try_from(by.as_millis()).unwrap_or(u64::MAX),
        },
    };
    let Status {
        now_ms,
        is_clock_manual: manual,
        ..
    } = host.ask(&request).await?;
    if args.json {
        output.json(&Shown { now_ms, manual })?;
    } else {
        let kind = if manual { "manual" } else { "system" };
        output.text(&format!("{}  {kind}", written(now_ms)));
    }
    Ok(ExitCode::SUCCESS)
}

/// A moment as in `2026-01-01T12:00:00Z`, in UTC.
pub(super) fn written(moment: Timestamp) -> String {
    let nanos = i128::from(moment.as_millis()) * 1_000_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanos)
        .ok()
        .and_then(|moment| moment.format(&Rfc3339).ok())
        // Further away than calendars reach.
        .unwrap_or_else(|| moment.to_string())
}

/// Reads a moment as in `2026-01-01T12:00:00Z`, with any offset.
pub(super) fn parse_moment(text: &str) -> Result<Timestamp, String> {
    match OffsetDateTime::parse(text, &Rfc3339) {
        Ok(moment) => {
            let millis = moment.unix_timestamp_nanos().div_euclid(1_000_000);
            i64::try_from(millis)
                .map(Timestamp)
                .map_err(|error| error.to_string())
        }
        Err(_) => Err("expected a moment such as 2026-01-01T12:00:00Z".to_owned()),
    }
}

/// Reads a duration.
pub(super) fn parse_duration(text: &str) -> Result<Duration, String> {
    crate::clock::parse_duration(text)
        .ok_or_else(|| "expected a number and a unit: 250ms, 3s, 5m, 2h or 1d".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_as_it_is_written() {
        let noon = Timestamp(1_767_268_800_000);
        assert_eq!(written(noon), "2026-01-01T12:00:00Z");
        assert_eq!(parse_moment("2026-01-01T12:00:00Z"), Ok(noon));
        assert_eq!(parse_moment("2026-01-01T13:00:00+01:00"), Ok(noon));
        assert_eq!(written(Timestamp(1)), "1970-01-01T00:00:00.001Z");
        assert!(parse_moment("noon").is_err());
        assert_eq!(written(Timestamp(i64::MAX)), "9223372036854775807 ms");
    }
}
