//! Keys, records and files, without a script in sight.

use std::path::Path;
use std::sync::Arc;

use crate::storage::{Durability, OriginFiles};

use super::*;

mod blobs;
mod files;

fn text(value: &str) -> Key {
    Key::String(value.encode_utf16().collect())
}

fn files(folder: &Path) -> Arc<OriginFiles> {
    OriginFiles::new(folder.to_owned(), u64::MAX, Arc::new(drop))
}

fn open(folder: &Path) -> DatabaseFile {
    DatabaseFile::open(&file_path(folder, "test"), "test").expect("a new file opens")
}

/// A writable database with store 1 and index 10 on it.
fn with_store(folder: &Path) -> DatabaseFile {
    let file = open(folder);
    file.begin(Durability::Relaxed).unwrap();
    let store = ObjectStore {
        id: 1,
        name: "s".into(),
        key_path: None,
        auto_increment: true,
        indexes: vec![],
    };
    file.create_object_store(&store).unwrap();
    let key_path = KeyPath::Single("a".into());
    file.create_index(
        1,
        &Index {
            id: 10,
            name: "i".into(),
            key_path,
            unique: false,
            multi_entry: false,
        },
    )
    .unwrap();
    file.set_version(1).unwrap();
    file
}

fn put(file: &DatabaseFile, key: f64, index_key: f64) -> PutOutcome {
    let index_keys = [IndexKey {
        index: 10,
        unique: false,
        key: Key::Number(index_key).encode(),
    }];
    file.put(&NewRecord {
        store: 1,
        key: &Key::Number(key).encode(),
        value: format!("value {key}").as_bytes(),
        attachments: &[],
        index_keys: &index_keys,
        no_overwrite: false,
    })
    .unwrap()
}

fn number(bytes: &[u8]) -> f64 {
    match Key::decode(bytes).unwrap() {
        Key::Number(number) => number,
        other => panic!("not a number: {other:?}"),
    }
}

const INDEX: Source = Source::Index {
    store: 1,
    index: 10,
};

fn scan(
    file: &DatabaseFile,
    source: Source,
    direction: Direction,
    start: Start,
) -> Vec<(f64, f64)> {
    let selection = Selection {
        source,
        range: KeyRange::all(),
        direction,
        start,
        limit: 100,
        with_values: true,
    };
    let records = file.scan(&selection).unwrap();
    records
        .iter()
        .map(|record| {
            let primary_key = number(&record.primary_key);
            assert_eq!(record.value, format!("value {primary_key}").as_bytes());
            (number(&record.key), primary_key)
        })
        .collect()
}

#[test]
fn encoded_keys_sort_like_the_specification_says() {
    let ascending = [
        Key::Number(f64::NEG_INFINITY),
        Key::Number(-2.5),
        Key::Number(-1.0),
        Key::Number(0.0),
        Key::Number(f64::MIN_POSITIVE),
        Key::Number(1.0),
        Key::Number(1e300),
        Key::Number(f64::INFINITY),
        Key::Date(-1.0),
        Key::Date(0.0),
        Key::Date(1.0),
        text(""),
        text("\0"),
        text("a"),
        text("a\0"),
        text("ab"),
        text("b"),
        text("\u{7e}"),
        text("\u{7f}"),
        text("\u{80}"),
        text("\u{407e}"),
        text("\u{407f}"),
        // By code unit a surrogate sorts below U+FF00, by code point above it.
        text("\u{1F600}"),
        text("\u{ff00}"),
        Key::Binary(vec![]),
        Key::Binary(vec![0]),
        Key::Binary(vec![0, 0]),
        Key::Binary(vec![0, 1]),
        Key::Binary(vec![1]),
        Key::Binary(vec![255]),
        Key::Binary(vec![255, 0]),
        Key::Array(vec![]),
        Key::Array(vec![Key::Number(1.0)]),
        Key::Array(vec![Key::Number(1.0), Key::Number(0.0)]),
        Key::Array(vec![text("a")]),
        Key::Array(vec![text("a"), text("")]),
        Key::Array(vec![text("ab")]),
        Key::Array(vec![Key::Binary(vec![0])]),
        Key::Array(vec![Key::Array(vec![])]),
        Key::Array(vec![Key::Array(vec![]), Key::Number(0.0)]),
        Key::Array(vec![Key::Array(vec![Key::Array(vec![])])]),
    ];
    for pair in ascending.windows(2) {
        assert!(
            pair[0].encode() < pair[1].encode(),
            "{:?} < {:?}",
            pair[0],
            pair[1]
        );
    }
    for key in ascending {
        assert_eq!(Key::decode(&key.encode()).unwrap(), key);
    }
}

