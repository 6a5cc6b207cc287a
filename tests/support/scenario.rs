//! The test language: one step per line, failures reported at the line of the step.
//!
//! A scenario has a site (a folder of files that answers for `https://app.example`), a data folder, and a host on both.
//! Its clock stands still until it is advanced, so that a retry in fifteen minutes takes no time.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use landfall::clock::{Clock, ManualClock, Timestamp};
use landfall::network::OriginServer;
use landfall::service_worker::EventOutcome;
use landfall::sync::SyncPolicy;
use landfall::{
    Client, ClientOptions, ClientScript, ConnectivityMode, Error, Events, Host, HostBuilder,
    HostEvent, HostEventKind, Permission, PermissionState, RegisterOptions, Status, SyncEvent,
};
use serde_json::Value;
use tokio::runtime::Runtime;
use url::Url;

use crate::support::server::TestServer;

/// The origin of every scenario.
pub const ORIGIN: &str = "https://app.example/";

/// When every scenario begins, in milliseconds since the epoch: 2026-01-01.
pub const NOW_MS: i64 = 1_767_225_600_000;
const START: Timestamp = Timestamp(NOW_MS);

/// How long real time a step may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// A host in the middle of a story.
pub struct Scenario {
    runtime: Runtime,
    site: tempfile::TempDir,
    data: tempfile::TempDir,
    clock: ManualClock,
    policy: SyncPolicy,
    configure: Box<dyn Fn(HostBuilder) -> HostBuilder>,
    is_online: bool,
    running: Option<Running>,
    log: Vec<HostEvent>,
}

struct Running {
    host: Host,
    events: Events,
    page: Option<Client>,
}

impl Scenario {
    /// The network is there.
    pub fn online() -> Self {
        Self::new(true)
    }

    /// The network is not there.
    pub fn offline() -> Self {
        Self::new(false)
    }

    fn new(is_online: bool) -> Self {
        Self {
            runtime: Runtime::new().expect("a tokio runtime"),
            site: tempfile::tempdir().expect("a folder for the site"),
            data: tempfile::tempdir().expect("a data folder"),
            clock: ManualClock::new(START),
            policy: SyncPolicy::landfall(),
            configure: Box::new(|builder| builder),
            is_online,
            running: None,
            log: Vec::new(),
        }
    }

