//! Undoes `Content-Encoding`.
//!
//! Headers stay as they came: scripts see what the server said, as in browsers.

use std::io;

use async_compression::tokio::bufread::{
    BrotliDecoder, DeflateDecoder, GzipDecoder, ZlibDecoder, ZstdDecoder,
};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use tokio::io::AsyncRead;
use tokio_util::io::{ReaderStream, StreamReader};

use crate::network::body::{Body, BodyStream};
use crate::network::error::NetworkError;

/// What we can undo, for the `Accept-Encoding` header.
pub(crate) const ACCEPTED_ENCODINGS: &str = "gzip, deflate, br, zstd";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

/// The codings in the order in which they were applied; `None` if one is unknown, then nothing is undone.
pub(crate) fn parse_codings(content_encoding: &[u8]) -> Option<Vec<Coding>> {
    let text = std::str::from_utf8(content_encoding).ok()?;
    text.split(',')
        .map(|coding| coding.trim().to_ascii_lowercase())
        .filter(|coding| !coding.is_empty() && coding != "identity")
        .map(|coding| match coding.as_str() {
            "gzip" | "x-gzip" => Some(Coding::Gzip),
            "deflate" => Some(Coding::Deflate),
            "br" => Some(Coding::Brotli),
            "zstd" => Some(Coding::Zstd),
            _ => None,
        })
        .collect()
}

/// The body as the script wants it.
pub(crate) fn decode(body: Body, content_encoding: Option<&[u8]>) -> Body {
    let codings = content_encoding.and_then(parse_codings).unwrap_or_default();
    codings.into_iter().rev().fold(body, |body, coding| {
        // Lazy, so that the response does not wait for the first byte of its body.
        Body::stream(futures::stream::once(undo(body.into_stream(), coding)).flatten())
    })
}

async fn undo(mut chunks: BodyStream, coding: Coding) -> BodyStream {
    // An empty body is valid however it claims to be encoded, and deflate is known by its first bytes.
    let first = loop {
        match chunks.next().await {
            Some(Ok(chunk)) if chunk.is_empty() => {}
            Some(Ok(chunk)) => break chunk,
            Some(Err(error)) => return Box::pin(futures::stream::once(async { Err(error) })),
            None => return Box::pin(futures::stream::empty()),
        }
    };
    let is_zlib = starts_like_zlib(&first);
    let whole = futures::stream::once(async { Ok(first) })
        .chain(chunks)
        .map_err(io::Error::other);
    let reader = StreamReader::new(whole);
    match coding {
        Coding::Gzip => {
            let mut decoder = GzipDecoder::new(reader);
            decoder.multiple_members(true);
            read_out(decoder, "gzip")
        }
        Coding::Deflate if is_zlib => read_out(ZlibDecoder::new(reader), "deflate"),
        Coding::Deflate => read_out(DeflateDecoder::new(reader), "deflate"),
        Coding::Brotli => read_out(BrotliDecoder::new(reader), "brotli"),
        Coding::Zstd => read_out(ZstdDecoder::new(reader), "zstd"),
    }
}

/// HTTP's "deflate" is zlib, but some servers send the bare format; browsers take both.
fn starts_like_zlib(bytes: &Bytes) -> bool {
    match bytes.as_ref() {
        [first, second, ..] => {
            first & 0x0f == 8 && (u16::from(*first) << 8 | u16::from(*second)) % 31 == 0
        }
        [first] => first & 0x0f == 8,
        [] => false,
    }
}

fn read_out(decoder: impl AsyncRead + Send + 'static, name: &'static str) -> BodyStream {
    Box::pin(
        ReaderStream::with_capacity(decoder, 64 * 1024).map_err(move |error| {
            // What broke below comes through as it was; only the decoder's own complaint is ours.
            error
                .downcast::<NetworkError>()
                .unwrap_or_else(|_| NetworkError::Decode(name.to_owned()))
        }),
    )
}
