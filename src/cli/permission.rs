//! `landfall permission`: what an origin of the running host may do.

use std::process::ExitCode;

use crate::cli::args::PermissionArgs;
use crate::cli::control::{Connection, Request};
use crate::cli::output::Output;
use crate::host::PermissionState;

/// Grants or denies a permission until the host ends.
pub(super) async fn set(
    args: PermissionArgs,
    state: PermissionState,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    let mut host = Connection::require(&args.data.path).await?;
    let request = Request::SetPermission {
        origin: args.origin,
        permission: args.name,
        state,
    };
    let origin: String = host.ask(&request).await?;
    let (name, state) = (args.name.name(), state.as_str());
    output.text(&format!("`{name}` is {state} for {origin}"));
    Ok(ExitCode::SUCCESS)
}
