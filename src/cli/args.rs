//! Every command and flag of `landfall`, with its help.
//! What follows from the values is decided in the file of the command.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use url::Url;

use crate::cli::background_fetch_args::BackgroundFetchCommand;
use crate::cli::policy_args::{PolicyArgs, permission};
use crate::cli::push_args::{NotificationCommand, PushArgs};
use crate::cli::serve_args::ServeArgs;
use crate::cli::values::{
    ClockArg, ConnectivityArg, parse_clock, parse_connectivity, parse_http, parse_listen,
    parse_origin, parse_size,
};
use crate::host::Permission;
use crate::service_worker::WarningName;

/// Runs real, unmodified service workers outside the browser
///
/// landfall boots V8, registers a script as a service worker of an origin, installs and activates it,
/// and stays up. Registrations, scripts, IndexedDB, caches and pending syncs live in a data folder and
/// survive a crash. When the network comes back, every pending tag gets its `sync` event, with retries,
/// back-off and `lastChance`.
#[derive(Debug, Parser)]
#[command(name = "landfall", version, max_term_width = 100, after_long_help = AFTER_HELP)]
pub(super) struct Cli {
    /// How diagnostics are written to standard error; `RUST_LOG` chooses which, for example
    /// `RUST_LOG=landfall=debug`
    #[arg(
        long,
        global = true,
        value_enum,
        default_value = "text",
        value_name = "FORMAT",
        help_heading = "Diagnostics",
        display_order = 1000
    )]
    pub(super) log_format: LogFormat,

    #[command(subcommand)]
    pub(super) command: Command,
}

const AFTER_HELP: &str = "\
Exit status:
  0  done
  1  failed; standard error says why, or the outcome of the event that was sent
  2  the command line is wrong

Examples:
  Run a worker, with a page script as its client, until you press Ctrl-C:
    landfall run sw.js --page page.js

  Be offline for three seconds, then online, and end when nothing is left to do:
    landfall run sw.js --page page.js --connectivity timeline=offline:3s,online --exit-when-idle

  From another terminal: what waits, and try it now:
    landfall sync ls
    landfall sync fire sync-messages

  Why has it not arrived?
    landfall sync explain sync-messages";

/// What `landfall` can be asked to do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run a service worker and stay up
    Run(Box<RunArgs>),
    /// Put a service worker in front of a site and answer HTTP with it
    Serve(Box<ServeArgs>),
    /// See and fire background syncs
    #[command(subcommand)]
    Sync(SyncCommand),
    /// Show what time it is for the running host, or let time pass
    Clock(ClockArgs),
    /// Send a `push` event now, wait for its outcome, and fail unless it is fulfilled
    Push(PushArgs),
    /// See, click and close notifications
    #[command(subcommand)]
    Notification(NotificationCommand),
    /// See, abort and click what is fetched in the background
    #[command(subcommand)]
    BackgroundFetch(BackgroundFetchCommand),
    /// Let the running host reach the network again
    Online(DataFolder),
    /// Cut the running host off the network: only the HTTP cache answers, no sync event is sent
    Offline(DataFolder),
    /// See, check and clear what is stored
    #[command(subcommand)]
    Storage(StorageCommand),
    /// Change what an origin of the running host may do, until the host ends
    #[command(subcommand)]
    Permission(PermissionCommand),
    /// List the service workers of a data folder
    Registrations(ListArgs),
    /// Show the whole state of a data folder: network, service workers, syncs, background fetches, clients
    Status(ListArgs),
}

/// `landfall sync`
#[derive(Debug, Subcommand)]
pub(super) enum SyncCommand {
    /// List the tags that are registered, with their attempts and when the next one is
    Ls(ListArgs),
    /// Tell the story of a tag: what happened, why, what happens next, what to do
    Explain(TagArgs),
    /// Send a `sync` or `periodicsync` event now, wait for its outcome, and fail unless it is fulfilled
    Fire(FireArgs),
    /// Forget a tag: no event will be sent for it any more
    Drop(DropArgs),
}