#[test]
fn every_code_unit_survives_encoding() {
    let key = Key::String((0..=u16::MAX).collect());
    assert_eq!(Key::decode(&key.encode()).unwrap(), key);
}

#[test]
fn zero_and_minus_zero_are_one_key() {
    assert_eq!(Key::Number(-0.0).encode(), Key::Number(0.0).encode());
}

#[test]
fn damaged_keys_are_errors() {
    for bytes in [
        &[][..],
        &[0x10, 1],
        &[0x30, 0x41],
        &[0x40, 0],
        &[0x50],
        &[0x99],
        &[0x50, 0, 0],
    ] {
        assert_eq!(Key::decode(bytes), Err(MalformedKey));
    }
}

#[test]
fn records_are_read_in_key_order_both_ways() {
    let folder = tempfile::tempdir().unwrap();
    let file = with_store(folder.path());
    for key in [3.0, 1.0, 2.0] {
        put(&file, key, 0.0);
    }
    let store = Source::Store(1);
    let all = [(1.0, 1.0), (2.0, 2.0), (3.0, 3.0)];
    assert_eq!(scan(&file, store, Direction::Next, Start::Beginning), all);
    assert_eq!(
        scan(&file, store, Direction::Prev, Start::Beginning),
        [all[2], all[1], all[0]]
    );
    let two = Key::Number(2.0).encode();
    let behind = Start::Behind(two.clone(), two.clone());
    assert_eq!(
        scan(&file, store, Direction::Next, behind.clone()),
        [all[2]]
    );
    assert_eq!(scan(&file, store, Direction::Prev, behind), [all[0]]);
    assert_eq!(
        scan(&file, store, Direction::Next, Start::Key(two.clone())),
        [all[1], all[2]]
    );
    assert_eq!(
        scan(&file, store, Direction::Prev, Start::Key(two)),
        [all[1], all[0]]
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table and what is read from it")]
fn indexes_are_read_by_key_then_primary_key() {
    let folder = tempfile::tempdir().unwrap();
    let file = with_store(folder.path());
    for (key, index_key) in [(1.0, 7.0), (2.0, 7.0), (3.0, 5.0), (4.0, 9.0)] {
        put(&file, key, index_key);
    }
    let ascending = [(5.0, 3.0), (7.0, 1.0), (7.0, 2.0), (9.0, 4.0)];
    let descending = [(9.0, 4.0), (7.0, 2.0), (7.0, 1.0), (5.0, 3.0)];
    assert_eq!(
        scan(&file, INDEX, Direction::Next, Start::Beginning),
        ascending
    );
    assert_eq!(
        scan(&file, INDEX, Direction::Prev, Start::Beginning),
        descending
    );
    let unique = [(5.0, 3.0), (7.0, 1.0), (9.0, 4.0)];
    assert_eq!(
        scan(&file, INDEX, Direction::NextUnique, Start::Beginning),
        unique
    );
    assert_eq!(
        scan(&file, INDEX, Direction::PrevUnique, Start::Beginning),
        [unique[2], unique[1], unique[0]]
    );

    let at = |key, primary| (Key::Number(key).encode(), Key::Number(primary).encode());
    let (key, primary_key) = at(7.0, 1.0);
    let behind = Start::Behind(key.clone(), primary_key.clone());
    assert_eq!(
        scan(&file, INDEX, Direction::Next, behind.clone()),
        ascending[2..]
    );
    assert_eq!(
        scan(&file, INDEX, Direction::Prev, behind.clone()),
        descending[3..]
    );
    assert_eq!(
        scan(&file, INDEX, Direction::NextUnique, behind.clone()),
        unique[2..]
    );
    assert_eq!(
        scan(&file, INDEX, Direction::PrevUnique, behind),
        unique[..1]
    );
    assert_eq!(
        scan(&file, INDEX, Direction::Next, Start::Key(key.clone())),
        ascending[1..]
    );
    assert_eq!(
        scan(&file, INDEX, Direction::Prev, Start::Key(key)),
        descending[1..]
    );
    let (key, primary_key) = at(7.0, 2.0);
    let exactly = Start::KeyAndPrimaryKey(key, primary_key);
    assert_eq!(
        scan(&file, INDEX, Direction::Next, exactly.clone()),
        ascending[2..]
    );
    assert_eq!(
        scan(&file, INDEX, Direction::Prev, exactly),
        descending[1..]
    );
}

#[test]
fn ranges_include_and_exclude_their_ends() {
    let folder = tempfile::tempdir().unwrap();
    let file = with_store(folder.path());
    for key in 1..=5 {
        put(&file, f64::from(key), f64::from(key));
    }
    let key = |number| Some(Key::Number(number).encode());
    for source in [Source::Store(1), INDEX] {
        let count = |range| file.count(source, &range).unwrap();
        assert_eq!(count(KeyRange::all()), 5);
        assert_eq!(count(KeyRange::only(Key::Number(3.0).encode())), 1);
        assert_eq!(count(KeyRange::new(key(2.0), key(4.0), false, false)), 3);
        assert_eq!(count(KeyRange::new(key(2.0), key(4.0), true, true)), 1);
        assert_eq!(count(KeyRange::new(key(2.0), None, true, false)), 3);
        assert_eq!(count(KeyRange::new(None, key(4.0), false, true)), 3);
    }
}

/// The attachments of a record, all of them short ones.
fn short(record: ScannedRecord) -> Vec<Vec<u8>> {
    let attachments = record.attachments.into_iter();
    attachments
        .map(|attachment| match attachment {
            Attachment::Bytes(bytes) => bytes,
            Attachment::File { length, .. } => unreachable!("{length} bytes are short"),
        })
        .collect()
}

#[test]
fn replacing_and_deleting_leave_no_index_entries_or_attachments() {
    let folder = tempfile::tempdir().unwrap();
    let file = with_store(folder.path());
    let key = Key::Number(1.0).encode();
    let with_attachments = |attachments: &[NewAttachment<'_>]| {
        let index_keys = [IndexKey {
            index: 10,
            unique: true,
            key: text("x").encode(),
        }];
        let record = NewRecord {
            store: 1,
            key: &key,
            value: b"v",
            attachments,
            index_keys: &index_keys,
            no_overwrite: false,
        };
        assert_eq!(file.put(&record).unwrap(), PutOutcome::Stored);
    };
    with_attachments(&[vec![b"one"], vec![b"tw", b"o"]]);
    let found = file.first(INDEX, KeyRange::all(), true).unwrap().unwrap();
    assert_eq!(short(found), [b"one".as_slice(), b"two"]);
    with_attachments(&[vec![b"three"]]);
    let found = file
        .first(Source::Store(1), KeyRange::all(), true)
        .unwrap()
        .unwrap();
    assert_eq!(short(found), [b"three"]);
    assert_eq!(file.count(INDEX, &KeyRange::all()).unwrap(), 1);

    file.delete(1, &KeyRange::all()).unwrap();
    assert_eq!(file.count(INDEX, &KeyRange::all()).unwrap(), 0);
    let left: i64 = file
        .run("count", |db| {
            db.query_row("SELECT COUNT(*) FROM attachments", [], |row| row.get(0))
        })
        .unwrap();
    assert_eq!(left, 0);
}

#[test]
fn a_taken_unique_key_or_an_existing_record_refuses_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = with_store(folder.path());
    let store = |key: f64, no_overwrite| {
        let index_keys = [IndexKey {
            index: 10,
            unique: true,
            key: text("same").encode(),
        }];
        file.put(&NewRecord {
            store: 1,
            key: &Key::Number(key).encode(),
            value: b"v",
            attachments: &[],
            index_keys: &index_keys,
            no_overwrite,
        })
        .unwrap()
    };
    assert_eq!(store(1.0, false), PutOutcome::Stored);
    assert_eq!(store(1.0, false), PutOutcome::Stored);
    assert!(matches!(
        store(1.0, true),
        PutOutcome::ConstraintViolated(_)
    ));
    assert!(matches!(
        store(2.0, false),
        PutOutcome::ConstraintViolated(_)
    ));
    assert_eq!(file.count(Source::Store(1), &KeyRange::all()).unwrap(), 1);
}

#[test]
fn key_generators_go_on_above_explicit_keys_and_end_at_two_to_the_53() {
    let folder = tempfile::tempdir().unwrap();
    let file = with_store(folder.path());
    let stored = |key| file.raise_key_generator(1, key).unwrap();
    assert_eq!(file.next_key(1).unwrap(), Some(1));
    assert_eq!(file.next_key(1).unwrap(), Some(1));
    stored(1.0);
    assert_eq!(file.next_key(1).unwrap(), Some(2));
    stored(10.7);
    assert_eq!(file.next_key(1).unwrap(), Some(11));
    stored(5.0);
    stored(-5.0);
    assert_eq!(file.next_key(1).unwrap(), Some(11));
    stored(9_007_199_254_740_991.0);
    assert_eq!(file.next_key(1).unwrap(), Some(1 << 53));
    stored(9_007_199_254_740_992.0);
    assert_eq!(file.next_key(1).unwrap(), None);
    stored(f64::INFINITY);
    assert_eq!(file.next_key(1).unwrap(), None);
}

#[test]
fn scans_seek_instead_of_reading_everything() {
    let folder = tempfile::tempdir().unwrap();
    let file = with_store(folder.path());
    let plan = |sql: &str| -> String {
        file.run("explain", |db| {
            let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
            let steps: Result<Vec<String>, _> =
                statement.query_map([], |row| row.get(3))?.collect();
            steps.map(|steps| steps.join("; "))
        })
        .unwrap()
    };
    let scan = plan(
        "SELECT key FROM index_records WHERE index_id = 1 AND (key, primary_key) >= (x'01', x'02')
         AND (key, primary_key) < (x'05', x'') ORDER BY key DESC, primary_key DESC LIMIT 1",
    );
    assert!(
        scan.contains("SEARCH")
            && scan.contains("key,primary_key)>")
            && !scan.contains("TEMP B-TREE"),
        "{scan}"
    );
}

#[test]
fn a_killed_process_loses_nothing_committed() {
    let folder = tempfile::tempdir().unwrap();
    let file = with_store(folder.path());
    put(&file, 1.0, 1.0);
    file.commit().unwrap();
    file.begin(Durability::Relaxed).unwrap();
    put(&file, 2.0, 2.0);
    // Like a kill: the connection is never closed, so nothing is flushed or rolled back in good order.
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
    }
    let reopened = open(copy.path());
    assert_eq!(
        scan(
            &reopened,
            Source::Store(1),
            Direction::Next,
            Start::Beginning
        ),
        [(1.0, 1.0)]
    );
}

