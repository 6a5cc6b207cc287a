//! `landfall sync ls`, `fire` and `drop`: what waits to be sent, sending it now, and giving it up.

use std::process::ExitCode;

use url::Url;

use crate::cli::args::{FireArgs, ListArgs, TagArgs};
use crate::cli::control::{Connection, Request};
use crate::cli::output::Output;
use crate::cli::registrations::current_status;
use crate::cli::story::{reason, spoken};
use crate::cli::tables::table;
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::host::{Error, Status, SyncStatus, drop_stored};
use crate::service_worker::EventOutcome;

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
        output.text(&table(["TAG", "STATE", "ATTEMPT", "NEXT", "SCOPE"], &rows));
    }
    Ok(ExitCode::SUCCESS)
}

/// `landfall sync fire`
pub(super) async fn fire(args: FireArgs, output: &Output) -> anyhow::Result<ExitCode> {
    let mut host = Connection::require(&args.data.path).await?;
    let wait = args.wait || !args.no_wait;
    let request = Request::FireSync {
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
pub(super) async fn drop(args: TagArgs, output: &Output) -> anyhow::Result<ExitCode> {
    let TagArgs { tag, scope, .. } = args;
    if let Some(mut host) = Connection::open(&args.data.path).await? {
        let tag = tag.clone();
        host.ask::<()>(&Request::DropSync { tag, scope }).await?;
    } else {
        let status = Status::read(&args.data.path)?;
        let scope = scope_of_tag(scope, &tag, &status)?;
        drop_stored(&args.data.path, &scope, &tag)?;
    }
    if args.json {
        output.json(&serde_json::json!({ "dropped": tag }))?;
    } else {
        output.text(&format!("`{tag}` is dropped"));
    }
    Ok(ExitCode::SUCCESS)
}

/// The scope that was named, or the only one in which the tag is registered.
pub(super) fn scope_of_tag(named: Option<Url>, tag: &str, status: &Status) -> anyhow::Result<Url> {
    if let Some(scope) = named {
        return Ok(scope);
    }
    let with_tag = status.syncs.iter().filter(|sync| sync.tag == tag);
    let scopes: Vec<&Url> = with_tag.map(|sync| &sync.scope).collect();
    match scopes.as_slice() {
        [only] => Ok((*only).clone()),
        [] => {
            let known = status.syncs.iter().map(|sync| sync.tag.clone()).collect();
            let asked = tag.to_owned();
            Err(Error::UnknownTag { asked, known }.into())
        }
        several => {
            let names: Vec<&str> = several.iter().map(|scope| scope.as_str()).collect();
            anyhow::bail!(
                "several service workers have registered `{tag}`; choose one with --scope: {}",
                names.join(", ")
            )
        }
    }
}

fn row(sync: &SyncStatus, now: Timestamp, online: Option<bool>) -> [String; 5] {
    let next = match sync.next_attempt_at_ms {
        _ if sync.state.is_firing() => "running".to_owned(),
        Some(at) if at > now => format!("in {}", spoken(at.saturating_since(now))),
        _ if online == Some(true) => "now".to_owned(),
        _ => "when online".to_owned(),
    };
    let attempt = format!("{} of {}", sync.failed_attempts + 1, sync.max_attempts);
    [
        sync.tag.clone(),
        sync.state.as_str().to_owned(),
        attempt,
        next,
        sync.scope.to_string(),
    ]
}
