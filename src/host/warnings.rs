//! Gives warnings: puts together what the rules need, and leaves out what was turned off.

use std::rc::Rc;

use url::Url;

use crate::host::core::Core;
use crate::host::dispatch::Ended;
use crate::host::event::{HostEventKind, ScriptSource};
use crate::host::sync_loop::Settled;
use crate::service_worker::warning::{EndedEvent, Fate};
use crate::service_worker::{
    EventKind, EventOutcome, RegistrationId, ScriptPlace, Warning, WarningName, WorkerId,
};
use crate::sync::{Removal, SyncKey, SyncKind};
use crate::web::event::EventInit;

impl Core {
    /// Fires an event that concerns no tag, and warns of what is wrong about it.
    pub(super) async fn fire_awaited(
        self: &Rc<Self>,
        registration: RegistrationId,
        worker: WorkerId,
        event: EventInit,
    ) -> EventOutcome {
        let kind = event.kind();
        let source = self.source_of_worker(registration, worker);
        let ended = self.fire(registration, worker, event).await;
        if let Some(source) = source {
            self.warn_of_end(&source, kind, None, &ended);
        }
        ended.outcome
    }

    /// Warns of what is wrong about an event that has ended; gives what it warned of.
    pub(super) fn warn_of_end(
        &self,
        source: &ScriptSource,
        kind: EventKind,
        tag: Option<(&str, Fate)>,
        ended: &Ended,
    ) -> Vec<Warning> {
        let event = EndedEvent {
            kind,
            tag,
            outcome: &ended.outcome,
            activity: &ended.activity,
        };
        let mut warnings = event.warnings();
        warnings.retain(|warning| self.warn(source, warning));
        warnings
    }

    /// Warns of what is wrong about an event of a tag.
    pub(super) fn warn_of_sync(
        &self,
        source: &ScriptSource,
        key: &SyncKey,
        settled: &Settled,
        ended: &Ended,
    ) -> Vec<Warning> {
        let fate = match (settled.removed, key.kind) {
            (Some(Removal::Succeeded | Removal::GaveUp), _) => Fate::Gone,
            (None, SyncKind::Periodic) => Fate::NextInterval,
            (Some(Removal::Unregistered), _) | (None, SyncKind::OneShot) => Fate::Kept,
        };
        let kind = match key.kind {
            SyncKind::OneShot => EventKind::Sync,
            SyncKind::Periodic => EventKind::PeriodicSync,
        };
        let tag = Some((key.tag.as_str(), fate));
        let mut warnings = self.warn_of_end(source, kind, tag, ended);
        let is_again = settled.was_registered_again && key.kind == SyncKind::OneShot;
        warnings.extend(self.warn_of_loop(source, key, is_again, ended));
        warnings
    }

    /// A tag that is registered again in each of its events.
    fn warn_of_loop(
        &self,
        source: &ScriptSource,
        key: &SyncKey,
        is_again: bool,
        ended: &Ended,
    ) -> Option<Warning> {
        let rounds = self.memory.loop_rounds(key, self.clock.now(), is_again)?;
        let warning = Warning {
            name: WarningName::RegisterLoop,
            message: format!(
                "the tag `{}` was registered again during each of its last {rounds} events, so its events follow one another without end. To try again later, let the promise given to `event.waitUntil()` reject: the next attempt comes after a delay.",
                key.tag
            ),
            place: ended.activity.registration_place(),
        };
        self.warn(source, &warning).then_some(warning)
    }

    /// Warns of a message to a worker that does not listen.
    pub(super) fn warn_of_message_to_worker(
        &self,
        registration: RegistrationId,
        worker: WorkerId,
        sender: &Url,
        place: Option<ScriptPlace>,
    ) {
        let Some(source) = self.source_of_worker(registration, worker) else {
            return;
        };
        let message = format!(
            "{sender} posted a message to the worker, which has no listener for `message`: the message is lost. Add the listener at the top level of the worker's script."
        );
        self.warn_of_message(&source, message, place);
    }

    /// Warns of a message to a client that does not listen.
    pub(super) fn warn_of_message_to_client(
        &self,
        client: Url,
        worker: WorkerId,
        place: Option<ScriptPlace>,
    ) {
        let scopes = self.scopes.borrow();
        let sender = scopes
            .worker(worker)
            .and_then(|context| scopes.get(context));
        let sender = sender.map_or_else(|| "a worker".to_owned(), |scope| scope.url.to_string());
        let message = format!(
            "{sender} posted a message to the page, and `navigator.serviceWorker` has no listener for `message` there: the message is lost. Add the listener before the page's script ends."
        );
        self.warn_of_message(&ScriptSource::Client(client), message, place);
    }

    fn warn_of_message(&self, source: &ScriptSource, message: String, place: Option<ScriptPlace>) {
        let warning = Warning {
            name: WarningName::UnheardMessage,
            message,
            place,
        };
        self.warn(source, &warning);
    }

    /// Warns of a page that was asked for while its worker started, and for nothing.
    pub(super) fn warn_of_unused_preload(&self, worker: Url, page: &Url) {
        let warning = Warning {
            name: WarningName::UnusedPreload,
            message: format!(
                "the network was asked for {page} while the worker started, as navigation preload is enabled, and the `fetch` event ended without a look at `event.preloadResponse`: the request was made for nothing. Answer with `event.preloadResponse`, or call `registration.navigationPreload.disable()`."
            ),
            place: None,
        };
        self.warn(&ScriptSource::Worker(worker), &warning);
    }

    /// Gives a warning, unless it is turned off; tells whether it did.
    fn warn(&self, source: &ScriptSource, warning: &Warning) -> bool {
        let is_given = !self.settings.silenced.contains(&warning.name);
        if is_given {
            self.publish(HostEventKind::Warning {
                source: source.clone(),
                warning: warning.clone(),
            });
        }
        is_given
    }

    /// A worker as the source of something, whether it runs or not.
    pub(super) fn source_of_worker(
        &self,
        registration: RegistrationId,
        worker: WorkerId,
    ) -> Option<ScriptSource> {
        self.update_registration(registration, |registration| {
            let worker = registration.workers().find(|known| known.id == worker);
            worker.map(|worker| ScriptSource::Worker(worker.script_url.clone()))
        })
        .flatten()
    }
}
