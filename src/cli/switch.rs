//! `landfall online` and `landfall offline`.

use std::process::ExitCode;

use crate::cli::args::DataFolder;
use crate::cli::control::{Connection, Request};
use crate::cli::output::Output;

/// Switches the network of the running host.
pub(super) async fn go(
    online: bool,
    data: &DataFolder,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    let mut host = Connection::require(&data.path).await?;
    let request = if online {
        Request::GoOnline
    } else {
        Request::GoOffline
    };
    host.ask::<()>(&request).await?;
    output.text(if online { "online" } else { "offline" });
    Ok(ExitCode::SUCCESS)
}
