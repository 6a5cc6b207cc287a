// META: title=Background Sync: workers that are stopped
// META: script=/resources/driver.js
// META: script=/background-sync/resources/sync-worker.js
// META: timeout=long

"use strict";

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  require_driver("stop_worker");
  await worker.begin("hold foo");
  await driver.stop_worker(worker.scope);
  await quiet();
  assert_array_equals(await worker.sync.getTags(), ["hold foo"]);
  assert_equals(worker.events("hold foo").length, 1);
  await pass_retry_delay(1);
  await worker.fired("hold foo", 2);
  await worker.settle("hold foo");
  await worker.gone("hold foo");
}, "2: a worker that is stopped during its event has failed, and gets the next attempt");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  require_driver("stop_worker");
  await worker.begin("fail foo");
  await driver.stop_worker(worker.scope);
  await pass_retry_delay(1);
  await worker.fired("fail foo", 2);
}, "F12: a worker that is stopped while its tag waits is started for the retry");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  require_driver("stop_worker");
  await driver.stop_worker(worker.scope);
  await worker.begin("ok foo");
  await worker.gone("ok foo");
}, "F12: a stopped worker is started for its event");
