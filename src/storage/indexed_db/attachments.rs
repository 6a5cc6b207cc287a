//! The bytes of Blobs and Files inside values, kept beside the record that holds them.
//! Values name them by position; types and file names are part of the value itself.

use rusqlite::{Connection, params};

/// Stores the attachments of one record.
pub(super) fn insert(
    connection: &Connection,
    store: i64,
    key: &[u8],
    attachments: &[Vec<u8>],
) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO attachments (store_id, key, position, bytes) VALUES (?, ?, ?, ?)",
    )?;
    for (position, bytes) in attachments.iter().enumerate() {
        insert.execute(params![store, key, position as i64, bytes])?;
    }
    Ok(())
}

/// Reads the attachments of one record, in order.
pub(super) fn read(
    connection: &Connection,
    store: i64,
    key: &[u8],
) -> rusqlite::Result<Vec<Vec<u8>>> {
    connection
        .prepare_cached(
            "SELECT bytes FROM attachments WHERE store_id = ? AND key = ? ORDER BY position",
        )?
        .query_map(params![store, key], |row| row.get(0))?
        .collect()
}

/// Removes the attachments of the records between two keys, the second one outside.
pub(super) fn delete(
    connection: &Connection,
    store: i64,
    lower: &[u8],
    upper: &[u8],
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM attachments WHERE store_id = ? AND key >= ? AND key < ?")?
        .execute(params![store, lower, upper])
        .map(drop)
}
