//! One test in one fresh host, with a time limit.

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use landfall::clock::{Clock, ManualClock, SystemClock};
use landfall::service_worker::lifetime::EventLimits;
use landfall::sync::{Preset, SyncPolicy};
use landfall::{
    Client, ConnectivityMode, Events, Host, HostBuilder, HostEventKind, Permission,
    PermissionState, RegisterOptions,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

use crate::driver::{Driver, FEATURES, Left};
use crate::manifest::{Scope, Test};
use crate::page;
use crate::results::{FileStatus, Outcome, Subtest, SubtestStatus};
use crate::server::Server;
use crate::site::{Site, worker_path};
use crate::suite::Suite;

/// What the harness may take to tell what it knows when the time is up.
const GRACE: Duration = Duration::from_secs(2);

/// A page may be left so often.
const MAX_PHASES: u32 = 20;

/// A test that is to be run, and with what.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) test: Test,
    pub(crate) suite: Suite,
    pub(crate) server: Option<Server>,
    /// How long each phase may take.
    pub(crate) limit: Duration,
    /// Bytes of heap for each of its scripts.
    pub(crate) heap: usize,
}

/// A host, and what its scripts say.
struct Life {
    host: Host,
    events: Events,
    /// Results as report.js writes them.
    results: mpsc::UnboundedReceiver<Value>,
    /// Turns true when the time is up.
    is_late: Arc<watch::Sender<bool>>,
}

/// Runs a test to its end, whatever that is.
pub(crate) async fn execute(job: &Job) -> Outcome {
    let mut outcome = match attempt(job).await {
        Ok(outcome) => outcome,
        Err(error) => Outcome::failed(FileStatus::Error, error.to_string()),
    };
    if let Some(server) = &job.server {
        outcome.rewrite(|said| server.ports().named_usually(said));
    }
    outcome
}

async fn attempt(job: &Job) -> anyhow::Result<Outcome> {
    let site = Site::new(job.suite.clone(), &job.test, job.server.as_ref())?;
    let mut outcome = run(job, &site).await?;
    outcome.wants_server = site.wants_server();
    Ok(outcome)
}

/// All phases of a test: most have one.
async fn run(job: &Job, site: &Arc<Site>) -> anyhow::Result<Outcome> {
    let data = tempfile::tempdir()?;
    let clock = ManualClock::new(SystemClock.now());
    let _ticking = tokio_util::task::AbortOnDropHandle::new(tokio::spawn(run_on(clock.clone())));
    let mut notes = Value::Null;
    let mut life = Life::start(job, site, data.path(), &clock).await?;
    for number in 0..MAX_PHASES {
        let mut outcome = Outcome::failed(FileStatus::Timeout, "no result came in time");
        let page = OnceLock::new();
        let settings = json!({
            "phase": number,
            "notes": notes,
            "features": FEATURES,
            "policy": job.test.policy,
        });
        let driver = Driver {
            host: life.host.clone(),
            clock: clock.clone(),
            site: site.address("/")?,
        };
        let left = life
            .phase(job, site, &driver, settings, &page, &mut outcome)
            .await;
        let Some(left) = left? else {
            life.end().await;
            return Ok(outcome);
        };
        if let Some(page) = page.into_inner() {
            page.close().await?;
        }
        for step in left.departure.steps {
            driver.perform(step).await?;
        }
        notes = left.departure.notes;
        if left.restarts {
            drop(driver);
            life.end().await;
            life = Life::start(job, site, data.path(), &clock).await?;
        }
    }
    anyhow::bail!("the test left its page more than {MAX_PHASES} times")
}

impl Life {
    async fn start(
        job: &Job,
        site: &Arc<Site>,
        data: &Path,
        clock: &ManualClock,
    ) -> anyhow::Result<Self> {
        let (sender, results) = mpsc::unbounded_channel();
        let is_late = Arc::new(watch::Sender::new(false));
        let mut builder = host_builder(job, site, sender, Arc::clone(&is_late))?;
        if job.suite.has_driver {
            builder = builder.data_dir(data).clock(Arc::new(clock.clone()));
        }
        let events = builder.events();
        Ok(Self {
            host: builder.build().await?,
            events,
            results,
            is_late,
        })
    }

    async fn end(self) {
        // A host that does not end is ended with the process.
        let _ = tokio::time::timeout(GRACE * 2, self.host.shut_down()).await;
    }

    /// Loads the test and collects its results, until it is done or leaves its page.
    async fn phase(
        &mut self,
        job: &Job,
        site: &Site,
        driver: &Driver,
        settings: Value,
        page: &OnceLock<Client>,
        outcome: &mut Outcome,
    ) -> anyhow::Result<Option<Left>> {
        let test = async {
            match job.test.scope {
                Scope::Window => page::load(&job.test, site, &driver.host, settings, page).await?,
                _ => start_worker(&job.test, site, &driver.host).await?,
            }
            match page.get() {
                Some(page) if job.suite.has_driver => driver.serve(page).await,
                _ => std::future::pending().await,
            }
        };
        tokio::pin!(test);
        let deadline = limit(job.limit);
        tokio::pin!(deadline);
        loop {
            tokio::select! {
                biased;
                Some(results) = self.results.recv() => if take_results(outcome, &results) {
                    return Ok(None);
                },
                reason = Self::stopped(&mut self.events) => {
                    outcome.status = FileStatus::Crash;
                    outcome.message = Some(reason);
                    return Ok(None);
                },
                left = &mut test => match left {
                    Ok(left) => return Ok(Some(left)),
                    Err(error) => {
                        self.take_waiting(outcome);
                        let stopped = tokio::time::timeout(GRACE / 4, Self::stopped(&mut self.events)).await.ok();
                        outcome.status = match stopped {
                            Some(_) => FileStatus::Crash,
                            None => FileStatus::Error,
                        };
                        outcome.message = stopped.or_else(|| Some(error.to_string()));
                        return Ok(None);
                    }
                },
                () = &mut deadline => {
                    outcome.status = FileStatus::Timeout;
                    outcome.message = Some(format!("it did not end within {} s", job.limit.as_secs_f64()));
                    if self.is_late.send_replace(true) {
                        return Ok(None);
                    }
                    if let Some(page) = page.get() {
                        tokio::spawn(page::give_up(page.clone()));
                    }
                    deadline.set(limit(GRACE));
                },
            }
        }
    }

