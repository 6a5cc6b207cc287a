//! The listening half: answers requests for as long as the host runs.

use std::io;
use std::path::Path;
use std::time::Duration;

use interprocess::local_socket::ListenerOptions;
use interprocess::local_socket::tokio::{Listener, Stream, prelude::*};
#[cfg(unix)]
use interprocess::os::unix::local_socket::ListenerOptionsExt;
use serde::Serialize;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::task::JoinHandle;
use url::Url;

use crate::cli::control::address::Place;
use crate::cli::control::{Answer, BackgroundFetchAction, PushCommand, Request};
use crate::cli::sync::chosen_sync;
use crate::host::{Error, Host, Status};
use crate::service_worker::EventOutcome;
use crate::sync::SyncKind;

/// Listens until it is dropped.
pub(in crate::cli) struct Server {
    listening: JoinHandle<()>,
    _place: Place,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Server {
    /// Begins to listen for the host of this data folder.
    pub(in crate::cli) fn start(host: Host, data: &Path) -> io::Result<Self> {
        let place = Place::make(data)?;
        // A socket file that a killed process left behind is in the way; the folder's lock, which this
        // host holds, says that nobody listens there.
        let options = ListenerOptions::new()
            .name(place.name()?)
            .try_overwrite(true);
        #[cfg(unix)]
        let options = options.mode(0o600);
        let listener = options.create_tokio()?;
        Ok(Self {
            listening: tokio::spawn(listen(listener, host)),
            _place: place,
        })
    }
}

async fn listen(listener: Listener, host: Host) {
    loop {
        match listener.accept().await {
            Ok(stream) => {
                tokio::spawn(converse(stream, host.clone()));
            }
            Err(error) => {
                tracing::warn!(%error, "the control socket failed");
                return;
            }
        }
    }
}

/// Answers one connection's requests in order.
async fn converse(stream: Stream, host: Host) {
    let mut lines = BufReader::new(&stream).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let answer = match serde_json::from_str(&line) {
            Ok(request) => match answer(request, &host).await {
                Ok(result) => Answer::Done(result),
                Err(error) => Answer::Failed(format!("{error:#}")),
            },
            Err(error) => Answer::Failed(format!("not a request: {error}")),
        };
        let Ok(mut line) = serde_json::to_vec(&answer) else {
            return;
        };
        line.push(b'\n');
        if (&stream).write_all(&line).await.is_err() {
            return;
        }
    }
}

async fn answer(request: Request, host: &Host) -> anyhow::Result<Value> {
    match request {
        Request::Status => json(host.status().await),
        Request::GoOnline => {
            host.go_online();
            Ok(Value::Null)
        }
        Request::GoOffline => {
            host.go_offline();
            Ok(Value::Null)
        }
        Request::Origins => json(host.origins().await),
        Request::ClearOrigin { origin } => done(host.clear_origin(&origin).await),
        Request::CheckStorage => json(host.check_storage().await),
        Request::AdvanceClock { by_ms } => {
            host.advance(Duration::from_millis(by_ms)).await?;
            json(host.status().await)
        }
        Request::SetPermission {
            origin,
            permission,
            state,
        } => {
            let origin = chosen_origin(origin, &host.status().await?)?;
            host.set_permission(&origin, permission, state).await?;
            Ok(Value::String(origin.origin().ascii_serialization()))
        }
        Request::FireSync {
            kind,
            tag,
            scope,
            last_chance,
            wait,
        } => {
            let event = Event {
                kind,
                scope: chosen_scope(scope, &host.status().await?)?,
                tag,
                last_chance,
            };
            fire(event, wait, host).await
        }
        Request::BackgroundFetch { scope, id, action } => match action {
            BackgroundFetchAction::Abort => json(host.abort_background_fetch(&scope, &id).await),
            BackgroundFetchAction::Click => json(host.click_background_fetch(&scope, &id).await),
        },
        Request::Push { push } => answer_push(push, host).await,
        Request::DropSync {
            tag,
            scope,
            periodic,
        } => {
            let status = host.status().await?;
            let (scope, kind) = chosen_sync(scope, periodic, &tag, &status)?;
            host.drop_sync(&scope, kind, &tag).await?;
            Ok(Value::Null)
        }
        Request::SyncStory { tag } => json(host.sync_story(&tag).await),
    }
}

