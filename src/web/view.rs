//! Registrations, workers and clients as scripts see them: plain values that cross into JavaScript.

use serde::Serialize;
use url::Url;

use crate::service_worker::{
    Client, ClientType, FrameType, ServiceWorker, ServiceWorkerRegistration, WorkerId, WorkerState,
};

/// A `ServiceWorker` object's values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkerView {
    /// The worker's number.
    pub id: i64,
    /// Its script.
    #[serde(rename = "scriptURL")]
    pub script_url: String,
    /// Its state, in the words of the specification.
    pub state: &'static str,
}

impl WorkerView {
    /// A worker whose script is being evaluated for the first time: no registration has it yet.
    pub fn parsed(id: WorkerId, script_url: &Url) -> Self {
        Self {
            id: id.0,
            script_url: script_url.to_string(),
            state: WorkerState::Parsed.as_str(),
        }
    }
}

impl From<&ServiceWorker> for WorkerView {
    fn from(worker: &ServiceWorker) -> Self {
        Self {
            id: worker.id.0,
            script_url: worker.script_url.to_string(),
            state: worker.state.as_str(),
        }
    }
}

/// A `ServiceWorkerRegistration` object's values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RegistrationView {
    /// The registration's number.
    pub id: i64,
    /// Its scope.
    pub scope: String,
    /// `"imports"`, `"all"` or `"none"`.
    pub update_via_cache: &'static str,
    /// The worker that installs.
    pub installing: Option<WorkerView>,
    /// The worker that waits.
    pub waiting: Option<WorkerView>,
    /// The worker in charge.
    pub active: Option<WorkerView>,
}

impl From<&ServiceWorkerRegistration> for RegistrationView {
    fn from(registration: &ServiceWorkerRegistration) -> Self {
        Self {
            id: registration.id.0,
            scope: registration.scope.to_string(),
            update_via_cache: registration.update_via_cache.as_str(),
            installing: registration.installing.as_ref().map(WorkerView::from),
            waiting: registration.waiting.as_ref().map(WorkerView::from),
            active: registration.active.as_ref().map(WorkerView::from),
        }
    }
}

/// A `Client` object's values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientView {
    /// The client's name.
    pub id: String,
    /// Its creation URL.
    pub url: String,
    /// Window or worker.
    #[serde(rename = "type")]
    pub kind: ClientType,
    /// Where its window sits.
    pub frame_type: FrameType,
    /// Whether it has the focus.
    pub focused: bool,
    /// Origins of the pages around a frame, the innermost first.
    pub ancestor_origins: Vec<String>,
}

impl From<&Client> for ClientView {
    fn from(client: &Client) -> Self {
        Self {
            id: client.id.0.clone(),
            url: client.url.to_string(),
            kind: client.kind,
            frame_type: client.frame_type,
            focused: client.is_focused,
            ancestor_origins: client.ancestor_origins.clone(),
        }
    }
}
