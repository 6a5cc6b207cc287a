//! Layouts of databases: a list of SQL files, applied in order and never edited after a release.
//! `user_version` says how many of them a file has seen.

use std::cmp::Ordering;
use std::path::Path;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::storage::error::StorageError;

/// The layouts of `host.db`.
pub(super) const HOST: &[&str] = &[
    include_str!("migrations/0001_start.sql"),
    include_str!("migrations/0002_periodic.sql"),
    include_str!("migrations/0003_history.sql"),
    include_str!("migrations/0004_push.sql"),
    include_str!("migrations/0005_navigation_preload.sql"),
    include_str!("migrations/0006_background_fetch.sql"),
    include_str!("migrations/0007_referrer_policy.sql"),
];

/// Applies the layouts that the file has not seen, all of them or none.
pub(super) fn migrate(
    connection: &Connection,
    path: &Path,
    layouts: &[&str],
) -> Result<(), StorageError> {
    let explain = |error| StorageError::from_sqlite("bring the layout up to date", path, error);
    let known = latest(layouts);
    let found = seen(connection).map_err(explain)?;
    if found > known {
        return Err(StorageError::NewerLayout {
            path: path.to_owned(),
            found,
            known,
        });
    }
    if found < known {
        apply(connection, layouts).map_err(explain)?;
    }
    Ok(())
}

/// Says no to a file that would have to be changed before it can be read.
pub(super) fn require_latest(
    connection: &Connection,
    path: &Path,
    layouts: &[&str],
) -> Result<(), StorageError> {
    let known = latest(layouts);
    let found = seen(connection)
        .map_err(|error| StorageError::from_sqlite("read the layout", path, error))?;
    let path = path.to_owned();
    match found.cmp(&known) {
        Ordering::Equal => Ok(()),
        Ordering::Greater => Err(StorageError::NewerLayout { path, found, known }),
        Ordering::Less => Err(StorageError::OlderLayout { path, found, known }),
    }
}

fn apply(connection: &Connection, layouts: &[&str]) -> rusqlite::Result<()> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    // Another connection may have been faster while this one waited for its turn.
    let found = seen(&transaction)?;
    for layout in layouts.iter().skip(found as usize) {
        transaction.execute_batch(layout)?;
    }
    transaction.pragma_update(None, "user_version", latest(layouts))?;
    transaction.commit()
}

fn latest(layouts: &[&str]) -> u32 {
    u32::try_from(layouts.len()).expect("layouts are written by hand")
}

fn seen(connection: &Connection) -> rusqlite::Result<u32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}
