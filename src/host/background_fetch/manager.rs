//! What scripts ask about background fetches: begin one, find it, abort it, look into it.

use std::rc::Rc;

use tokio::sync::oneshot;

use crate::background_fetch::{
    Admission, BackgroundFetch, Display, FailureReason, FetchRefusal, FetchResult, Record,
    RecordQuery,
};
use crate::host::background_fetch::Entry;
use crate::host::background_fetch::event::BackgroundFetchEvent;
use crate::host::background_fetch::listeners::{Waiting, whole_body};
use crate::host::background_fetch::request::{kept_request, request_from, response_from};
use crate::host::core::Core;
use crate::host::event::HostEventKind;
use crate::host::permissions::Permission;
use crate::host::requests::Asker;
use crate::network::{Body, Request, Response, check_address};
use crate::service_worker::{RegistrationId, ServiceWorkerRegistration};
use crate::storage::{FetchFiles, StorageError};
use crate::web::background_fetch::{
    BackgroundFetchRequest, BackgroundFetchView, MatchedRecord, NewBackgroundFetch, UiOptions,
};
use crate::web::error::WebError;
use crate::web::host_port::ContextId;

impl Core {
    pub(in crate::host) fn answer_background_fetch(
        self: &Rc<Self>,
        asker: &Asker,
        question: BackgroundFetchRequest,
    ) {
        match question {
            BackgroundFetchRequest::Fetch(new, reply) => {
                let (core, work) = (Rc::clone(self), self.begin_work());
                let context = asker.context;
                tokio::task::spawn_local(async move {
                    let begun = core.begin_background_fetch(context, *new).await;
                    if reply.send(begun).is_err() {
                        core.perform_fetches_of(context);
                    }
                    drop(work);
                });
            }
            BackgroundFetchRequest::Acknowledge(number) => self.perform_begun_fetch(number),
            BackgroundFetchRequest::Get(registration, id, reply) => {
                let found = self.active_fetch(RegistrationId(registration), &id);
                let view = found.and_then(|number| self.with_fetch(number, |entry| entry.view()));
                let _ = reply.send(Ok(view));
            }
            BackgroundFetchRequest::GetIds(registration, reply) => {
                let _ = reply.send(Ok(self.active_fetch_ids(RegistrationId(registration))));
            }
            BackgroundFetchRequest::Abort(number, reply) => {
                let _ = reply.send(Ok(self.abort_background_fetch(number)));
            }
            BackgroundFetchRequest::Match(number, query, reply) => {
                let _ = reply.send(self.match_records(asker.context, number, query.as_ref()));
            }
            BackgroundFetchRequest::UpdateUi(number, options, reply) => {
                self.update_fetch_display(number, options);
                let _ = reply.send(Ok(()));
            }
        }
    }

    /// `backgroundFetch.fetch()`: what it resolves is on disk, with everything that is to be sent.
    /// <https://wicg.github.io/background-fetch/#background-fetch-manager-fetch>
    async fn begin_background_fetch(
        &self,
        asker: ContextId,
        new: NewBackgroundFetch,
    ) -> Result<BackgroundFetchView, WebError> {
        let id = RegistrationId(new.registration);
        let registration = self.admit_fetch(id, &new.id)?;
        new.requests.iter().try_for_each(check_request)?;
        let files = self.fetch_files(&registration.origin);
        if !files.has_room(new.download_total) {
            return Err(FetchRefusal::QuotaExceeded.into());
        }
        let mut fetch = BackgroundFetch {
            number: self.storage.next_id()?,
            id: new.id,
            display: Display {
                title: new.ui.title.unwrap_or_default(),
                icons: new.ui.icons.unwrap_or_default(),
            },
            download_total: new.download_total,
            records: Vec::with_capacity(new.requests.len()),
            result: FetchResult::Pending,
            failure_reason: FailureReason::None,
            deliveries: 0,
        };
        let kept = self
            .keep_background_fetch(&mut fetch, id, new.requests, &files)
            .await;
        let registration = kept.inspect_err(|_| files.remove_all(&fetch))?;
        let mut entry = Entry::new(&registration, fetch);
        entry.begun_by = Some(asker);
        let view = entry.view();
        self.publish_registered(&entry);
        self.insert_fetch(entry);
        Ok(view)
    }

