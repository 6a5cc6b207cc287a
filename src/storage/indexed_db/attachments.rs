//! The bytes of Blobs and Files inside values, kept beside the record that holds them: short ones in the database, long
//! ones in files. Values name them by position; types and file names are part of the value itself.

use std::fs::File;

use rusqlite::{Connection, Params, params};

use crate::storage::StorageError;

use super::blob_folder::BlobFolder;
use super::file::DatabaseFile;

/// From this length on an attachment is a file of its own.
const FILE_BYTES: usize = 128 * 1024;

/// The bytes of one Blob, in pieces.
pub type NewAttachment<'a> = Vec<&'a [u8]>;

/// The bytes of one Blob, as they are found.
#[derive(Debug)]
pub enum Attachment {
    /// A short one.
    Bytes(Vec<u8>),
    /// A long one. It stays readable whatever becomes of the record.
    File {
        /// The open file.
        file: File,
        /// Its length in bytes.
        length: u64,
    },
}

/// What the table says of an attachment.
enum Stored {
    Bytes(Vec<u8>),
    File(i64),
}

impl DatabaseFile {
    /// Stores the attachments of one record.
    pub(super) fn attach(
        &self,
        store: i64,
        key: &[u8],
        attachments: &[NewAttachment<'_>],
    ) -> Result<(), StorageError> {
        for (position, pieces) in attachments.iter().enumerate() {
            let is_long = pieces.iter().map(|piece| piece.len()).sum::<usize>() >= FILE_BYTES;
            let file = if is_long {
                let number = self.run("number a file", |connection| {
                    connection
                        .prepare_cached(
                            "UPDATE database SET next_file = next_file + 1 RETURNING next_file - 1",
                        )?
                        .query_row([], |row| row.get(0))
                })?;
                self.blobs.write(number, pieces)?;
                Some(number)
            } else {
                None
            };
            let bytes = if is_long { Vec::new() } else { pieces.concat() };
            self.run("store an attachment", |connection| {
                connection
                    .prepare_cached(
                        "INSERT INTO attachments (store_id, key, position, bytes, file) VALUES (?, ?, ?, ?, ?)",
                    )?
                    .execute(params![store, key, position as i64, bytes, file])
                    .map(drop)
            })?;
        }
        Ok(())
    }

    /// Reads the attachments of one record, in order.
    pub(super) fn attachments(
        &self,
        store: i64,
        key: &[u8],
    ) -> Result<Vec<Attachment>, StorageError> {
        let stored = self.run("read attachments", |connection| {
            connection
                .prepare_cached(
                    "SELECT bytes, file FROM attachments WHERE store_id = ? AND key = ? ORDER BY position",
                )?
                .query_map(params![store, key], |row| {
                    Ok(match row.get(1)? {
                        Some(number) => Stored::File(number),
                        None => Stored::Bytes(row.get(0)?),
                    })
                })?
                .collect::<rusqlite::Result<Vec<_>>>()
        })?;
        let open = |stored| match stored {
            Stored::Bytes(bytes) => Ok(Attachment::Bytes(bytes)),
            Stored::File(number) => {
                let (file, length) = self.blobs.open(number)?;
                Ok(Attachment::File { file, length })
            }
        };
        stored.into_iter().map(open).collect()
    }

    /// Removes files that no attachment names: a process that was killed in a transaction left them.
    ///
    /// To be called while no other thread uses the database.
    pub fn remove_leftovers(&self) -> Result<(), StorageError> {
        let is_known = |number: i64| {
            self.run("look for an attachment", |connection| {
                connection
                    .prepare_cached("SELECT 1 FROM attachments WHERE file = ?")?
                    .exists([number])
            })
        };
        for number in self.blobs.numbers()? {
            if !is_known(number)? {
                self.blobs.remove(number);
            }
        }
        Ok(())
    }
}

/// Removes the attachments of the records between two keys, the second one outside.
pub(super) fn delete(
    connection: &Connection,
    blobs: &BlobFolder,
    (store, lower, upper): (i64, &[u8], &[u8]),
) -> rusqlite::Result<()> {
    let sql = "DELETE FROM attachments WHERE store_id = ? AND key >= ? AND key < ? RETURNING file";
    delete_where(connection, blobs, sql, params![store, lower, upper])
}

/// Removes the attachments of every record of a store.
pub(super) fn delete_all(
    connection: &Connection,
    blobs: &BlobFolder,
    store: i64,
) -> rusqlite::Result<()> {
    let sql = "DELETE FROM attachments WHERE store_id = ? RETURNING file";
    delete_where(connection, blobs, sql, params![store])
}

fn delete_where(
    connection: &Connection,
    blobs: &BlobFolder,
    sql: &str,
    bounds: impl Params,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(sql)?;
    for file in statement.query_map(bounds, |row| row.get::<_, Option<i64>>(0))? {
        if let Some(number) = file? {
            blobs.remove_on_commit(number);
        }
    }
    Ok(())
}
