//! Disks that are full, folders that cannot be written, databases that are damaged: one clear error, and nothing else breaks.
//!
//! Where a test mounts something it needs the right to; elsewhere it says that it was skipped. A damaged IndexedDB file
//! is told in `indexed_db.rs`, damaged caches in `cache.rs`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use landfall::HostEventKind;
use serde_json::json;
use tempfile::TempDir;

use crate::crash::process::PROGRAM;
use crate::crash::report;
use crate::support::scenario::Scenario;

const WORKER: &str = "
    addEventListener('install', () => skipWaiting());
    addEventListener('sync', (event) => console.log('sync', event.tag));
";

/// Writes of every kind, each giving the name of what it was refused with, or `done`.
const WRITES: &str = "
    const name = (work) => work.then(() => 'done', (error) => error.name);
    const ready = navigator.serviceWorker.ready;
    // Large tags and values, so that no room that SQLite has set aside takes them.
    const registerMany = async () => {
        for (let number = 0; number < 200; number++) {
            await (await ready).sync.register(`${number} ${'x'.repeat(10_000)}`);
        }
    };
    const open = () => new Promise((resolve, reject) => {
        const opening = indexedDB.open('app', 1);
        opening.onupgradeneeded = () => opening.result.createObjectStore('notes');
        opening.onsuccess = () => resolve(opening.result);
        opening.onerror = () => reject(opening.error);
    });
    const put = async (key, length) => {
        const transaction = (await open()).transaction('notes', 'readwrite');
        transaction.objectStore('notes').put(new Uint8Array(length), key);
        return new Promise((resolve, reject) => {
            transaction.oncomplete = resolve;
            transaction.onabort = () => reject(transaction.error);
        });
    };
    const keys = async () => {
        const request = (await open()).transaction('notes').objectStore('notes').getAllKeys();
        return new Promise((resolve) => request.onsuccess = () => resolve(request.result));
    };
    const cache = async (path, length) => (await caches.open('v1')).put(path, new Response(new Uint8Array(length)));
    const cached = async () => (await (await caches.open('v1')).keys()).map(({ url }) => new URL(url).pathname);
";

/// What `register()` says where the queue cannot be written, as Chromium does; the reason is told by an event.
const REFUSED: &str = "UnknownError";

const LARGE: usize = 1024 * 1024;

/// A small disk of its own; gone when dropped.
struct SmallDisk(TempDir);

impl SmallDisk {
    /// Mounts one, where that is permitted.
    fn mount() -> Option<Self> {
        let folder = TempDir::new().expect("a temporary folder");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=4m", "landfall-test"])
            .arg(folder.path())
            .output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self(folder)),
            _ => {
                report("skipped: a disk of its own needs the right to mount");
                None
            }
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Takes every byte that is left.
    fn fill(&self) {
        // Ends with the error that is wanted.
        let _ = fs::write(self.path("ballast"), vec![0; 8 * LARGE]);
    }

    fn free(&self) {
        fs::remove_file(self.path("ballast")).expect("the ballast is there");
    }

