//! Reading records in key order: single gets, `getAll`, counts and cursor steps.
//! A cursor is a position, not an open statement: each step is a new seek, so memory does not grow with the store.

use rusqlite::{Connection, Row, params};

use super::attachments::Attachment;
use super::file::DatabaseFile;
use super::key_range::{KeyRange, just_above};
use crate::storage::StorageError;

/// What is read: an object store, or an index of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The records of a store.
    Store(i64),
    /// The entries of an index.
    Index {
        /// The store it belongs to.
        store: i64,
        /// The index.
        index: i64,
    },
}

/// <https://w3c.github.io/IndexedDB/#enumdef-idbcursordirection>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Ascending.
    Next,
    /// Ascending, one record per key.
    NextUnique,
    /// Descending.
    Prev,
    /// Descending, one record per key: the one with the smallest primary key.
    PrevUnique,
}

/// Where a scan starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// At the beginning of the range, in scan direction.
    Beginning,
    /// Behind the record with this key and primary key.
    Behind(Vec<u8>, Vec<u8>),
    /// At this key or behind it.
    Key(Vec<u8>),
    /// At this key and primary key or behind them.
    KeyAndPrimaryKey(Vec<u8>, Vec<u8>),
}

/// Which records a scan gives.
#[derive(Debug, Clone)]
pub struct Selection {
    /// What is read.
    pub source: Source,
    /// Between which keys.
    pub range: KeyRange,
    /// In which order.
    pub direction: Direction,
    /// From where on.
    pub start: Start,
    /// At most so many records.
    pub limit: u32,
    /// Are values wanted, or only keys?
    pub with_values: bool,
}

/// One record as a scan finds it.
#[derive(Debug)]
pub struct ScannedRecord {
    /// The key in the source: the index key, or the primary key.
    pub key: Vec<u8>,
    /// The primary key.
    pub primary_key: Vec<u8>,
    /// The serialised value; empty if none was wanted.
    pub value: Vec<u8>,
    /// The bytes of Blobs in the value.
    pub attachments: Vec<Attachment>,
}

/// A record whose attachments are still to be read.
struct Found {
    record: ScannedRecord,
    /// How many there are.
    blobs: i64,
}

impl Source {
    fn store(self) -> i64 {
        match self {
            Self::Store(store) | Self::Index { store, .. } => store,
        }
    }
}

impl Direction {
    fn is_forward(self) -> bool {
        matches!(self, Self::Next | Self::NextUnique)
    }
}

/// The part of a range that is left, as bounds on key and primary key.
struct Remaining {
    lower: (Vec<u8>, Vec<u8>),
    upper: (Vec<u8>, Vec<u8>),
}

impl Remaining {
    fn of(selection: &Selection) -> Self {
        let nothing = Vec::new;
        let mut lower = (selection.range.lower.clone(), nothing());
        let mut upper = (selection.range.upper.clone(), nothing());
        let unique = matches!(
            selection.direction,
            Direction::NextUnique | Direction::PrevUnique
        );
        if selection.direction.is_forward() {
            let from = match &selection.start {
                Start::Beginning => return Self { lower, upper },
                Start::Behind(key, _) if unique => (just_above(key), nothing()),
                Start::Behind(key, primary_key) => (key.clone(), just_above(primary_key)),
                Start::Key(key) => (key.clone(), nothing()),
                Start::KeyAndPrimaryKey(key, primary_key) => (key.clone(), primary_key.clone()),
            };
            lower = lower.max(from);
        } else {
            let to = match &selection.start {
                Start::Beginning => return Self { lower, upper },
                Start::Behind(key, _) if unique => (key.clone(), nothing()),
                Start::Behind(key, primary_key) => (key.clone(), primary_key.clone()),
                Start::Key(key) => (just_above(key), nothing()),
                Start::KeyAndPrimaryKey(key, primary_key) => (key.clone(), just_above(primary_key)),
            };
            upper = upper.min(to);
        }
        Self { lower, upper }
    }
}

/// One statement per way of reading; columns are key, primary key, value, number of attachments.
macro_rules! store_scan {
    ($columns:literal, $order:literal) => {
        concat!(
            "SELECT key, key, ",
            $columns,
            " FROM records WHERE store_id = ?1 AND key >= ?2 AND key < ?3
             ORDER BY key ",
            $order,
            " LIMIT ?4"
        )
    };
}

macro_rules! index_scan {
    ($order:literal) => {
        concat!(
            "SELECT key, primary_key, NULL, 0 FROM index_records
             WHERE index_id = ?1 AND (key, primary_key) >= (?2, ?3) AND (key, primary_key) < (?4, ?5)
             ORDER BY key ", $order, ", primary_key ", $order, " LIMIT ?6"
        )
    };
}

