//! `landfall sync ls`, `fire` and `drop`: what waits to be sent, sending it now, and giving it up.

use std::process::ExitCode;

use url::Url;

use crate::cli::args::{DropArgs, FireArgs, ListArgs, TagArgs};
use crate::cli::control::{Connection, Request};
use crate::cli::output::Output;
use crate::cli::registrations::current_status;
use crate::cli::story::{reason, spoken};
use crate::cli::tables::table;
use crate::host::{Error, Status, SyncStatus, drop_stored};
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
        let rows: Vec<_> = status.syncs.iter().map(|sync| row(sync, &status)).collect();
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
    let wait = args.wait || !args.no_wait;
    let request = Request::FireSync {
        kind: if args.periodic {
            SyncKind::Periodic
        } else {
            SyncKind::OneShot
        },
        tag: args.tag,
        scope: args.scope,
        last_chance: args.last_chance,
        wait,
    };
    let outcome: Option<EventOutcome> = host.ask(&request).await?;
    if args.json {
        output.json(&outcome)?;
    } else {
        output.text(&outcome.as_ref().map_or_else(|| "sent".to_owned(), reason));
    }
    Ok(if outcome.is_none_or(|outcome| outcome.is_success()) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// `landfall sync drop`
pub(super) async fn drop(args: DropArgs, output: &Output) -> anyhow::Result<ExitCode> {
    let DropArgs {
        tag: args,
        periodic,
    } = args;
    let TagArgs { tag, scope, .. } = args;
    if let Some(mut host) = Connection::open(&args.data.path).await? {
        let request = Request::DropSync {
            tag: tag.clone(),
            scope,
            periodic,
        };
        host.ask::<()>(&request).await?;
    } else {
        let status = Status::read(&args.data.path)?;
        let (scope, kind) = chosen_sync(scope, periodic, &tag, &status)?;
        drop_stored(&args.data.path, &scope, kind, &tag)?;
    }
    if args.json {
        output.json(&serde_json::json!({ "dropped": tag }))?;
    } else {
        output.text(&format!("`{tag}` is dropped"));
    }
    Ok(ExitCode::SUCCESS)
}

/// The one registration of a tag that is meant. Where a tag is registered for both kinds, it is the one-shot one unless
/// the periodic one is asked for.
pub(super) fn chosen_sync(
    scope: Option<Url>,
    is_periodic: bool,
    tag: &str,
    status: &Status,
) -> anyhow::Result<(Url, SyncKind)> {
    let mut known: Vec<&SyncStatus> = status
        .syncs
        .iter()
        .filter(|sync| sync.tag == tag && scope.as_ref().is_none_or(|scope| sync.scope == *scope))
        .collect();
    let is_one_shot = |sync: &&SyncStatus| sync.kind == SyncKind::OneShot;
    if is_periodic || known.iter().any(is_one_shot) {
        known.retain(|sync| is_one_shot(sync) != is_periodic);
    }
    match known.as_slice() {
        [only] => Ok((only.scope.clone(), only.kind)),
        [] => {
            let known = status.syncs.iter().map(|sync| sync.tag.clone()).collect();
            let asked = tag.to_owned();
            Err(Error::UnknownTag { asked, known }.into())
        }
        several => {
            let names: Vec<&str> = several.iter().map(|sync| sync.scope.as_str()).collect();
            anyhow::bail!(
                "several service workers have registered `{tag}`; choose one with --scope: {}",
                names.join(", ")
            )
        }
    }
}

fn row(sync: &SyncStatus, status: &Status) -> [String; 6] {
    let now = status.now_ms;
    let next = match (sync.next_attempt_at_ms, status.online) {
        _ if status.is_sync_disabled => "never: disabled".to_owned(),
        _ if sync.state == SyncState::Suspended => "-".to_owned(),
        (_, Some(_)) if sync.state.is_firing() => "running".to_owned(),
        (Some(at), _) if at > now => format!("in {}", spoken(at.saturating_since(now))),
        (_, Some(true)) => "now".to_owned(),
        (_, Some(false)) => "when online".to_owned(),
        (_, None) => "when a host runs".to_owned(),
    };
    // Whoever sent the event is gone.
    let state = match sync.state {
        state if status.online.is_none() && state.is_firing() => "interrupted",
        state => state.as_str(),
    };
    let attempt = format!("{} of {}", sync.failed_attempts + 1, sync.max_attempts);
    [
        sync.tag.clone(),
        sync.kind.event_name().to_owned(),
        state.to_owned(),
        attempt,
        next,
        sync.scope.to_string(),
    ]
}
