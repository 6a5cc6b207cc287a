//! `landfall push`: a message for a worker, as the button in a browser's developer tools sends it.

use std::process::ExitCode;

use anyhow::Context;

use crate::cli::control::{Connection, PushCommand, Request};
use crate::cli::output::Output;
use crate::cli::push_args::PushArgs;

/// Sends a message, or renews the subscription.
pub(super) async fn send(args: PushArgs, output: &Output) -> anyhow::Result<ExitCode> {
    let mut host = Connection::require(&args.data.path).await?;
    let scope = args.scope;
    let push = if args.renew {
        PushCommand::Renew { scope }
    } else {
        let data = match (args.text, args.file) {
            (Some(text), _) => Some(text.into_bytes()),
            (None, Some(file)) => {
                let data = tokio::fs::read(&file).await;
                Some(data.with_context(|| format!("cannot read `{}`", file.display()))?)
            }
            (None, None) => None,
        };
        PushCommand::Send { scope, data }
    };
    output.outcome(&host.ask(&Request::Push { push }).await?, args.json)
}
