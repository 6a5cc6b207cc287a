//! Ops that read records: get, getAll and its relatives, count, cursor steps.

use std::cell::RefCell;
use std::rc::Rc;

use deno_core::{OpState, op2, v8};

use crate::storage::indexed_db::{Direction, ScannedRecord, Selection, Source, Start};

use super::clone::Cloner;
use super::error::OpError;
use super::keys;
use super::stored_blob;
use super::thread::{ThreadDatabases, Transaction};

/// What an op gives back of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Value,
    PrimaryKey,
    /// Key, primary key and value, one after the other.
    Record,
    /// Key and primary key, one after the other.
    Keys,
}

impl Shape {
    fn from_number(number: i32) -> Self {
        match number {
            0 => Self::Value,
            1 => Self::PrimaryKey,
            2 => Self::Record,
            _ => Self::Keys,
        }
    }

    fn has_value(self) -> bool {
        matches!(self, Self::Value | Self::Record)
    }
}

/// How many records a cursor skips with one statement when it advances.
const SKIPPED_AT_ONCE: u32 = 1_000;

/// The query that js/indexed_db/query.js builds: store, index (0: the store itself), lower bound, upper bound,
/// open-flags, direction (0 to 3, as in the specification's order), shape.
struct Query {
    selection: Selection,
    shape: Shape,
}

impl Query {
    fn read<'s>(
        scope: &mut v8::PinScope<'s, '_>,
        query: v8::Local<'s, v8::Array>,
    ) -> Result<Self, OpError> {
        let integer = |position| {
            let member = query.get_index(scope, position).ok_or(OpError::Thrown)?;
            member.int32_value(scope).ok_or(OpError::Thrown)
        };
        let (store, index, open) = (integer(0)?.into(), integer(1)?.into(), integer(4)?);
        let (direction, shape) = (integer(5)?, Shape::from_number(integer(6)?));
        let lower = query.get_index(scope, 2).ok_or(OpError::Thrown)?;
        let upper = query.get_index(scope, 3).ok_or(OpError::Thrown)?;
        let selection = Selection {
            source: if index == 0 {
                Source::Store(store)
            } else {
                Source::Index { store, index }
            },
            range: keys::range(scope, lower, upper, open)?,
            direction: match direction {
                0 => Direction::Next,
                1 => Direction::NextUnique,
                2 => Direction::Prev,
                _ => Direction::PrevUnique,
            },
            start: Start::Beginning,
            limit: 1,
            with_values: shape.has_value(),
        };
        Ok(Self { selection, shape })
    }
}

/// The first record of a range, in the query's shape; undefined if there is none.
#[op2(reentrant)]
pub(super) fn op_indexed_db_get<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    state: Rc<RefCell<OpState>>,
    #[smi] transaction: u32,
    query: v8::Local<'s, v8::Array>,
) -> Result<v8::Local<'s, v8::Value>, OpError> {
    let query = Query::read(scope, query)?;
    let transaction = ThreadDatabases::of(&state).transaction(transaction)?;
    match transaction.file.scan(&query.selection)?.pop() {
        Some(record) => {
            let cloner = Cloner::of(scope, &state)?;
            let mut members = Vec::with_capacity(3);
            shape(scope, &cloner, record, query.shape, &mut members)?;
            Ok(members.swap_remove(0))
        }
        None => Ok(v8::undefined(scope).into()),
    }
}

/// At most `limit` records of a range as an array, in the query's shape.
#[op2(reentrant)]
pub(super) fn op_indexed_db_get_all<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    state: Rc<RefCell<OpState>>,
    #[smi] transaction: u32,
    query: v8::Local<'s, v8::Array>,
    #[number] limit: u64,
) -> Result<v8::Local<'s, v8::Array>, OpError> {
    let mut query = Query::read(scope, query)?;
    query.selection.limit = u32::try_from(limit).unwrap_or(u32::MAX);
    let transaction = ThreadDatabases::of(&state).transaction(transaction)?;
    let records = transaction.file.scan(&query.selection)?;
    let cloner = Cloner::of(scope, &state)?;
    let mut members = Vec::with_capacity(records.len());
    for record in records {
        shape(scope, &cloner, record, query.shape, &mut members)?;
    }
    Ok(v8::Array::new_with_elements(scope, &members))
}

