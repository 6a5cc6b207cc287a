// META: title=Background Sync: interfaces in a worker
// META: global=serviceworker
// META: script=/resources/WebIDLParser.js
// META: script=/resources/idlharness.js
// META: script=/background-sync/resources/idl.js

"use strict";

self.event = new SyncEvent("sync", { tag: "foo" });
idl_tests(BACKGROUND_SYNC, {
  ServiceWorkerGlobalScope: ["self"],
  ServiceWorkerRegistration: ["registration"],
  SyncManager: ["registration.sync"],
  SyncEvent: ["event"],
});