/// Arguments of the commands about one tag.
#[derive(Debug, Args)]
pub(super) struct TagArgs {
    /// The tag
    pub(super) tag: String,

    /// The scope of the service worker, if several know the tag
    #[arg(long, value_name = "URL")]
    pub(super) scope: Option<Url>,

    #[command(flatten)]
    pub(super) data: DataFolder,

    /// Print JSON, one value per line
    #[arg(long)]
    pub(super) json: bool,
}

/// `landfall sync drop`
#[derive(Debug, Args)]
pub(super) struct DropArgs {
    #[command(flatten)]
    pub(super) tag: TagArgs,

    /// Forget the periodic sync of that tag
    #[arg(long)]
    pub(super) periodic: bool,
}

/// `landfall clock`
#[derive(Debug, Args)]
pub(super) struct ClockArgs {
    #[command(subcommand)]
    pub(super) command: Option<ClockCommand>,

    #[command(flatten)]
    pub(super) data: DataFolder,

    /// Print JSON
    #[arg(long, global = true)]
    pub(super) json: bool,
}

/// What a clock can be told.
#[derive(Debug, Subcommand)]
pub(super) enum ClockCommand {
    /// Let time pass for a host that was started with `--clock manual`, and show the clock
    ///
    /// Retries, time limits and the timers of scripts that are due in between happen in order, each at its own time.
    Advance {
        /// How much: 250ms, 3s, 5m, 2h or 1d
        #[arg(value_name = "DURATION", value_parser = crate::cli::clock::parse_duration)]
        by: Duration,
    },
}

/// `landfall permission`
#[derive(Debug, Subcommand)]
pub(super) enum PermissionCommand {
    /// Grant a permission
    Grant(PermissionArgs),
    /// Take a permission away: periodic syncs end with `periodic-background-sync`, push subscriptions with `notifications`
    Deny(PermissionArgs),
}

/// Arguments of `landfall permission`.
#[derive(Debug, Args)]
pub(super) struct PermissionArgs {
    /// The permission
    #[arg(value_name = "NAME", value_parser = permission())]
    pub(super) name: Permission,

    /// The origin, needed only if the host runs workers of several
    #[arg(long, value_name = "URL", value_parser = parse_origin)]
    pub(super) origin: Option<Url>,

    #[command(flatten)]
    pub(super) data: DataFolder,
}

/// `landfall storage`
#[derive(Debug, Subcommand)]
pub(super) enum StorageCommand {
    /// List the origins that anything is stored for, and how much their databases and caches take
    Ls(ListArgs),
    /// Remove registrations, syncs, databases, caches, background fetches, cookies and what the HTTP cache holds; workers are stopped, pages run on
    Clear(ClearArgs),
    /// Read every database to its end, name those that are damaged, and fail if one is
    Check(ListArgs),
}

/// `landfall storage clear`
#[derive(Debug, Args)]
pub(super) struct ClearArgs {
    /// Clear this origin only, as https://app.example [default: every origin]
    #[arg(long, value_name = "URL", value_parser = parse_origin)]
    pub(super) origin: Option<Url>,

    #[command(flatten)]
    pub(super) list: ListArgs,
}

/// Which data folder a command is about.
#[derive(Debug, Clone, Args)]
pub(super) struct DataFolder {
    /// The data folder
    #[arg(
        long = "data",
        value_name = "DIR",
        default_value = ".landfall",
        global = true
    )]
    pub(super) path: PathBuf,
}

/// Arguments of the commands that list.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    pub(super) data: DataFolder,

    /// Print JSON, one value per line
    #[arg(long)]
    pub(super) json: bool,
}

/// `landfall sync fire`
#[derive(Debug, Args)]
pub(super) struct FireArgs {
    /// The tag; it need not be registered
    pub(super) tag: String,

