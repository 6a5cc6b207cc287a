// META: title=Background Sync: what survives the end of the browser
// META: script=/resources/driver.js
// META: script=/background-sync/resources/sync-worker.js
// META: timeout=long

"use strict";

/** Tags that a careless store would change. */
const TAGS = ["fail \u0000", "fail \ud83d\ude00", "fail e\u0301", "fail %20 ' \" \\", `fail ${"x".repeat(5000)}`];

const start = (t, name) => SyncWorker.start(t, { name, isKept: true });

restart_tests([
  {
    name: "S1, S8: a tag that waits for its retry is still listed, keeps its count, and fires when the delay is over",
    async before(t) {
      const worker = await start(t, "waiting");
      await worker.begin("fail foo");
      await pass_retry_delay(1);
      await worker.fired("fail foo", 2);
    },
    async after(t) {
      const worker = await SyncWorker.find(t, "waiting");
      if ((await worker.log()).length === 2) assert_array_equals(await worker.sync.getTags(), ["fail foo"]);
      await pass_retry_delay(2);
      const events = await worker.logged("fail foo", 3);
      assert_equals(events.filter(({ lastChance }) => lastChance).length, 1, "the third is the last chance");
      await worker.gone("fail foo");
    },
  },
  {
    name: "S2: two workers keep their own tags and take more",
    async before(t) {
      for (const name of ["one", "two"]) {
        const worker = await start(t, name);
        await worker.sync.register(`fail ${name}`);
        await worker.fired(`fail ${name}`);
        await pass_retry_delay(1);
        await worker.fired(`fail ${name}`, 2);
      }
    },
    async after(t) {
      const [one, two] = [await SyncWorker.find(t, "one"), await SyncWorker.find(t, "two")];
      await one.sync.register("ok more");
      await two.sync.register("ok more");
      await one.fired("ok more");
      await two.fired("ok more");
      await pass_retry_delay(2);
      await one.logged("fail one", 3);
      await two.logged("fail two", 3);
      assert_true((await one.log()).every(({ tag }) => tag !== "fail two"));
    },
  },
  {
    name: "S3: tags come back exactly as they were",
    async before(t) {
      const worker = await start(t, "exact");
      for (const tag of TAGS) await worker.sync.register(tag);
      for (const tag of TAGS) await worker.fired(tag);
      await pass_retry_delay(1);
      for (const tag of TAGS) await worker.fired(tag, 2);
    },
    async after(t) {
      const worker = await SyncWorker.find(t, "exact");
      await pass_retry_delay(2);
      for (const tag of TAGS) await worker.logged(tag, 3);
    },
  },
  {
    name: "S1: a tag that was delivered does not come back",
    async before(t) {
      const worker = await start(t, "delivered");
      await worker.begin("ok foo");
      await worker.gone("ok foo");
    },
    async after(t) {
      const worker = await SyncWorker.find(t, "delivered");
      await quiet();
      assert_equals((await worker.log()).length, 1);
      assert_array_equals(await worker.sync.getTags(), []);
    },
  },
  {
    name: "X1: the tags of a worker that was unregistered do not come back",
    async before(t) {
      const worker = await start(t, "unregistered");
      await worker.begin("fail foo");
      await worker.registration.unregister();
    },
    async after(t) {
      const worker = await SyncWorker.start(t, { name: "unregistered" });
      assert_array_equals(await worker.sync.getTags(), []);
      await pass_retry_delay(1);
      await quiet();
      assert_equals((await worker.log()).length, 1);
    },
  },
  {
    name: "S4: a tag registered offline fires at the start, once, and is gone",
    async before(t) {
      const worker = await start(t, "pending");
      require_driver("offline");
      await driver.set_offline();
      await worker.sync.register("ok foo");
      assert_array_equals(await worker.sync.getTags(), ["ok foo"]);
    },
    async after(t) {
      const worker = await SyncWorker.find(t, "pending");
      await worker.logged("ok foo");
      await worker.gone("ok foo");
      await quiet();
      assert_equals((await worker.log()).length, 1);
    },
  },
]);
