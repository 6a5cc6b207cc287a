//! The flags of `landfall push` and `landfall notification`, with their help.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use url::Url;

use crate::cli::args::{DataFolder, ListArgs};

/// `landfall notification`
#[derive(Debug, Subcommand)]
pub(super) enum NotificationCommand {
    /// List the notifications that are shown, the oldest first
    Ls(ListArgs),
    /// Click a notification, wait for the outcome of `notificationclick`, and fail unless it is fulfilled
    Click(ClickArgs),
    /// Close a notification as a user does, wait for the outcome of `notificationclose`, and fail unless it is fulfilled
    Close(NotificationArgs),
}

/// Which notification a command is about.
#[derive(Debug, Args)]
pub(super) struct NotificationArgs {
    /// The number of the notification [default: the newest]
    pub(super) id: Option<i64>,

    #[command(flatten)]
    pub(super) data: DataFolder,

    /// Print the outcome as JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// `landfall notification click`
#[derive(Debug, Args)]
pub(super) struct ClickArgs {
    #[command(flatten)]
    pub(super) notification: NotificationArgs,

    /// Click the button with this action, not the notification itself
    #[arg(long, value_name = "NAME")]
    pub(super) action: Option<String>,
}

/// `landfall push`
#[derive(Debug, Args)]
pub(super) struct PushArgs {
    /// What the message says [default: a message without data]
    #[arg(long, value_name = "TEXT", conflicts_with = "file")]
    pub(super) text: Option<String>,

    /// A file with what the message says
    #[arg(long, value_name = "FILE")]
    pub(super) file: Option<PathBuf>,

    /// The scope of the service worker, needed only if the host runs several
    #[arg(long, value_name = "URL")]
    pub(super) scope: Option<Url>,

    /// Send no message, but give the worker another subscription and send `pushsubscriptionchange`
    #[arg(long, conflicts_with_all = ["text", "file"])]
    pub(super) renew: bool,

    #[command(flatten)]
    pub(super) data: DataFolder,

    /// Print the outcome as JSON
    #[arg(long)]
    pub(super) json: bool,
}
