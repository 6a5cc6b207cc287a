//! Ops that change records: key generators, put, delete, filling an index.

use std::cell::RefCell;
use std::rc::Rc;

use deno_core::{OpState, op2, v8};
use futures::executor::block_on;

use crate::storage::indexed_db::{IndexKey, NewRecord, PutOutcome};

use super::error::OpError;
use super::keys;
use super::serialized::BlobParts;
use super::thread::ThreadDatabases;

/// The number that a key generator gives to the next record; zero when it has run out.
#[op2(fast)]
#[number]
pub(super) fn op_indexed_db_next_key(
    state: Rc<RefCell<OpState>>,
    #[smi] transaction: u32,
    #[smi] store: i32,
) -> Result<i64, OpError> {
    let transaction = ThreadDatabases::of(&state).transaction(transaction)?;
    Ok(transaction.file.next_key(store.into())?.unwrap_or(0))
}

/// Bits of `options`.
const NO_OVERWRITE: i32 = 1;
const RAISE_KEY_GENERATOR: i32 = 2;

/// Stores a record. `value` is the number of a serialised value. `index_keys` is flat: index, whether it is unique, key, and so on; undefined if there are none.
#[op2(fast)]
pub(super) fn op_indexed_db_put<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    state: Rc<RefCell<OpState>>,
    #[smi] transaction: u32,
    #[smi] store: i32,
    key: v8::Local<'s, v8::Value>,
    #[smi] value: u32,
    index_keys: v8::Local<'s, v8::Value>,
    #[smi] options: i32,
) -> Result<(), OpError> {
    let transaction = ThreadDatabases::of(&state).transaction(transaction)?;
    let value = transaction.values.take(value)?;
    let outcome = transaction.file.put(&NewRecord {
        store: store.into(),
        key: &keys::encode(scope, key)?,
        value: &value.bytes,
        attachments: &value.blobs.iter().map(pieces).collect::<Vec<_>>(),
        index_keys: &read_index_keys(scope, index_keys)?,
        no_overwrite: options & NO_OVERWRITE != 0,
    })?;
    refuse(outcome)?;
    if options & RAISE_KEY_GENERATOR != 0
        && let Ok(number) = key.try_cast::<v8::Number>()
    {
        transaction
            .file
            .raise_key_generator(store.into(), number.value())?;
    }
    Ok(())
}

/// Gives a record that is there already its entries in a new index.
#[op2(fast)]
pub(super) fn op_indexed_db_index_record<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    state: Rc<RefCell<OpState>>,
    #[smi] transaction: u32,
    key: v8::Local<'s, v8::Value>,
    index_keys: v8::Local<'s, v8::Value>,
) -> Result<(), OpError> {
    let transaction = ThreadDatabases::of(&state).transaction(transaction)?;
    let index_keys = read_index_keys(scope, index_keys)?;
    refuse(
        transaction
            .file
            .index_record(&keys::encode(scope, key)?, &index_keys)?,
    )
}

/// Deletes the records of a range.
#[op2(fast)]
pub(super) fn op_indexed_db_delete<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    state: Rc<RefCell<OpState>>,
    #[smi] transaction: u32,
    #[smi] store: i32,
    lower: v8::Local<'s, v8::Value>,
    upper: v8::Local<'s, v8::Value>,
    #[smi] open: i32,
) -> Result<(), OpError> {
    let range = keys::range(scope, lower, upper, open)?;
    Ok(ThreadDatabases::of(&state)
        .transaction(transaction)?
        .file
        .delete(store.into(), &range)?)
}

fn pieces(blob: &BlobParts) -> Vec<&[u8]> {
    blob.iter().map(|part| block_on(part.read())).collect()
}

fn refuse(outcome: PutOutcome) -> Result<(), OpError> {
    match outcome {
        PutOutcome::Stored => Ok(()),
        PutOutcome::ConstraintViolated(message) => Err(OpError::Constraint(message)),
    }
}

fn read_index_keys<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    flat: v8::Local<'s, v8::Value>,
) -> Result<Vec<IndexKey>, OpError> {
    let Ok(flat) = flat.try_cast::<v8::Array>() else {
        return Ok(Vec::new());
    };
    let mut index_keys = Vec::with_capacity(flat.length() as usize / 3);
    for position in (0..flat.length()).step_by(3) {
        let member = |offset| {
            flat.get_index(scope, position + offset)
                .ok_or(OpError::Thrown)
        };
        let (index, unique, key) = (member(0)?, member(1)?, member(2)?);
        index_keys.push(IndexKey {
            index: index.integer_value(scope).ok_or(OpError::Thrown)?,
            unique: unique.is_true(),
            key: keys::encode(scope, key)?,
        });
    }
    Ok(index_keys)
}