/// Sends an event by hand; its outcome is the answer if that is waited for.
async fn fire(event: Event, wait: bool, host: &Host) -> anyhow::Result<Value> {
    if !wait {
        event.send_without_waiting(host.clone(), &host.status().await?)?;
        return Ok(Value::Null);
    }
    Ok(serde_json::to_value(event.send(host).await?)?)
}

async fn answer_push(command: PushCommand, host: &Host) -> anyhow::Result<Value> {
    let outcome = match command {
        PushCommand::Notifications => {
            return Ok(serde_json::to_value(host.notifications().await?)?);
        }
        PushCommand::Click { id, action } => host.click_notification(id, action.as_deref()).await?,
        PushCommand::Close { id } => host.close_notification(id).await?,
        PushCommand::Send { scope, data } => {
            let scope = chosen_scope(scope, &host.status().await?)?;
            host.dispatch_push(&scope, data).await?
        }
        PushCommand::Renew { scope } => {
            let scope = chosen_scope(scope, &host.status().await?)?;
            host.renew_push_subscription(&scope).await?
        }
    };
    Ok(serde_json::to_value(outcome)?)
}

/// An event that is to be sent by hand.
struct Event {
    kind: SyncKind,
    scope: Url,
    tag: String,
    last_chance: bool,
}

impl Event {
    async fn send(&self, host: &Host) -> Result<EventOutcome, Error> {
        match self.kind {
            SyncKind::OneShot => {
                host.dispatch_sync(&self.scope, &self.tag, self.last_chance)
                    .await
            }
            SyncKind::Periodic => host.dispatch_periodic_sync(&self.scope, &self.tag).await,
        }
    }

    /// What can be refused at once is.
    fn send_without_waiting(self, host: Host, status: &Status) -> anyhow::Result<()> {
        if status.online == Some(false) {
            return Err(Error::Offline.into());
        }
        let scopes = status.registrations.iter().map(|known| &known.scope);
        let known: Vec<Url> = scopes.cloned().collect();
        if !known.contains(&self.scope) {
            let asked = self.scope;
            return Err(Error::UnknownScope { asked, known }.into());
        }
        tokio::spawn(async move {
            if let Err(error) = self.send(&host).await {
                tracing::warn!(%error, self.tag, "an event that was sent by hand did not arrive");
            }
        });
        Ok(())
    }
}

/// The origin that was named, or the only one there is.
fn chosen_origin(named: Option<Url>, status: &Status) -> anyhow::Result<Url> {
    let mut scopes = status.registrations.iter().map(|known| &known.scope);
    match (named, scopes.next()) {
        (Some(origin), _) => Ok(origin),
        (None, None) => anyhow::bail!("no service worker is registered; name one with --origin"),
        (None, Some(first)) if scopes.all(|scope| scope.origin() == first.origin()) => {
            Ok(first.clone())
        }
        (None, Some(_)) => {
            anyhow::bail!(
                "service workers of several origins are registered; choose one with --origin"
            )
        }
    }
}

fn done(result: Result<(), Error>) -> anyhow::Result<Value> {
    Ok(result.map(|()| Value::Null)?)
}

fn json(result: Result<impl Serialize, Error>) -> anyhow::Result<Value> {
    Ok(serde_json::to_value(result?)?)
}

/// The scope that was named, or the only one there is.
fn chosen_scope(named: Option<Url>, status: &Status) -> anyhow::Result<Url> {
    let scopes: Vec<&Url> = status
        .registrations
        .iter()
        .map(|registration| &registration.scope)
        .collect();
    match (named, scopes.as_slice()) {
        (Some(scope), _) => Ok(scope),
        (None, [only]) => Ok((*only).clone()),
        (None, []) => anyhow::bail!("no service worker is registered"),
        (None, several) => {
            let names: Vec<&str> = several.iter().map(|scope| scope.as_str()).collect();
            anyhow::bail!(
                "several service workers are registered; choose one with --scope: {}",
                names.join(", ")
            )
        }
    }
}
