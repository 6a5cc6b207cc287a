//! One attempt at one request: what is sent, and what of the response is kept.

use std::pin::pin;
use std::rc::Rc;

use bytes::Bytes;
use futures::StreamExt;
use tokio::sync::watch;

use crate::background_fetch::{
    FailureReason, Received, Record, RecordResult, ResponseHead, StoredResponse,
};
use crate::host::background_fetch::Entry;
use crate::host::background_fetch::listeners::whole_body;
use crate::host::background_fetch::request::{kept_response, request_from};
use crate::host::core::Core;
use crate::host::script_fetch::Fetching;
use crate::network::{Body, NetworkError, Request, Response};
use crate::service_worker::scope::is_potentially_trustworthy;
use crate::storage::{BodyFile, FetchFiles, StorageError};

/// A request body up to this length is sent from memory, so that it can be sent again after a redirect.
const MOST_BYTES_IN_MEMORY: u64 = 1024 * 1024;

/// What came of an attempt.
pub(super) enum Attempt {
    /// The request has ended.
    Settled(RecordResult),
    /// The server has more, or is to be asked anew.
    Again,
    /// The response did not come, or not to its end.
    Lost(NetworkError),
}

impl Attempt {
    fn failed(reason: FailureReason) -> Self {
        Self::Settled(RecordResult::Failed(reason))
    }

    /// Something could not be stored.
    fn not_stored(core: &Core, error: StorageError) -> Self {
        match error {
            error if error.is_full() => Self::failed(FailureReason::QuotaExceeded),
            error => {
                core.report_storage(Err(error));
                Self::failed(FailureReason::FetchError)
            }
        }
    }
}

/// A request about to be sent.
struct Outgoing {
    request: Request,
    files: FetchFiles,
    /// How much of its body the network has taken, where it is not taken at once.
    sent: Option<watch::Receiver<u64>>,
}

impl Core {
    /// Sends the request, and keeps what comes as it comes.
    pub(super) async fn attempt(self: &Rc<Self>, number: i64, index: usize) -> Attempt {
        let _work = self.begin_work();
        let _fetching = Fetching::begin(&self.fetching);
        let outgoing = self.with_fetch(number, |entry| self.prepare(entry, index));
        let outgoing = match outgoing {
            Some(Ok(outgoing)) => outgoing,
            Some(Err(attempt)) => return attempt,
            None => return Attempt::failed(FailureReason::FetchError),
        };
        let files = outgoing.files;
        let response = self.exchange(number, index, outgoing.request, outgoing.sent);
        let response = match response.await {
            Ok(response) => response,
            Err(error) => return Attempt::Lost(error),
        };
        let head = kept_response(&response);
        let begun = self.with_fetch(number, |entry| self.receive(entry, index, head, &files));
        let file = match begun {
            Some(Ok(file)) => file,
            Some(Err(attempt)) => return attempt,
            None => return Attempt::failed(FailureReason::FetchError),
        };
        self.tell_response(number, index);
        self.tell_progress(number);
        self.keep_response_body(number, index, response.body, file)
            .await
    }

    /// What is to be sent. What must not be sent twice is marked on disk as sent before it is.
    fn prepare(&self, entry: &mut Entry, index: usize) -> Result<Outgoing, Attempt> {
        let files = self.fetch_files(&entry.origin);
        let number = entry.fetch.number;
        let record = &mut entry.fetch.records[index];
        // https://w3c.github.io/webappsec-mixed-content/#should-block-fetch
        let is_mixed = entry.scope.scheme() == "https"
            && record.request.url.scheme() == "http"
            && !is_potentially_trustworthy(&record.request.url);
        if is_mixed {
            return Err(Attempt::failed(FailureReason::FetchError));
        }
        let (body, sent) =
            upload_body(record, &files).map_err(|error| Attempt::not_stored(self, error))?;
        let request = request_from(&record.request, &entry.origin, body);
        let mut request = request.ok_or(Attempt::failed(FailureReason::FetchError))?;
        if let (Some(length), Some(_)) = (record.upload, &sent) {
            let length = length.to_string().into_bytes();
            request.headers.push(("Content-Length".to_owned(), length));
        }
        let start = record.range_start();
        if start > 0 {
            let range = format!("bytes={start}-").into_bytes();
            request.headers.push(("Range".to_owned(), range));
        }
        if !record.request.is_repeatable() {
            record.is_sent = true;
            let saved = self.storage.save_fetch_record(number, record);
            saved.map_err(|error| Attempt::not_stored(self, error))?;
        }
        Ok(Outgoing {
            request,
            files,
            sent,
        })
    }

