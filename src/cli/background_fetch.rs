//! `landfall background-fetch`: what is fetched in the background, and what somebody who sits there would do with it.

use std::process::ExitCode;

use anyhow::bail;
use serde_json::json;

use crate::background_fetch::FetchResult;
use crate::cli::args::ListArgs;
use crate::cli::background_fetch_args::BackgroundFetchArgs;
use crate::cli::control::{BackgroundFetchAction, Connection, Request};
use crate::cli::output::Output;
use crate::cli::registrations::current_status;
use crate::cli::tables::table;
use crate::cli::values::spoken_size;
use crate::host::{BackgroundFetchStatus, Status};

/// `landfall background-fetch ls`
pub(super) async fn list(args: &ListArgs, output: &Output) -> anyhow::Result<ExitCode> {
    let (status, _) = current_status(&args.data).await?;
    let fetches = status.background_fetches;
    if args.json {
        for fetch in &fetches {
            output.json(fetch)?;
        }
    } else if fetches.is_empty() {
        output.text("nothing is fetched in the background");
    } else {
        let rows: Vec<_> = fetches.iter().map(row).collect();
        output.text(&table(
            [
                "ID", "TITLE", "REQUESTS", "SENT", "RECEIVED", "STATE", "SCOPE",
            ],
            &rows,
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// `landfall background-fetch abort`
pub(super) async fn abort(args: BackgroundFetchArgs, output: &Output) -> anyhow::Result<ExitCode> {
    let (mut host, fetch) = chosen(&args).await?;
    let (scope, id) = (fetch.scope, fetch.id);
    let request = Request::BackgroundFetch {
        scope,
        id: id.clone(),
        action: BackgroundFetchAction::Abort,
    };
    if !host.ask(&request).await? {
        bail!("the background fetch `{id}` has ended already");
    }
    if args.json {
        output.json(&json!({ "aborted": id }))?;
    } else {
        output.text(&format!("aborted `{id}`"));
    }
    Ok(ExitCode::SUCCESS)
}

/// `landfall background-fetch click`
pub(super) async fn click(args: BackgroundFetchArgs, output: &Output) -> anyhow::Result<ExitCode> {
    let (mut host, fetch) = chosen(&args).await?;
    let (scope, id) = (fetch.scope, fetch.id);
    let action = BackgroundFetchAction::Click;
    let request = Request::BackgroundFetch { scope, id, action };
    output.outcome(&host.ask(&request).await?, args.json)
}

/// The running host, and the fetch that was named or the newest.
async fn chosen(args: &BackgroundFetchArgs) -> anyhow::Result<(Connection, BackgroundFetchStatus)> {
    let mut host = Connection::require(&args.data.path).await?;
    let fetches = fetches(&mut host).await?;
    let mut meant = fetches
        .iter()
        .filter(|fetch| args.id.as_ref().is_none_or(|id| fetch.id == *id))
        .filter(|fetch| args.scope.as_ref().is_none_or(|it| fetch.scope == *it));
    let Some(newest) = meant.next_back().cloned() else {
        let named = |fetch: &BackgroundFetchStatus| format!("`{}` of {}", fetch.id, fetch.scope);
        let known: Vec<String> = fetches.iter().map(named).collect();
        if known.is_empty() {
            bail!("nothing is fetched in the background");
        }
        bail!("no such background fetch; there are {}", known.join(", "));
    };
    if meant.any(|fetch| fetch.scope != newest.scope) && args.id.is_some() {
        bail!(
            "several service workers have a background fetch of that name; choose one with --scope"
        );
    }
    Ok((host, newest))
}

async fn fetches(host: &mut Connection) -> anyhow::Result<Vec<BackgroundFetchStatus>> {
    let status: Status = host.ask(&Request::Status).await?;
    Ok(status.background_fetches)
}

fn row(fetch: &BackgroundFetchStatus) -> [String; 7] {
    let progress = &fetch.progress;
    let of = |done: u64, total: u64| match total {
        0 => spoken_size(done),
        total => format!("{} of {}", spoken_size(done), spoken_size(total)),
    };
    [
        fetch.id.clone(),
        fetch.display.title.clone(),
        format!("{} of {}", fetch.ended_requests, fetch.requests),
        of(progress.uploaded, fetch.upload_total),
        of(progress.downloaded, fetch.download_total),
        match progress.result {
            FetchResult::Pending => "goes on".to_owned(),
            FetchResult::Success => "has ended".to_owned(),
            FetchResult::Failure => format!("failed: {}", progress.failure_reason.as_str()),
        },
        fetch.scope.to_string(),
    ]
}
