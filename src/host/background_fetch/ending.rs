//! How a fetch ends: its result, its last event, and what is left of it then.

use std::rc::Rc;

use crate::background_fetch::FetchEnd;
use crate::host::background_fetch::Entry;
use crate::host::background_fetch::event::BackgroundFetchEvent;
use crate::host::core::Core;
use crate::host::event::HostEventKind;
use crate::service_worker::{EventKind, RegistrationId};
use crate::storage::{StorageError, measure_bodies, remove_leftover_bodies};
use crate::web::background_fetch::BackgroundFetchView;
use crate::web::event::{EventInit, Notice};

impl Core {
    /// Every request has ended, or one has ended them all.
    /// <https://wicg.github.io/background-fetch/#perform-a-background-fetch-algorithm>
    pub(super) fn settle_background_fetch(self: &Rc<Self>, number: i64) {
        self.with_fetch(number, |entry| entry.fetch.settle());
        self.end_background_fetch(number);
    }

    /// A script or a user wants no more of it; whether it went on until now.
    /// <https://wicg.github.io/background-fetch/#background-fetch-registration-abort>
    pub(super) fn abort_background_fetch(self: &Rc<Self>, number: i64) -> bool {
        let was_active = self.with_fetch(number, |entry| {
            let was_active = entry.fetch.is_active();
            if was_active {
                entry.stop();
                entry.fetch.abort();
            }
            was_active
        });
        if was_active == Some(true) {
            self.end_background_fetch(number);
        }
        was_active.unwrap_or_default()
    }

    /// Stores how it ended, tells everyone, and sends the last event.
    fn end_background_fetch(self: &Rc<Self>, number: i64) {
        let ended = self.with_fetch(number, |entry| {
            self.report_storage(self.storage.save_background_fetch(&entry.fetch));
            entry.tell_listeners();
            let progress = entry.fetch.progress();
            BackgroundFetchEvent::Ended {
                scope: entry.scope.clone(),
                id: entry.fetch.id.clone(),
                result: progress.result,
                failure_reason: progress.failure_reason,
                uploaded: progress.uploaded,
                downloaded: progress.downloaded,
            }
        });
        let Some(ended) = ended else { return };
        self.tell_all_responses(number);
        self.tell_progress(number);
        self.publish(HostEventKind::BackgroundFetch(ended));
        self.deliver_last_event(number);
    }

    /// Sends the event that tells a worker how its fetch ended; when that is over nothing is left of the fetch.
    fn deliver_last_event(self: &Rc<Self>, number: i64) {
        let begun = self.with_fetch(number, |entry| {
            if entry.fetch.is_given_up() {
                return None;
            }
            entry.is_delivering = true;
            entry.fetch.deliveries += 1;
            self.report_storage(self.storage.save_background_fetch(&entry.fetch));
            Some(entry.registration)
        });
        let Some(begun) = begun else { return };
        let Some(registration) = begun else {
            self.give_up_last_event(number);
            return;
        };
        let (core, work) = (Rc::clone(self), self.begin_work());
        tokio::task::spawn_local(async move {
            core.send_last_event(number, registration).await;
            drop(work);
        });
    }

    async fn send_last_event(self: &Rc<Self>, number: i64, registration: RegistrationId) {
        let event = self.with_fetch(number, |entry| {
            let kind = match entry.fetch.last_event()? {
                FetchEnd::Success => EventKind::BackgroundFetchSuccess,
                FetchEnd::Fail => EventKind::BackgroundFetchFail,
                FetchEnd::Abort => EventKind::BackgroundFetchAbort,
            };
            Some((kind, entry.view()))
        });
        let Some((kind, view)) = event.flatten() else {
            return;
        };
        let init = EventInit::BackgroundFetch(kind, view);
        let outcome = self.fire_functional(registration, init).await;
        if self.is_ending.get() && !outcome.is_success() {
            // Cut off by the end of the host: the next start sends it.
            self.with_fetch(number, |entry| {
                entry.is_delivering = false;
                entry.fetch.deliveries -= 1;
                self.report_storage(self.storage.save_background_fetch(&entry.fetch));
            });
            return;
        }
        if let Some(entry) = self.discard_background_fetch(number) {
            self.publish(HostEventKind::BackgroundFetch(
                BackgroundFetchEvent::EventEnded {
                    scope: entry.scope,
                    id: entry.fetch.id,
                    kind,
                    outcome,
                },
            ));
        }
    }

    fn give_up_last_event(&self, number: i64) {
        if let Some(entry) = self.discard_background_fetch(number) {
            self.publish(HostEventKind::BackgroundFetch(
                BackgroundFetchEvent::GivenUp {
                    scope: entry.scope,
                    id: entry.fetch.id,
                    deliveries: entry.fetch.deliveries,
                },
            ));
        }
    }

    /// Nothing is left of a fetch, and its scripts cannot look into it any more.
    fn discard_background_fetch(&self, number: i64) -> Option<Entry> {
        self.report_storage(self.storage.remove_background_fetch(number));
        let mut fetches = self.background_fetches.borrow_mut();
        let entry = fetches.entries.remove(&number)?;
        drop(fetches);
        self.fetch_files(&entry.origin).remove_all(&entry.fetch);
        let view = BackgroundFetchView::new(&entry.fetch, false);
        self.notify_origin(&entry.origin, || {
            Notice::BackgroundFetchChanged(view.clone())
        });
        self.touch();
        Some(entry)
    }

    /// The registration is gone, and its fetches with it.
    pub(in crate::host) fn forget_background_fetches(&self, id: RegistrationId) {
        for number in self.fetches_where(|entry| entry.registration == id) {
            self.with_fetch(number, |entry| {
                entry.stop();
                if entry.fetch.is_active() {
                    entry.fetch.lose_worker();
                    entry.tell_listeners();
                }
            });
            self.tell_all_responses(number);
            self.discard_background_fetch(number);
        }
    }

    fn tell_all_responses(&self, number: i64) {
        let records = self.with_fetch(number, |entry| entry.fetch.records.len());
        for index in 0..records.unwrap_or_default() {
            self.tell_response(number, index);
        }
    }

    /// Goes on with what a previous run left, and removes what nobody needs.
    pub(in crate::host) fn resume_background_fetches(self: &Rc<Self>) -> Result<(), StorageError> {
        let stored = self.storage.load_background_fetches()?;
        let fetches = stored.iter().map(|(_, fetch)| fetch);
        remove_leftover_bodies(self.folder.path(), fetches)?;
        for (id, mut fetch) in stored {
            let Some(registration) = self.registration(id) else {
                continue;
            };
            measure_bodies(&self.folder.origin(&registration.origin), &mut fetch);
            fetch.recover();
            let (number, is_active) = (fetch.number, fetch.is_active());
            self.publish(HostEventKind::BackgroundFetch(
                BackgroundFetchEvent::Resumed {
                    scope: registration.scope.clone(),
                    id: fetch.id.clone(),
                    downloaded: fetch.progress().downloaded,
                },
            ));
            self.insert_fetch(Entry::new(&registration, fetch));
            if is_active {
                self.perform_background_fetch(number);
            } else {
                self.deliver_last_event(number);
            }
        }
        Ok(())
    }
}

impl Entry {
    /// Its requests are given up.
    fn stop(&mut self) {
        self.begun_by = None;
        if let Some(transfers) = self.transfers.take() {
            transfers.abort();
        }
    }

    fn tell_listeners(&self) {
        for (record, listeners) in self.fetch.records.iter().zip(&self.listeners) {
            listeners.tell(record);
        }
    }
}
