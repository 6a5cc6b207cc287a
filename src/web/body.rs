//! Bodies between scripts and the network: streams in both directions, with back-pressure.
//!
//! What a body belongs to is the bridge's business; here only bytes move.

use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;

use bytes::Bytes;
use deno_core::{
    AsyncRefCell, AsyncResult, BufView, CancelHandle, CancelTryFuture, JsBuffer, OpState, RcRef,
    Resource, ResourceId, ToJsBuffer,
};
use deno_error::JsErrorBox;
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::network::{Body, BodyStream, NetworkError};
use crate::web::error::WebError;

/// How much a read of a script's stream may give at once.
const READ_LIMIT: usize = 64 * 1024;

/// A body as a script hands it over: nothing, bytes, or a resource to read from.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScriptBody {
    bytes: Option<JsBuffer>,
    rid: Option<ResourceId>,
    /// Length of what the resource gives, where the script knows it.
    length: Option<f64>,
}

impl ScriptBody {
    /// The length of a stream, where it is known.
    pub fn stream_length(&self) -> Option<u64> {
        // A script's lengths are integers below 2^53.
        self.rid.and(self.length).map(|length| length as u64)
    }

    /// Takes the body out of the script's scope.
    pub fn take(self, state: &mut OpState) -> Result<Body, JsErrorBox> {
        if let Some(bytes) = self.bytes {
            return Ok(Body::Bytes(Bytes::from(bytes.to_vec())));
        }
        let Some(rid) = self.rid else {
            return Ok(Body::Empty);
        };
        if let Ok(own) = state.resource_table.get::<BodyResource>(rid) {
            // Nobody has read from it yet: what came from the network goes on as it is.
            if let Some(chunks) = own.take() {
                let _ = state.resource_table.take_any(rid);
                return Ok(Body::Stream(chunks));
            }
        }
        let resource = state
            .resource_table
            .take_any(rid)
            .map_err(JsErrorBox::from_err)?;
        Ok(Body::Stream(pump(resource)))
    }
}

/// A body as a script gets it: nothing, bytes, or a resource to read from.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NativeBody {
    bytes: Option<ToJsBuffer>,
    rid: Option<ResourceId>,
}

impl NativeBody {
    /// Brings a body into the script's scope.
    pub fn put(body: Body, state: &mut OpState) -> Self {
        match body {
            Body::Empty => Self::default(),
            Body::Bytes(bytes) => Self {
                bytes: Some(bytes.to_vec().into()),
                rid: None,
            },
            Body::Stream(chunks) => Self {
                bytes: None,
                rid: Some(state.resource_table.add(BodyResource::new(chunks))),
            },
        }
    }
}

/// What a pump sends; a channel that ends without `End` was cut off.
enum Piece {
    Chunk(Bytes),
    Failed(String),
    End,
}

/// Reads a script's stream on the script's thread and hands the chunks to whoever sends them.
fn pump(resource: Rc<dyn Resource>) -> BodyStream {
    let (sender, receiver) = mpsc::channel(1);
    deno_core::unsync::spawn(async move {
        loop {
            let piece = tokio::select! {
                read = resource.clone().read(READ_LIMIT) => match read {
                    Ok(view) if view.is_empty() => Piece::End,
                    Ok(view) => Piece::Chunk(Bytes::from(view.to_vec())),
                    Err(error) => Piece::Failed(error.to_string()),
                },
                () = sender.closed() => break,
            };
            let is_last = !matches!(piece, Piece::Chunk(_));
            if sender.send(piece).await.is_err() || is_last {
                break;
            }
        }
        // Cancels the script's stream unless it was read to its end.
        resource.close();
    });
    Box::pin(futures::stream::unfold(Some(receiver), next_piece))
}

type Pieces = Option<mpsc::Receiver<Piece>>;

async fn next_piece(pieces: Pieces) -> Option<(Result<Bytes, NetworkError>, Pieces)> {
    let mut pieces = pieces?;
    match pieces.recv().await {
        Some(Piece::Chunk(chunk)) => Some((Ok(chunk), Some(pieces))),
        Some(Piece::End) => None,
        Some(Piece::Failed(reason)) => Some((Err(NetworkError::RequestBody(reason)), None)),
        None => {
            let reason = "the script that produced it has ended".to_owned();
            Some((Err(NetworkError::RequestBody(reason)), None))
        }
    }
}

/// A body that a script reads; closing it cancels the transfer.
struct BodyResource {
    /// `None` once another thread has taken it over.
    unread: RefCell<Option<BodyStream>>,
    reading: AsyncRefCell<Reading>,
    cancel: CancelHandle,
}

#[derive(Default)]
struct Reading {
    chunks: Option<BodyStream>,
    /// What a read with too small a buffer left over.
    rest: Bytes,
}

impl BodyResource {
    fn new(chunks: BodyStream) -> Self {
        Self {
            unread: RefCell::new(Some(chunks)),
            reading: AsyncRefCell::default(),
            cancel: CancelHandle::default(),
        }
    }

    /// The stream, if nothing has been read from it.
    fn take(&self) -> Option<BodyStream> {
        self.unread.borrow_mut().take()
    }

    async fn read_some(self: Rc<Self>, limit: usize) -> Result<BufView, JsErrorBox> {
        let mut reading = RcRef::map(&self, |this| &this.reading).borrow_mut().await;
        if let Some(chunks) = self.take() {
            reading.chunks = Some(chunks);
        }
        while reading.rest.is_empty() {
            let Some(chunks) = reading.chunks.as_mut() else {
                return Ok(BufView::empty());
            };
            match chunks.next().await {
                Some(Ok(chunk)) => reading.rest = chunk,
                Some(Err(error)) => {
                    reading.chunks = None;
                    if error == NetworkError::Aborted {
                        return Err(JsErrorBox::from_err(WebError::Aborted(error.to_string())));
                    }
                    return Err(JsErrorBox::type_error(format!("network error: {error}")));
                }
                None => reading.chunks = None,
            }
        }
        let length = reading.rest.len().min(limit);
        Ok(BufView::from(reading.rest.split_to(length)))
    }
}

impl Resource for BodyResource {
    fn name(&self) -> Cow<'_, str> {
        "networkBody".into()
    }

    fn read(self: Rc<Self>, limit: usize) -> AsyncResult<BufView> {
        let cancel = RcRef::map(&self, |this| &this.cancel);
        Box::pin(self.read_some(limit).try_or_cancel(cancel))
    }

    fn close(self: Rc<Self>) {
        self.cancel.cancel();
    }
}
