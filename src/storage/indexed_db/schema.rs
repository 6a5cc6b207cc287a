//! Object stores and indexes of one database: what they are called and how their keys are found.
//! It changes them inside an upgrade transaction; it does not decide when one may run.

use rusqlite::params;
use serde::{Deserialize, Serialize};

use super::attachments;
use super::file::DatabaseFile;
use crate::storage::StorageError;

/// <https://w3c.github.io/IndexedDB/#key-path-construct>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum KeyPath {
    /// One path.
    Single(String),
    /// Several: the key is an array.
    Multiple(Vec<String>),
}

/// <https://w3c.github.io/IndexedDB/#object-store-construct>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectStore {
    /// Chosen by the script's side and never reused in this database.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Where a value carries its key; none for out-of-line keys.
    pub key_path: Option<KeyPath>,
    /// Does it have a key generator?
    pub auto_increment: bool,
    /// Its indexes.
    #[serde(default)]
    pub indexes: Vec<Index>,
}

/// <https://w3c.github.io/IndexedDB/#index-construct>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    /// Chosen by the script's side and never reused in this database.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Where a value carries the index key.
    pub key_path: KeyPath,
    /// May two records have the same key?
    pub unique: bool,
    /// Does an array make one entry per member?
    pub multi_entry: bool,
}

/// Everything an opening script needs to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Schema {
    /// Zero: the database was created just now.
    pub version: i64,
    /// The object stores, with their indexes.
    pub stores: Vec<ObjectStore>,
}

impl DatabaseFile {
    /// Reads version, object stores and indexes.
    pub fn schema(&self) -> Result<Schema, StorageError> {
        self.run("read the schema", |connection| {
            let version = connection.query_row("SELECT version FROM database", [], |row| row.get(0))?;
            let mut stores = connection
                .prepare("SELECT id, name, key_path, next_key IS NOT NULL FROM object_stores ORDER BY id")?
                .query_map([], |row| {
                    Ok(ObjectStore {
                        id: row.get(0)?,
                        name: row.get(1)?,
                        key_path: from_json(2, row)?,
                        auto_increment: row.get(3)?,
                        indexes: Vec::new(),
                    })
                })?
                .collect::<Result<Vec<_>, _>>()?;
            let mut read_indexes = connection
                .prepare("SELECT id, name, key_path, is_unique, multi_entry FROM indexes WHERE store_id = ? ORDER BY id")?;
            for store in &mut stores {
                store.indexes = read_indexes
                    .query_map([store.id], |row| {
                        Ok(Index {
                            id: row.get(0)?,
                            name: row.get(1)?,
                            key_path: from_json(2, row)?,
                            unique: row.get(3)?,
                            multi_entry: row.get(4)?,
                        })
                    })?
                    .collect::<Result<_, _>>()?;
            }
            Ok(Schema { version, stores })
        })
    }

    /// Sets the version; the first one makes the database exist.
    pub fn set_version(&self, version: i64) -> Result<(), StorageError> {
        self.run("set the version", |connection| {
            connection
                .execute("UPDATE database SET version = ?", params![version])
                .map(drop)
        })
    }

    /// Adds an empty object store.
    pub fn create_object_store(&self, store: &ObjectStore) -> Result<(), StorageError> {
        self.run("create an object store", |connection| {
            connection
                .prepare_cached(
                    "INSERT INTO object_stores (id, name, key_path, next_key) VALUES (?, ?, ?, ?)",
                )?
                .execute(params![
                    store.id,
                    store.name,
                    to_json(&store.key_path)?,
                    store.auto_increment.then_some(1)
                ])
                .map(drop)
        })
    }

    /// Removes an object store with its records and indexes.
    pub fn delete_object_store(&self, store: i64) -> Result<(), StorageError> {
        self.delete_with("delete an object store", |connection| {
            for sql in [
                "DELETE FROM index_records WHERE index_id IN (SELECT id FROM indexes WHERE store_id = ?)",
                "DELETE FROM indexes WHERE store_id = ?",
                "DELETE FROM records WHERE store_id = ?",
                "DELETE FROM object_stores WHERE id = ?",
            ] {
                connection.execute(sql, [store])?;
            }
            attachments::delete_all(connection, &self.blobs, store)
        })
    }

    /// Gives an object store another name.
    pub fn rename_object_store(&self, store: i64, name: &str) -> Result<(), StorageError> {
        self.run("rename an object store", |connection| {
            connection
                .execute(
                    "UPDATE object_stores SET name = ?2 WHERE id = ?1",
                    params![store, name],
                )
                .map(drop)
        })
    }

    /// Adds an index without entries; who calls it fills it from the records that are there.
    pub fn create_index(&self, store: i64, index: &Index) -> Result<(), StorageError> {
        self.run("create an index", |connection| {
            connection
                .prepare_cached(
                    "INSERT INTO indexes (id, store_id, name, key_path, is_unique, multi_entry) VALUES (?, ?, ?, ?, ?, ?)",
                )?
                .execute(params![
                    index.id,
                    store,
                    index.name,
                    to_json(&index.key_path)?,
                    index.unique,
                    index.multi_entry
                ])
                .map(drop)
        })
    }

    /// Removes an index with its entries.
    pub fn delete_index(&self, index: i64) -> Result<(), StorageError> {
        self.delete_with("delete an index", |connection| {
            connection.execute("DELETE FROM index_records WHERE index_id = ?", [index])?;
            connection
                .execute("DELETE FROM indexes WHERE id = ?", [index])
                .map(drop)
        })
    }

    /// Gives an index another name.
    pub fn rename_index(&self, index: i64, name: &str) -> Result<(), StorageError> {
        self.run("rename an index", |connection| {
            connection
                .execute(
                    "UPDATE indexes SET name = ?2 WHERE id = ?1",
                    params![index, name],
                )
                .map(drop)
        })
    }
}

fn to_json<T: Serialize>(value: &T) -> rusqlite::Result<String> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

fn from_json<T: for<'a> Deserialize<'a>>(
    column: usize,
    row: &rusqlite::Row<'_>,
) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error.into())
    })
}
