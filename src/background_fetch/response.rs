//! What is kept of a response.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::background_fetch::content_range::ContentRange;
use crate::header_list::{TextHeaders, combined_value};

/// A response without its body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResponseHead {
    /// `Response.type`
    pub kind: String,
    /// Every address on the way, the last one answered.
    pub url_list: Vec<Url>,
    /// The status code.
    pub status: u16,
    /// The reason phrase.
    pub status_text: String,
    /// The headers that a script may see.
    pub headers: TextHeaders,
}

/// A response as far as it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredResponse {
    /// Everything but the body.
    pub head: ResponseHead,
    /// The number of the file that has the body.
    pub file: i64,
    /// Bytes of the body that are there.
    pub length: u64,
}

impl ResponseHead {
    /// The value of a header, all its lines joined.
    pub(super) fn header(&self, name: &str) -> Option<String> {
        // What is joined is text.
        String::from_utf8(combined_value(&self.headers, name)?).ok()
    }

    /// Whether it is only a part of the resource.
    pub fn is_partial(&self) -> bool {
        self.status == 206
    }

    pub(super) fn content_range(&self) -> Option<ContentRange> {
        ContentRange::parse(&self.header("content-range")?)
    }

    /// Whether the rest of its body can be asked for when the connection was lost.
    ///
    /// Differs from the spec, which always asks for the rest: a response that nothing tells apart from the next one is
    /// fetched from its beginning. So is one of another origin, whose headers CORS may hide, and one that was encoded,
    /// whose stored bytes are not those that the server counts.
    pub(super) fn can_be_resumed(&self) -> bool {
        let says = |name: &str, word: &str| self.header(name).is_some_and(|value| value == word);
        self.kind == "basic"
            && self.status == 200
            && !self.is_encoded()
            && !says("accept-ranges", "none")
            && match self.header("etag") {
                Some(tag) => !tag.starts_with("W/"),
                None => self.header("last-modified").is_some(),
            }
    }

    fn is_encoded(&self) -> bool {
        let coding = self.header("content-encoding");
        coding.is_some_and(|coding| coding != "identity")
    }

    /// How long the whole body is, where the headers say it.
    pub(super) fn complete_length(&self) -> Option<u64> {
        if self.is_partial() {
            return self.content_range()?.complete_length;
        }
        let length = self.header("content-length")?;
        length.parse().ok().filter(|_| !self.is_encoded())
    }

    /// Whether a partial response goes on with this one.
    /// <https://wicg.github.io/background-fetch/#validate-partial-response-algorithm>
    pub(super) fn is_continued_by(&self, next: &Self) -> bool {
        let is_same = |name: &str| {
            let own = self.header(name);
            own.is_none() || own == next.header(name)
        };
        let has_same_length = || {
            let own = self.content_range().and_then(|own| own.complete_length);
            let others = next.content_range().and_then(|next| next.complete_length);
            !self.is_partial() || own.is_none() || own == others
        };
        is_same("etag") && is_same("last-modified") && has_same_length()
    }
}
