//! The Rust half of everything that JavaScript can see; the other half is in `js/`, under the same names.
//!
//! Nothing here decides: an op checks, asks the host through its [`host_port::HostPort`], and answers.

pub mod body;
pub mod error;
pub mod event;
pub mod fetch;
pub mod fetch_bridge;
pub mod global_scope;
pub mod host_port;
pub mod message;
pub mod navigator;
pub mod platform;
pub mod script_error;
pub mod service_worker;
pub mod sync;
pub mod view;
pub mod window;

use std::sync::Arc;

use deno_core::{Extension, ExtensionArguments};
use deno_web::{BlobStore, InMemoryBroadcastChannel};
use url::Url;

/// What the extensions of one scope are given when it starts.
pub struct ScopeOptions {
    /// The scope's address.
    pub url: Url,
    /// Blobs by URL, shared by the scopes of an origin.
    pub blob_store: Arc<BlobStore>,
    /// Broadcast channels, shared by the scopes of an origin.
    pub broadcast_channel: InMemoryBroadcastChannel,
    /// What navigator tells.
    pub navigator: navigator::NavigatorOptions,
    /// The scripts that the worker has stored.
    pub scripts: service_worker::StoredScripts,
}

/// Every extension, in the order that the snapshot and the running scopes share.
pub fn extensions() -> Vec<Extension> {
    vec![
        deno_webidl::deno_webidl::lazy_init(),
        deno_web::deno_web::lazy_init(),
        platform::deno_net::lazy_init(),
        deno_fetch::deno_fetch::lazy_init(),
        deno_crypto::deno_crypto::lazy_init(),
        platform::landfall_platform::lazy_init(),
        sync::sw_sync::lazy_init(),
        navigator::sw_navigator::lazy_init(),
        service_worker::sw_service_worker::lazy_init(),
        window::sw_window::lazy_init(),
        global_scope::sw_global_scope::lazy_init(),
    ]
}

/// The options of every extension, in the order of [`extensions`].
pub fn extension_arguments(options: ScopeOptions) -> Vec<ExtensionArguments> {
    vec![
        deno_webidl::deno_webidl::args(),
        deno_web::deno_web::args(
            options.blob_store,
            Some(options.url),
            false,
            options.broadcast_channel,
        ),
        platform::deno_net::args(),
        deno_fetch::deno_fetch::args(deno_fetch::Options::default()),
        deno_crypto::deno_crypto::args(None),
        platform::landfall_platform::args(),
        sync::sw_sync::args(),
        navigator::sw_navigator::args(options.navigator),
        service_worker::sw_service_worker::args(options.scripts),
        window::sw_window::args(),
        global_scope::sw_global_scope::args(),
    ]
}
