//! Bytes of a request or a response: none, all at once, or as they come.
//!
//! Dropping a stream cancels the transfer behind it.

use std::fmt;
use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};

use crate::network::error::NetworkError;

/// Chunks as they arrive; an error ends the stream.
pub type BodyStream = Pin<Box<dyn Stream<Item = Result<Bytes, NetworkError>> + Send>>;

/// <https://fetch.spec.whatwg.org/#concept-body>
#[derive(Default)]
pub enum Body {
    /// No body at all, which scripts see as `null`.
    #[default]
    Empty,
    /// Everything is here; it can be sent again after a redirect.
    Bytes(Bytes),
    /// Arrives in pieces, can be read once.
    Stream(BodyStream),
}

impl Body {
    /// Wraps chunks that arrive later.
    pub fn stream(
        chunks: impl Stream<Item = Result<Bytes, NetworkError>> + Send + 'static,
    ) -> Self {
        Self::Stream(Box::pin(chunks))
    }

    /// Is there no body?
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// The number of bytes, where it is known before reading.
    pub fn known_length(&self) -> Option<u64> {
        match self {
            Self::Empty => Some(0),
            Self::Bytes(bytes) => Some(bytes.len() as u64),
            Self::Stream(_) => None,
        }
    }

    /// Waits for the whole body.
    pub async fn collect(self) -> Result<Bytes, NetworkError> {
        match self {
            Self::Empty => Ok(Bytes::new()),
            Self::Bytes(bytes) => Ok(bytes),
            Self::Stream(mut chunks) => {
                let mut whole = BytesMut::new();
                while let Some(chunk) = chunks.next().await {
                    whole.extend_from_slice(&chunk?);
                }
                Ok(whole.freeze())
            }
        }
    }

    /// The same body chunk by chunk, however it is held.
    pub fn into_stream(self) -> BodyStream {
        match self {
            Self::Empty => Box::pin(futures::stream::empty()),
            Self::Bytes(bytes) => Box::pin(futures::stream::once(async { Ok(bytes) })),
            Self::Stream(chunks) => chunks,
        }
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Self::Bytes(Bytes::from_static(text.as_bytes()))
    }
}

/// Shows the size, never the content: bodies stay out of logs.
impl fmt::Debug for Body {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => formatter.write_str("Empty"),
            Self::Bytes(bytes) => write!(formatter, "Bytes({})", bytes.len()),
            Self::Stream(_) => formatter.write_str("Stream"),
        }
    }
}