    /// Whether a `fetch()` may go ahead, and for what.
    fn admit_fetch(
        &self,
        id: RegistrationId,
        name: &str,
    ) -> Result<ServiceWorkerRegistration, FetchRefusal> {
        let registration = self.registration(id).ok_or(FetchRefusal::NoActiveWorker)?;
        Admission {
            has_permission: self.is_granted(&registration.origin, Permission::BackgroundFetch),
            has_active_worker: registration.active.is_some(),
            is_id_taken: self.active_fetch(id, name).is_some(),
            active_fetches: self
                .fetches_where(|it| it.origin == registration.origin && it.fetch.is_active())
                .len(),
        }
        .check()?;
        Ok(registration)
    }

    /// Stores a new fetch, first of all what its requests send.
    async fn keep_background_fetch(
        &self,
        fetch: &mut BackgroundFetch,
        id: RegistrationId,
        requests: Vec<Request>,
        files: &FetchFiles,
    ) -> Result<ServiceWorkerRegistration, WebError> {
        for mut request in requests {
            let number = self.storage.next_id()?;
            let body = std::mem::take(&mut request.body);
            let upload = (!body.is_empty()).then_some(0);
            let record = Record::new(number, kept_request(&request), upload);
            fetch.records.push(record);
            if upload.is_some() {
                let length = keep_body(number, body, files).await;
                let url = || request.url.to_string();
                let length = length?.ok_or_else(|| FetchRefusal::Body(url()))?;
                let record = fetch.records.last_mut();
                record.into_iter().for_each(|it| it.upload = Some(length));
            }
        }
        // Reading what is to be sent took its time.
        let registration = self.admit_fetch(id, &fetch.id)?;
        self.storage.add_background_fetch(id, fetch)?;
        Ok(registration)
    }

    fn publish_registered(&self, entry: &Entry) {
        let fetch = &entry.fetch;
        self.publish(HostEventKind::BackgroundFetch(
            BackgroundFetchEvent::Registered {
                scope: entry.scope.clone(),
                id: fetch.id.clone(),
                display: fetch.display.clone(),
                requests: fetch.records.len(),
                upload_total: fetch.upload_total(),
                download_total: fetch.download_total,
            },
        ));
    }

    /// The fetch that a name leads to now.
    pub(super) fn active_fetch(&self, id: RegistrationId, name: &str) -> Option<i64> {
        let found = self.fetches_where(|entry| {
            entry.registration == id && entry.fetch.id == name && entry.fetch.is_active()
        });
        found.first().copied()
    }

    fn active_fetch_ids(&self, id: RegistrationId) -> Vec<String> {
        let fetches = self.background_fetches.borrow();
        let entries = fetches.entries.values();
        entries
            .filter(|entry| entry.registration == id && entry.fetch.is_active())
            .map(|entry| entry.fetch.id.clone())
            .collect()
    }

    /// `updateUI()`
    fn update_fetch_display(&self, number: i64, options: UiOptions) {
        let changed = self.with_fetch(number, |entry| {
            let display = &mut entry.fetch.display;
            display.title = options
                .title
                .unwrap_or_else(|| std::mem::take(&mut display.title));
            display.icons = options
                .icons
                .unwrap_or_else(|| std::mem::take(&mut display.icons));
            self.report_storage(self.storage.save_background_fetch(&entry.fetch));
            BackgroundFetchEvent::Updated {
                scope: entry.scope.clone(),
                id: entry.fetch.id.clone(),
                display: display_of(entry),
            }
        });
        if let Some(event) = changed {
            self.publish(HostEventKind::BackgroundFetch(event));
        }
    }

