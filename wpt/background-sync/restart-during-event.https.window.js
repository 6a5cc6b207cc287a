// META: title=Background Sync: events that the end of the browser cuts off
// META: script=/resources/driver.js
// META: script=/background-sync/resources/sync-worker.js
// META: timeout=long

"use strict";

const start = (t, name) => SyncWorker.start(t, { name, isKept: true });

restart_tests([
  {
    name: "S5: a tag that was registered again while its event ran is still there once",
    async before(t) {
      const worker = await start(t, "again");
      await worker.begin("hold foo");
      await worker.sync.register("hold foo");
    },
    async after(t) {
      const worker = await SyncWorker.find(t, "again");
      await eventually(async () => (await worker.log()).length >= 2, "it fires again");
      assert_array_equals(await worker.sync.getTags(), ["hold foo"]);
      await worker.settle("hold foo");
      await worker.gone("hold foo");
    },
  },
  {
    name: "S5, S6: an event that was cut off is sent again at the start, and the one run that was cut off is no attempt",
    async before(t) {
      const worker = await start(t, "cut off");
      await worker.begin("hold foo");
    },
    async after(t) {
      const worker = await SyncWorker.find(t, "cut off");
      const events = await worker.logged("hold foo", 2);
      assert_false(events.some(({ lastChance }) => lastChance));
      await worker.settle("hold foo", "reject");
      await pass_retry_delay(1);
      await worker.logged("hold foo", 3);
      await worker.settle("hold foo", "reject");
      await pass_retry_delay(2);
      const chances = (await worker.logged("hold foo", 4)).map(({ lastChance }) => lastChance);
      assert_array_equals(chances.sort(), [false, false, false, true], "the interrupted run and three attempts");
      await worker.settle("hold foo", "reject");
      await worker.gone("hold foo");
    },
  },
]);
