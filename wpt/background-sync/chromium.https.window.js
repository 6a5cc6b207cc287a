// META: title=Background Sync: what Chromium does where the specification says otherwise
// META: script=/resources/driver.js
// META: script=/background-sync/resources/sync-worker.js
// META: timeout=long
// META: policy=chromium

"use strict";

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.begin("fail foo");
  await pause(100);
  await worker.sync.register("fail foo");
  await quiet();
  assert_equals(worker.events("fail foo").length, 1, "not at once");
  await pass_retry_delay(1);
  await worker.fired("fail foo", 2);
  await pass_retry_delay(2);
  const events = await worker.fired("fail foo", 3);
  assert_true(events[2].lastChance, "the count is as it was");
  await worker.gone("fail foo");
}, "2: a tag registered again while it waits for its retry keeps its delay and its count");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  require_driver("permission");
  t.add_cleanup(() => driver.set_permission("background-sync", "granted"));
  await driver.set_permission("background-sync", "denied");
  await promise_rejects_dom(t, "InvalidAccessError", worker.sync.register("a".repeat(10241)));
}, "1.2: the length of the tag is looked at before the permission");
