// META: title=Periodic Background Sync: what survives the end of the browser
// META: script=/resources/driver.js
// META: script=/background-sync/resources/sync-worker.js
// META: timeout=long

"use strict";

const start = (t, name) => SyncWorker.start(t, { name, isKept: true });

restart_tests([
  {
    name: "S1: tags are still there, and fire after their interval",
    async before(t) {
      const worker = await start(t, "kept");
      await worker.periodicSync.register("ok foo");
      await worker.periodicSync.register("ok bar", { minInterval: 1 });
    },
    async after(t) {
      const worker = await SyncWorker.find(t, "kept");
      assert_same_tags(await worker.periodicSync.getTags(), ["ok foo", "ok bar"]);
      await pass_interval();
      await worker.logged("ok foo");
      // Events of one origin that do not come together come an interval apart.
      await pass_interval();
      await worker.logged("ok bar");
      assert_same_tags(await worker.periodicSync.getTags(), ["ok foo", "ok bar"]);
    },
  },
  {
    name: "P1: a tag that was unregistered does not come back",
    async before(t) {
      const worker = await start(t, "unregistered");
      await worker.periodicSync.register("ok foo");
      await worker.periodicSync.unregister("ok foo");
    },
    async after(t) {
      const worker = await SyncWorker.find(t, "unregistered");
      assert_array_equals(await worker.periodicSync.getTags(), []);
    },
  },
]);
