//! What an embedder sees of background fetches, and what a user would do with them.

use std::path::Path;
use std::rc::Rc;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::background_fetch::{BackgroundFetch, Display, Progress, RecordResult};
use crate::host::Host;
use crate::host::background_fetch::event::BackgroundFetchEvent;
use crate::host::core::Core;
use crate::host::error::Error;
use crate::host::event::HostEventKind;
use crate::service_worker::{EventKind, EventOutcome, ServiceWorkerRegistration};
use crate::storage::{DataFolder, Storage, measure_bodies};
use crate::web::event::EventInit;

/// A background fetch that has not ended, or whose last event has not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackgroundFetchStatus {
    /// The scope of the registration it belongs to.
    pub scope: Url,
    /// The name that the script gave it.
    pub id: String,
    /// What is to be shown.
    #[serde(flatten)]
    pub display: Display,
    /// How many requests it has.
    pub requests: usize,
    /// How many of them have ended.
    pub ended_requests: usize,
    /// Bytes of all request bodies.
    pub upload_total: u64,
    /// Bytes of all responses at most; 0 if the script did not say.
    pub download_total: u64,
    /// Where it is.
    #[serde(flatten)]
    pub progress: Progress,
}

impl BackgroundFetchStatus {
    /// What is stored, without a host.
    pub(in crate::host) fn of_storage(
        storage: &Storage,
        data_folder: &Path,
    ) -> Result<Vec<Self>, Error> {
        let registrations = storage.load_registrations()?;
        let owner = |id| {
            registrations
                .iter()
                .find(|it: &&ServiceWorkerRegistration| it.id == id)
        };
        let mut fetches = Vec::new();
        for (id, mut fetch) in storage.load_background_fetches()? {
            if let Some(owner) = owner(id) {
                measure_bodies(
                    &DataFolder::origin_in(data_folder, &owner.origin),
                    &mut fetch,
                );
                fetches.push(Self::new(&owner.scope, &fetch));
            }
        }
        Ok(fetches)
    }

    fn new(scope: &Url, fetch: &BackgroundFetch) -> Self {
        let records = fetch.records.iter();
        Self {
            scope: scope.clone(),
            id: fetch.id.clone(),
            display: fetch.display.clone(),
            requests: fetch.records.len(),
            ended_requests: records
                .filter(|record| record.result != RecordResult::Pending)
                .count(),
            upload_total: fetch.upload_total(),
            download_total: fetch.download_total,
            progress: fetch.progress(),
        }
    }
}

impl Core {
    pub(in crate::host) fn background_fetch_status(&self) -> Vec<BackgroundFetchStatus> {
        let fetches = self.background_fetches.borrow();
        let entries = fetches.entries.values();
        entries
            .map(|entry| BackgroundFetchStatus::new(&entry.scope, &entry.fetch))
            .collect()
    }

    /// The newest fetch with that name.
    fn require_fetch(&self, scope: &Url, id: &str) -> Result<i64, Error> {
        let registration = self.require_scope(scope)?;
        let named =
            self.fetches_where(|it| it.registration == registration.id && it.fetch.id == id);
        named
            .last()
            .copied()
            .ok_or_else(|| Error::UnknownBackgroundFetch {
                asked: id.to_owned(),
                known: self
                    .background_fetch_status()
                    .into_iter()
                    .filter(|status| status.scope == *scope)
                    .map(|status| status.id)
                    .collect(),
            })
    }

    /// <https://wicg.github.io/background-fetch/#fire-a-background-fetch-click-event-algorithm>
    async fn click_background_fetch(
        self: &Rc<Self>,
        scope: Url,
        id: String,
    ) -> Result<EventOutcome, Error> {
        let number = self.require_fetch(&scope, &id)?;
        self.publish(HostEventKind::BackgroundFetch(
            BackgroundFetchEvent::Clicked { scope, id },
        ));
        let clicked = self.with_fetch(number, |entry| (entry.registration, entry.view()));
        let Some((registration, view)) = clicked else {
            return Ok(EventOutcome::FailedToStart("the fetch is over".to_owned()));
        };
        let event = EventInit::BackgroundFetch(EventKind::BackgroundFetchClick, view);
        Ok(self.fire_functional(registration, event).await)
    }
}

impl Host {
    /// Every background fetch that has not ended, or whose last event has not, the oldest first.
    pub async fn background_fetches(&self) -> Result<Vec<BackgroundFetchStatus>, Error> {
        self.call(|core| async move { Ok(core.background_fetch_status()) })
            .await
    }

    /// Aborts a background fetch as its user does; whether it went on until now. Its worker gets
    /// `backgroundfetchabort`, and can still read what has come.
    pub async fn abort_background_fetch(&self, scope: &Url, id: &str) -> Result<bool, Error> {
        let (scope, id) = (scope.clone(), id.to_owned());
        self.call(move |core| async move {
            let number = core.require_fetch(&scope, &id)?;
            Ok(core.abort_background_fetch(number))
        })
        .await
    }

    /// Clicks what is shown of a background fetch, and waits for the outcome of `backgroundfetchclick`. The worker may
    /// then open or focus one window.
    pub async fn click_background_fetch(
        &self,
        scope: &Url,
        id: &str,
    ) -> Result<EventOutcome, Error> {
        let (scope, id) = (scope.clone(), id.to_owned());
        self.call(move |core| async move { core.click_background_fetch(scope, id).await })
            .await
    }
}
