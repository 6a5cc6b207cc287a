//! What web-platform tests of IndexedDB do not reach: restarts, other threads, damaged files.

use landfall::{Client, ClientScript, HostEventKind};
use serde_json::{Value, json};

use crate::support::scenario::{ORIGIN, Scenario};

/// IndexedDB with promises, for every page of these stories.
const PROMISES: &str = "
    const result = (request) => new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
    });
    const finished = (transaction) => new Promise((resolve) => {
        transaction.oncomplete = () => resolve('complete');
        transaction.onabort = () => resolve(`abort: ${transaction.error?.name}`);
    });
    const open = (name, version = 1) => {
        const request = indexedDB.open(name, version);
        request.onupgradeneeded = () => {
            if (!request.result.objectStoreNames.contains('notes')) {
                request.result.createObjectStore('notes', { keyPath: 'id' });
            }
        };
        return result(request);
    };
    const read = async (id) => result((await open('app')).transaction('notes').objectStore('notes').get(id));
    const write = async (note) => {
        const transaction = (await open('app')).transaction('notes', 'readwrite');
        transaction.objectStore('notes').put(note);
        return finished(transaction);
    };
";

/// Another page of the same origin, on a thread of its own.
fn another_page(scenario: &mut Scenario) -> Client {
    scenario
        .open("other", ClientScript::Source(PROMISES.to_owned()))
        .expect("the page opens")
}

fn eval(scenario: &mut Scenario, page: &Client, script: &'static str) -> Value {
    let page = page.clone();
    scenario
        .run(async move { page.eval(script).await })
        .expect("the script runs")
}

#[test]
fn a_completed_transaction_survives_a_restart() {
    Scenario::online()
        .page(PROMISES)
        .expect_eval(
            "write({ id: 1, text: 'kept', at: new Date(0) })",
            json!("complete"),
        )
        .restart_host()
        .page(PROMISES)
        .expect_eval(
            "read(1).then(({ text, at }) => [text, at instanceof Date, at.getTime()])",
            json!(["kept", true, 0]),
        );
}

#[test]
fn blobs_and_files_survive_a_restart_with_their_names_and_types() {
    Scenario::online()
        .page(PROMISES)
        .expect_eval(
            "write({ id: 1, parts: [
                new Blob(['he', 'llo'], { type: 'text/plain' }),
                new File([new Uint8Array([1, 2, 3])], 'three.bin', { type: 'x/y', lastModified: 42 }),
            ] })",
            json!("complete"),
        )
        .restart_host()
        .page(PROMISES)
        .expect_eval(
            "(async () => {
                const [blob, file] = (await read(1)).parts;
                return [
                    blob instanceof Blob, blob.type, await blob.text(),
                    file instanceof File, file.name, file.type, file.lastModified, [...await file.bytes()],
                ];
            })()",
            json!([true, "text/plain", "hello", true, "three.bin", "x/y", 42, [1, 2, 3]]),
        );
}

#[test]
fn a_key_that_cannot_be_exported_survives_a_restart_and_still_decrypts() {
    Scenario::online()
        .page(PROMISES)
        .expect_eval(
            "(async () => {
                const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
                const iv = new Uint8Array(12);
                const secret = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, new TextEncoder().encode('hi'));
                return write({ id: 1, key, iv, secret });
            })()",
            json!("complete"),
        )
        .restart_host()
        .page(PROMISES)
        .expect_eval(
            "(async () => {
                const { key, iv, secret } = await read(1);
                const text = await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, key, secret);
                const exported = await crypto.subtle.exportKey('raw', key).catch((error) => error.name);
                return [
                    key instanceof CryptoKey, key.type, key.extractable, key.usages,
                    new TextDecoder().decode(text), exported,
                ];
            })()",
            json!([true, "secret", false, ["encrypt", "decrypt"], "hi", "InvalidAccessError"]),
        );
}

#[test]
fn an_error_about_a_value_names_the_place_in_it_that_cannot_be_cloned() {
    Scenario::online().page(PROMISES).expect_eval(
        "open('app').then((db) => {
            const store = db.transaction('notes', 'readwrite').objectStore('notes');
            const values = [
                { id: 1, steps: [{}, { then: () => {} }] },
                { id: 1, 'two words': new Map([['a', Promise.resolve()]]) },
                { id: 1, answer: new Response('') },
                () => {},
            ];
            return values.map((value) => {
                try { store.put(value); } catch (error) { return `${error.name}: ${error.message}`; }
            });
        })",
        json!([
            "DataCloneError: Failed to execute 'put' on 'IDBObjectStore': () => {} could not be cloned. \
             It is at 'steps[1].then' in the value.",
            "DataCloneError: Failed to execute 'put' on 'IDBObjectStore': #<Promise> could not be cloned. \
             It is at '[\"two words\"][value 0]' in the value.",
            "DataCloneError: Failed to execute 'put' on 'IDBObjectStore': Response object could not be cloned. \
             It is at 'answer' in the value.",
            "DataCloneError: Failed to execute 'put' on 'IDBObjectStore': () => {} could not be cloned.",
        ]),
    );
}