    /// The scope of the service worker, needed only if the host runs several
    #[arg(long, value_name = "URL")]
    pub(super) scope: Option<Url>,

    /// Set `event.lastChance`
    #[arg(long)]
    pub(super) last_chance: bool,

    /// Send a `periodicsync` event
    #[arg(long, conflicts_with = "last_chance")]
    pub(super) periodic: bool,

    /// Wait for the outcome; this is the default
    #[arg(long, overrides_with = "no_wait")]
    pub(super) wait: bool,

    /// Be done as soon as the event is sent, whatever becomes of it
    #[arg(long, overrides_with = "wait")]
    pub(super) no_wait: bool,

    #[command(flatten)]
    pub(super) data: DataFolder,

    /// Print the outcome as JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// `landfall run`
#[derive(Debug, Args)]
#[command(after_long_help = RUN_AFTER_HELP)]
pub(super) struct RunArgs {
    /// The worker's script: a file, or an http(s) address
    ///
    /// A file is served to the worker from its folder, as if that folder were the site. An address is
    /// fetched from the network, and so is everything else of its origin. With --upstream it is the
    /// path of the script on that server.
    #[arg(value_name = "SCRIPT")]
    pub(super) script: String,

    /// Run a script as a page of the origin: window-like, without DOM (repeatable)
    #[arg(long = "page", value_name = "FILE|URL")]
    pub(super) pages: Vec<String>,

    /// The origin that the worker belongs to [default: of SCRIPT if that is an address, or https://localhost]
    #[arg(long, value_name = "URL", value_parser = parse_origin, help_heading = "Site")]
    pub(super) origin: Option<Url>,

    /// The scope of the registration, relative to the script [default: the script's folder]
    #[arg(long, value_name = "PATH|URL", help_heading = "Site")]
    pub(super) scope: Option<String>,

