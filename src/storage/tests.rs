//! What is stored comes back, from real files, also after a crash and from damaged ones.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use url::Url;

use crate::clock::Timestamp;
use crate::notification::Notification;
use crate::push::{AcceptedPush, PushOptions, PushSubscription};
use crate::service_worker::{
    RegistrationId, ScriptMap, ScriptResource, ScriptType, ServiceWorker,
    ServiceWorkerRegistration, UpdateViaCache, WorkerId,
};
use crate::storage::{DataFolder, Durability, Storage, StorageError, StoredNotification};
use crate::sync::{OwnerId, SyncKey, SyncKind, SyncRegistration, SyncState};

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder can be made")
}

fn open(folder: &Path) -> Result<Storage, StorageError> {
    Storage::open(folder, Durability::Relaxed)
}

fn url(text: &str) -> Url {
    Url::parse(text).expect("tests use well-formed addresses")
}

fn worker(id: i64) -> ServiceWorker {
    let script = url("https://shop.example/sw.js");
    let mut worker = ServiceWorker::new(WorkerId(id), script, ScriptType::Module);
    worker.handled_events = vec!["fetch".to_owned(), "sync".to_owned()];
    worker
}

fn scripts(main: &str) -> ScriptMap {
    let script = ScriptResource {
        url: url("https://shop.example/sw.v1.js"),
        mime_type: "text/javascript".to_owned(),
        referrer_policy: "origin".to_owned(),
        body: Arc::from(main.as_bytes()),
    };
    ScriptMap::from_iter([(url("https://shop.example/sw.js"), script)])
}

/// A registration with a waiting worker 10.
fn registration(id: i64) -> ServiceWorkerRegistration {
    let scope = url(&format!("https://shop.example/{id}/"));
    let mut registration =
        ServiceWorkerRegistration::new(RegistrationId(id), scope, UpdateViaCache::None);
    registration
        .begin_install(worker(10))
        .expect("it was parsed");
    registration.finish_install().expect("it was installing");
    registration.last_update_check = Some(Timestamp(77));
    registration.navigation_preload.is_enabled = true;
    registration
}

fn sync(owner: i64, tag: &str) -> SyncRegistration {
    let key = SyncKey {
        owner: OwnerId(owner),
        kind: SyncKind::OneShot,
        tag: tag.to_owned(),
    };
    let mut row = SyncRegistration::new(key, "https://shop.example".to_owned(), 3);
    row.resolved = true;
    row
}

fn saved(storage: &Storage) {
    storage
        .save_registration(&registration(1), &[(WorkerId(10), &scripts("one"))])
        .expect("it can be saved");
}

#[test]
fn a_registration_comes_back_as_it_was() {
    let folder = folder();
    let storage = open(folder.path()).unwrap();
    saved(&storage);
    drop(storage);
    let storage = open(folder.path()).unwrap();
    assert_eq!(storage.load_registrations().unwrap(), [registration(1)]);
    assert_eq!(storage.load_scripts(WorkerId(10)).unwrap(), scripts("one"));
    assert_eq!(
        storage.load_scripts(WorkerId(11)).unwrap(),
        ScriptMap::default()
    );
}

#[test]
fn workers_change_places_and_keep_their_scripts() {
    let storage = Storage::open_in_memory().unwrap();
    saved(&storage);
    let mut registration = registration(1);
    registration.begin_activate().unwrap();
    registration.finish_activate().unwrap();
    registration.begin_install(worker(11)).unwrap();
    registration.finish_install().unwrap();
    let second = scripts("two");
    storage
        .save_registration(&registration, &[(WorkerId(11), &second)])
        .unwrap();
    assert_eq!(
        storage.load_registrations().unwrap(),
        [registration.clone()]
    );

    registration.begin_activate().unwrap();
    storage.save_registration(&registration, &[]).unwrap();
    assert_eq!(storage.load_registrations().unwrap(), [registration]);
    assert_eq!(storage.load_scripts(WorkerId(11)).unwrap(), second);
    assert!(
        storage.load_scripts(WorkerId(10)).unwrap() == ScriptMap::default(),
        "it is redundant"
    );
}

