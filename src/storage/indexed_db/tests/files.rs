//! Files: what a transaction undoes, what a reader sees, what is listed, deleted and damaged.

use crate::storage::indexed_db::{
    DatabaseFile, DatabaseInfo, Direction, KeyRange, Source, Start, database_version,
    delete_database, file_path, list_databases,
};
use crate::storage::{Durability, StorageError};

use super::{files, open, put, scan, with_store};

#[test]
fn rolling_back_undoes_records_and_schema() {
    let folder = tempfile::tempdir().unwrap();
    let file = with_store(folder.path());
    put(&file, 1.0, 1.0);
    file.commit().unwrap();
    file.begin(Durability::Strict).unwrap();
    put(&file, 2.0, 2.0);
    file.delete_index(10).unwrap();
    file.rename_object_store(1, "renamed").unwrap();
    file.set_version(2).unwrap();
    file.roll_back().unwrap();
    let schema = file.schema().unwrap();
    assert_eq!(schema.version, 1);
    assert_eq!(schema.stores[0].name, "s");
    assert_eq!(schema.stores[0].indexes.len(), 1);
    assert_eq!(
        scan(&file, Source::Store(1), Direction::Next, Start::Beginning),
        [(1.0, 1.0)]
    );
}

#[test]
fn a_reader_sees_what_another_thread_committed_after_a_refresh() {
    let folder = tempfile::tempdir().unwrap();
    let writer = with_store(folder.path());
    writer.commit().unwrap();
    let reader = open(folder.path());
    let count = || reader.count(Source::Store(1), &KeyRange::all()).unwrap();
    assert_eq!(count(), 0);
    writer.begin(Durability::Relaxed).unwrap();
    put(&writer, 1.0, 1.0);
    writer.commit().unwrap();
    assert_eq!(count(), 0);
    reader.refresh().unwrap();
    assert_eq!(count(), 1);
}

#[test]
fn a_reader_beside_a_writer_leaves_its_transaction_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = with_store(folder.path());
    file.commit().unwrap();
    file.begin(Durability::Relaxed).unwrap();
    put(&file, 1.0, 1.0);
    file.refresh().unwrap();
    let count = || file.count(Source::Store(1), &KeyRange::all()).unwrap();
    assert_eq!(count(), 1);
    file.refresh().unwrap();
    put(&file, 2.0, 2.0);
    file.commit().unwrap();
    assert_eq!(count(), 2);
}

#[test]
fn only_finished_databases_are_listed_and_deleted_ones_are_gone() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(list_databases(&folder.path().join("none")).unwrap(), []);
    with_store(folder.path()).commit().unwrap();
    DatabaseFile::open(&file_path(folder.path(), "unfinished"), "unfinished").unwrap();
    let expected = [DatabaseInfo {
        name: "test".into(),
        version: 1,
    }];
    assert_eq!(list_databases(folder.path()).unwrap(), expected);
    let (files, path) = (files(folder.path()), file_path(folder.path(), "test"));
    assert_eq!(database_version(&files, &path, false).unwrap(), 1);
    delete_database(&files, &path).unwrap();
    assert_eq!(database_version(&files, &path, false).unwrap(), 0);
    assert_eq!(list_databases(folder.path()).unwrap(), []);
}

#[test]
fn a_damaged_file_is_named_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = file_path(folder.path(), "test");
    std::fs::write(
        &path,
        b"this is not a database, it is a sentence, and a long one".repeat(100),
    )
    .unwrap();
    let error = DatabaseFile::open(&path, "test").unwrap_err();
    assert!(matches!(error, StorageError::Corrupt { .. }), "{error:?}");
    assert!(error.to_string().contains(path.to_str().unwrap()));
    assert!(path.exists());
}