    /// Waits for the head of the response, and tells meanwhile how much was sent.
    async fn exchange(
        self: &Rc<Self>,
        number: i64,
        index: usize,
        request: Request,
        sent: Option<watch::Receiver<u64>>,
    ) -> Result<Response, NetworkError> {
        let uploaded = |bytes: u64| {
            self.with_fetch(number, |entry| {
                entry.fetch.records[index].uploaded = bytes;
            });
            self.tell_progress(number);
        };
        let mut fetched = pin!(self.network.fetch(request));
        let Some(mut sent) = sent else {
            let response = fetched.await?;
            let upload = self.with_fetch(number, |entry| entry.fetch.records[index].upload);
            uploaded(upload.flatten().unwrap_or_default());
            return Ok(response);
        };
        loop {
            tokio::select! {
                response = &mut fetched => {
                    uploaded(*sent.borrow());
                    return response;
                }
                Ok(()) = sent.changed() => uploaded(*sent.borrow()),
            }
        }
    }

    /// Decides about a response, and opens the file that its body goes to.
    fn receive(
        &self,
        entry: &mut Entry,
        index: usize,
        head: ResponseHead,
        files: &FetchFiles,
    ) -> Result<BodyFile, Attempt> {
        let number = entry.fetch.number;
        let listeners = &mut entry.listeners[index];
        let record = &mut entry.fetch.records[index];
        let old = record.response.as_ref().map(|response| response.file);
        let opened = match record.receive(&head) {
            Received::Invalid => return Err(Attempt::failed(FailureReason::FetchError)),
            Received::Continue => return self.opened(files.write(old.unwrap_or_default())),
            Received::StartOver => {
                record.response = None;
                Err(Attempt::Again)
            }
            Received::Begin => self.opened(self.storage.next_id().and_then(|file| {
                let opened = files.write(file)?;
                record.response = Some(StoredResponse {
                    head,
                    file,
                    length: 0,
                });
                Ok(opened)
            })),
        };
        let saved = self.storage.save_fetch_record(number, record);
        listeners.begin_body();
        old.into_iter().for_each(|file| files.remove(file));
        saved.map_err(|error| Attempt::not_stored(self, error))?;
        opened
    }

    fn opened(&self, file: Result<BodyFile, StorageError>) -> Result<BodyFile, Attempt> {
        file.map_err(|error| Attempt::not_stored(self, error))
    }

    /// Writes the body of a response piece by piece.
    async fn keep_response_body(
        self: &Rc<Self>,
        number: i64,
        index: usize,
        body: Body,
        mut file: BodyFile,
    ) -> Attempt {
        let mut chunks = body.into_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = match chunk {
                Ok(chunk) => chunk,
                Err(error) => return Attempt::Lost(error),
            };
            let kept = self.with_fetch(number, |entry| keep(entry, index, &chunk, &mut file));
            match kept {
                Some(Ok(true)) => self.tell_progress(number),
                Some(Ok(false)) => return Attempt::failed(FailureReason::DownloadTotalExceeded),
                Some(Err(error)) => return Attempt::not_stored(self, error),
                None => return Attempt::failed(FailureReason::FetchError),
            }
        }
        if let Err(error) = file.finish() {
            return Attempt::not_stored(self, error);
        }
        let end = self.with_fetch(number, |entry| entry.fetch.records[index].end_of_body());
        match end {
            Some(RecordResult::Pending) | None => Attempt::Again,
            Some(result) => Attempt::Settled(result),
        }
    }
}

/// Adds to the body of a response; `false` if that is more than the script had said.
fn keep(
    entry: &mut Entry,
    index: usize,
    chunk: &Bytes,
    file: &mut BodyFile,
) -> Result<bool, StorageError> {
    if !entry.fetch.has_room(chunk.len() as u64) {
        return Ok(false);
    }
    file.write(chunk)?;
    let record = &mut entry.fetch.records[index];
    if let Some(response) = &mut record.response {
        response.length += chunk.len() as u64;
    }
    entry.listeners[index].tell(record);
    Ok(true)
}

/// The body of a request, and how much of it was sent, if that is not all at once.
fn upload_body(
    record: &Record,
    files: &FetchFiles,
) -> Result<(Body, Option<watch::Receiver<u64>>), StorageError> {
    let Some(length) = record.upload else {
        return Ok((Body::Empty, None));
    };
    if length <= MOST_BYTES_IN_MEMORY {
        return Ok((files.read(record.number)?.into(), None));
    }
    let whole = whole_body(files.open(record.number)?);
    let (sender, sent) = watch::channel(0);
    let counted = whole.into_stream().inspect(move |piece| {
        if let Ok(piece) = piece {
            sender.send_modify(|sent| *sent += piece.len() as u64);
        }
    });
    Ok((Body::stream(counted), Some(sent)))
}
