//! Keys as bytes that sort the way the specification compares keys.
//! It does not convert JavaScript values: that is observable and happens in the script's world.

/// <https://w3c.github.io/IndexedDB/#key-construct>
#[derive(Debug, Clone, PartialEq)]
pub enum Key {
    /// Any number except NaN.
    Number(f64),
    /// Milliseconds since the epoch.
    Date(f64),
    /// UTF-16 code units, because that is what scripts compare.
    String(Vec<u16>),
    /// The bytes of a buffer.
    Binary(Vec<u8>),
    /// An array of keys.
    Array(Vec<Self>),
}

/// Bytes that are not an encoded key: the database file is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a stored key is damaged")]
pub struct MalformedKey;

/// A byte above every byte an encoded key can start with. Encoded keys are never prefixes of one another, so
/// `key + ABOVE_ANY_KEY` is a bound just above `key`.
pub(super) const ABOVE_ANY_KEY: u8 = 0xFF;

/// Ends strings and arrays. Smaller than every tag and every encoded code unit, so shorter sorts first.
const END: u8 = 0x00;

// Number < date < string < binary < array, as in "compare two keys".
const NUMBER: u8 = 0x10;
const DATE: u8 = 0x20;
const STRING: u8 = 0x30;
const BINARY: u8 = 0x40;
const ARRAY: u8 = 0x50;

/// Code units up to here take one byte, shifted by one to keep clear of [`END`].
const ONE_BYTE_MAX: u16 = 0x7E;
/// Code units up to here take two bytes.
const TWO_BYTE_MAX: u16 = ONE_BYTE_MAX + 0x4000;
const TWO_BYTE_TAG: u8 = 0x80;
const THREE_BYTE_TAG: u8 = 0xC0;

/// Follows a zero byte inside binary keys, so that a zero that is data sorts above the end.
const ZERO_IS_DATA: u8 = 0xFF;

impl Key {
    /// The key as bytes: comparing two of them byte by byte compares the keys.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(16);
        self.encode_into(&mut bytes);
        bytes
    }

    fn encode_into(&self, out: &mut Vec<u8>) {
        match self {
            Self::Number(number) => encode_number(NUMBER, *number, out),
            Self::Date(milliseconds) => encode_number(DATE, *milliseconds, out),
            Self::String(units) => {
                out.push(STRING);
                for unit in units {
                    encode_unit(*unit, out);
                }
                out.push(END);
            }
            Self::Binary(bytes) => {
                out.push(BINARY);
                for byte in bytes {
                    out.push(*byte);
                    if *byte == END {
                        out.push(ZERO_IS_DATA);
                    }
                }
                out.extend([END, END]);
            }
            Self::Array(keys) => {
                out.push(ARRAY);
                for key in keys {
                    key.encode_into(out);
                }
                out.push(END);
            }
        }
    }

    /// The key that [`Key::encode`] made these bytes of.
    pub fn decode(bytes: &[u8]) -> Result<Self, MalformedKey> {
        let mut reader = Reader { bytes };
        let key = reader.key()?;
        if reader.bytes.is_empty() {
            Ok(key)
        } else {
            Err(MalformedKey)
        }
    }
}

/// IEEE 754 bits sort like numbers once the sign bit is flipped (positive) or all bits are (negative).
fn encode_number(tag: u8, number: f64, out: &mut Vec<u8>) {
    // Zero and minus zero are the same key.
    let bits = if number == 0.0 { 0 } else { number.to_bits() };
    let sign = 1 << 63;
    let ordered = if bits & sign == 0 { bits | sign } else { !bits };
    out.push(tag);
    out.extend(ordered.to_be_bytes());
}

fn encode_unit(unit: u16, out: &mut Vec<u8>) {
    if unit <= ONE_BYTE_MAX {
        out.push(unit as u8 + 1);
    } else if unit <= TWO_BYTE_MAX {
        let rest = unit - ONE_BYTE_MAX - 1;
        out.extend([TWO_BYTE_TAG | (rest >> 8) as u8, rest as u8]);
    } else {
        let [high, low] = unit.to_be_bytes();
        out.extend([THREE_BYTE_TAG, high, low]);
    }
}

/// Takes an encoded key apart from the front.
struct Reader<'a> {
    bytes: &'a [u8],
}

impl Reader<'_> {
    fn byte(&mut self) -> Result<u8, MalformedKey> {
        let (first, rest) = self.bytes.split_first().ok_or(MalformedKey)?;
        self.bytes = rest;
        Ok(*first)
    }

    fn key(&mut self) -> Result<Key, MalformedKey> {
        match self.byte()? {
            NUMBER => Ok(Key::Number(self.number()?)),
            DATE => Ok(Key::Date(self.number()?)),
            STRING => Ok(Key::String(self.units()?)),
            BINARY => Ok(Key::Binary(self.binary()?)),
            ARRAY => Ok(Key::Array(self.keys()?)),
            _ => Err(MalformedKey),
        }
    }

    fn number(&mut self) -> Result<f64, MalformedKey> {
        let (head, rest) = self.bytes.split_first_chunk::<8>().ok_or(MalformedKey)?;
        self.bytes = rest;
        let ordered = u64::from_be_bytes(*head);
        let sign = 1 << 63;
        let bits = if ordered & sign == 0 {
            !ordered
        } else {
            ordered & !sign
        };
        Ok(f64::from_bits(bits))
    }

    fn units(&mut self) -> Result<Vec<u16>, MalformedKey> {
        let mut units = Vec::with_capacity(self.bytes.len());
        loop {
            let first = self.byte()?;
            units.push(match first {
                END => return Ok(units),
                THREE_BYTE_TAG => u16::from_be_bytes([self.byte()?, self.byte()?]),
                TWO_BYTE_TAG..THREE_BYTE_TAG => {
                    let rest = u16::from_be_bytes([first & !TWO_BYTE_TAG, self.byte()?]);
                    rest + ONE_BYTE_MAX + 1
                }
                _ => u16::from(first) - 1,
            });
        }
    }

    fn binary(&mut self) -> Result<Vec<u8>, MalformedKey> {
        let mut data = Vec::with_capacity(self.bytes.len());
        loop {
            match self.byte()? {
                END if self.byte()? == END => return Ok(data),
                byte => data.push(byte),
            }
        }
    }

    fn keys(&mut self) -> Result<Vec<Key>, MalformedKey> {
        let mut keys = Vec::new();
        while self.bytes.first() != Some(&END) {
            keys.push(self.key()?);
        }
        self.byte()?;
        Ok(keys)
    }
}
