//! `landfall notification`: what is shown, and what somebody who sits there would do with it.

use std::process::ExitCode;

use anyhow::bail;

use crate::cli::args::ListArgs;
use crate::cli::control::{Connection, PushCommand, Request};
use crate::cli::output::Output;
use crate::cli::push_args::{ClickArgs, NotificationArgs};
use crate::cli::tables::table;
use crate::host::NotificationStatus;

/// `landfall notification ls`
pub(super) async fn list(args: &ListArgs, output: &Output) -> anyhow::Result<ExitCode> {
    let notifications = match Connection::open(&args.data.path).await? {
        Some(mut host) => shown(&mut host).await?,
        None => NotificationStatus::read(&args.data.path)?,
    };
    if args.json {
        for notification in &notifications {
            output.json(notification)?;
        }
    } else if notifications.is_empty() {
        output.text("no notification is shown");
    } else {
        let rows: Vec<_> = notifications.iter().map(row).collect();
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
    let push = PushCommand::Click { id, action };
    output.outcome(
        &host.ask(&Request::Push { push }).await?,
        args.notification.json,
    )
}

/// `landfall notification close`
pub(super) async fn close(args: NotificationArgs, output: &Output) -> anyhow::Result<ExitCode> {
    let (mut host, id) = chosen(&args).await?;
    let push = PushCommand::Close { id };
    output.outcome(&host.ask(&Request::Push { push }).await?, args.json)
}

/// The running host, and the notification that was named or the newest.
async fn chosen(args: &NotificationArgs) -> anyhow::Result<(Connection, i64)> {
    let mut host = Connection::require(&args.data.path).await?;
    if let Some(id) = args.id {
        return Ok((host, id));
    }
    let Some(newest) = shown(&mut host).await?.pop() else {
        bail!("no notification is shown");
    };
    Ok((host, newest.id))
}

async fn shown(host: &mut Connection) -> anyhow::Result<Vec<NotificationStatus>> {
    let push = PushCommand::Notifications;
    host.ask(&Request::Push { push }).await
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
