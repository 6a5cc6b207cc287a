//! Runs real, unmodified service workers outside the browser.
//!
//! A [`Host`] boots V8, installs and activates a worker, keeps what it stores, watches the network, and delivers `sync`
//! events with retries when the network is back:
//!
//! ```no_run
//! use landfall::{ConnectivityMode, Host, RegisterOptions};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let host = Host::builder()
//!     .data_dir("data")
//!     .connectivity(ConnectivityMode::System)
//!     .build()
//!     .await?;
//! let script = "https://app.example/sw.js".parse()?;
//! let registration = host.register(RegisterOptions::new(script)).await?;
//! let outcome = host.dispatch_sync(&registration.scope, "outbox", false).await?;
//! # Ok(())
//! # }
//! ```
//!
//! To read the sources, begin with the rules ([`sync`], [`service_worker`], [`push`], [`background_fetch`]), go on with what they need from the outside
//! ([`storage`], [`connectivity`], [`network`]), then see where both meet scripts (`host`, `engine`, `web`).

pub mod clock;
pub mod dom_string;
pub mod header_list;

pub mod background_fetch;
pub mod notification;
pub mod push;
pub mod service_worker;
pub mod sync;

pub mod connectivity;
pub mod network;
pub mod storage;

#[cfg(feature = "v8")]
#[allow(
    unreachable_pub,
    reason = "build.rs compiles it as a module of its own, to make the snapshot"
)]
mod web;

#[cfg(feature = "v8")]
mod engine;

#[cfg(feature = "v8")]
mod host;

#[cfg(feature = "v8")]
pub mod cli;

#[cfg(feature = "v8")]
pub use host::{
    BackgroundFetchEvent, BackgroundFetchStatus, Client, ClientOptions, ClientScript,
    ConnectivityMode, Error, Events, FunctionCall, Host, HostBuilder, HostEvent, HostEventKind,
    LogEntry, NotificationEnd, NotificationEvent, NotificationStatus, OpenWindow, OriginStatus,
    Permission, PermissionState, PushEvent, PushMessage, PushReceipt, RegisterOptions,
    Registration, RegistrationStatus, ScriptSource, Status, SyncEvent, SyncStatus, SyncStory,
    UnknownPermission, WorkerStatus, check_stored, clear_stored_origin,
};
#[cfg(feature = "v8")]
pub use web::error::WebError;
#[cfg(feature = "v8")]
pub use web::host_port::ConsoleLevel;
#[cfg(feature = "v8")]
pub use web::script_error::{ScriptError, SourceExcerpt, SourcePosition};
