// META: title=Periodic Background Sync: events by hand and stopped workers
// META: script=/resources/driver.js
// META: script=/background-sync/resources/sync-worker.js
// META: timeout=long

"use strict";

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  require_driver("periodic_sync");
  await driver.dispatch_periodic_sync(worker.scope, "ok never registered");
  await worker.fired("ok never registered");
  assert_array_equals(await worker.periodicSync.getTags(), []);
}, "V4: an event sent by hand needs no registration");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  require_driver("periodic_sync");
  await worker.periodicSync.register("fail foo");
  await driver.dispatch_periodic_sync(worker.scope, "fail foo");
  await worker.fired("fail foo");
  await pass_retry_delay(1);
  await quiet();
  assert_equals(worker.events("fail foo").length, 1, "no retry");
}, "V4: an event sent by hand changes no registration");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  require_driver("stop_worker");
  await worker.periodicSync.register("ok foo");
  await driver.stop_worker(worker.scope);
  await pass_interval();
  await worker.fired("ok foo");
}, "F12: a stopped worker is started for its event");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  require_driver("stop_worker");
  await worker.periodicSync.register("hold foo");
  await pass_interval();
  await worker.fired("hold foo");
  await driver.stop_worker(worker.scope);
  await pass_retry_delay(1);
  await worker.fired("hold foo", 2);
  await worker.settle("hold foo");
}, "F12: a worker that is stopped during its event has failed, and gets a retry");
