//! Service worker rules: which registration, which state, which worker next; data in, data out.
//! It stores nothing, waits for nothing, runs no script and knows nothing of background sync.
//!
//! The words are those of the [specification](https://w3c.github.io/ServiceWorker/).

pub mod activity;
pub mod client;
pub mod event;
pub mod job;
pub mod lifetime;
pub mod navigation_preload;
pub mod registration;
pub mod scope;
pub mod script;
pub mod update;
pub mod warning;
pub mod worker;

#[cfg(test)]
mod tests;

pub use activity::{EventActivity, RequestRecord, ScriptPlace};
pub use client::{Client, ClientId, ClientType, FrameType};
pub use event::{EventKind, EventOutcome, Rejection};
pub use registration::{RegistrationId, ServiceWorkerRegistration, UpdateViaCache};
pub use script::{NewScripts, ScriptMap, ScriptResource, ScriptType};
pub use warning::{Warning, WarningName, last_of_each};
pub use worker::{ServiceWorker, WorkerId, WorkerState};