    /// `match()` and `matchAll()`
    fn match_records(
        &self,
        asker: ContextId,
        number: i64,
        query: Option<&RecordQuery>,
    ) -> Result<Vec<MatchedRecord>, WebError> {
        let matched = self.with_fetch(number, |entry| {
            let files = self.fetch_files(&entry.origin);
            let records = entry.fetch.records.iter().enumerate();
            let matching: Vec<usize> = records
                .filter(|(_, record)| query.is_none_or(|query| query.matches(record)))
                .map(|(index, _)| index)
                .collect();
            matching
                .into_iter()
                .map(|index| matched_record(entry, index, asker, &files))
                .collect()
        });
        matched.unwrap_or_else(|| {
            Err(WebError::InvalidState(
                "The records associated with this background fetch are no longer available."
                    .to_owned(),
            ))
        })
    }
}

fn display_of(entry: &Entry) -> Display {
    entry.fetch.display.clone()
}

/// What cannot be fetched at all is refused at once; what others may not allow is found out later.
fn check_request(request: &Request) -> Result<(), FetchRefusal> {
    let has_user = !request.url.username().is_empty() || request.url.password().is_some();
    let reason = match check_address(&request.url) {
        Err(error) => error.to_string(),
        Ok(()) if has_user => "the address has a user name".to_owned(),
        Ok(()) => return Ok(()),
    };
    Err(FetchRefusal::Address {
        url: request.url.to_string(),
        reason,
    })
}

/// Writes the body of a request; gives its length, or nothing if the script's stream failed.
async fn keep_body(
    number: i64,
    body: Body,
    files: &FetchFiles,
) -> Result<Option<u64>, StorageError> {
    use futures::StreamExt;
    let mut file = files.write(number)?;
    let mut chunks = body.into_stream();
    let mut length = 0;
    while let Some(chunk) = chunks.next().await {
        let Ok(chunk) = chunk else { return Ok(None) };
        file.write(&chunk)?;
        length += chunk.len() as u64;
    }
    file.finish()?;
    Ok(Some(length))
}

/// A record for a script, which gets the response as soon as there is one.
fn matched_record(
    entry: &mut Entry,
    index: usize,
    asker: ContextId,
    files: &FetchFiles,
) -> Result<MatchedRecord, WebError> {
    let record = &entry.fetch.records[index];
    let body = match record.upload {
        Some(_) => whole_body(files.open(record.number)?),
        None => Body::Empty,
    };
    let request = request_from(&record.request, &entry.origin, body);
    let request = request.ok_or_else(|| WebError::Unknown("a request is damaged".to_owned()))?;
    let (reply, response) = oneshot::channel();
    match response_of(entry, index, files) {
        Some(known) => {
            // The receiver is right here.
            let _ = reply.send(known);
        }
        None => entry.listeners[index].waiting.push(Waiting {
            context: asker,
            reply,
        }),
    }
    Ok(MatchedRecord { request, response })
}

/// The response of a record for a script, or why it gets none; `None` if that is not known yet.
/// <https://wicg.github.io/background-fetch/#create-record-objects>
pub(super) fn response_of(
    entry: &Entry,
    index: usize,
    files: &FetchFiles,
) -> Option<Result<Response, WebError>> {
    let record = &entry.fetch.records[index];
    match (record.result.failure(), &record.response) {
        (Some(FailureReason::Aborted), _) => Some(Err(WebError::Aborted(
            "The background fetch was aborted.".to_owned(),
        ))),
        (Some(reason), _) if reason != FailureReason::BadStatus => Some(Err(WebError::Type(
            format!("The request failed: {}.", reason.as_str()),
        ))),
        (_, Some(response)) => {
            let file = files.open(response.file).map_err(WebError::from);
            Some(file.and_then(|file| {
                let body = entry.listeners[index].body(file);
                let response = response_from(&response.head, body);
                response.ok_or_else(|| WebError::Unknown("a response is damaged".to_owned()))
            }))
        }
        (_, None) => None,
    }
}
