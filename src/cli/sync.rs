//! `landfall sync`: what waits to be sent, and sending it now.

use std::process::ExitCode;

use crate::cli::args::{FireArgs, ListArgs};
use crate::cli::control::{Connection, Request};
use crate::cli::output::Output;
use crate::cli::registrations::current_status;
use crate::cli::story::{reason, spoken};
use crate::cli::tables::table;
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::host::SyncStatus;
use crate::service_worker::EventOutcome;
use crate::sync::{SyncKind, SyncState};

/// `landfall sync ls`
pub(super) async fn list(args: &ListArgs, output: &Output) -> anyhow::Result<ExitCode> {
    let (status, _) = current_status(&args.data).await?;
    if args.json {
        for sync in &status.syncs {
            output.json(sync)?;
        }
    } else if status.syncs.is_empty() {
        output.text("no sync is registered");
    } else {
        let now = SystemClock.now();
        let rows: Vec<_> = status
            .syncs
            .iter()
            .map(|sync| row(sync, now, status.online))
            .collect();
        output.text(&table(
            ["TAG", "EVENT", "STATE", "ATTEMPT", "NEXT", "SCOPE"],
            &rows,
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// `landfall sync fire`
pub(super) async fn fire(args: FireArgs, output: &Output) -> anyhow::Result<ExitCode> {
    let mut host = Connection::require(&args.data.path).await?;
    let request = Request::FireSync {
        kind: if args.periodic {
            SyncKind::Periodic
        } else {
            SyncKind::OneShot
        },
        tag: args.tag,
        scope: args.scope,
        last_chance: args.last_chance,
    };
    let outcome: EventOutcome = host.ask(&request).await?;
    if args.json {
        output.json(&outcome)?;
    } else {
        output.text(&reason(&outcome));
    }
    Ok(if outcome.is_success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn row(sync: &SyncStatus, now: Timestamp, online: Option<bool>) -> [String; 6] {
    let next = match sync.next_attempt_at_ms {
        _ if sync.state.is_firing() => "running".to_owned(),
        _ if sync.state == SyncState::Suspended => "-".to_owned(),
        Some(at) if at > now => format!("in {}", spoken(at.saturating_since(now))),
        _ if online == Some(true) => "now".to_owned(),
        _ => "when online".to_owned(),
    };
    let attempt = format!("{} of {}", sync.failed_attempts + 1, sync.max_attempts);
    [
        sync.tag.clone(),
        sync.kind.event_name().to_owned(),
        sync.state.as_str().to_owned(),
        attempt,
        next,
        sync.scope.to_string(),
    ]
}
