//! How a host is to be: few settings, each with a default that works.

use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use futures::FutureExt;
use url::Url;

use crate::clock::{Clock, SystemClock};
use crate::connectivity::{Connectivity, Probe, Timeline};
use crate::host::Host;
use crate::host::clients::ClientScript;
use crate::host::error::Error;
use crate::host::event::{EventFeed, Events};
use crate::host::exposed::ExposedFunctions;
use crate::host::permissions::{Permission, PermissionState, Permissions};
use crate::host::windows::OpenWindow;
use crate::network::{Intercepted, NetworkError, OriginServer, Request, Route};
use crate::service_worker::WarningName;
use crate::service_worker::lifetime::EventLimits;
use crate::storage::Durability;
use crate::sync::{Engagement, HistoryLimits, SyncPolicy};

/// Bytes of heap that the script of one worker or client may use unless told otherwise.
const DEFAULT_HEAP_LIMIT: usize = 512 << 20;

/// Bytes that the HTTP cache takes unless told otherwise.
const DEFAULT_HTTP_CACHE_LIMIT: usize = 64 << 20;

/// The push service of a host that has none: a name that leads nowhere, on any machine. RFC 6761, section 6.4.
const NO_PUSH_SERVICE: &str = "https://push.invalid/";

/// Where a host learns whether there is a network.
#[derive(Debug, Clone, Default)]
pub enum ConnectivityMode {
    /// From the machine's interfaces and routes.
    #[default]
    System,
    /// From the machine too, but online only while a probe is answered as it should be.
    Probe(Probe),
    /// Online, until [`Host::go_offline`].
    Online,
    /// Offline, until [`Host::go_online`].
    Offline,
    /// As planned.
    Timeline(Timeline),
}

/// Where a host keeps what it keeps.
#[derive(Debug, Clone, Default)]
pub(super) enum DataFolderChoice {
    /// In a temporary folder that goes with the host.
    #[default]
    Temporary,
    /// In this folder, which no other host may use at the same time.
    At(PathBuf),
}

/// What the host's thread knows about how it is to be.
#[derive(Clone)]
pub(super) struct Settings {
    pub user_agent: String,
    pub languages: Vec<String>,
    pub sync_policy: SyncPolicy,
    pub permissions: Permissions,
    pub engagements: HashMap<String, Engagement>,
    pub limits: EventLimits,
    pub heap_limit: usize,
    pub http_cache_limit: usize,
    /// Bytes that an origin may store; `None`: it depends on the disk.
    pub quota: Option<u64>,
    pub durability: Durability,
    pub history: HistoryLimits,
    /// Warnings that are not given.
    pub silenced: BTreeSet<WarningName>,
    pub origins: HashMap<String, OriginServer>,
    pub route: Route,
    pub exposed: ExposedFunctions,
    /// Whether scripts of clients can open frames.
    pub opens_frames: bool,
    /// A function that every loaded frame runs.
    pub frame_script: Option<String>,
    /// A number from 0 up to 1, drawn anew at every call.
    pub chance: Arc<dyn Fn() -> f64 + Send + Sync>,
    /// Fills a buffer with bytes that nobody can guess.
    pub secret_chance: fn(&mut [u8]),
    /// Where the endpoints of new push subscriptions are.
    pub push_service: Url,
    /// What becomes of a window that a worker wants to open.
    pub open_window: Arc<dyn Fn(&Url) -> OpenWindow + Send + Sync>,
}

impl Settings {
    /// Whether a folder on this machine answers for an origin.
    pub(super) fn serves_folder(&self, origin: &str) -> bool {
        matches!(self.origins.get(origin), Some(OriginServer::Folder { .. }))
    }

    /// Whether the embedder named a push service.
    pub(super) fn has_own_push_service(&self) -> bool {
        self.push_service.as_str() != NO_PUSH_SERVICE
    }
}

/// Settings of a [`Host`] that is to be built.
pub struct HostBuilder {
    pub(super) settings: Settings,
    pub(super) folder: DataFolderChoice,
    pub(super) connectivity: ConnectivityMode,
    pub(super) clock: Arc<dyn Clock>,
    /// Warnings are errors.
    pub(super) is_strict: bool,
    /// Here before the host is, so that nothing of its start is missed.
    pub(super) events: Arc<EventFeed>,
}

