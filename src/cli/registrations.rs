//! `landfall registrations` and `landfall status`: what a data folder holds, running or not.

use std::process::ExitCode;

use anyhow::Context;
use url::Url;

use crate::cli::args::{DataFolder, ListArgs};
use crate::cli::control::{Connection, Request};
use crate::cli::output::Output;
use crate::cli::tables::table;
use crate::host::{RegistrationStatus, Status, WorkerStatus};

/// `landfall registrations`
pub(super) async fn list(args: &ListArgs, output: &Output) -> anyhow::Result<ExitCode> {
    let (status, _) = current_status(&args.data).await?;
    if args.json {
        for registration in &status.registrations {
            output.json(registration)?;
        }
    } else {
        output.text(&registrations(&status));
    }
    Ok(ExitCode::SUCCESS)
}

/// `landfall status`
pub(super) async fn status(args: &ListArgs, output: &Output) -> anyhow::Result<ExitCode> {
    let (status, is_running) = current_status(&args.data).await?;
    if args.json {
        output.json(&status)?;
        return Ok(ExitCode::SUCCESS);
    }
    output.text(&network(&status, is_running));
    output.text(&registrations(&status));
    output.text(&format!(
        "syncs: {}, background fetches: {}, open pages: {}",
        status.syncs.len(),
        status.background_fetches.len(),
        status.clients.len()
    ));
    Ok(ExitCode::SUCCESS)
}

fn network(status: &Status, is_running: bool) -> String {
    if !is_running {
        return "no host runs here".to_owned();
    }
    let state = if status.online == Some(false) {
        "running, offline"
    } else {
        "running, online"
    };
    match &status.online_reason {
        Some(reason) => format!("{state}: {reason}"),
        None => state.to_owned(),
    }
}

/// The status of the running host, or of the folder where none runs; and whether one runs.
pub(super) async fn current_status(data: &DataFolder) -> anyhow::Result<(Status, bool)> {
    if let Some(mut host) = Connection::open(&data.path).await? {
        return Ok((host.ask(&Request::Status).await?, true));
    }
    let stored = Status::read(&data.path).context("cannot read the data folder")?;
    Ok((stored, false))
}

fn registrations(status: &Status) -> String {
    if status.registrations.is_empty() {
        return "no service worker is registered".to_owned();
    }
    let rows: Vec<_> = status.registrations.iter().map(row).collect();
    table(
        ["SCOPE", "ACTIVE", "WAITING", "INSTALLING", "SCRIPT"],
        &rows,
    )
}

fn row(registration: &RegistrationStatus) -> [String; 5] {
    let state = |worker: &Option<WorkerStatus>| match worker {
        Some(worker) if worker.running => format!("{}, running", worker.state.as_str()),
        Some(worker) => worker.state.as_str().to_owned(),
        None => "-".to_owned(),
    };
    [
        registration.scope.to_string(),
        state(&registration.active),
        state(&registration.waiting),
        state(&registration.installing),
        newest_script(registration).map_or_else(|| "-".to_owned(), Url::to_string),
    ]
}

fn newest_script(registration: &RegistrationStatus) -> Option<&Url> {
    let workers = [
        &registration.installing,
        &registration.waiting,
        &registration.active,
    ];
    let newest = workers.into_iter().flatten().next()?;
    Some(&newest.script)
}
