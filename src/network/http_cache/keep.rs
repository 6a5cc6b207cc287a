//! Bodies on their way to a script, kept when they have been read to their end.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::{StreamExt, stream};

use crate::header_list::{HeaderList, first_value};
use crate::network::body::{Body, BodyStream};
use crate::network::error::NetworkError;
use crate::network::http_cache::{Arrival, CacheKey, HttpCache, LARGEST_SHARE, StoredResponse};
use crate::network::response::Response;

/// A response whose body still arrives.
struct Arriving {
    cache: Arc<HttpCache>,
    key: CacheKey,
    stored: StoredResponse,
    received: BytesMut,
    /// Those there were when the head came.
    removals: u64,
}

impl HttpCache {
    /// Keeps what answered `request` if that may be, and takes away what it replaces. A body that streams goes on doing
    /// so, and is kept when it is whole.
    pub(crate) fn keep(
        self: &Arc<Self>,
        key: CacheKey,
        request: &HeaderList,
        response: &mut Response,
        arrival: Arrival,
    ) {
        let stored = StoredResponse::of(request, response, arrival);
        let Some(stored) = stored.filter(|_| self.may_hold(response)) else {
            // A server in trouble says nothing about what it said before, nor does a word about a part or its state.
            if response.status < 500 && !matches!(response.status, 206 | 304 | 416) {
                self.forget(&key, request);
            }
            return;
        };
        if stored.is_redirect() {
            return self.put(&key, stored);
        }
        match std::mem::take(&mut response.body) {
            Body::Empty => self.put(&key, stored),
            Body::Bytes(bytes) => {
                self.put(&key, stored.with_body(bytes.clone()));
                response.body = Body::Bytes(bytes);
            }
            Body::Stream(chunks) => {
                let arriving = Arriving {
                    removals: self.shelf().removals,
                    cache: Arc::clone(self),
                    key,
                    stored,
                    received: BytesMut::new(),
                };
                response.body = Body::stream(stream::unfold((chunks, Some(arriving)), pass_on));
            }
        }
    }

    fn may_hold(&self, response: &Response) -> bool {
        let length = first_value(&response.headers, "content-length");
        let length = length.and_then(|length| std::str::from_utf8(length).ok()?.parse().ok());
        length.unwrap_or(0) < self.limit / LARGEST_SHARE
    }
}

type Passing = (BodyStream, Option<Arriving>);

async fn pass_on(
    (mut chunks, mut arriving): Passing,
) -> Option<(Result<Bytes, NetworkError>, Passing)> {
    match chunks.next().await {
        Some(Ok(chunk)) => {
            let arriving = arriving.and_then(|arriving| arriving.receive(&chunk));
            Some((Ok(chunk), (chunks, arriving)))
        }
        Some(Err(error)) => Some((Err(error), (chunks, None))),
        None => {
            if let Some(arriving) = arriving.take() {
                arriving.finish();
            }
            None
        }
    }
}

impl Arriving {
    /// Gives up a body that grows too large.
    fn receive(mut self, chunk: &Bytes) -> Option<Self> {
        let is_too_large = self.received.len() + chunk.len() > self.cache.limit / LARGEST_SHARE;
        if is_too_large {
            return None;
        }
        self.received.extend_from_slice(chunk);
        Some(self)
    }

    fn finish(self) {
        let mut shelf = self.cache.shelf();
        if shelf.removals == self.removals {
            // A copy of its own size: what was grown in steps has room to spare.
            let body = Bytes::copy_from_slice(&self.received);
            shelf.put(&self.key, self.stored.with_body(body), self.cache.limit);
        }
    }
}
