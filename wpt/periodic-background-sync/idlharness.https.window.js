// META: title=Periodic Background Sync: interfaces in a window
// META: script=/resources/WebIDLParser.js
// META: script=/resources/idlharness.js
// META: script=/background-sync/resources/idl.js

"use strict";

setup({ explicit_done: true });

(async () => {
  const scope = "/background-sync/resources/idl/";
  self.registration = await navigator.serviceWorker.register("/background-sync/resources/worker.js", { scope });
  idl_tests(PERIODIC_BACKGROUND_SYNC, {
    ServiceWorkerRegistration: ["registration"],
    PeriodicSyncManager: ["registration.periodicSync"],
  });
  done();
})();