    /// Another sync policy. To be said before the first step that needs a host.
    pub fn with_policy(mut self, policy: SyncPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Other settings, too. To be said before the first step that needs a host.
    pub fn with(mut self, configure: impl Fn(HostBuilder) -> HostBuilder + 'static) -> Self {
        let before = self.configure;
        self.configure = Box::new(move |builder| configure(before(builder)));
        self
    }

    /// The site is a real server. To be said before the first step that needs a host.
    pub fn behind(self, server: &TestServer) -> Self {
        let upstream: Url = server.url("/").parse().expect("an address");
        self.with(move |builder| {
            builder.origin_server(&address(""), OriginServer::Upstream(upstream.clone()))
        })
    }

    /// Puts a file onto the site.
    pub fn file(self, path: &str, text: &str) -> Self {
        let file = self.site.path().join(path);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).expect("a folder of the site");
        }
        fs::write(file, text).expect("a file of the site");
        self
    }

    /// Registers a script as `/sw.js` and waits until it is activated.
    #[track_caller]
    pub fn worker(self, script: &str) -> Self {
        let mut scenario = self.file("sw.js", script);
        let registered = scenario.register("sw.js");
        registered.expect("the worker is registered");
        scenario.settle();
        scenario
    }

    /// Registers a script of the site, and gives what comes of it.
    pub fn register(&mut self, path: &str) -> Result<(), Error> {
        self.register_with(RegisterOptions::new(address(path)))
    }

    /// Registers as told, and gives what comes of it.
    pub fn register_with(&mut self, options: RegisterOptions) -> Result<(), Error> {
        let host = self.host();
        let result = self.within_patience(async move { host.register(options).await });
        self.read_events();
        result.map(drop)
    }

    /// Opens the page `/` with a script.
    #[track_caller]
    pub fn page(mut self, script: &str) -> Self {
        let page = self
            .open("", ClientScript::Source(script.to_owned()))
            .expect("the page opens");
        self.running().page = Some(page);
        self.settle();
        self
    }

    /// Opens another client.
    pub fn open(&mut self, path: &str, script: ClientScript) -> Result<Client, Error> {
        let host = self.host();
        let options = ClientOptions {
            url: address(path),
            script,
        };
        self.within_patience(async move { host.open_client(options).await })
    }

    /// Closes the page.
    pub fn close_page(mut self) -> Self {
        if let Some(page) = self.running().page.take() {
            self.within_patience(async move { page.close().await })
                .expect("the page closes");
        }
        self.settle();
        self
    }

    /// Evaluates a script in the page, which is opened empty if need be, and gives what it comes to.
    #[track_caller]
    pub fn eval(&mut self, script: &str) -> Value {
        match self.try_eval(script) {
            Ok(value) => value,
            Err(error) => panic!("`{script}` failed: {error}"),
        }
    }

    /// Like [`Self::eval`], for scripts that may throw.
    pub fn try_eval(&mut self, script: &str) -> Result<Value, Error> {
        if self.running().page.is_none() {
            let page = self.open("", ClientScript::None)?;
            self.running().page = Some(page);
        }
        let page = self.running().page.clone().expect("a page was just opened");
        let script = script.to_owned();
        let value = self.within_patience(async move { page.eval(&script).await });
        self.read_events();
        value
    }

    /// The page's script comes to this.
    #[track_caller]
    pub fn expect_eval(mut self, script: &str, expected: Value) -> Self {
        let value = self.eval(script);
        assert_eq!(value, expected, "of `{script}`; {}", self.story());
        self
    }

    /// The page registers a sync and has its promise resolved.
    #[track_caller]
    pub fn register_sync(mut self, tag: &str) -> Self {
        self.eval(&format!(
            "navigator.serviceWorker.ready.then((r) => r.sync.register({}))",
            Value::from(tag)
        ));
        self.settle();
        self
    }

    /// The page registers a periodic sync.
    #[track_caller]
    pub fn register_periodic_sync(mut self, tag: &str, min_interval: Duration) -> Self {
        self.eval(&format!(
            "navigator.serviceWorker.ready.then(({{ periodicSync }}) =>
                 periodicSync.register({}, {{ minInterval: {} }}))",
            Value::from(tag),
            min_interval.as_millis()
        ));
        self.settle();
        self
    }

    /// The page registers a sync whose handler prints `line` and does not come to an end by itself.
    #[track_caller]
    pub fn sync_under_way(mut self, tag: &str, line: &str) -> Self {
        self.eval(&format!(
            "navigator.serviceWorker.ready.then((r) => r.sync.register({}))",
            Value::from(tag)
        ));
        self.wait_until_printed(line)
    }

    /// Waits until a script prints a line.
    #[track_caller]
    pub fn wait_until_printed(self, line: &str) -> Self {
        self.wait_until(
            |kind| matches!(kind, HostEventKind::Console { message, .. } if message == line),
        )
    }

    /// Waits until a script has printed a line so many times.
    #[track_caller]
    pub fn wait_until_printed_times(mut self, line: &str, times: usize) -> Self {
        while self
            .printed()
            .iter()
            .filter(|printed| **printed == line)
            .count()
            < times
        {
            self = self.wait_for_event();
        }
        self
    }

    /// Waits until something like this has happened.
    #[track_caller]
    pub fn wait_until(mut self, is_expected: impl Fn(&HostEventKind) -> bool) -> Self {
        while !self.log.iter().any(|event| is_expected(&event.kind)) {
            self = self.wait_for_event();
        }
        self
    }

    fn wait_for_event(mut self) -> Self {
        let mut running = self.running.take().expect("a host runs");
        let event = self.within_patience(running.events.next());
        self.running = Some(running);
        self.log.push(event.expect("the host runs on"));
        self
    }

    /// Time passes while something is under way that does not come to rest.
    pub fn advance_meanwhile(self, duration: Duration) -> Self {
        self.clock.advance(duration);
        self
    }

    /// The network comes.
    pub fn go_online(mut self) -> Self {
        self.is_online = true;
        self.host().go_online();
        self.settle();
        self
    }

    /// The network goes.
    pub fn go_offline(mut self) -> Self {
        self.is_online = false;
        self.host().go_offline();
        self.settle();
        self
    }

    /// Time passes, and whatever is due in between happens at its own time.
    #[track_caller]
    pub fn advance(mut self, duration: Duration) -> Self {
        let host = self.host();
        self.within_patience(async move { host.advance(duration).await })
            .expect("time passes");
        self.settle();
        self
    }

    /// Somebody sets the clock so far forward.
    pub fn set_clock(&mut self, forward: Duration) {
        self.clock.set(self.clock.now().plus(forward));
        self.settle();
    }

    /// The host ends in good order and starts again on the same data folder; its page is gone.
    pub fn restart_host(self) -> Self {
        let mut scenario = self.stop_host();
        scenario.settle();
        scenario
    }

    /// The host starts, and may be busy for long.
    #[track_caller]
    pub fn start_host(mut self) -> Self {
        self.host();
        self
    }

    /// The host ends in good order. The next step that needs one starts it again on the same data folder.
    pub fn stop_host(mut self) -> Self {
        let host = self.host();
        self.within_patience(async move { host.shut_down().await })
            .expect("the host shuts down");
        self.read_events();
        self.running = None;
        self
    }

    /// Exactly these tags are registered.
    #[track_caller]
    pub fn expect_tags(mut self, expected: &[&str]) -> Self {
        let status = self.status();
        let mut tags: Vec<_> = status.syncs.iter().map(|sync| sync.tag.as_str()).collect();
        tags.sort_unstable();
        assert_eq!(tags, expected, "{}", self.story());
        self
    }

    /// So many `sync` or `periodicsync` events were sent for the tag since the scenario began.
    #[track_caller]
    pub fn expect_fired(self, tag: &str, times: usize) -> Self {
        let fired = self
            .log
            .iter()
            .filter(|event| {
                matches!(&event.kind, HostEventKind::Sync(SyncEvent::Started { tag: fired, .. }) if fired == tag)
            })
            .count();
        assert_eq!(fired, times, "sync events for `{tag}`; {}", self.story());
        self
    }

    /// The last `sync` or `periodicsync` event ended like this.
    #[track_caller]
    pub fn expect_outcome(self, is_expected: impl Fn(&EventOutcome) -> bool) -> Self {
        let outcome = self.log.iter().rev().find_map(|event| match &event.kind {
            HostEventKind::Sync(SyncEvent::Ended { outcome, .. }) => Some(outcome),
            _ => None,
        });
        assert!(
            outcome.is_some_and(is_expected),
            "outcome {outcome:?}; {}",
            self.story()
        );
        self
    }

    /// These lines were printed by scripts since the scenario began, in this order.
    #[track_caller]
    pub fn expect_printed(self, expected: &[&str]) -> Self {
        assert_eq!(self.printed(), expected, "{}", self.story());
        self
    }

    /// Something like this happened.
    #[track_caller]
    pub fn expect_event(self, is_expected: impl Fn(&HostEventKind) -> bool) -> Self {
        let has_happened = self.log.iter().any(|event| is_expected(&event.kind));
        assert!(has_happened, "it did not happen; {}", self.story());
        self
    }

    /// What has happened so far.
    pub fn events(&self) -> impl Iterator<Item = &HostEventKind> {
        self.log.iter().map(|event| &event.kind)
    }

    /// Nothing like this happened.
    #[track_caller]
    pub fn expect_no_event(self, is_expected: impl Fn(&HostEventKind) -> bool) -> Self {
        let has_happened = self.log.iter().any(|event| is_expected(&event.kind));
        assert!(!has_happened, "it did happen; {}", self.story());
        self
    }

    /// What scripts have printed so far.
    pub fn printed(&self) -> Vec<&str> {
        self.log
            .iter()
            .filter_map(|event| match &event.kind {
                HostEventKind::Console { message, .. } => Some(message.as_str()),
                _ => None,
            })
            .collect()
    }

    /// What the host knows now.
    pub fn status(&mut self) -> Status {
        let host = self.host();
        self.within_patience(async move { host.status().await })
            .expect("a status")
    }

    /// What the origin may do, from now on.
    pub fn set_permission(&mut self, permission: Permission, state: PermissionState) {
        let host = self.host();
        let set = async move { host.set_permission(&address(""), permission, state).await };
        self.run(set).expect("it is set");
    }

    /// The host, started if need be.
    pub fn host(&mut self) -> Host {
        self.running().host.clone()
    }

    /// Runs something of the embedder's against the host, then lets everything come to rest.
    pub fn run<T: Send + 'static>(&mut self, work: impl Future<Output = T> + Send + 'static) -> T {
        let result = self.within_patience(work);
        self.settle();
        result
    }

    /// Runs what ends the host.
    pub fn run_last<T: Send + 'static>(
        mut self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> T {
        let result = self.within_patience(work);
        self.running = None;
        result
    }

    /// Begins something that goes on meanwhile.
    pub fn begin<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> tokio::task::JoinHandle<T> {
        self.runtime.spawn(work)
    }

    /// The same while something is under way that does not come to rest.
    pub fn run_meanwhile<T: Send + 'static>(
        &mut self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> T {
        let result = self.within_patience(work);
        self.read_events();
        result
    }

    /// The folder of the site.
    pub fn site(&self) -> &Path {
        self.site.path()
    }

    /// The data folder.
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// Lets everything that is under way come to its end.
    pub fn settle(&mut self) {
        let host = self.host();
        self.within_patience(async move { host.run_until_idle().await })
            .expect("the host comes to rest");
        self.read_events();
    }

    fn running(&mut self) -> &mut Running {
        if self.running.is_none() {
            self.running = Some(self.start());
        }
        self.running.as_mut().expect("it was just started")
    }

    fn start(&self) -> Running {
        let mode = if self.is_online {
            ConnectivityMode::Online
        } else {
            ConnectivityMode::Offline
        };
        let server = OriginServer::Folder {
            root: self.site.path().to_owned(),
            accept: vec!["/accepted".to_owned()],
        };
        let builder = Host::builder()
            .data_dir(self.data.path())
            .clock(Arc::new(self.clock.clone()))
            .connectivity(mode)
            .sync_policy(self.policy.clone())
            .origin_server(&address(""), server);
        let builder = (self.configure)(builder);
        let events = builder.events();
        let host = self
            .within_patience(builder.build())
            .expect("the host starts");
        Running {
            events,
            host,
            page: None,
        }
    }

    fn read_events(&mut self) {
        let Some(running) = &mut self.running else {
            return;
        };
        while let Some(Some(event)) = futures::FutureExt::now_or_never(running.events.next()) {
            self.log.push(event);
        }
    }

    // Real time on purpose: a step that never ends must fail the test and not hang it.
    fn within_patience<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(async {
            match tokio::time::timeout(PATIENCE, work).await {
                Ok(value) => value,
                Err(_) => panic!("a step took more than {PATIENCE:?}; {}", self.story()),
            }
        })
    }

    /// Everything that happened, for the message of a failure.
    fn story(&self) -> String {
        let lines: Vec<_> = self
            .log
            .iter()
            .map(|event| serde_json::to_string(event).unwrap_or_default())
            .collect();
        format!("what happened:\n  {}", lines.join("\n  "))
    }
}

/// An address on the site.
pub fn address(path: &str) -> Url {
    Url::parse(ORIGIN)
        .and_then(|origin| origin.join(path))
        .expect("a path")
}
