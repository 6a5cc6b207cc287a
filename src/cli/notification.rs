//! `landfall notification`: what is shown, and what somebody who sits there would do with it.

use std::process::ExitCode;

use anyhow::bail;

use crate::cli::args::ListArgs;
use crate::cli::control::{Connection, Request};
use crate::cli::output::Output;
use crate::cli::push_args::{ClickArgs, NotificationArgs};
use crate::cli::tables::table;
use crate::host::NotificationStatus;

/// `landfall notification ls`
pub(super) async fn list(args: &ListArgs, output: &Output) -> anyhow::Result<ExitCode> {
    let shown = match Connection::open(&args.data.path).await? {
        Some(mut host) => host.ask(&Request::Notifications).await?,
        None => NotificationStatus::read(&args.data.path)?,
    };
    if args.json {
        for notification in &shown {
            output.json(notification)?;
        }
    } else if shown.is_empty() {
        output.text("no notification is shown");
    } else {
        let rows: Vec<_> = shown.iter().map(row).collect();
        output.text(&table(
            ["ID", "TITLE", "TEXT", "TAG", "ACTIONS", "SCOPE"],
            &rows,
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// `landfall notification click`
pub(super) async fn click(args: ClickArgs, output: &Output) -> anyhow::Result<ExitCode> {
    let (mut host, id) = chosen(&args.notification).await?;
    let action = args.action;
    let request = Request::ClickNotification { id, action };
    output.outcome(&host.ask(&request).await?, args.notification.json)
}

/// `landfall notification close`
pub(super) async fn close(args: NotificationArgs, output: &Output) -> anyhow::Result<ExitCode> {
    let (mut host, id) = chosen(&args).await?;
    let request = Request::CloseNotification { id };
    output.outcome(&host.ask(&request).await?, args.json)
}

/// The running host, and the notification that was named or the newest.
async fn chosen(args: &NotificationArgs) -> anyhow::Result<(Connection, i64)> {
    let mut host = Connection::require(&args.data.path).await?;
    if let Some(id) = args.id {
        return Ok((host, id));
    }
    let shown: Vec<NotificationStatus> = host.ask(&Request::Notifications).await?;
    let Some(newest) = shown.last() else {
        bail!("no notification is shown");
    };
    Ok((host, newest.id))
}

fn row(shown: &NotificationStatus) -> [String; 6] {
    let content = &shown.content;
    let actions: Vec<&str> = content
        .actions
        .iter()
        .map(|action| action.action.as_str())
        .collect();
    [
        shown.id.to_string(),
        content.title.clone(),
        content.body.clone(),
        content.tag.clone(),
        actions.join(", "),
        shown
            .scope
            .as_ref()
            .map_or("a page".to_owned(), ToString::to_string),
    ]
}
