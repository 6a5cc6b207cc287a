//! Runs real, unmodified service workers outside the browser.
//!
//! Read in this order: the rules ([`sync`], [`service_worker`]), what they need from the outside
//! ([`storage`], [`connectivity`], [`network`]).

pub mod clock;

pub mod service_worker;
pub mod sync;

pub mod connectivity;
pub mod network;
pub mod storage;

#[cfg(feature = "v8")]
pub mod web;

#[cfg(feature = "v8")]
mod engine;

#[cfg(feature = "v8")]
mod host;

#[cfg(feature = "v8")]
pub mod cli;

#[cfg(feature = "v8")]
pub use host::{
    Client, ClientOptions, ClientScript, ConnectivityMode, Error, Events, Host, HostBuilder,
    HostEvent, HostEventKind, Permission, PermissionState, RegisterOptions, Registration,
    RegistrationStatus, ScriptSource, Status, SyncStatus, WorkerStatus,
};