    fn make_read_only(&self) {
        let remounted = Command::new("mount")
            .args(["-o", "remount,ro"])
            .arg(self.0.path())
            .status();
        assert!(remounted.expect("mount ran before").success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a host that is still ending has files open.
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

fn scenario_on(disk: &SmallDisk, scenario: Scenario) -> Scenario {
    let data = disk.path("data");
    // The disk is smaller than what most origins may store, and it is the disk that is looked at here.
    scenario.with(move |builder| builder.data_dir(&data).quota(1 << 30))
}

#[test]
fn a_full_disk_refuses_what_it_cannot_keep_and_nothing_else() {
    let Some(disk) = SmallDisk::mount() else {
        return;
    };
    let story = scenario_on(&disk, Scenario::offline())
        .worker(WORKER)
        .page(WRITES)
        .register_sync("before")
        .expect_eval("name(put('before', 10))", json!("done"))
        .expect_eval("name(cache('/before', 10))", json!("done"));
    disk.fill();
    let story = story
        .expect_eval("name(registerMany())", json!(REFUSED))
        .expect_eval(
            &format!("name(put('large', {LARGE}))"),
            json!("QuotaExceededError"),
        )
        .expect_eval(
            &format!("name(cache('/large', {LARGE}))"),
            json!("QuotaExceededError"),
        )
        .expect_eval("keys()", json!(["before"]))
        .expect_eval("cached()", json!(["/before"]))
        .expect_eval(
            "ready.then((r) => r.sync.getTags()).then((tags) => tags.includes('before'))",
            json!(true),
        );
    disk.free();
    story
        .expect_eval("name(put('after', 100_000))", json!("done"))
        .expect_eval("name(cache('/after', 100_000))", json!("done"))
        .register_sync("after")
        .restart_host()
        .page(WRITES)
        .expect_eval("keys()", json!(["after", "before"]))
        .expect_eval("cached()", json!(["/before", "/after"]))
        .go_online()
        .expect_fired("before", 1)
        .expect_fired("after", 1)
        .expect_tags(&[]);
}

#[test]
fn a_sync_that_cannot_be_marked_on_a_full_disk_fires_when_there_is_room() {
    let Some(disk) = SmallDisk::mount() else {
        return;
    };
    let story = scenario_on(&disk, Scenario::offline())
        .worker(WORKER)
        .page(WRITES)
        .register_sync("outbox");
    disk.fill();
    let story = story
        .expect_eval("name(registerMany())", json!(REFUSED))
        .go_online()
        .advance(Duration::from_secs(60))
        .expect_event(|kind| matches!(kind, HostEventKind::StorageFailed { reason } if reason.contains("full")))
        .expect_fired("outbox", 0);
    disk.free();
    story
        .advance(Duration::from_secs(60))
        .expect_fired("outbox", 1)
        .expect_tags(&[]);
}

#[test]
fn a_sync_that_ends_on_a_full_disk_does_not_seem_to_run_for_ever() {
    let Some(disk) = SmallDisk::mount() else {
        return;
    };
    let worker = "
        addEventListener('install', () => skipWaiting());
        addEventListener('sync', (event) => {
            console.log('begun');
            event.waitUntil(new Promise((resolve) => addEventListener('message', resolve)));
        });
    ";
    let mut story = scenario_on(&disk, Scenario::online())
        .worker(worker)
        .page(WRITES)
        .sync_under_way("outbox", "begun");
    disk.fill();
    story.eval("ready.then((r) => r.active.postMessage('go on'))");
    let story = story
        .wait_until(|kind| matches!(kind, HostEventKind::StorageFailed { .. }))
        .expect_eval("ready.then((r) => r.sync.getTags())", json!([]));
    disk.free();
    let mut story = story.sync_under_way("outbox", "begun");
    story.eval("ready.then((r) => r.active.postMessage('go on'))");
    story.settle();
    story.expect_fired("outbox", 2).expect_tags(&[]);
}

#[test]
fn a_data_folder_that_cannot_be_written_is_named() {
    let site = site();
    let blocked = site.path().join("sw.js");
    expect_refusal(&landfall(&site, &blocked), &blocked);

    let Some(disk) = SmallDisk::mount() else {
        return;
    };
    let data = disk.path("data");
    disk.make_read_only();
    expect_refusal(&landfall(&site, &data), &data);
}

#[test]
fn a_data_folder_that_became_read_only_is_named() {
    let Some(disk) = SmallDisk::mount() else {
        return;
    };
    let site = site();
    let data = disk.path("data");
    assert!(landfall(&site, &data).status.success());
    disk.make_read_only();
    expect_refusal(&landfall(&site, &data), &data);
}

#[test]
fn a_truncated_database_is_named_and_kept() {
    damaged(|bytes| bytes.truncate(bytes.len() / 2));
}

#[test]
fn a_database_full_of_garbage_is_named_and_kept() {
    damaged(|bytes| {
        let page = 4096;
        for (position, byte) in bytes.iter_mut().enumerate().skip(page) {
            *byte = (position * 31 % 251) as u8;
        }
    });
    damaged(|bytes| bytes.fill(0x5a));
}

/// Runs on a database that was damaged like this.
#[track_caller]
fn damaged(damage: impl FnOnce(&mut Vec<u8>)) {
    let site = site();
    let data = site.path().join("data");
    let before = landfall(&site, &data);
    assert!(before.status.success());
    let file = data.join("host.db");
    let mut bytes = fs::read(&file).expect("it was just written");
    damage(&mut bytes);
    fs::write(&file, &bytes).expect("writable");
    expect_refusal(&landfall(&site, &data), &file);
    assert_eq!(fs::read(&file).expect("it is still there"), bytes);
}

fn site() -> TempDir {
    let site = TempDir::new().expect("a temporary folder");
    fs::write(site.path().join("sw.js"), WORKER).expect("writable");
    site
}

/// One run that ends when it has nothing left to do.
fn landfall(site: &TempDir, data: &Path) -> Output {
    Command::new(PROGRAM)
        .current_dir(site.path())
        .args([
            "run",
            "sw.js",
            "--connectivity",
            "online",
            "--exit-when-idle",
            "--data",
        ])
        .arg(data)
        .output()
        .expect("the program starts")
}

/// Exit code 1, and one message that names the file.
#[track_caller]
fn expect_refusal(run: &Output, file: &Path) {
    let told = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(1), "{told}");
    assert_eq!(told.matches("error:").count(), 1, "{told}");
    assert!(told.contains(&file.display().to_string()), "{told}");
}
