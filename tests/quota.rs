//! How much an origin may store: refused at the right moment, with nothing half written.

use serde_json::json;

use crate::support::scenario::Scenario;

const MIB: u64 = 1 << 20;

/// Writes, each giving what came of it; more than a quota of one or two MiB takes.
const PAGE: &str = "
    const outcome = (work) => work.then(() => 'done', (error) => error.name);
    const open = () => new Promise((resolve, reject) => {
        const opening = indexedDB.open('app', 1);
        opening.onupgradeneeded = () => opening.result.createObjectStore('notes');
        opening.onsuccess = () => resolve(opening.result);
        opening.onerror = () => reject(opening.error);
    });
    // One transaction whose failing requests are ignored, so that only the quota ends it.
    const put = async (first, count, bytes) => {
        const transaction = (await open()).transaction('notes', 'readwrite');
        for (let key = first; key < first + count; key += 1) {
            const request = transaction.objectStore('notes').put(new Uint8Array(bytes).fill(key), key);
            request.onerror = (event) => event.preventDefault();
        }
        return new Promise((resolve, reject) => {
            transaction.oncomplete = resolve;
            transaction.onabort = () => reject(transaction.error);
        });
    };
    const remove = async () => {
        const transaction = (await open()).transaction('notes', 'readwrite');
        transaction.objectStore('notes').clear();
        return new Promise((resolve) => transaction.oncomplete = resolve);
    };
    const keys = async () => {
        const request = (await open()).transaction('notes').objectStore('notes').getAllKeys();
        return new Promise((resolve) => request.onsuccess = () => resolve(request.result));
    };
    const cache = async (path, bytes) =>
        (await caches.open('v1')).put(path, new Response(new Uint8Array(bytes)));
    const cached = async () => (await (await caches.open('v1')).keys()).map(({ url }) => new URL(url).pathname);
    const isWithin = async () => {
        const { usage, quota } = await navigator.storage.estimate();
        return usage > 0 && usage <= quota;
    };
";

fn with_quota(bytes: u64) -> Scenario {
    Scenario::online()
        .with(move |builder| builder.quota(bytes))
        .page(PAGE)
}

const REFUSED: &str = "QuotaExceededError";

#[test]
fn a_transaction_beyond_the_quota_aborts_as_a_whole() {
    with_quota(MIB)
        .expect_eval("outcome(put(1, 2, 1_000))", json!("done"))
        .expect_eval("outcome(put(10, 40, 50_000))", json!(REFUSED))
        .expect_eval("keys()", json!([1, 2]))
        .expect_eval("outcome(put(3, 1, 1_000))", json!("done"))
        .expect_eval("keys()", json!([1, 2, 3]))
        .expect_eval("isWithin()", json!(true));
}

#[test]
fn an_entry_beyond_the_quota_is_not_cached_and_leaves_nothing() {
    with_quota(2 * MIB)
        .expect_eval("outcome(cache('/before', 100))", json!("done"))
        .expect_eval("outcome(cache('/large', 5 << 20))", json!(REFUSED))
        .expect_eval("cached()", json!(["/before"]))
        .expect_eval("outcome(cache('/after', 1 << 20))", json!("done"))
        .expect_eval("cached()", json!(["/before", "/after"]))
        .expect_eval("isWithin()", json!(true));
}

#[test]
fn databases_and_caches_share_one_quota() {
    with_quota(2 * MIB)
        .expect_eval("outcome(put(1, 1, 1_200_000))", json!("done"))
        .expect_eval("outcome(cache('/page', 1_200_000))", json!(REFUSED))
        .expect_eval("remove().then(() => outcome(put(1, 1, 10)))", json!("done"))
        .expect_eval("outcome(cache('/page', 1_200_000))", json!("done"))
        .expect_eval("outcome(put(2, 1, 1_800_000))", json!(REFUSED))
        .expect_eval("keys()", json!([1]));
}

#[test]
fn a_large_blob_counts_too() {
    let blob = "open().then((db) => new Promise((resolve, reject) => {
        const transaction = db.transaction('notes', 'readwrite');
        transaction.objectStore('notes').put(new Blob([new Uint8Array(3 << 20)]), 'blob');
        transaction.oncomplete = resolve;
        transaction.onabort = () => reject(transaction.error);
    }))";
    with_quota(2 * MIB)
        .expect_eval(&format!("outcome({blob})"), json!(REFUSED))
        .expect_eval("keys()", json!([]))
        .expect_eval("outcome(put(1, 1, 1_000_000))", json!("done"));
}

#[test]
fn an_estimate_tells_what_is_stored_and_what_may_be() {
    with_quota(64 * MIB)
        .expect_eval(
            "navigator.storage.estimate()",
            json!({ "usage": 0, "quota": 64 * MIB }),
        )
        .expect_eval(
            "put(1, 1, 3_000_000).then(() => navigator.storage.estimate())
                .then(({ usage }) => usage > 3_000_000 && usage < 3_200_000)",
            json!(true),
        )
        .expect_eval(
            "cache('/page', 2_000_000).then(() => navigator.storage.estimate())
                .then(({ usage }) => usage > 5_000_000 && usage < 5_300_000)",
            json!(true),
        )
        .expect_eval(
            "remove().then(() => caches.open('v1')).then((cache) => cache.delete('/page'))
                .then(() => navigator.storage.estimate())
                .then(({ usage }) => usage < 3_000_000)",
            json!(true),
        )
        .expect_eval(
            "Promise.all([navigator.storage.persist(), navigator.storage.persisted()])",
            json!([true, true]),
        )
        .expect_eval("'getDirectory' in navigator.storage", json!(false));
}

#[test]
fn without_a_setting_the_quota_is_a_tenth_of_the_disk_and_a_gibibyte_at_most() {
    let mut scenario = Scenario::online().page("");
    let quota = scenario.eval("navigator.storage.estimate().then(({ quota }) => quota)");
    let quota = quota.as_u64().expect("a number");
    let disk = fs4::total_space(scenario.data()).expect("the disk of the data folder");
    assert_eq!(quota, (disk / 10).min(1 << 30));
}
