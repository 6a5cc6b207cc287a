//! Performs a background fetch: several requests at a time, each as often as it takes.

use std::rc::Rc;

use futures::{StreamExt, TryStreamExt, stream};

use crate::background_fetch::{FailureReason, RecordResult, retry_delay};
use crate::host::background_fetch::Entry;
use crate::host::background_fetch::event::BackgroundFetchEvent;
use crate::host::background_fetch::transfer::Attempt;
use crate::host::core::Core;
use crate::host::event::HostEventKind;
use crate::network::NetworkError;
use crate::web::host_port::ContextId;

/// So many requests of one fetch are under way at a time: as many as a browser sends to one server.
const AT_ONCE: usize = 6;

/// The fetch ends before all of its requests have.
struct EndsAtOnce;

/// A request waits for the network until this is dropped.
struct Waiting<'a>(&'a Core);

impl<'a> Waiting<'a> {
    fn begin(core: &'a Core) -> Self {
        core.background_fetches.borrow_mut().waiting += 1;
        Self(core)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.background_fetches.borrow_mut().waiting -= 1;
    }
}

impl Core {
    /// A scope is gone: what it began goes on, whether it knew or not.
    pub(in crate::host) fn perform_fetches_of(self: &Rc<Self>, context: ContextId) {
        let is_begun = |entry: &Entry| entry.begun_by == Some(context) && !self.is_ending.get();
        for number in self.fetches_where(is_begun) {
            self.perform_begun_fetch(number);
        }
    }

    /// The scope that began a fetch knows that it did.
    pub(super) fn perform_begun_fetch(self: &Rc<Self>, number: i64) {
        let begun_by = self.with_fetch(number, |entry| entry.begun_by.take());
        if begun_by.flatten().is_some() {
            self.perform_background_fetch(number);
        }
    }

    /// Sends what has not ended.
    pub(super) fn perform_background_fetch(self: &Rc<Self>, number: i64) {
        let pending: Option<Vec<usize>> = self.with_fetch(number, |entry| {
            let records = entry.fetch.records.iter().enumerate();
            records
                .filter(|(_, record)| record.result == RecordResult::Pending)
                .map(|(index, _)| index)
                .collect()
        });
        let Some(pending) = pending else { return };
        let core = Rc::clone(self);
        let performing = tokio::task::spawn_local(async move {
            // The one error there is says that nothing is left to do.
            let _ = stream::iter(pending)
                .map(Ok)
                .try_for_each_concurrent(AT_ONCE, |index| core.complete_record(number, index))
                .await;
            core.settle_background_fetch(number);
        });
        self.with_fetch(number, |entry| {
            entry.transfers = Some(performing.abort_handle());
        });
    }

    /// <https://wicg.github.io/background-fetch/#complete-a-record-algorithm>
    async fn complete_record(self: &Rc<Self>, number: i64, index: usize) -> Result<(), EndsAtOnce> {
        let mut losses = 0;
        loop {
            self.wait_for_network().await;
            let before = self.downloaded(number, index);
            let attempt = self.attempt(number, index).await;
            if self.downloaded(number, index) > before {
                losses = 0;
            }
            let result = match attempt {
                Attempt::Settled(result) => result,
                Attempt::Again => continue,
                Attempt::Lost(NetworkError::Offline { .. }) if self.may_repeat(number, index) => {
                    continue;
                }
                Attempt::Lost(error)
                    if error.is_lost_connection() && self.may_repeat(number, index) =>
                {
                    losses += 1;
                    match retry_delay(losses, self.has_response(number, index)) {
                        Some(delay) => {
                            self.clock.sleep(delay).await;
                            continue;
                        }
                        None => RecordResult::Failed(FailureReason::FetchError),
                    }
                }
                Attempt::Lost(_) => RecordResult::Failed(FailureReason::FetchError),
            };
            self.settle_record(number, index, result);
            return match result {
                RecordResult::Failed(FailureReason::DownloadTotalExceeded) => Err(EndsAtOnce),
                _ => Ok(()),
            };
        }
    }

    /// Without a network nothing is sent, as if the user had paused the fetch.
    async fn wait_for_network(&self) {
        let mut network = self.connectivity.subscribe();
        let _waiting = Waiting::begin(self);
        // Fails when nobody watches the network any more, which is when the host ends.
        let _ = network.wait_for(|network| network.online).await;
    }

    fn downloaded(&self, number: i64, index: usize) -> u64 {
        self.with_fetch(number, |entry| entry.fetch.records[index].downloaded())
            .unwrap_or_default()
    }

    fn has_response(&self, number: i64, index: usize) -> bool {
        self.with_fetch(number, |entry| {
            entry.fetch.records[index].response.is_some()
        })
        .unwrap_or_default()
    }

    fn may_repeat(&self, number: i64, index: usize) -> bool {
        self.with_fetch(number, |entry| {
            entry.fetch.records[index].request.is_repeatable()
        })
        .unwrap_or_default()
    }

    /// A request has ended, on disk first.
    fn settle_record(self: &Rc<Self>, number: i64, index: usize, result: RecordResult) {
        let ended = self.with_fetch(number, |entry| {
            let record = &mut entry.fetch.records[index];
            record.result = result;
            self.report_storage(self.storage.save_fetch_record(number, record));
            entry.listeners[index].tell(record);
            BackgroundFetchEvent::RequestEnded {
                scope: entry.scope.clone(),
                id: entry.fetch.id.clone(),
                method: record.request.method.clone(),
                address: record.request.url.clone(),
                status: record
                    .response
                    .as_ref()
                    .map(|response| response.head.status),
                bytes: record.downloaded(),
                failure_reason: result.failure().unwrap_or_default(),
            }
        });
        if let Some(event) = ended {
            self.publish(HostEventKind::BackgroundFetch(event));
        }
        self.tell_response(number, index);
        self.tell_progress(number);
    }
}
