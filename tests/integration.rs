//! The stories: what the product promises, told against real hosts, real files and real servers.
//!
//! One program, because every further one would link V8 again.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test fails by panicking, and a test program has no reader but itself"
)]

mod support;

/// What is fetched while nobody looks.
mod background_fetch;
/// `landfall background-fetch`: what a user sees of it and does with it.
mod background_fetch_commands;
/// Background fetches outlive pages, workers and hosts.
mod background_fetch_lifetime;
/// Background fetches over a network that comes and goes.
mod background_fetch_network;
/// Registration, firing, retries, last chance.
mod background_sync;
/// What is refused, and what becomes of tags whose worker or storage fails.
mod background_sync_faults;
/// What is still there after a restart, and how it goes on.
mod background_sync_restart;
/// Cache Storage: what is kept, and for how long.
mod cache;
/// The program: words in, words and exit codes out.
mod cli;
/// Clients that a worker sees, claims and answers.
mod clients;
/// The conformance runner: what it runs, what it says, and that nothing stops it.
mod conformance_runner;
/// Kills, full disks, damaged files: what was promised is kept.
mod crash;
/// An embedder's functions, and its hand on every request.
mod embedding;
/// When `waitUntil()` is heard, and when it is too late.
mod extend_lifetime;
/// Requests of scripts, against a real server.
mod fetch;
/// Requests that a worker answers, from pages and from outside.
mod fetch_event;
/// Clients inside of a page.
mod frames;
/// The same where the page is of another origin.
mod frames_across_origins;
/// Workers that frameworks bring or generate, unmodified.
mod frameworks;
/// What every scope has, and what none has.
mod global_scope;
/// What is answered without asking the server again.
mod http_cache;
/// Databases across restarts and threads.
mod indexed_db;
/// Register, install, activate, update, unregister.
mod lifecycle;
/// Time that moves by hand: timers, Date, time limits, a day in a moment.
mod manual_clock;
/// What the network answers while a worker starts.
mod navigation_preload;
/// A link that is cut and restored, in network namespaces.
mod network_namespaces;
/// What is shown, who may show it, and what becomes of a click.
mod notifications;
/// Events that come again and again.
mod periodic_sync;
/// The same as the origin is used and permitted.
mod periodic_sync_origin;
/// Push messages: who may send them, what workers get, and what waits.
mod push;
/// How much an origin may store.
mod quota;
/// Real libraries from npm, unmodified.
mod real_scripts;
/// Errors of scripts: where they are, and that they stop nobody else.
mod script_errors;
/// HTTP in front of a worker.
mod serve;
/// The same over TLS.
mod serve_tls;
/// Workers that are stopped, and what becomes of their events.
mod stopped_workers;
/// What is stored for an origin, and clearing it.
mod storage;
/// `landfall sync`: stories of tags, and what can be done about them.
mod sync_commands;
/// What became of tags, kept and told.
mod sync_history;
/// What an update check asks for, compares and takes up.
mod update_checks;
/// Warnings of what seems wrong although nothing failed.
mod warnings;
/// A real application server, and the push service of the program.
mod web_push;
