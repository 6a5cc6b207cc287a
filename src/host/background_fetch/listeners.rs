//! Who waits for the response of a request, and who reads its body while it comes.

use std::fs::File;
use std::io::Read;

use bytes::Bytes;
use tokio::sync::{oneshot, watch};

use crate::background_fetch::{FailureReason, Record, RecordResult};
use crate::network::{Body, NetworkError, Response};
use crate::web::error::WebError;
use crate::web::host_port::ContextId;

/// How much of a body is read at once.
const PIECE_BYTES: u64 = 64 * 1024;

/// A script that waits for a response.
pub(super) struct Waiting {
    pub(super) context: ContextId,
    pub(super) reply: oneshot::Sender<Result<Response, WebError>>,
}

/// The listeners of one record.
pub(super) struct Listeners {
    pub(super) waiting: Vec<Waiting>,
    /// Of the body that is there or comes.
    body: watch::Sender<BodyState>,
}

/// How far a body has come.
#[derive(Debug, Clone, Copy)]
struct BodyState {
    length: u64,
    result: RecordResult,
}

impl Listeners {
    /// Nobody listens yet.
    pub(super) fn new(record: &Record) -> Self {
        Self {
            waiting: Vec::new(),
            body: watch::Sender::new(BodyState {
                length: record.downloaded(),
                result: record.result,
            }),
        }
    }

    /// A body takes the place of the one before, which nobody may see any more.
    pub(super) fn begin_body(&mut self) {
        let redundant = BodyState {
            length: 0,
            result: RecordResult::Failed(FailureReason::FetchError),
        };
        self.body.send_replace(redundant);
        self.body = watch::Sender::new(BodyState {
            length: 0,
            result: RecordResult::Pending,
        });
    }

    /// There is more of it, or it has ended.
    pub(super) fn tell(&self, record: &Record) {
        self.body.send_replace(BodyState {
            length: record.downloaded(),
            result: record.result,
        });
    }

    /// The body in an open file, as it comes.
    pub(super) fn body(&self, file: File) -> Body {
        let reading = Reading {
            file,
            position: 0,
            state: self.body.subscribe(),
        };
        Body::stream(futures::stream::unfold(Some(reading), next_piece))
    }
}

struct Reading {
    file: File,
    position: u64,
    state: watch::Receiver<BodyState>,
}

async fn next_piece(
    reading: Option<Reading>,
) -> Option<(Result<Bytes, NetworkError>, Option<Reading>)> {
    let mut reading = reading?;
    let position = reading.position;
    let has_news =
        |state: &BodyState| state.length > position || state.result != RecordResult::Pending;
    // Fails when the fetch is over and gone; the state is the last one then.
    let _ = reading.state.wait_for(has_news).await;
    let state = *reading.state.borrow();
    match state.result {
        RecordResult::Failed(FailureReason::Aborted) => {
            return Some((Err(NetworkError::Aborted), None));
        }
        result if !result.is_exposed() => {
            let reason = "the background fetch failed".to_owned();
            return Some((Err(NetworkError::Transfer(reason)), None));
        }
        RecordResult::Pending if state.length == position => {
            return Some((Err(NetworkError::ShutDown), None));
        }
        _ => {}
    }
    let mut piece = Vec::new();
    let left = (state.length - position).min(PIECE_BYTES);
    let read = reading.file.by_ref().take(left).read_to_end(&mut piece);
    match read {
        Ok(0) => None,
        Ok(length) => {
            reading.position += length as u64;
            Some((Ok(piece.into()), Some(reading)))
        }
        Err(error) => Some((Err(NetworkError::Transfer(error.to_string())), None)),
    }
}

/// A body that is whole, from an open file.
pub(super) fn whole_body(mut file: File) -> Body {
    Body::stream(futures::stream::poll_fn(move |_| {
        let mut piece = Vec::new();
        let read = file.by_ref().take(PIECE_BYTES).read_to_end(&mut piece);
        std::task::Poll::Ready(match read {
            Ok(0) => None,
            Ok(_) => Some(Ok(piece.into())),
            Err(error) => Some(Err(NetworkError::RequestBody(error.to_string()))),
        })
    }))
}
