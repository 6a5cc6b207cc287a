// META: title=Background Sync: registering a tag again between or during its attempts
// META: script=/resources/driver.js
// META: script=/background-sync/resources/sync-worker.js
// META: timeout=long

"use strict";

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  for (let run = 1; run <= 2; run++) {
    await worker.sync.register("hold foo");
    await worker.fired("hold foo", 3 * run - 2);
    await worker.settle("hold foo", "reject");
    await pass_retry_delay(1);
    await worker.fired("hold foo", 3 * run - 1);
    await worker.settle("hold foo", "reject");
    await pass_retry_delay(2);
    await worker.fired("hold foo", 3 * run);
    await worker.settle("hold foo", "reject");
    await worker.gone("hold foo");
  }
  const chances = worker.events("hold foo").map(({ lastChance }) => lastChance);
  assert_array_equals(chances, [false, false, true, false, false, true]);
}, "F9: a tag that was given up can be registered again and starts with a fresh count");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.begin("hold foo");
  await worker.retry("hold foo", 1);
  await worker.retry("hold foo", 2);
  await worker.sync.register("hold foo");
  await worker.settle("hold foo", "reject");
  const events = await worker.fired("hold foo", 4);
  assert_true(events[2].lastChance);
  assert_false(events[3].lastChance, "the count is fresh");
  await worker.settle("hold foo");
  await worker.gone("hold foo");
}, "F10: a tag registered during its last chance survives the failure with a fresh count");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.begin("hold foo");
  await worker.retry("hold foo", 1);
  await worker.sync.register("hold foo");
  await worker.settle("hold foo");
  await worker.fired("hold foo", 3);
  await worker.settle("hold foo", "reject");
  await pass_retry_delay(1);
  const events = await worker.fired("hold foo", 4);
  assert_false(events[3].lastChance, "the count began again with the third event");
  await worker.settle("hold foo");
  await worker.gone("hold foo");
}, "F11: a tag registered during a retry that succeeds has a fresh count");
