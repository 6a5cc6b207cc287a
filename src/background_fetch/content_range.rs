//! The header `Content-Range` of a partial response.

/// Which part of the whole a response has. <https://wicg.github.io/background-fetch/#extract-content-range-values>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ContentRange {
    /// The position of its first byte.
    pub(super) first: u64,
    /// How long the whole is, if the server says so.
    pub(super) complete_length: Option<u64>,
}

impl ContentRange {
    /// Reads `bytes 5-9/10` and `bytes 5-9/*`.
    ///
    /// Differs from the spec: that writes `bytes=` where RFC 9110, section 14.4, and all servers have `bytes `.
    pub(super) fn parse(value: &str) -> Option<Self> {
        let (positions, length) = value.strip_prefix("bytes ")?.split_once('/')?;
        let (first, last) = positions.split_once('-')?;
        digits(last)?;
        Some(Self {
            first: digits(first)?,
            complete_length: match length {
                "*" => None,
                length => Some(digits(length)?),
            },
        })
    }
}

/// A number, without the sign that Rust would take.
fn digits(text: &str) -> Option<u64> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}
