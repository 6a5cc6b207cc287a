//! A range of keys, as the half-open range of bytes that a scan needs.
//! Whether a script's bounds make sense is checked where scripts can see the exception.

use super::key::ABOVE_ANY_KEY;

/// <https://w3c.github.io/IndexedDB/#range-construct>, as encoded bytes: `lower` is inside, `upper` is outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRange {
    pub(super) lower: Vec<u8>,
    pub(super) upper: Vec<u8>,
}

impl KeyRange {
    /// Every key.
    pub fn all() -> Self {
        Self::new(None, None, false, false)
    }

    /// One key.
    pub fn only(key: Vec<u8>) -> Self {
        Self {
            upper: just_above(&key),
            lower: key,
        }
    }

    /// The range between two encoded keys, of which either may be missing (no limit) or outside itself (open).
    pub fn new(
        lower: Option<Vec<u8>>,
        upper: Option<Vec<u8>>,
        lower_open: bool,
        upper_open: bool,
    ) -> Self {
        Self {
            lower: match lower {
                Some(key) if lower_open => just_above(&key),
                Some(key) => key,
                None => Vec::new(),
            },
            upper: match upper {
                Some(key) if upper_open => key,
                Some(key) => just_above(&key),
                None => vec![ABOVE_ANY_KEY],
            },
        }
    }
}

/// A bound above `key` and everything that starts with it, below every other larger key.
pub(super) fn just_above(key: &[u8]) -> Vec<u8> {
    let mut bound = Vec::with_capacity(key.len() + 1);
    bound.extend_from_slice(key);
    bound.push(ABOVE_ANY_KEY);
    bound
}