impl Default for HostBuilder {
    fn default() -> Self {
        Self {
            settings: Settings {
                user_agent: concat!("Mozilla/5.0 landfall/", env!("CARGO_PKG_VERSION")).to_owned(),
                languages: vec!["en-US".to_owned(), "en".to_owned()],
                sync_policy: SyncPolicy::landfall(),
                permissions: Permissions::default(),
                engagements: HashMap::new(),
                limits: EventLimits::default(),
                heap_limit: DEFAULT_HEAP_LIMIT,
                http_cache_limit: DEFAULT_HTTP_CACHE_LIMIT,
                quota: None,
                durability: Durability::default(),
                history: HistoryLimits::default(),
                silenced: BTreeSet::new(),
                origins: HashMap::new(),
                route: Route::default(),
                exposed: ExposedFunctions::default(),
                opens_frames: false,
                frame_script: None,
                chance: Arc::new(|| rand::random_range(0.0..1.0)),
                secret_chance: |bytes| rand::fill(bytes),
                push_service: Url::parse(NO_PUSH_SERVICE)
                    .expect("the constant is an address, and a test reads it"),
                open_window: Arc::new(|_| OpenWindow::Client(ClientScript::None)),
            },
            folder: DataFolderChoice::default(),
            connectivity: ConnectivityMode::default(),
            clock: Arc::new(SystemClock),
            is_strict: false,
            events: Arc::default(),
        }
    }
}

