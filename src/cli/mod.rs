//! The commands of the program `landfall`: words to calls on a host, results to words.
//!
//! Nothing here decides about workers; whatever a command can do, an embedder can do with
//! [`crate::host::Host`].

mod advice;
mod args;
mod background_fetch;
mod background_fetch_args;
mod background_fetch_story;
mod certificate;
mod clock;
mod control;
mod diagnostics;
mod explain;
mod frame;
mod notification;
mod output;
mod permission;
mod policy_args;
mod push;
mod push_args;
mod push_service;
mod push_story;
mod registrations;
mod run;
mod serve;
mod serve_args;
mod site;
mod storage;
mod story;
mod switch;
mod sync;
mod sync_rule;
mod sync_story;
mod tables;
mod values;

use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;

use args::{Cli, Command, PermissionCommand, StorageCommand, SyncCommand};
use background_fetch_args::BackgroundFetchCommand;
use output::Output;
use push_args::NotificationCommand;

use crate::host::PermissionState;

/// Exit code of a command that did not do what it was asked for.
const FAILED: u8 = 1;
/// Exit code of a command line that cannot be understood; clap uses the same.
const USAGE: u8 = 2;

/// Arguments that are well-formed one by one, but not together.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct UsageError(String);

/// Reads the command line, does what it says, prints the error if that fails.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = Output::new();
    diagnostics::start(cli.log_format);
    match run_to_the_end(cli.command, &output) {
        Ok(code) => code,
        Err(error) => {
            output.error(&error);
            let is_usage = error.downcast_ref::<UsageError>().is_some();
            ExitCode::from(if is_usage { USAGE } else { FAILED })
        }
    }
}

fn run_to_the_end(command: Command, output: &Output) -> anyhow::Result<ExitCode> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start")?
        .block_on(dispatch(command, output))
}

async fn dispatch(command: Command, output: &Output) -> anyhow::Result<ExitCode> {
    match command {
        Command::Run(args) => run::run(*args, None, output).await,
        Command::Serve(args) => run::run(args.run, Some(args.place), output).await,
        Command::Sync(SyncCommand::Ls(args)) => sync::list(&args, output).await,
        Command::Sync(SyncCommand::Fire(args)) => sync::fire(args, output).await,
        Command::Clock(args) => clock::clock(&args, output).await,
        Command::Sync(SyncCommand::Explain(args)) => explain::explain(&args, output).await,
        Command::Sync(SyncCommand::Drop(args)) => sync::drop(args, output).await,
        Command::Push(args) => push::send(args, output).await,
        Command::Notification(NotificationCommand::Ls(args)) => {
            notification::list(&args, output).await
        }
        Command::Notification(NotificationCommand::Click(args)) => {
            notification::click(args, output).await
        }
        Command::Notification(NotificationCommand::Close(args)) => {
            notification::close(args, output).await
        }
        Command::BackgroundFetch(BackgroundFetchCommand::Ls(args)) => {
            background_fetch::list(&args, output).await
        }
        Command::BackgroundFetch(BackgroundFetchCommand::Abort(args)) => {
            background_fetch::abort(args, output).await
        }
        Command::BackgroundFetch(BackgroundFetchCommand::Click(args)) => {
            background_fetch::click(args, output).await
        }
        Command::Online(folder) => switch::go(true, &folder, output).await,
        Command::Offline(folder) => switch::go(false, &folder, output).await,
        Command::Storage(StorageCommand::Ls(args)) => storage::list(&args, output).await,
        Command::Storage(StorageCommand::Clear(args)) => storage::clear(&args, output).await,
        Command::Storage(StorageCommand::Check(args)) => storage::check(&args, output).await,
        Command::Permission(PermissionCommand::Grant(args)) => {
            permission::set(args, PermissionState::Granted, output).await
        }
        Command::Permission(PermissionCommand::Deny(args)) => {
            permission::set(args, PermissionState::Denied, output).await
        }
        Command::Registrations(args) => registrations::list(&args, output).await,
        Command::Status(args) => registrations::status(&args, output).await,
    }
}
