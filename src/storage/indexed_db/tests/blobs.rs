//! Blobs inside values: short ones in the database, long ones in files that come and go with their records.

use std::path::Path;

use crate::storage::Durability;
use crate::storage::indexed_db::{
    Attachment, DatabaseFile, Key, KeyRange, NewRecord, PutOutcome, Source, delete_database,
    file_path,
};

use super::{files, open, with_store};

/// Puts a record with one attachment.
fn put_blob(file: &DatabaseFile, key: f64, bytes: &[u8]) {
    let (first, second) = bytes.split_at(bytes.len() / 2);
    let record = NewRecord {
        store: 1,
        key: &Key::Number(key).encode(),
        value: b"with a Blob",
        attachments: &[vec![first, second]],
        index_keys: &[],
        no_overwrite: false,
    };
    assert_eq!(file.put(&record).unwrap(), PutOutcome::Stored);
}

fn read_blob(file: &DatabaseFile, key: f64) -> Vec<u8> {
    let range = KeyRange::only(Key::Number(key).encode());
    let record = file.first(Source::Store(1), range, true).unwrap().unwrap();
    match record.attachments.into_iter().next().unwrap() {
        Attachment::Bytes(bytes) => bytes,
        Attachment::File { mut file, length } => {
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut file, &mut bytes).unwrap();
            assert_eq!(bytes.len() as u64, length);
            bytes
        }
    }
}

/// How many files of Blobs there are.
fn blob_files(folder: &Path) -> usize {
    let path = file_path(folder, "test").with_extension("blobs");
    std::fs::read_dir(path).map_or(0, Iterator::count)
}

#[test]
fn large_blobs_are_files_that_come_and_go_with_their_records() {
    let folder = tempfile::tempdir().unwrap();
    let file = with_store(folder.path());
    let large = b"0123456789".repeat(50_000);
    put_blob(&file, 1.0, &large);
    put_blob(&file, 2.0, &large[1..]);
    put_blob(&file, 3.0, b"short");
    assert_eq!(read_blob(&file, 1.0), large, "inside the transaction");
    file.commit().unwrap();
    assert_eq!(blob_files(folder.path()), 2);

    file.begin(Durability::Strict).unwrap();
    put_blob(&file, 1.0, &large[2..]);
    file.delete(1, &KeyRange::all()).unwrap();
    file.roll_back().unwrap();
    assert_eq!(blob_files(folder.path()), 2);
    assert_eq!(read_blob(&file, 1.0), large);
    assert_eq!(read_blob(&file, 3.0), b"short");

    file.begin(Durability::Strict).unwrap();
    put_blob(&file, 2.0, &large[3..]);
    file.commit().unwrap();
    assert_eq!(blob_files(folder.path()), 2);
    assert_eq!(read_blob(&file, 2.0), large[3..]);

    file.begin(Durability::Relaxed).unwrap();
    file.delete_object_store(1).unwrap();
    file.commit().unwrap();
    assert_eq!(blob_files(folder.path()), 0);
    file.close().unwrap();
    delete_database(&files(folder.path()), &file_path(folder.path(), "test")).unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_killed_process_leaves_no_file_of_a_blob_behind() {
    let folder = tempfile::tempdir().unwrap();
    let file = with_store(folder.path());
    let large = vec![7; 1_000_000];
    put_blob(&file, 1.0, &large);
    file.commit().unwrap();
    file.begin(Durability::Relaxed).unwrap();
    put_blob(&file, 2.0, &large);
    assert_eq!(blob_files(folder.path()), 2);
    // Like a kill: nothing is rolled back in good order.
    let next_process = open(folder.path());
    next_process.remove_leftovers().unwrap();
    assert_eq!(blob_files(folder.path()), 1);
    assert_eq!(read_blob(&next_process, 1.0), large);
}

#[test]
fn a_file_of_the_first_layout_keeps_its_records_and_blobs() {
    let folder = tempfile::tempdir().unwrap();
    let path = file_path(folder.path(), "test");
    let old = rusqlite::Connection::open(&path).unwrap();
    old.execute_batch(include_str!("../migrations/0001_start.sql"))
        .unwrap();
    let key = Key::Number(1.0).encode();
    old.execute_batch(
        "INSERT INTO database (name, version) VALUES ('test', 3);
         INSERT INTO object_stores (id, name, key_path, next_key) VALUES (1, 's', 'null', NULL);
         PRAGMA user_version = 1;",
    )
    .unwrap();
    old.execute("INSERT INTO records VALUES (1, ?, x'00', 1)", [&key])
        .unwrap();
    old.execute(
        "INSERT INTO attachments VALUES (1, ?, 0, x'6f6c64')",
        [&key],
    )
    .unwrap();
    drop(old);
    let file = open(folder.path());
    assert_eq!(file.schema().unwrap().version, 3);
    assert_eq!(read_blob(&file, 1.0), b"old");
    file.begin(Durability::Relaxed).unwrap();
    put_blob(&file, 2.0, &vec![1; 500_000]);
    file.commit().unwrap();
    assert_eq!(read_blob(&file, 2.0).len(), 500_000);
}
