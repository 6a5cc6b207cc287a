// META: title=Background Sync: frames
// META: script=/resources/driver.js
// META: script=/background-sync/resources/sync-worker.js

"use strict";

promise_test(async (t) => {
  assert_implements_optional(self.document?.body?.append, "there are no frames without a document");
  const worker = await SyncWorker.start(t);
  const frame = document.createElement("iframe");
  frame.src = "resources/blank.html";
  const loaded = new Promise((resolve) => (frame.onload = resolve));
  document.body.append(frame);
  t.add_cleanup(() => frame.remove());
  await loaded;
  const { serviceWorker } = frame.contentWindow.navigator;
  const registration = await serviceWorker.getRegistration(worker.scope);
  await registration.sync.register("ok from a frame");
  await worker.fired("ok from a frame");
  await worker.gone("ok from a frame");
}, "R17: a frame inside a window of its origin registers a tag, and it fires");