impl HostBuilder {
    /// Keeps everything in `folder`, which is made if need be. Without this a host keeps nothing beyond its end.
    #[must_use]
    pub fn data_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = DataFolderChoice::At(folder.into());
        self
    }

    /// Keeps everything in a temporary folder that goes with the host. The default.
    #[must_use]
    pub fn ephemeral(mut self) -> Self {
        self.folder = DataFolderChoice::Temporary;
        self
    }

    /// Where the host learns whether there is a network. The machine by default.
    #[must_use]
    pub fn connectivity(mut self, mode: ConnectivityMode) -> Self {
        self.connectivity = mode;
        self
    }

    /// Who answers requests to the origin of `url`. The real network by default.
    #[must_use]
    pub fn origin_server(mut self, url: &Url, server: OriginServer) -> Self {
        let origin = url.origin().ascii_serialization();
        self.settings.origins.insert(origin, server);
        self
    }

    /// Lets `interceptor` see every request that is about to go out, whatever its origin, and answer it or pass it on.
    #[must_use]
    pub fn intercept<F, R>(mut self, interceptor: F) -> Self
    where
        F: Fn(Request) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Intercepted, NetworkError>> + Send + 'static,
    {
        let interceptor = move |request| interceptor(request).boxed();
        self.settings.route.interceptor = Some(Arc::new(interceptor));
        self
    }

    /// Sends requests for a host name to `address` without looking the name up. Ports stay as they are.
    #[must_use]
    pub fn resolve_host(mut self, name: impl Into<String>, address: IpAddr) -> Self {
        self.settings.route.hosts.insert(name.into(), address);
        self
    }

    /// Trusts one more root certificate, in PEM; [`build`](Self::build) refuses one that cannot be read.
    #[must_use]
    pub fn trust_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.settings.route.certificates.push(pem.into());
        self
    }

    /// How often and when a failed sync is tried again, and what `register()` checks: a policy, or the
    /// [`Preset`](crate::sync::Preset) of one.
    #[must_use]
    pub fn sync_policy(mut self, policy: impl Into<SyncPolicy>) -> Self {
        self.settings.sync_policy = policy.into();
        self
    }

    /// What the origin of `url` may do. By default it may use background sync, periodic background sync and
    /// background fetch, and may not show notifications. [`Host::set_permission`] changes it later.
    ///
    /// What an origin may not use any more is forgotten at the start: its periodic syncs, its push subscriptions.
    #[must_use]
    pub fn permission(mut self, url: &Url, permission: Permission, state: PermissionState) -> Self {
        let origin = url.origin().ascii_serialization();
        self.settings.permissions.set(origin, permission, state);
        self
    }

    /// How much the origin of `url` is used: the less, the rarer are its periodic syncs. [`Engagement::Max`] by
    /// default; [`Host::set_engagement`] changes it later.
    #[must_use]
    pub fn engagement(mut self, url: &Url, engagement: Engagement) -> Self {
        let origin = url.origin().ascii_serialization();
        self.settings.engagements.insert(origin, engagement);
        self
    }

    /// The address of the push service whose endpoints subscriptions get: what is posted to an endpoint there is to be
    /// handed to [`Host::deliver_push`]. `https://push.invalid/` by default, so that nobody but the embedder can send.
    ///
    /// Subscriptions of a previous run at another push service are renewed at the start, and their workers get
    /// `pushsubscriptionchange`.
    #[must_use]
    pub fn push_service(mut self, address: Url) -> Self {
        self.settings.push_service = address;
        self
    }

    /// What becomes of a window that a worker opens with `clients.openWindow()`. By default it is a client without a
    /// script. Asked on the host's thread: it must not block.
    #[must_use]
    pub fn open_window(
        mut self,
        decide: impl Fn(&Url) -> OpenWindow + Send + Sync + 'static,
    ) -> Self {
        self.settings.open_window = Arc::new(decide);
        self
    }

    /// How long events, starts and idle workers may take, and how many idle workers are kept.
    #[must_use]
    pub fn limits(mut self, limits: EventLimits) -> Self {
        self.settings.limits = limits;
        self
    }

    /// Bytes of heap that the script of one worker or client may use. 512 MiB by default.
    #[must_use]
    pub fn heap_limit(mut self, bytes: usize) -> Self {
        self.settings.heap_limit = bytes;
        self
    }

    /// Bytes of memory that the HTTP cache may take, for all origins together. 64 MiB by default; with 0 there is none.
    ///
    /// It answers requests as those of browsers do, follows `Cache-Control` and its like, and is gone with the host.
    /// A response is kept when its body has been read to the end and takes no more than an eighth of the limit; what
    /// was not used for longest goes first. Each origin has a part of its own.
    #[must_use]
    pub fn http_cache_limit(mut self, bytes: usize) -> Self {
        self.settings.http_cache_limit = bytes;
        self
    }

    /// Bytes that each origin may store in its databases, caches and background fetches. By default a tenth of the disk, at most 1 GiB.
    ///
    /// A script that wants to store more gets a `QuotaExceededError`, and nothing is changed.
    #[must_use]
    pub fn quota(mut self, bytes: u64) -> Self {
        self.settings.quota = Some(bytes);
        self
    }

    /// Whether what is stored survives the loss of power too, and not only the end of the process.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.settings.durability = durability;
        self
    }

    /// `navigator.userAgent` and the `User-Agent` header.
    #[must_use]
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.settings.user_agent = user_agent.into();
        self
    }

    /// `navigator.languages` and the `Accept-Language` header, the preferred one first. An empty list changes nothing.
    #[must_use]
    pub fn languages(mut self, languages: Vec<String>) -> Self {
        if !languages.is_empty() {
            self.settings.languages = languages;
        }
        self
    }

    /// Whether a warning is given. All are by default.
    #[must_use]
    pub fn warning(mut self, name: WarningName, is_given: bool) -> Self {
        if is_given {
            self.settings.silenced.remove(&name);
        } else {
            self.settings.silenced.insert(name);
        }
        self
    }

    /// Makes warnings errors: if any was given, [`Host::shut_down`] ends with [`Error::Warned`].
    #[must_use]
    pub fn strict(mut self, is_strict: bool) -> Self {
        self.is_strict = is_strict;
        self
    }

    /// How much is kept of what happened to tags. By default 50 entries of each and 5,000 in all.
    #[must_use]
    pub fn history(mut self, limits: HistoryLimits) -> Self {
        self.settings.history = limits;
        self
    }

    /// The clock that delays and time limits are measured by.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Everything that will happen in the host, from its start on: a tag that a previous run left may fire before
    /// [`build`](Self::build) has returned.
    pub fn events(&self) -> Events {
        self.events.subscribe()
    }

    /// Starts the host: opens the data folder, takes up what was left in it, and looks at the network.
    pub async fn build(self) -> Result<Host, Error> {
        self.settings.sync_policy.validate()?;
        Host::start(self).await
    }

    pub(super) fn connectivity_source(&self) -> Connectivity {
        match &self.connectivity {
            ConnectivityMode::System => Connectivity::system(),
            ConnectivityMode::Probe(probe) => Connectivity::probing(probe.clone()),
            ConnectivityMode::Online => Connectivity::always(true),
            ConnectivityMode::Offline => Connectivity::always(false),
            ConnectivityMode::Timeline(timeline) => Connectivity::timeline(timeline.clone()),
        }
    }
}
