//! Keys between V8 values and bytes.
//! Values arrive checked: "convert a value to a key" runs in js/indexed_db/value_to_key.js, where scripts can watch it.

use deno_core::{op2, v8};

use crate::storage::indexed_db::{Key, KeyRange};

use super::error::OpError;

/// Encodes a number, date, string, ArrayBuffer or array of these.
pub(super) fn encode<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    value: v8::Local<'s, v8::Value>,
) -> Result<Vec<u8>, OpError> {
    Ok(read(scope, value)?.encode())
}

fn read<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    value: v8::Local<'s, v8::Value>,
) -> Result<Key, OpError> {
    if let Ok(number) = value.try_cast::<v8::Number>() {
        return Ok(Key::Number(number.value()));
    }
    if let Ok(string) = value.try_cast::<v8::String>() {
        let mut units = vec![0; string.length()];
        string.write_v2(scope, 0, &mut units, v8::WriteFlags::empty());
        return Ok(Key::String(units));
    }
    if let Ok(date) = value.try_cast::<v8::Date>() {
        return Ok(Key::Date(date.value_of()));
    }
    if let Ok(buffer) = value.try_cast::<v8::ArrayBuffer>() {
        let bytes = buffer.get_backing_store();
        return Ok(Key::Binary(
            bytes.iter().map(std::cell::Cell::get).collect(),
        ));
    }
    let array = value
        .try_cast::<v8::Array>()
        .map_err(|_| OpError::InvalidKey)?;
    let mut keys = Vec::with_capacity(array.length() as usize);
    for position in 0..array.length() {
        let member = array.get_index(scope, position).ok_or(OpError::Thrown)?;
        keys.push(read(scope, member)?);
    }
    Ok(Key::Array(keys))
}

/// <https://w3c.github.io/IndexedDB/#convert-key-to-value>
pub(super) fn decode<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    bytes: &[u8],
) -> Result<v8::Local<'s, v8::Value>, OpError> {
    write(scope, Key::decode(bytes)?)
}

fn write<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    key: Key,
) -> Result<v8::Local<'s, v8::Value>, OpError> {
    Ok(match key {
        Key::Number(number) => v8::Number::new(scope, number).into(),
        Key::Date(milliseconds) => v8::Date::new(scope, milliseconds)
            .ok_or(OpError::Thrown)?
            .into(),
        Key::String(units) => {
            v8::String::new_from_two_byte(scope, &units, v8::NewStringType::Normal)
                .ok_or(OpError::Thrown)?
                .into()
        }
        Key::Binary(bytes) => {
            let store = v8::ArrayBuffer::new_backing_store_from_vec(bytes).make_shared();
            v8::ArrayBuffer::with_backing_store(scope, &store).into()
        }
        Key::Array(keys) => {
            let members = keys
                .into_iter()
                .map(|key| write(scope, key))
                .collect::<Result<Vec<_>, _>>()?;
            v8::Array::new_with_elements(scope, &members).into()
        }
    })
}

/// Bits of the flags that come with a range's bounds.
const LOWER_OPEN: i32 = 1;
const UPPER_OPEN: i32 = 2;

/// A range from its bounds; undefined stands for no bound.
pub(super) fn range<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    lower: v8::Local<'s, v8::Value>,
    upper: v8::Local<'s, v8::Value>,
    open: i32,
) -> Result<KeyRange, OpError> {
    if lower == upper && !lower.is_undefined() {
        return Ok(KeyRange::only(encode(scope, lower)?));
    }
    let mut bound = |value: v8::Local<'s, v8::Value>| {
        if value.is_undefined() {
            Ok(None)
        } else {
            encode(scope, value).map(Some)
        }
    };
    let (lower, upper) = (bound(lower)?, bound(upper)?);
    Ok(KeyRange::new(
        lower,
        upper,
        open & LOWER_OPEN != 0,
        open & UPPER_OPEN != 0,
    ))
}

/// <https://w3c.github.io/IndexedDB/#compare-two-keys>
#[op2(fast)]
#[smi]
pub(super) fn op_indexed_db_compare_keys<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    first: v8::Local<'s, v8::Value>,
    second: v8::Local<'s, v8::Value>,
) -> Result<i32, OpError> {
    Ok(encode(scope, first)?.cmp(&encode(scope, second)?) as i32)
}
