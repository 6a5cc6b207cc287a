//! Clients: what a worker may know about the pages and workers it serves, and in which order.
//! It selects and sorts; messages to clients go elsewhere.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::service_worker::registration::RegistrationId;
use crate::service_worker::scope::is_potentially_trustworthy;

/// Names a client for as long as it lives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClientId(pub String);

/// The value of `Client.type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientType {
    /// A window-like client.
    Window,
    /// A dedicated worker.
    Worker,
    /// A shared worker.
    SharedWorker,
}

/// The value of `Client.frameType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FrameType {
    /// A window that another one opened.
    Auxiliary,
    /// A window of its own.
    TopLevel,
    /// A frame inside another client.
    Nested,
    /// Not a window.
    None,
}

/// Everything the rules know about a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// Its name.
    pub id: ClientId,
    /// Its creation URL.
    pub url: Url,
    /// Window or worker.
    pub kind: ClientType,
    /// Where its window sits.
    pub frame_type: FrameType,
    /// Origins of the pages around a frame, the innermost first; none for anything else.
    pub ancestor_origins: Vec<String>,
    /// The registration whose active worker gets its requests.
    pub controller: Option<RegistrationId>,
    /// Whether it can be seen; a client without screen counts as seen.
    pub is_visible: bool,
    /// Whether it has the focus.
    pub is_focused: bool,
    /// Grows with every focus anywhere, so that the greatest was focused last.
    pub last_focus: Option<u64>,
    /// Grows with every client, so that the least was created first.
    pub created: u64,
}

impl Client {
    /// Whether it counts as "a window is open" for the origin: a frame alone does not.
    pub fn is_top_level_window(&self) -> bool {
        self.kind == ClientType::Window && self.frame_type != FrameType::Nested
    }
}

/// The options of `clients.matchAll()`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientQuery {
    /// Clients that the asking worker does not control too.
    pub include_uncontrolled: bool,
    /// Only clients of this type; `None` for all.
    pub kind: Option<ClientType>,
}

impl Default for ClientQuery {
    fn default() -> Self {
        Self {
            include_uncontrolled: false,
            kind: Some(ClientType::Window),
        }
    }
}

/// Who asks for clients.
#[derive(Debug, Clone, Copy)]
pub struct ClientScope<'a> {
    /// The asking worker's address; only clients of its origin are shown.
    pub worker_url: &'a Url,
    /// The registration that the asking worker is the active one of. A worker that is not active controls nobody.
    pub controls: Option<RegistrationId>,
}

/// The clients a worker may see, in the order it sees them.
/// <https://w3c.github.io/ServiceWorker/#clients-matchall>
pub fn match_all<'a>(
    clients: impl IntoIterator<Item = &'a Client>,
    scope: ClientScope<'_>,
    query: ClientQuery,
) -> Vec<&'a Client> {
    let origin = scope.worker_url.origin();
    let mut found: Vec<&Client> = clients
        .into_iter()
        .filter(|client| client.url.origin() == origin && is_potentially_trustworthy(&client.url))
        .filter(|client| query.kind.is_none_or(|kind| client.kind == kind))
        .filter(|client| query.include_uncontrolled || is_controlled(client, scope.controls))
        .collect();
    // Windows come first: those that had the focus, the latest first, then the rest as they were created.
    found.sort_by_key(|client| {
        let is_window = client.kind == ClientType::Window;
        (
            !is_window,
            Reverse(client.last_focus.filter(|_| is_window)),
            client.created,
        )
    });
    found
}

fn is_controlled(client: &Client, by: Option<RegistrationId>) -> bool {
    by.is_some() && client.controller == by
}