    /// How the script is run
    #[arg(
        long = "type",
        value_enum,
        default_value = "classic",
        value_name = "TYPE",
        help_heading = "Site"
    )]
    pub(super) script_type: ScriptKind,

    /// The folder that is the site [default: the script's folder]
    #[arg(
        long,
        value_name = "DIR",
        conflicts_with = "upstream",
        help_heading = "Site"
    )]
    pub(super) root: Option<PathBuf>,

    /// Accept requests that are no GET to paths that begin with PATH, with 204 and no effect (repeatable)
    #[arg(
        long,
        value_name = "PATH",
        conflicts_with = "upstream",
        help_heading = "Site"
    )]
    pub(super) accept: Vec<String>,

    /// Answer requests to the origin from this address instead of a folder
    #[arg(long, value_name = "URL", value_parser = parse_http, help_heading = "Site")]
    pub(super) upstream: Option<Url>,

    /// Where registrations, scripts, databases, caches and syncs are kept
    #[arg(
        long,
        value_name = "DIR",
        default_value = ".landfall",
        help_heading = "Data"
    )]
    pub(super) data: PathBuf,

    /// How much each origin may store, as 500M or 2G [default: a tenth of the disk, at most 1G]
    #[arg(long, value_name = "SIZE", value_parser = parse_size, help_heading = "Data")]
    pub(super) quota: Option<u64>,

    /// How much memory the HTTP cache may take; 0 turns it off
    #[arg(
        long,
        value_name = "SIZE",
        value_parser = parse_size,
        default_value = "64M",
        help_heading = "Data"
    )]
    pub(super) http_cache: u64,

    /// Start empty, and forget everything at the end
    #[arg(long, conflicts_with = "data", help_heading = "Data")]
    pub(super) ephemeral: bool,

    /// Be a push service at this address; port 0 takes a free one
    ///
    /// Scripts may subscribe with `--grant notifications`, or with `--ask`. The endpoints that `pushManager.subscribe()` gives are
    /// there. Application servers post encrypted messages to them. A message that was taken with 201 is on disk, and
    /// is delivered when the network is there.
    ///
    /// HTTP and HTTPS are spoken there. The certificate is made once, in the data folder; the npm package web-push,
    /// which knows only HTTPS, trusts it with NODE_EXTRA_CA_CERTS=.landfall/push-127.0.0.1.crt.
    #[arg(long, value_name = "ADDRESS", value_parser = parse_listen, help_heading = "Push")]
    pub(super) push_listen: Option<SocketAddr>,

    /// The network as the worker sees it: auto, online, offline, probe=URL, or timeline=STATE:TIME,...,STATE
    ///
    /// `auto` watches the machine's interfaces.
    ///
    /// `probe=URL[,status=204][,body=TEXT][,timeout=5s]` watches them too, but is online only once a GET of URL gave
    /// that status, and a body that contains TEXT, in that time. It is sent when an interface comes up, when a request
    /// of a script fails, and after a failure again, at first after 1 s, then after twice as long each time, up to
    /// 60 s. A redirect or another answer is taken for a captive portal: with http:// it is noticed best.
    ///
    /// `timeline=offline:3s,online` is offline for three seconds, then online; units are ms, s, m and h.
    #[arg(long, value_name = "STATE", default_value = "auto", value_parser = parse_connectivity, help_heading = "Network")]
    pub(super) connectivity: ConnectivityArg,

    /// The clock of the host and its scripts: system, or manual[=MOMENT]
    ///
    /// A manual clock stands still, at MOMENT such as 2026-01-01T12:00:00Z or at the present one, until
    /// `landfall clock advance` moves it. Timers, `Date` and `performance` of scripts, time limits and retries follow
    /// it, so that a day of retries takes no time.
    #[arg(
        long,
        value_name = "CLOCK",
        default_value = "system",
        value_parser = parse_clock,
        help_heading = "Sync"
    )]
    pub(super) clock: ClockArg,

    #[command(flatten)]
    pub(super) policy: PolicyArgs,

    /// Do not give this warning; see `Warnings` below (repeatable)
    #[arg(long, value_name = "NAME", help_heading = "Warnings")]
    pub(super) no_warn: Vec<WarningName>,

    /// Give this warning and only those that are named so (repeatable)
    #[arg(
        long,
        value_name = "NAME",
        conflicts_with = "no_warn",
        help_heading = "Warnings"
    )]
    pub(super) warn: Vec<WarningName>,

    /// Fail in the end if there were warnings
    #[arg(long, help_heading = "Warnings")]
    pub(super) strict: bool,

    /// End when nothing is left to do; a sync that waits for its next attempt does not count
    #[arg(long, help_heading = "Output")]
    pub(super) exit_when_idle: bool,

    /// Print one JSON object per line and event; see `Events` below
    #[arg(long, conflicts_with_all = ["quiet", "verbose"], help_heading = "Output")]
    pub(super) json: bool,

    /// Print only what the scripts print and what goes wrong
    #[arg(long, short, conflicts_with = "verbose", help_heading = "Output")]
    pub(super) quiet: bool,

    /// Print also `console.debug`
    #[arg(long, short, action = ArgAction::SetTrue, help_heading = "Output")]
    pub(super) verbose: bool,
}

pub(super) const RUN_AFTER_HELP: &str = "\
Warnings:
  false-success    an event was fulfilled although a request during it failed or its listener threw
  no-listener      a sync event was sent, and the worker has no listener for it
  no-wait-until    work goes on after its event, because `event.waitUntil()` was not called
  unmatched-tag    the listener did nothing with the tag
  unheard-message  a message was posted that nobody listened to
  register-loop    a tag is registered again in each of its events
  unused-preload   navigation preload asked for a page, and the worker did not look at it

