// META: title=Periodic Background Sync: failures and retries
// META: script=/resources/driver.js
// META: script=/background-sync/resources/sync-worker.js
// META: timeout=long

"use strict";

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.periodicSync.register("fail foo");
  await pass_interval();
  await worker.fired("fail foo");
  await pass_retry_delay(1);
  await worker.fired("fail foo", 2);
  assert_array_equals(await worker.periodicSync.getTags(), ["fail foo"]);
}, "T9: an event that fails is tried again after the delay of a retry");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.periodicSync.register("fail foo");
  await pass_interval();
  await worker.fired("fail foo");
  await pass_retry_delay(1);
  await worker.fired("fail foo", 2);
  await pass_retry_delay(2);
  await worker.fired("fail foo", 3);
  await quiet();
  assert_array_equals(await worker.periodicSync.getTags(), ["fail foo"], "failing never removes a tag");
  await pass_interval();
  await worker.fired("fail foo", 4);
}, "T9: after three failures the tag stays and fires in its next interval");
