//! The flags of `landfall background-fetch`, with their help.

use clap::{Args, Subcommand};
use url::Url;

use crate::cli::args::{DataFolder, ListArgs};

/// `landfall background-fetch`
#[derive(Debug, Subcommand)]
pub(super) enum BackgroundFetchCommand {
    /// List the background fetches that have not ended, or whose last event has not, the oldest first
    Ls(ListArgs),
    /// Abort a background fetch as its user does; its worker gets `backgroundfetchabort`
    Abort(BackgroundFetchArgs),
    /// Click a background fetch, wait for the outcome of `backgroundfetchclick`, and fail unless it is fulfilled
    Click(BackgroundFetchArgs),
}

/// Which background fetch a command is about.
#[derive(Debug, Args)]
pub(super) struct BackgroundFetchArgs {
    /// The name that the script gave it [default: the newest]
    pub(super) id: Option<String>,

    /// The scope of the service worker, if several have one of that name
    #[arg(long, value_name = "URL")]
    pub(super) scope: Option<Url>,

    #[command(flatten)]
    pub(super) data: DataFolder,

    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}