#[test]
fn a_handler_runs_in_its_place_among_listeners_and_cancels_by_returning_false() {
    Scenario::online().page(PROMISES).expect_eval(
        "open('app').then(async (db) => {
            const transaction = db.transaction('notes', 'readwrite');
            const store = transaction.objectStore('notes');
            const heard = [];
            store.add({ id: 1 });
            const taken = store.add({ id: 1 });
            taken.addEventListener('error', () => heard.push('listener'));
            taken.onerror = () => { heard.push('replaced'); };
            taken.onerror = () => { heard.push('handler'); return false; };
            const other = store.get(1);
            other.onsuccess = () => heard.push('handler');
            other.addEventListener('success', () => heard.push('listener'));
            transaction.onerror = ({ defaultPrevented }) => heard.push(defaultPrevented);
            return [await finished(transaction), heard];
        })",
        json!([
            "complete",
            ["listener", "handler", true, "handler", "listener"]
        ]),
    );
}

#[test]
fn a_worker_reads_what_its_page_wrote() {
    let worker = format!(
        "{PROMISES}
        onsync = (event) => event.waitUntil(read(1).then((note) => console.log(`worker read ${{note.text}}`)));"
    );
    Scenario::online()
        .worker(&worker)
        .page(PROMISES)
        .expect_eval("write({ id: 1, text: 'outbox' })", json!("complete"))
        .register_sync("notes")
        .expect_printed(&["worker read outbox"]);
}

#[test]
fn an_upgrade_asks_the_connections_of_other_threads_to_close() {
    let mut scenario = Scenario::online().page(PROMISES);
    scenario.eval(
        "open('app').then((db) => {
            db.onversionchange = (event) => {
                console.log(`asked: ${event.oldVersion} to ${event.newVersion}`);
                db.close();
            };
        })",
    );
    let other = another_page(&mut scenario);
    assert_eq!(
        eval(
            &mut scenario,
            &other,
            "open('app', 2).then((db) => db.version)"
        ),
        json!(2)
    );
    scenario.expect_printed(&["asked: 1 to 2"]);
}

#[test]
fn a_deletion_is_blocked_until_the_page_that_holds_the_database_is_closed() {
    let mut scenario = Scenario::online().page(PROMISES);
    scenario.eval("open('app').then(() => undefined)");
    let script = "
        const deletion = indexedDB.deleteDatabase('app');
        deletion.onblocked = () => console.log('blocked');
        deletion.onsuccess = () => console.log('deleted');";
    let other = scenario.open("other", ClientScript::Source(script.to_owned()));
    other.expect("the page opens");
    scenario
        .wait_until_printed("blocked")
        .close_page()
        .wait_until_printed("deleted")
        .expect_printed(&["blocked", "deleted"]);
}

#[test]
fn a_page_that_closes_in_the_middle_of_a_transaction_leaves_nothing_and_blocks_nobody() {
    let mut scenario = Scenario::online().page(PROMISES);
    let script = "
        open('app').then((db) => {
            const store = db.transaction('notes', 'readwrite').objectStore('notes');
            store.put({ id: 1, text: 'half-written' });
            // Keeps the transaction open for ever.
            let count = 0;
            const spin = () => {
                store.count().onsuccess = spin;
                if (++count === 100) console.log('spinning');
            };
            spin();
        });
        undefined";
    let page = scenario.open(
        "spinning",
        ClientScript::Source(format!("{PROMISES}{script}")),
    );
    let mut scenario = scenario.wait_until_printed("spinning");
    let page = page.expect("the page opens");
    scenario
        .run(async move { page.close().await })
        .expect("the page closes");
    scenario
        .expect_eval("write({ id: 2 })", json!("complete"))
        .expect_eval("read(1).then((note) => note === undefined)", json!(true));
}

#[test]
fn an_exception_in_a_handler_aborts_and_undoes_the_transaction() {
    Scenario::online()
        .page(PROMISES)
        .expect_eval(
            "open('app').then((db) => {
                const transaction = db.transaction('notes', 'readwrite');
                transaction.objectStore('notes').put({ id: 1 }).onsuccess = () => { throw new Error('oops'); };
                return finished(transaction);
            })",
            json!("abort: AbortError"),
        )
        .expect_eval("read(1).then((note) => note === undefined)", json!(true));
}