Sync rules (--sync-rule), as the preset `landfall` has them:
  retry.max_attempts=3          events for one tag until it is given up
  retry.max_attempts_with_notifications=3
                                the same, if the origin may show notifications
  retry.initial_delay=5m        the wait after the first failed attempt
  retry.delay_factor=3          each further wait is so many times the one before
  retry.jitter=0                up to this part of a wait is added by chance
  retry_on_reconnect=false      a tag that waits is sent at once when the network comes back
  event_time_limit=3m           an event that takes longer has failed
  reregister_in_backoff=fire_afresh
                                registering a tag that waits; or fire_now: its attempts
                                count on; or keep_delay
  window_required=false         registering a tag needs an open page
  check_order=permission_first  what is looked at first; or window_first
  max_tag_bytes=10240           longer tags are refused; or none
  interruptions_per_attempt=2   so many kills in a row during one attempt make it count as
                                failed; or none
  workers_at_once=8             so many workers may have events at the same time; or none: all
  periodic.min_gap=12h          the smallest time between two periodic events of an origin
  periodic.max_interval=none    a longer interval counts as this one
  periodic.max_attempts=3       attempts of a periodic event before its next interval

Events (--json):
  Every object has `at_ms` (milliseconds since 1970) and `event`. By event, the other fields:
    registered, installed, activated      scope, script
    install_failed                        scope, script, outcome
    unregistered                          scope
    online, offline                       reason
    sync_registered, sync_unregistered    kind, scope, tag
    sync_started                          kind, scope, tag, attempt, max_attempts, last_chance
    sync_ended                            kind, scope, tag, attempt, outcome, next_attempt_at_ms,
                                          removed
    notification_shown                    id, origin, scope, title, body, tag, actions, ...
    notification_clicked                  id, origin, scope, title, action
    notification_closed                   id, origin, scope, title, by
    permission_requested                  origin, permission
    window_opened                         worker, address
    window_navigated                      worker, from, address
    push_subscribed, push_unsubscribed    scope, endpoint
    push_queued, push_expired             scope
    push_given_up                         scope, deliveries
    push_started                          scope, bytes
    push_ended                            scope, outcome, is_broken_promise
    background_fetch_registered           scope, id, title, icons, requests, upload_total,
                                          download_total
    background_fetch_resumed              scope, id, downloaded
    background_fetch_progress             scope, id, uploaded, downloaded
    background_fetch_request_ended        scope, id, method, address, status, bytes, failure_reason
    background_fetch_ended                scope, id, result, failure_reason, uploaded, downloaded
    background_fetch_updated              scope, id, title, icons
    background_fetch_clicked              scope, id
    background_fetch_event_ended          scope, id, kind, outcome
    background_fetch_given_up             scope, id, deliveries
    sync_interrupted                      kind, scope, tag, attempt, next_attempt_at_ms, removed
    warning                               source, url, name, message, place
    console                               source, url, level, message
    script_error                          source, url, error
    request_failed                        client_url, method, address, reason
    scope_stopped                         source, url, reason
    origin_cleared                        origin
    push_service                          address, certificate
    serving                               origin, address, certificate
    storage_failed                        reason
  `kind` is the type of the event: sync or periodicsync.
  `source` is `worker` or `client`, `url` its address.
  `outcome` has `kind` (fulfilled, rejected, timed_out, terminated, unresponsive,
  failed_to_start) and `reason`.
  `removed` is null, succeeded, gave_up or unregistered.
  New events and fields may be added.

Examples:
  landfall run examples/outbox/sw.js --page examples/outbox/page.js
  landfall run https://app.example/sw.js --page https://app.example/app.js --data app-data
  landfall run /sw.js --upstream http://localhost:8080 --exit-when-idle --json";

/// The value of `--type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ScriptKind {
    /// Sloppy mode, `importScripts()`
    Classic,
    /// Strict mode, `import`
    Module,
}

/// The value of `--log-format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// Lines for people
    Text,
    /// One JSON object per line
    Json,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