#[test]
fn the_file_becomes_smaller_when_most_records_are_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let file = with_store(folder.path());
    file.commit().unwrap();
    let large = vec![7; 5_000_000];
    file.begin(Durability::Relaxed).unwrap();
    for key in [1.0, 2.0] {
        let record = NewRecord {
            store: 1,
            key: &Key::Number(key).encode(),
            value: &large,
            attachments: &[],
            index_keys: &[],
            no_overwrite: false,
        };
        file.put(&record).unwrap();
    }
    put(&file, 3.0, 3.0);
    file.commit().unwrap();
    let size = || {
        std::fs::metadata(file_path(folder.path(), "test"))
            .unwrap()
            .len()
    };
    assert!(size() > 9_000_000, "{}", size());
    file.begin(Durability::Relaxed).unwrap();
    for key in [1.0, 2.0] {
        file.delete(1, &KeyRange::only(Key::Number(key).encode()))
            .unwrap();
    }
    file.commit().unwrap();
    assert!(size() < 1_000_000, "{}", size());
    let left = scan(&file, Source::Store(1), Direction::Next, Start::Beginning);
    assert_eq!(left, [(3.0, 3.0)]);
}

#[test]
fn a_strict_transaction_waits_for_the_disk_and_a_relaxed_one_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let file = with_store(folder.path());
    file.commit().unwrap();
    for (durability, synchronous) in [
        (Durability::Strict, 2),
        (Durability::Relaxed, 1),
        (Durability::Strict, 2),
    ] {
        file.begin(durability).unwrap();
        let level: i64 = file
            .run("look", |db| {
                db.pragma_query_value(None, "synchronous", |row| row.get(0))
            })
            .unwrap();
        assert_eq!(level, synchronous);
        file.commit().unwrap();
    }
}