macro_rules! unique_index_scan {
    ($order:literal) => {
        concat!(
            "SELECT key, MIN(primary_key), NULL, 0 FROM index_records
             WHERE index_id = ?1 AND (key, primary_key) >= (?2, ?3) AND (key, primary_key) < (?4, ?5)
             GROUP BY key ORDER BY key ", $order, " LIMIT ?6"
        )
    };
}

impl DatabaseFile {
    /// Reads the records a selection describes.
    pub fn scan(&self, selection: &Selection) -> Result<Vec<ScannedRecord>, StorageError> {
        let remaining = Remaining::of(selection);
        let found = self.read("read records", |connection| match selection.source {
            Source::Store(store) => scan_store(connection, store, selection, &remaining),
            Source::Index { store, index } => {
                let mut found = scan_index(connection, index, selection, &remaining)?;
                if selection.with_values {
                    for found in &mut found {
                        read_value(connection, store, found)?;
                    }
                }
                Ok(found)
            }
        })?;
        let store = selection.source.store();
        let attach = |Found { mut record, blobs }| {
            if blobs > 0 {
                record.attachments = self.attachments(store, &record.primary_key)?;
            }
            Ok(record)
        };
        found.into_iter().map(attach).collect()
    }

    /// The first record of a range.
    pub fn first(
        &self,
        source: Source,
        range: KeyRange,
        with_values: bool,
    ) -> Result<Option<ScannedRecord>, StorageError> {
        let selection = Selection {
            source,
            range,
            direction: Direction::Next,
            start: Start::Beginning,
            limit: 1,
            with_values,
        };
        Ok(self.scan(&selection)?.pop())
    }

    /// How many records a range holds.
    pub fn count(&self, source: Source, range: &KeyRange) -> Result<i64, StorageError> {
        let (sql, id) = match source {
            Source::Store(store) => (
                "SELECT COUNT(*) FROM records WHERE store_id = ?1 AND key >= ?2 AND key < ?3",
                store,
            ),
            Source::Index { index, .. } => (
                "SELECT COUNT(*) FROM index_records WHERE index_id = ?1 AND key >= ?2 AND key < ?3",
                index,
            ),
        };
        self.read("count records", |connection| {
            connection
                .prepare_cached(sql)?
                .query_row(params![id, range.lower, range.upper], |row| row.get(0))
        })
    }
}

fn scan_store(
    connection: &Connection,
    store: i64,
    selection: &Selection,
    remaining: &Remaining,
) -> rusqlite::Result<Vec<Found>> {
    let sql = match (selection.direction.is_forward(), selection.with_values) {
        (true, true) => store_scan!("value, attachments", "ASC"),
        (false, true) => store_scan!("value, attachments", "DESC"),
        (true, false) => store_scan!("NULL, 0", "ASC"),
        (false, false) => store_scan!("NULL, 0", "DESC"),
    };
    // In a store key and primary key are one: a bound behind a record is a bound above or below its key.
    let lower = match &remaining.lower {
        (key, rest) if rest.is_empty() => key,
        (_, behind) => behind,
    };
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![store, lower, remaining.upper.0, selection.limit])?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        records.push(read_row(row)?);
    }
    Ok(records)
}

fn scan_index(
    connection: &Connection,
    index: i64,
    selection: &Selection,
    remaining: &Remaining,
) -> rusqlite::Result<Vec<Found>> {
    let sql = match selection.direction {
        Direction::Next => index_scan!("ASC"),
        Direction::Prev => index_scan!("DESC"),
        Direction::NextUnique => unique_index_scan!("ASC"),
        Direction::PrevUnique => unique_index_scan!("DESC"),
    };
    let Remaining { lower, upper } = remaining;
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![
        index,
        lower.0,
        lower.1,
        upper.0,
        upper.1,
        selection.limit
    ])?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        records.push(read_row(row)?);
    }
    Ok(records)
}

fn read_row(row: &Row<'_>) -> rusqlite::Result<Found> {
    let record = ScannedRecord {
        key: row.get(0)?,
        primary_key: row.get(1)?,
        value: row.get::<_, Option<_>>(2)?.unwrap_or_default(),
        attachments: Vec::new(),
    };
    Ok(Found {
        record,
        blobs: row.get(3)?,
    })
}

fn read_value(connection: &Connection, store: i64, found: &mut Found) -> rusqlite::Result<()> {
    (found.record.value, found.blobs) = connection
        .prepare_cached("SELECT value, attachments FROM records WHERE store_id = ? AND key = ?")?
        .query_row(params![store, found.record.primary_key], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    Ok(())
}