#[op2(fast)]
#[number]
pub(super) fn op_indexed_db_count<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    state: Rc<RefCell<OpState>>,
    #[smi] transaction: u32,
    query: v8::Local<'s, v8::Array>,
) -> Result<i64, OpError> {
    let selection = Query::read(scope, query)?.selection;
    Ok(ThreadDatabases::of(&state)
        .transaction(transaction)?
        .file
        .count(selection.source, &selection.range)?)
}

/// <https://w3c.github.io/IndexedDB/#iterate-a-cursor>
///
/// `position` is undefined for a new cursor, or an array: where the cursor is (key, primary key), and then nothing,
/// or the key it is to continue to, or that and the primary key. Gives an array in the query's shape, or undefined at
/// the end.
#[op2(reentrant)]
pub(super) fn op_indexed_db_step<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    state: Rc<RefCell<OpState>>,
    #[smi] transaction: u32,
    query: v8::Local<'s, v8::Array>,
    position: v8::Local<'s, v8::Value>,
    #[smi] count: u32,
) -> Result<v8::Local<'s, v8::Value>, OpError> {
    let Query {
        mut selection,
        shape: wanted,
    } = Query::read(scope, query)?;
    if let Ok(position) = position.try_cast::<v8::Array>() {
        selection.start = read_start(scope, position)?;
    }
    let transaction = ThreadDatabases::of(&state).transaction(transaction)?;
    let found = skip(&transaction, &mut selection, count.saturating_sub(1))? && {
        selection.limit = 1;
        selection.with_values = wanted.has_value();
        true
    };
    let record = if found {
        transaction.file.scan(&selection)?.pop()
    } else {
        None
    };
    let Some(record) = record else {
        return Ok(v8::undefined(scope).into());
    };
    let cloner = Cloner::of(scope, &state)?;
    let mut members = Vec::with_capacity(3);
    shape(scope, &cloner, record, wanted, &mut members)?;
    Ok(v8::Array::new_with_elements(scope, &members).into())
}

/// Moves the start of a selection over so many records; false if there are not as many.
fn skip(
    transaction: &Transaction,
    selection: &mut Selection,
    mut left: u32,
) -> Result<bool, OpError> {
    while left > 0 {
        selection.limit = left.min(SKIPPED_AT_ONCE);
        selection.with_values = false;
        let mut skipped = transaction.file.scan(selection)?;
        if skipped.len() < selection.limit as usize {
            return Ok(false);
        }
        left -= selection.limit;
        if let Some(last) = skipped.pop() {
            selection.start = Start::Behind(last.key, last.primary_key);
        }
    }
    Ok(true)
}

fn read_start<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    position: v8::Local<'s, v8::Array>,
) -> Result<Start, OpError> {
    let mut key = |number| {
        let member = position.get_index(scope, number).ok_or(OpError::Thrown)?;
        keys::encode(scope, member)
    };
    Ok(match position.length() {
        2 => Start::Behind(key(0)?, key(1)?),
        3 => Start::Key(key(2)?),
        _ => Start::KeyAndPrimaryKey(key(2)?, key(3)?),
    })
}

/// Appends a record, as the script wants it, to `members`.
fn shape<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    cloner: &Cloner,
    record: ScannedRecord,
    wanted: Shape,
    members: &mut Vec<v8::Local<'s, v8::Value>>,
) -> Result<(), OpError> {
    if matches!(wanted, Shape::Record | Shape::Keys) {
        members.push(keys::decode(scope, &record.key)?);
    }
    if wanted != Shape::Value {
        members.push(keys::decode(scope, &record.primary_key)?);
    }
    if wanted.has_value() {
        let blobs = record.attachments.into_iter().map(stored_blob::parts);
        let blobs = blobs.collect::<Result<_, _>>()?;
        members.push(cloner.deserialize(scope, &record.value, blobs)?);
    }
    Ok(())
}