    /// Why a scope was stopped because of what its script did; most never are.
    async fn stopped(events: &mut Events) -> String {
        while let Some(event) = events.next().await {
            if let HostEventKind::ScopeStopped { reason, .. } = event.kind {
                return reason;
            }
        }
        std::future::pending().await
    }

    /// Results that were sent before the script failed.
    fn take_waiting(&mut self, outcome: &mut Outcome) {
        while let Ok(results) = self.results.try_recv() {
            take_results(outcome, &results);
        }
    }
}

/// Ends after so much real time.
async fn limit(time: Duration) {
    // What never comes is waited for exactly so long.
    let _ = tokio::time::timeout(time, std::future::pending::<()>()).await;
}

/// Lets a clock run on with real time; the driver makes it jump.
async fn run_on(clock: ManualClock) {
    let mut ticks = tokio::time::interval(Duration::from_millis(5));
    let mut last = SystemClock.now();
    loop {
        ticks.tick().await;
        let now = SystemClock.now();
        clock.advance(now.saturating_since(last));
        last = now;
    }
}

fn host_builder(
    job: &Job,
    site: &Arc<Site>,
    results: mpsc::UnboundedSender<Value>,
    is_late: Arc<watch::Sender<bool>>,
) -> anyhow::Result<HostBuilder> {
    let site = Arc::clone(site);
    let origin = site.address("/")?;
    let builder = Host::builder()
        .connectivity(ConnectivityMode::Online)
        .sync_policy(policy(job.test.policy.as_deref())?)
        .heap_limit(job.heap)
        .frames()
        .frame_script(page::frame_script())
        .limits(EventLimits {
            // The runner's own limit comes first.
            first_start: job.limit + 2 * GRACE,
            start: job.limit + 2 * GRACE,
            // An idle worker that stops takes its results with it.
            idle: Duration::from_secs(60 * 60),
            stop: GRACE / 2,
            ..EventLimits::default()
        })
        .intercept(move |request| std::future::ready(site.take(request)))
        .expose("landfallResults", move |call| {
            for sent in call.arguments {
                // The runner may have heard enough.
                let _ = results.send(sent);
            }
            std::future::ready(Ok(Value::Null))
        })
        .expose("landfallDeadline", move |_| {
            let mut is_late = is_late.subscribe();
            async move {
                is_late
                    .wait_for(|is_late| *is_late)
                    .await
                    .map_err(|gone| gone.to_string())?;
                Ok(Value::Null)
            }
        });
    // These do nothing without it; the runners of browsers grant it too.
    let builder = if job.test.path.starts_with("/notifications/") {
        let (notifications, granted) = (Permission::Notifications, PermissionState::Granted);
        builder.permission(&origin, notifications, granted)
    } else {
        builder
    };
    Ok(match &job.server {
        Some(server) => server.reached_by(builder),
        None => builder,
    })
}

/// The preset that a META line names.
fn policy(name: Option<&str>) -> anyhow::Result<SyncPolicy> {
    match name {
        None | Some("landfall") => Ok(Preset::Landfall.into()),
        Some("spec") => Ok(Preset::Spec.into()),
        Some("chromium") => Ok(Preset::Chromium.into()),
        Some(other) => anyhow::bail!(
            "the META line `policy={other}` names no preset: there are landfall, spec and chromium"
        ),
    }
}

async fn start_worker(test: &Test, site: &Site, host: &Host) -> anyhow::Result<()> {
    // A worker's address has no fragment.
    let query = test.variant.split('#').next().unwrap_or_default();
    let address = format!("{}{query}", worker_path(test));
    let script = site.address(&address)?;
    let mut options = RegisterOptions::new(script.clone());
    options.scope = Some(script.join("does/not/exist")?);
    host.register(options).await?;
    Ok(())
}

/// Takes what report.js sent; gives whether the harness has completed.
fn take_results(outcome: &mut Outcome, results: &Value) -> bool {
    let subtests = results["subtests"].as_array().into_iter().flatten();
    let harness = &results["harness"];
    if harness.is_null() {
        outcome.subtests.extend(subtests.map(subtest));
        return false;
    }
    // The harness tells everything once more, with those that never ran.
    outcome.subtests = subtests.map(subtest).collect();
    outcome.status = FileStatus::from_number(harness["status"].as_u64().unwrap_or(1));
    // The harness has no words of its own for a time limit that the runner set.
    if let Some(message) = harness["message"].as_str() {
        outcome.message = Some(message.to_owned());
    } else if outcome.status != FileStatus::Timeout {
        outcome.message = None;
    }
    true
}

fn subtest(value: &Value) -> Subtest {
    Subtest {
        name: value["name"].as_str().unwrap_or_default().to_owned(),
        status: SubtestStatus::from_number(value["status"].as_u64().unwrap_or(1)),
        message: value["message"].as_str().map(str::to_owned),
    }
}