#[test]
fn a_worker_that_installs_is_not_kept() {
    let storage = Storage::open_in_memory().unwrap();
    let mut registration = registration(1);
    registration.begin_install(worker(12)).unwrap();
    storage.save_registration(&registration, &[]).unwrap();
    let loaded = storage.load_registrations().unwrap();
    assert!(loaded[0].installing.is_none());
}

#[test]
fn scripts_without_their_worker_are_refused_with_everything_else() {
    let storage = Storage::open_in_memory().unwrap();
    let refused = storage.save_registration(&registration(1), &[(WorkerId(99), &scripts("x"))]);
    assert!(refused.is_err());
    assert_eq!(storage.load_registrations().unwrap(), []);
}

#[test]
fn a_deleted_registration_takes_its_syncs_and_scripts_along() {
    let storage = Storage::open_in_memory().unwrap();
    saved(&storage);
    storage.save_syncs(&[sync(1, "outbox")]).unwrap();
    storage.delete_registration(RegistrationId(1)).unwrap();
    assert_eq!(storage.load_registrations().unwrap(), []);
    assert_eq!(storage.load_syncs().unwrap(), []);
    assert_eq!(
        storage.load_scripts(WorkerId(10)).unwrap(),
        ScriptMap::default()
    );
}

/// S3, R10
#[test]
fn sync_registrations_come_back_with_every_value() {
    let storage = Storage::open_in_memory().unwrap();
    saved(&storage);
    let mut waiting = sync(1, "with \0 and \u{1f4e8}");
    waiting.attempts = 2;
    waiting.not_before = Some(Timestamp(-5));
    waiting.state = SyncState::Waiting;
    waiting.interruptions = 1;
    // R10: the same tag for the other kind. The interval is the longest that a script can ask for.
    let mut periodic = sync(1, "");
    periodic.key.kind = SyncKind::Periodic;
    periodic.state = SyncState::Suspended;
    periodic.min_interval = Duration::from_millis((1 << 53) - 1);
    let rows = [periodic, sync(1, ""), sync(1, "outbox").start(), waiting];
    storage.save_syncs(&rows).unwrap();
    assert_eq!(storage.load_syncs().unwrap(), rows);

    storage.remove_syncs([&rows[2].key]).unwrap();
    let changed = rows[1].clone().start();
    storage.save_syncs([&changed]).unwrap();
    let [periodic, _, _, waiting] = rows;
    assert_eq!(storage.load_syncs().unwrap(), [periodic, changed, waiting]);
}

#[test]
fn a_data_folder_from_before_periodic_sync_keeps_its_tags() {
    let folder = folder();
    let file = folder.path().join(Storage::FILE_NAME);
    let old = rusqlite::Connection::open(&file).unwrap();
    old.execute_batch(include_str!("migrations/0001_start.sql"))
        .unwrap();
    old.execute_batch(
        "INSERT INTO registration VALUES (1, 'https://shop.example', 'https://shop.example/', 'imports', NULL);
         INSERT INTO sync_registration VALUES (1, 'outbox', 'https://shop.example', 'waiting', 1, 3, 77, 0);
         PRAGMA user_version = 1;",
    )
    .unwrap();
    drop(old);
    let mut expected = sync(1, "outbox");
    expected.state = SyncState::Waiting;
    expected.attempts = 1;
    expected.not_before = Some(Timestamp(77));
    let storage = open(folder.path()).unwrap();
    assert_eq!(storage.load_syncs().unwrap(), [expected]);
}

#[test]
fn a_sync_of_an_unknown_registration_is_refused() {
    let storage = Storage::open_in_memory().unwrap();
    let refused = storage.save_syncs(&[sync(4, "outbox")]).unwrap_err();
    assert!(
        refused
            .to_string()
            .starts_with("cannot save sync registrations")
    );
}

#[test]
fn numbers_are_never_used_twice() {
    let folder = folder();
    let first = open(folder.path()).unwrap().next_id().unwrap();
    let storage = open(folder.path()).unwrap();
    assert!(storage.next_id().unwrap() > first);
}

