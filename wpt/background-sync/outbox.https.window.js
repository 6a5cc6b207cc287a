// META: title=Background Sync: an outbox, from the page to the worker
// META: script=/resources/driver.js
// META: script=/background-sync/resources/sync-worker.js
// META: timeout=long

"use strict";

const start = (t) => SyncWorker.start(t, { script: "outbox.js" });

/** Puts messages into the worker's outbox. */
async function queue(...messages) {
  const database = await new Promise((resolve, reject) => {
    const request = indexedDB.open("outbox", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("messages", { autoIncrement: true });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const transaction = database.transaction("messages", "readwrite");
  for (const message of messages) transaction.objectStore("messages").add(message);
  await new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = () => reject(transaction.error);
  });
  database.close();
}

/** Asks the worker what it has sent so far. */
const sent = (worker) => worker.run(() => self.sent);

promise_test(async (t) => {
  const worker = await start(t);
  await go_offline(t);
  await queue("one", "two", "three");
  await worker.sync.register("outbox");
  await quiet();
  assert_array_equals(await sent(worker), []);
  await driver.set_online();
  await worker.gone("outbox");
  assert_array_equals(await sent(worker), ["one", "two", "three"]);
}, "F4: messages queued offline are sent when the network is back, in order and once each");

promise_test(async (t) => {
  const worker = await start(t);
  await worker.run(() => {
    self.failures = 1;
  });
  await queue("four", "five");
  await worker.sync.register("outbox");
  await eventually(async () => (await worker.run(() => self.failures)) === 0, "the first attempt has failed");
  await pass_retry_delay(1);
  await worker.gone("outbox");
  assert_array_equals(await sent(worker), ["four", "five"]);
}, "T1: an outbox that fails once is emptied by the retry, and nothing is sent twice");

promise_test(async (t) => {
  const worker = await start(t);
  await queue("six");
  await worker.sync.register("outbox");
  await eventually(async () => (await sent(worker)).length === 1, "the first is sent");
  await queue("seven");
  await worker.sync.register("outbox");
  await eventually(async () => (await sent(worker)).length === 2, "the second is sent");
  await worker.gone("outbox");
}, "F9: messages queued later are sent by later events");
