//! The driver's operations: what wpt/resources/driver.js asks of a host. wpt/resources/README.md describes them.

use std::time::Duration;

use landfall::clock::ManualClock;
use landfall::{Client, Host, Permission, PermissionState};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

/// What `driver.supports()` says yes to.
pub(crate) const FEATURES: [&str; 7] = [
    "offline",
    "clock",
    "stop_worker",
    "restart",
    "permission",
    "sync",
    "periodic_sync",
];

/// One request of a page.
#[derive(Debug, Deserialize)]
struct Asked {
    id: u64,
    #[serde(flatten)]
    request: Request,
}

/// What a page may ask for.
#[derive(Debug, Deserialize)]
#[serde(tag = "operation", rename_all = "snake_case")]
pub(crate) enum Request {
    SetOffline,
    SetOnline,
    AdvanceClock {
        milliseconds: u64,
    },
    /// Only as a step: of real time.
    Wait {
        milliseconds: u64,
    },
    StopWorker {
        scope: Url,
    },
    DispatchSync {
        scope: Url,
        tag: String,
        last_chance: bool,
    },
    DispatchPeriodicSync {
        scope: Url,
        tag: String,
    },
    SetPermission {
        name: String,
        state: String,
    },
    /// To close the page, do the steps, and load the file again.
    Leave(Departure),
    /// The same, with a new host on the same data after the steps.
    Restart(Departure),
}

/// What happens between two phases of a test.
#[derive(Debug, Deserialize)]
pub(crate) struct Departure {
    /// For the next phase.
    pub(crate) notes: Value,
    pub(crate) steps: Vec<Request>,
}

/// How a page was left.
pub(crate) struct Left {
    pub(crate) departure: Departure,
    /// Whether the host ends too.
    pub(crate) restarts: bool,
}

/// What requests act on.
pub(crate) struct Driver {
    pub(crate) host: Host,
    pub(crate) clock: ManualClock,
    /// What permissions are set for.
    pub(crate) site: Url,
}

impl Driver {
    /// Answers a page's requests until it wants to be left. A page without driver.js never does.
    pub(crate) async fn serve(&self, page: &Client) -> anyhow::Result<Left> {
        if page.eval("typeof driver").await? != "object" {
            return std::future::pending().await;
        }
        loop {
            let asked = page.eval("driver.controller.next_request()").await?;
            let Asked { id, request } = serde_json::from_value(asked)?;
            let error = match request {
                Request::Leave(departure) => {
                    return Ok(Left {
                        departure,
                        restarts: false,
                    });
                }
                Request::Restart(departure) => {
                    return Ok(Left {
                        departure,
                        restarts: true,
                    });
                }
                request => self.perform(request).await.err(),
            };
            let message = error.map_or(Value::Null, |error| Value::from(error.to_string()));
            page.eval(&format!("driver.controller.answer({id}, {message})"))
                .await?;
        }
    }

    /// Does what one request asks for.
    pub(crate) async fn perform(&self, request: Request) -> anyhow::Result<()> {
        match request {
            Request::SetOffline => {
                self.host.go_offline();
                self.settle().await
            }
            Request::SetOnline => {
                self.host.go_online();
                self.settle().await
            }
            Request::AdvanceClock { milliseconds } => {
                self.clock.advance(Duration::from_millis(milliseconds));
                self.settle().await
            }
            Request::Wait { milliseconds } => {
                let wait = Duration::from_millis(milliseconds);
                // What never comes is waited for exactly so long.
                let _ = tokio::time::timeout(wait, std::future::pending::<()>()).await;
                Ok(())
            }
            Request::StopWorker { scope } => Ok(self.host.stop_worker(&scope).await.map(drop)?),
            Request::DispatchSync {
                scope,
                tag,
                last_chance,
            } => {
                let host = self.host.clone();
                // Its outcome is for the worker to tell.
                tokio::spawn(async move { host.dispatch_sync(&scope, &tag, last_chance).await });
                self.settle().await
            }
            Request::DispatchPeriodicSync { scope, tag } => {
                let host = self.host.clone();
                tokio::spawn(async move { host.dispatch_periodic_sync(&scope, &tag).await });
                self.settle().await
            }
            Request::SetPermission { name, state } => {
                let (permission, state) = (permission(&name)?, permission_state(&state)?);
                Ok(self
                    .host
                    .set_permission(&self.site, permission, state)
                    .await?)
            }
            Request::Leave(_) | Request::Restart(_) => {
                anyhow::bail!("leaving a page is no step of leaving it")
            }
        }
    }

    /// Waits until the host's thread has taken up what was asked before.
    async fn settle(&self) -> anyhow::Result<()> {
        self.host.status().await?;
        Ok(())
    }
}

fn permission(name: &str) -> anyhow::Result<Permission> {
    Ok(match name {
        "background-sync" => Permission::BackgroundSync,
        "periodic-background-sync" => Permission::PeriodicBackgroundSync,
        "notifications" => Permission::Notifications,
        other => anyhow::bail!("there is no permission `{other}`"),
    })
}

fn permission_state(name: &str) -> anyhow::Result<PermissionState> {
    Ok(match name {
        "granted" => PermissionState::Granted,
        "denied" => PermissionState::Denied,
        "prompt" => PermissionState::Prompt,
        other => anyhow::bail!("a permission is granted, denied or prompt, not `{other}`"),
    })
}