#[test]
fn a_damaged_database_is_set_aside_and_named_and_others_go_on() {
    let mut scenario = Scenario::online().page(PROMISES);
    scenario.eval("write({ id: 1 })");
    let scenario = scenario.restart_host();
    let file = find_database(&find_folder(scenario.data()));
    let damage = b"this was a database once ".repeat(400);
    std::fs::write(&file, &damage).expect("the file is damaged");
    for companion in ["sqlite-wal", "sqlite-shm"] {
        let _ = std::fs::remove_file(file.with_extension(companion));
    }
    let aside = file.with_added_extension("damaged-1");
    let names = [file.display().to_string(), aside.display().to_string()];
    let _scenario = scenario
        .page(PROMISES)
        .expect_eval("read(1).then((note) => note === undefined)", json!(true))
        .expect_event(|kind| {
            matches!(kind, HostEventKind::StorageFailed { reason }
                if names.iter().all(|name| reason.contains(name)))
        })
        .expect_eval("write({ id: 2 }).then(() => read(2))", json!({ "id": 2 }))
        .restart_host()
        .page(PROMISES)
        .expect_eval("read(2)", json!({ "id": 2 }))
        .expect_eval("open('another').then((db) => db.name)", json!("another"));
    assert_eq!(std::fs::read(&aside).expect("it is kept"), damage);
}

#[test]
fn a_database_found_damaged_in_use_is_closed_and_starts_afresh() {
    let mut scenario = Scenario::online().page(PROMISES);
    scenario.eval(WRITE_MANY);
    let scenario = scenario.restart_host();
    let file = damage_records(&find_folder(scenario.data()));
    let aside = file.with_added_extension("damaged-1");
    let name = aside.display().to_string();
    let _scenario = scenario
        .page(PROMISES)
        .expect_eval(
            "(async () => {
                const db = await open('app');
                const closed = new Promise((resolve) => db.onclose = () => resolve('closed'));
                const all = result(db.transaction('notes').objectStore('notes').getAll());
                return [await all.catch((error) => error.name), await closed];
            })()",
            json!(["UnknownError", "closed"]),
        )
        .expect_eval("read(1).then((note) => note === undefined)", json!(true))
        .expect_event(|kind| {
            matches!(kind, HostEventKind::StorageFailed { reason } if reason.contains(&name))
        })
        .expect_eval("write({ id: 2 }).then(() => read(2))", json!({ "id": 2 }));
    assert!(aside.exists(), "it is kept");
}

#[test]
fn a_damaged_database_can_be_deleted_and_is_kept_aside() {
    const DELETE: &str =
        "result(indexedDB.deleteDatabase('app')).then(() => indexedDB.databases())";
    let mut scenario = Scenario::online().page(PROMISES);
    scenario.eval(WRITE_MANY);
    let scenario = scenario.restart_host();
    let file = damage_records(&find_folder(scenario.data()));
    let scenario = scenario
        .page(PROMISES)
        .expect_eval(
            "open('app').then((db) => result(db.transaction('notes').objectStore('notes').getAll()))
                .catch((error) => error.name)",
            json!("UnknownError"),
        )
        .restart_host()
        .page(PROMISES)
        .expect_eval(DELETE, json!([]));
    assert!(file.with_added_extension("damaged-1").exists());

    std::fs::write(&file, "this was a database once ".repeat(400)).expect("the file is damaged");
    let _scenario = scenario.expect_eval(DELETE, json!([]));
    assert!(file.with_added_extension("damaged-2").exists());
    assert!(!file.exists());
}

const WRITE_MANY: &str = "(async () => {
    for (let id = 0; id < 50; id++) await write({ id, text: 'damaged soon '.repeat(100) });
})()";

/// Damages every page with records of [`WRITE_MANY`], and gives the file that they are in.
fn damage_records(folder: &std::path::Path) -> std::path::PathBuf {
    let file = find_database(folder);
    let mut bytes = std::fs::read(&file).expect("the file is there");
    let mut damaged = 0;
    for page in bytes.chunks_mut(4096) {
        if page.windows(12).any(|text| text == b"damaged soon") {
            page.fill(0x5a);
            damaged += 1;
        }
    }
    assert!(damaged > 10, "{damaged} pages");
    std::fs::write(&file, bytes).expect("the file is damaged");
    file
}

fn find_database(folder: &std::path::Path) -> std::path::PathBuf {
    let entries = std::fs::read_dir(folder).expect("the folder of the databases");
    entries
        .map(|entry| entry.expect("an entry").path())
        .find(|path| {
            path.extension()
                .is_some_and(|extension| extension == "sqlite")
        })
        .expect("the database file")
}

/// The folder `indexed_db` of the only origin.
fn find_folder(data: &std::path::Path) -> std::path::PathBuf {
    let origins = std::fs::read_dir(data.join("origins")).expect("the folder of the origins");
    origins
        .map(|entry| entry.expect("an entry").path().join("indexed_db"))
        .find(|folder| folder.is_dir())
        .unwrap_or_else(|| panic!("no databases of {ORIGIN}"))
}
