//! `landfall storage`: what is stored for which origin, whether it is whole, and removing it; running or not.

use std::process::ExitCode;

use anyhow::{Context, bail};
use serde_json::json;
use url::Url;

use crate::cli::args::{ClearArgs, DataFolder, ListArgs};
use crate::cli::control::{Connection, Request};
use crate::cli::output::Output;
use crate::cli::tables::table;
use crate::cli::values::spoken_size;
use crate::clock::{Clock, SystemClock};
use crate::host::{OriginStatus, check_stored, clear_stored_origin};
use crate::storage::CheckedDatabase;

/// `landfall storage ls`
pub(super) async fn list(args: &ListArgs, output: &Output) -> anyhow::Result<ExitCode> {
    let mut host = Connection::open(&args.data.path).await?;
    let origins = origins(&args.data, host.as_mut()).await?;
    if args.json {
        for origin in &origins {
            output.json(origin)?;
        }
    } else if origins.is_empty() {
        output.text("nothing is stored");
    } else {
        let rows: Vec<_> = origins.iter().map(row).collect();
        output.text(&table(
            [
                "ORIGIN",
                "WORKERS",
                "DATABASES",
                "CACHES",
                "FETCHES",
                "DAMAGED",
            ],
            &rows,
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// `landfall storage clear`
pub(super) async fn clear(args: &ClearArgs, output: &Output) -> anyhow::Result<ExitCode> {
    let ClearArgs { origin, list } = args;
    let mut host = Connection::open(&list.data.path).await?;
    let stored = origins(&list.data, host.as_mut()).await?;
    let mut chosen: Vec<String> = stored.into_iter().map(|status| status.origin).collect();
    if let Some(asked) = origin {
        let asked = asked.origin().ascii_serialization();
        if !chosen.contains(&asked) {
            bail!("nothing is stored for `{asked}`; {}", known(&chosen));
        }
        chosen = vec![asked];
    }
    for origin in chosen {
        match &mut host {
            Some(host) => {
                let origin = Url::parse(&origin)?;
                host.ask::<()>(&Request::ClearOrigin { origin }).await?;
            }
            None => clear_stored_origin(&list.data.path, &origin, SystemClock.now())?,
        }
        if list.json {
            output.json(&json!({ "cleared": origin }))?;
        } else {
            output.text(&format!("cleared {origin}"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// `landfall storage check`
pub(super) async fn check(args: &ListArgs, output: &Output) -> anyhow::Result<ExitCode> {
    let databases: Vec<CheckedDatabase> = match Connection::open(&args.data.path).await? {
        Some(mut host) => host.ask(&Request::CheckStorage).await?,
        None => check_stored(&args.data.path)?,
    };
    for database in &databases {
        if args.json {
            output.json(database)?;
        } else {
            let state = match &database.problem {
                Some(problem) => format!("damaged: {problem}"),
                None => "ok".to_owned(),
            };
            output.text(&format!("{}  {state}", database.path.display()));
        }
    }
    let is_whole = databases.iter().all(|database| database.problem.is_none());
    Ok(if is_whole {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn origins(
    data: &DataFolder,
    host: Option<&mut Connection>,
) -> anyhow::Result<Vec<OriginStatus>> {
    match host {
        Some(host) => host.ask(&Request::Origins).await,
        None => OriginStatus::read(&data.path).context("cannot read the data folder"),
    }
}

fn known(origins: &[String]) -> String {
    if origins.is_empty() {
        return "nothing is stored at all".to_owned();
    }
    let names: Vec<String> = origins.iter().map(|origin| format!("`{origin}`")).collect();
    format!("there is something for {}", names.join(", "))
}

fn row(status: &OriginStatus) -> [String; 6] {
    [
        status.origin.clone(),
        status.registrations.to_string(),
        spoken_size(status.usage.indexed_db_bytes),
        spoken_size(status.usage.cache_bytes),
        spoken_size(status.usage.background_fetch_bytes),
        spoken_size(status.usage.damaged_bytes),
    ]
}