/// A process that is killed leaves its files as they are at that moment: here, a copy of them.
#[test]
fn what_was_saved_survives_a_crash() {
    for durability in [Durability::Relaxed, Durability::Strict] {
        let (living, dead) = (folder(), folder());
        let storage = Storage::open(living.path(), durability).unwrap();
        saved(&storage);
        storage.save_syncs(&[sync(1, "outbox").start()]).unwrap();
        for entry in fs::read_dir(living.path()).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), dead.path().join(entry.file_name())).unwrap();
        }
        let restarted = Storage::open(dead.path(), durability).unwrap();
        assert_eq!(restarted.load_registrations().unwrap(), [registration(1)]);
        assert_eq!(restarted.load_syncs().unwrap(), [sync(1, "outbox").start()]);
    }
}

/// D3
#[test]
fn garbage_is_named_and_left_as_it_is() {
    let folder = folder();
    let file = folder.path().join(Storage::FILE_NAME);
    let garbage = vec![0x5a; 8_192];
    fs::write(&file, &garbage).unwrap();
    let error = open(folder.path()).unwrap_err();
    assert!(matches!(&error, StorageError::Corrupt { path, .. } if *path == file));
    assert!(error.to_string().contains("it was left as it is"));
    assert_eq!(fs::read(&file).unwrap(), garbage);
}

#[test]
fn a_truncated_database_is_named_and_left_as_it_is() {
    let folder = folder();
    let storage = open(folder.path()).unwrap();
    saved(&storage);
    let rows: Vec<_> = (0..2_000)
        .map(|number| sync(1, &format!("tag {number}")))
        .collect();
    storage.save_syncs(&rows).unwrap();
    drop(storage);
    let file = folder.path().join(Storage::FILE_NAME);
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let error = open(folder.path())
        .and_then(|storage| storage.load_syncs())
        .unwrap_err();
    assert!(matches!(error, StorageError::Corrupt { .. }), "{error:?}");
    assert_eq!(fs::read(&file).unwrap().len(), whole.len() / 2);
}

#[test]
fn a_value_nobody_wrote_is_damage_too() {
    let storage = Storage::open_in_memory().unwrap();
    saved(&storage);
    storage
        .database
        .run("spoil", |connection| {
            connection.execute("UPDATE worker SET state = 'resting'", [])
        })
        .unwrap();
    let error = storage.load_registrations().unwrap_err();
    assert!(matches!(error, StorageError::Corrupt { .. }), "{error:?}");
}

#[test]
fn a_database_from_the_future_is_not_touched() {
    let folder = folder();
    let storage = open(folder.path()).unwrap();
    storage
        .database
        .run("date", |connection| {
            connection.pragma_update(None, "user_version", 99)
        })
        .unwrap();
    drop(storage);
    let error = open(folder.path()).unwrap_err();
    assert!(matches!(error, StorageError::NewerLayout { found: 99, .. }));
}

#[test]
fn a_place_that_is_no_folder_cannot_be_written() {
    let folder = folder();
    let error = open(&folder.path().join("missing")).unwrap_err();
    assert!(
        matches!(error, StorageError::NotWritable { .. }),
        "{error:?}"
    );
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = DataFolder::acquire(&file, Timestamp(0)).unwrap_err();
    assert!(matches!(error, StorageError::Folder { .. }), "{error:?}");
}

#[test]
fn the_second_host_of_a_data_folder_is_told_who_holds_it() {
    let folder = folder();
    let path = folder.path().join("data");
    assert_eq!(DataFolder::holder(&path), None);
    let first = DataFolder::acquire(&path, Timestamp(123)).unwrap();
    let refused = DataFolder::acquire(&path, Timestamp(124)).unwrap_err();
    let pid = std::process::id();
    assert!(
        refused
            .to_string()
            .contains(&format!("another host, process {pid}"))
    );
    let holder = DataFolder::holder(&path).unwrap();
    assert_eq!((holder.pid, holder.since), (pid, Timestamp(123)));
    drop(first);
    assert_eq!(DataFolder::holder(&path), None);
    DataFolder::acquire(&path, Timestamp(125)).unwrap();
}

