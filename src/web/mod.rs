//! The Rust half of everything that JavaScript can see; the other half is in `js/`, under the same names.
//!
//! Nothing here decides: an op checks, asks the host through its [`host_port::HostPort`], and answers.

pub mod activity;
pub mod background_fetch;
pub mod body;
pub mod broadcast_channel;
pub mod buffers;
pub mod cache;
pub mod error;
pub mod event;
pub mod fetch;
pub mod fetch_bridge;
pub mod fetch_event;
pub mod frame;
pub mod global_scope;
pub mod host_port;
pub mod indexed_db;
pub mod message;
pub mod navigation_preload;
pub mod navigator;
pub mod notifications;
pub mod on_demand;
pub mod platform;
pub mod push;
pub mod script_error;
pub mod service_worker;
pub mod sync;
pub mod time;
pub mod view;
pub mod window;

use std::sync::Arc;

use deno_core::{CompiledWasmModuleStore, Extension, ExtensionArguments, SharedArrayBufferStore};
use deno_web::{BlobStore, InMemoryBroadcastChannel};
use url::Url;

use crate::clock::Clock;
use crate::service_worker::ScriptMap;
use crate::storage::cache_storage::CachePins;
use crate::storage::indexed_db::Coordinator;
use crate::storage::{Durability, OriginFiles};
use crate::web::broadcast_channel::BroadcastHub;
use crate::web::cache::CacheOptions;
use crate::web::fetch::FetchRoute;
use crate::web::fetch_bridge::FetchClient;
use crate::web::indexed_db::IndexedDbOptions;
use crate::web::navigator::NavigatorOptions;
use crate::web::service_worker::StoredScripts;

/// What the scopes of one origin share. Clones share the same.
#[derive(Clone)]
pub struct OriginShared {
    files: Arc<OriginFiles>,
    blob_store: Arc<BlobStore>,
    broadcasts: BroadcastHub,
    cache_pins: CachePins,
    databases: Arc<Coordinator>,
    /// Buffers that are on their way from one scope to another.
    array_buffers: SharedArrayBufferStore,
    wasm_modules: CompiledWasmModuleStore,
}

impl OriginShared {
    /// Nothing but the files is there yet.
    pub fn new(files: Arc<OriginFiles>) -> Self {
        Self {
            files,
            blob_store: Arc::default(),
            broadcasts: BroadcastHub::default(),
            cache_pins: CachePins::default(),
            databases: Arc::default(),
            array_buffers: SharedArrayBufferStore::default(),
            wasm_modules: CompiledWasmModuleStore::default(),
        }
    }

    /// What the origin has stored.
    pub fn files(&self) -> &Arc<OriginFiles> {
        &self.files
    }

    /// Who uses which of the origin's databases.
    pub fn databases(&self) -> &Coordinator {
        &self.databases
    }

    /// Which of the origin's caches are in use.
    pub fn cache_pins(&self) -> &CachePins {
        &self.cache_pins
    }

    /// Where buffers are kept on their way between scopes.
    pub fn array_buffers(&self) -> SharedArrayBufferStore {
        self.array_buffers.clone()
    }

    /// Where compiled modules are kept on their way between scopes.
    pub fn wasm_modules(&self) -> CompiledWasmModuleStore {
        self.wasm_modules.clone()
    }
}

/// What one scope is given when it starts.
pub struct ScopeOptions {
    /// The scope's address.
    pub url: Url,
    /// The serialised origin of that address.
    pub origin: String,
    /// What it shares with other scopes of its origin.
    pub shared: OriginShared,
    /// The clock of the host.
    pub clock: Arc<dyn Clock>,
    /// What navigator tells.
    pub navigator: NavigatorOptions,
    /// The names of the embedder's functions that it can call.
    pub exposed_functions: Vec<String>,
    /// Where its requests go.
    pub fetch_route: FetchRoute,
    /// What its databases survive.
    pub durability: Durability,
    /// The scripts that a worker has stored.
    pub scripts: ScriptMap,
}

/// Every extension, in the order that the snapshot and the running scopes share.
pub fn extensions() -> Vec<Extension> {
    vec![
        deno_webidl::deno_webidl::lazy_init(),
        deno_web::deno_web::lazy_init(),
        platform::deno_net::lazy_init(),
        deno_fetch::deno_fetch::lazy_init(),
        deno_crypto::deno_crypto::lazy_init(),
        time::sw_time::lazy_init(),
        activity::sw_activity::lazy_init(),
        platform::landfall_platform::lazy_init(),
        fetch::sw_fetch::lazy_init(),
        cache::sw_cache::lazy_init(),
        indexed_db::sw_indexed_db::lazy_init(),
        sync::sw_sync::lazy_init(),
        notifications::sw_notifications::lazy_init(),
        push::sw_push::lazy_init(),
        background_fetch::sw_background_fetch::lazy_init(),
        navigator::sw_navigator::lazy_init(),
        service_worker::sw_service_worker::lazy_init(),
        broadcast_channel::sw_broadcast_channel::lazy_init(),
        window::sw_window::lazy_init(),
        global_scope::sw_global_scope::lazy_init(),
    ]
}

/// The options of every extension, in the order of [`extensions`]. To be called on the scope's own thread.
pub fn extension_arguments(
    options: ScopeOptions,
    scripts: StoredScripts,
) -> Vec<ExtensionArguments> {
    let caches = CacheOptions {
        files: Arc::clone(&options.shared.files),
        durability: options.durability,
        pins: options.shared.cache_pins,
    };
    let databases = IndexedDbOptions {
        origin: options.origin.clone(),
        files: Arc::clone(&options.shared.files),
        durability: options.durability,
        coordinator: options.shared.databases,
    };
    let main_script = options.scripts.get(&options.url);
    let policy = main_script.map(service_worker::policy_of_worker);
    let client = FetchClient {
        referrer_policy: policy.unwrap_or_default(),
        origin: options.origin,
        url: options.url.to_string(),
    };
    vec![
        deno_webidl::deno_webidl::args(),
        deno_web::deno_web::args(
            options.shared.blob_store,
            Some(options.url),
            false,
            InMemoryBroadcastChannel::default(),
        ),
        platform::deno_net::args(),
        deno_fetch::deno_fetch::args(deno_fetch::Options::default()),
        deno_crypto::deno_crypto::args(None),
        time::sw_time::args(options.clock),
        activity::sw_activity::args(),
        platform::landfall_platform::args(),
        fetch::sw_fetch::args(options.fetch_route, client),
        cache::sw_cache::args(caches),
        indexed_db::sw_indexed_db::args(databases),
        sync::sw_sync::args(),
        notifications::sw_notifications::args(),
        push::sw_push::args(),
        background_fetch::sw_background_fetch::args(),
        navigator::sw_navigator::args(options.navigator),
        service_worker::sw_service_worker::args(scripts),
        broadcast_channel::sw_broadcast_channel::args(options.shared.broadcasts),
        window::sw_window::args(),
        global_scope::sw_global_scope::args(),
    ]
}
