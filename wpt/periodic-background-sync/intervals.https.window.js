// META: title=Periodic Background Sync: intervals
// META: script=/resources/driver.js
// META: script=/background-sync/resources/sync-worker.js
// META: timeout=long

"use strict";

const LONG = 1000 * driver.periodic_interval;

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.periodicSync.register("ok foo", { minInterval: LONG });
  await pass_interval();
  await quiet();
  assert_array_equals(worker.facts, []);
  assert_array_equals(await worker.periodicSync.getTags(), ["ok foo"]);
}, "P4: a tag does not fire before its own interval has passed");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.periodicSync.register("ok foo", { minInterval: LONG });
  await worker.periodicSync.register("ok foo", { minInterval: 0 });
  await pass_interval();
  await worker.fired("ok foo");
}, "P3: a tag registered again with a shorter interval fires after that");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.periodicSync.register("ok foo");
  await worker.periodicSync.register("ok foo", { minInterval: LONG });
  await pass_interval();
  await quiet();
  assert_array_equals(worker.facts, []);
}, "P3: a tag registered again with a longer interval does not fire after the shorter one");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.periodicSync.register("ok foo", { minInterval: 1 });
  await driver.pass_time(driver.periodic_interval / 4);
  await quiet();
  assert_array_equals(worker.facts, []);
  await pass_interval();
  await worker.fired("ok foo");
}, "P15: an interval that is shorter than the browser's shortest is that");