#[test]
fn each_origin_has_a_folder_of_its_own() {
    let folder = folder();
    let data = DataFolder::acquire(folder.path(), Timestamp(0)).unwrap();
    let expected = folder.path().join("origins").join("https_shop.example");
    assert_eq!(
        DataFolder::origin_in(data.path(), "https://shop.example"),
        expected
    );
}

fn subscription(seed: u8) -> PushSubscription {
    let options = PushOptions {
        user_visible_only: true,
        application_server_key: Some(vec![4, 5, 6]),
    };
    PushSubscription::draw(&url("https://push.example/"), options, |bytes| {
        bytes.fill(seed);
    })
}

fn push(text: &str, topic: Option<&str>) -> AcceptedPush {
    AcceptedPush {
        data: Some(text.as_bytes().to_vec()),
        ttl: Duration::from_secs(60),
        topic: topic.map(str::to_owned),
    }
}

#[test]
fn a_push_subscription_comes_back_with_its_keys() {
    let folder = folder();
    let kept = subscription(7);
    {
        let storage = open(folder.path()).unwrap();
        storage.save_registration(&registration(1), &[]).unwrap();
        let first = subscription(6);
        storage
            .save_push_subscription(RegistrationId(1), &first)
            .unwrap();
        storage
            .save_push_subscription(RegistrationId(1), &kept)
            .unwrap();
    }
    let storage = open(folder.path()).unwrap();
    let loaded = storage.load_push_subscriptions().unwrap();
    assert_eq!(loaded, [(RegistrationId(1), kept)]);
}

#[test]
fn push_messages_come_back_in_their_order_without_those_whose_time_is_over() {
    let folder = folder();
    let id = RegistrationId(1);
    {
        let storage = open(folder.path()).unwrap();
        storage.save_registration(&registration(1), &[]).unwrap();
        let queue = |message: &AcceptedPush, expires| {
            storage.queue_push(id, message, Timestamp(expires)).unwrap()
        };
        queue(&push("old news", Some("news")), 100);
        queue(&push("short", None), 10);
        let begun = queue(&push("begun", Some("begun")), 100);
        storage.begin_push(begun).unwrap();
        // A message that is being delivered is not replaced, one that waits is.
        queue(&push("begun again", Some("begun")), 100);
        queue(&push("news", Some("news")), 100);
    }
    let storage = open(folder.path()).unwrap();
    assert_eq!(storage.remove_expired_pushes(Timestamp(10)).unwrap(), [id]);
    assert_eq!(storage.waiting_pushes().unwrap(), [(id, 3)]);
    let mut texts = Vec::new();
    while let Some(message) = storage.next_push(id).unwrap() {
        let text = String::from_utf8(message.data.unwrap()).unwrap();
        texts.push((text, message.deliveries));
        storage.remove_push(message.id).unwrap();
    }
    let expected = [("begun", 1), ("begun again", 0), ("news", 0)];
    assert_eq!(
        texts,
        expected.map(|(text, deliveries)| (text.to_owned(), deliveries))
    );
}

#[test]
fn what_a_registration_shows_and_is_sent_goes_with_it() {
    let folder = folder();
    let storage = open(folder.path()).unwrap();
    let id = RegistrationId(1);
    storage.save_registration(&registration(1), &[]).unwrap();
    let shown = |number, title: &str| StoredNotification {
        id: number,
        registration: id,
        content: Notification {
            title: title.to_owned(),
            ..Notification::default()
        },
        data: vec![1, 2, 3],
    };
    let (first, second) = (shown(5, "first"), shown(6, "second"));
    storage.save_notification(&first, &[]).unwrap();
    assert_eq!(storage.load_notifications().unwrap(), [first]);
    storage.save_notification(&second, &[5]).unwrap();
    assert_eq!(storage.load_notifications().unwrap(), [second]);
    storage
        .save_push_subscription(id, &subscription(7))
        .unwrap();
    storage
        .queue_push(id, &push("x", None), Timestamp(100))
        .unwrap();
    storage.delete_registration(id).unwrap();
    assert_eq!(storage.load_notifications().unwrap(), []);
    assert_eq!(storage.load_push_subscriptions().unwrap(), []);
    assert_eq!(storage.waiting_pushes().unwrap(), []);
}
