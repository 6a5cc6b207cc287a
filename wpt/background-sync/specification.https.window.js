// META: title=Background Sync: what the specification says where Chromium does otherwise
// META: script=/resources/driver.js
// META: script=/background-sync/resources/sync-worker.js
// META: timeout=long
// META: policy=spec

"use strict";

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.begin("hold foo");
  await worker.settle("hold foo", "reject");
  await pause(100);
  await worker.sync.register("hold foo");
  await quiet();
  assert_equals(worker.events("hold foo").length, 2);
  await worker.settle("hold foo");
  await worker.gone("hold foo");
}, "2: a tag registered again while it waits for its retry fires at once");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  const tag = `ok ${"a".repeat(20000)}`;
  await worker.sync.register(tag);
  await worker.fired(tag);
}, "R4: there is no limit to the length of a tag");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  require_driver("permission");
  t.add_cleanup(() => driver.set_permission("background-sync", "granted"));
  await driver.set_permission("background-sync", "denied");
  await promise_rejects_dom(t, "NotAllowedError", worker.sync.register("a".repeat(10241)));
}, "1.2: the permission is looked at before anything else");
