// META: title=Periodic Background Sync: interfaces in a worker
// META: global=serviceworker
// META: script=/resources/WebIDLParser.js
// META: script=/resources/idlharness.js
// META: script=/background-sync/resources/idl.js

"use strict";

self.event = new PeriodicSyncEvent("periodicsync", { tag: "foo" });
idl_tests(PERIODIC_BACKGROUND_SYNC, {
  ServiceWorkerGlobalScope: ["self"],
  ServiceWorkerRegistration: ["registration"],
  PeriodicSyncManager: ["registration.periodicSync"],
  PeriodicSyncEvent: ["event"],
});
