//! What a killed process left on disk, read from a copy, so that the next process finds it untouched.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use landfall::storage::indexed_db::Key;
use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

/// The durable state after a kill.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// Tags in the sync queue, with their state.
    pub tags: BTreeMap<String, String>,
    /// Tags of periodic syncs.
    pub repeating: BTreeSet<String>,
    /// Whether a worker is installed, with its scripts.
    pub has_worker: bool,
    /// Messages in the outbox.
    pub outbox: BTreeSet<String>,
    /// Keys of the notes.
    pub notes: BTreeSet<String>,
    /// Names of cached pages whose bodies are whole.
    pub cached: BTreeSet<String>,
    /// What is wrong with the files themselves.
    pub faults: Vec<String>,
}

impl Snapshot {
    /// Copies a data folder and reads the copy.
    pub fn of(data: &Path) -> Self {
        let copy = TempDir::new().expect("a folder for the copy");
        let mut databases = Vec::new();
        copy_folder(data, copy.path(), &mut databases);
        let mut snapshot = Self::default();
        for path in databases {
            if let Err(error) = snapshot.read(&path) {
                let fault = format!("{}: {error}", path.display());
                snapshot.faults.push(fault);
            }
        }
        snapshot
    }

    fn read(&mut self, path: &Path) -> rusqlite::Result<()> {
        let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let checks = ["PRAGMA integrity_check", "PRAGMA foreign_key_check"];
        for row in checks.into_iter().map(|check| texts(&database, check)) {
            let faults = row?.into_iter().filter(|row| row != "ok");
            self.faults
                .extend(faults.map(|row| format!("{}: {row}", path.display())));
        }
        let layout: i64 = database.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        match path.file_name().and_then(|name| name.to_str()) {
            // The layout is not there yet, so nothing was ever promised.
            _ if layout == 0 => Ok(()),
            Some("host.db") => self.read_host(&database),
            Some("caches.sqlite") => self.read_caches(&database),
            _ => self.read_indexed_db(&database),
        }
    }

    fn read_host(&mut self, database: &Connection) -> rusqlite::Result<()> {
        let rows = texts(
            database,
            "SELECT tag || ' ' || state FROM sync_registration WHERE kind = 'sync'",
        )?;
        let repeating = "SELECT tag FROM sync_registration WHERE kind = 'periodicsync'";
        self.repeating.extend(texts(database, repeating)?);
        self.tags = rows
            .iter()
            .filter_map(|row| row.split_once(' '))
            .map(|(tag, state)| (tag.to_owned(), state.to_owned()))
            .collect();
        let workers =
            "SELECT w.script_url FROM worker w JOIN registration r ON r.id = w.registration_id
                       WHERE EXISTS (SELECT 1 FROM script WHERE worker_id = w.id)";
        self.has_worker = !texts(database, workers)?.is_empty();
        Ok(())
    }

    fn read_caches(&mut self, database: &Connection) -> rusqlite::Result<()> {
        let whole = "(SELECT COALESCE(SUM(LENGTH(bytes)), 0) FROM body_chunk WHERE body_id = b.id) IS b.length";
        let entries = "FROM entry e JOIN body b ON b.id = e.body_id WHERE";
        let urls = texts(database, &format!("SELECT e.url {entries} {whole}"))?;
        let names = urls
            .iter()
            .filter_map(|url| url.rsplit('/').next().map(str::to_owned));
        self.cached.extend(names);
        let halves = texts(database, &format!("SELECT e.url {entries} NOT {whole}"))?;
        let faults = halves.iter().map(|url| format!("half a body: {url}"));
        self.faults.extend(faults);
        Ok(())
    }

    fn read_indexed_db(&mut self, database: &Connection) -> rusqlite::Result<()> {
        let names = texts(database, "SELECT name FROM database WHERE version > 0")?;
        let mut statement = database.prepare("SELECT key FROM records")?;
        let keys = statement
            .query_map([], |row| row.get::<_, Vec<u8>>(0))?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        let keys = keys.iter().filter_map(|key| match Key::decode(key) {
            Ok(Key::String(units)) => Some(String::from_utf16_lossy(&units)),
            _ => None,
        });
        match names.first().map(String::as_str) {
            Some("messages") => self.outbox.extend(keys),
            Some("notes") => self.notes.extend(keys),
            _ => {}
        }
        Ok(())
    }
}

fn texts(database: &Connection, query: &str) -> rusqlite::Result<Vec<String>> {
    database
        .prepare(query)?
        .query_map([], |row| row.get(0))?
        .collect()
}

/// Copies everything but sockets and SQLite's shared memory, and names the databases.
fn copy_folder(from: &Path, to: &Path, databases: &mut Vec<PathBuf>) {
    fs::create_dir_all(to).expect("the copy is writable");
    for entry in fs::read_dir(from).expect("the data folder is there") {
        let entry = entry.expect("the data folder is readable");
        let target = to.join(entry.file_name());
        let kind = entry.file_type().expect("the data folder is readable");
        let name = entry.file_name().to_string_lossy().into_owned();
        if kind.is_dir() {
            copy_folder(&entry.path(), &target, databases);
        } else if kind.is_file() && !name.ends_with("-shm") {
            fs::copy(entry.path(), &target).expect("the copy is writable");
            if name.ends_with(".db") || name.ends_with(".sqlite") {
                databases.push(target);
            }
        }
    }
}
