// META: title=Background Sync: tags that are no Unicode
// META: script=/resources/driver.js
// META: script=/background-sync/resources/sync-worker.js

"use strict";

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await go_offline(t);
  await worker.sync.register("ok \ud800 lone");
  const [tag] = await worker.sync.getTags();
  await driver.set_online();
  const [event] = await worker.fired(tag);
  assert_equals(event.tag, tag);
}, "R12: a tag with a lone surrogate fires under the name it is listed under");
