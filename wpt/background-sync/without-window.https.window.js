// META: title=Background Sync: while no window is open
// META: script=/resources/driver.js
// META: script=/background-sync/resources/sync-worker.js
// META: timeout=long
// META: policy=chromium

"use strict";

if (driver.phase === 0) {
  promise_test(async (t) => {
    require_driver("offline", "sync");
    const names = ["firing", "registering", "again"];
    const [firing, , again] = await Promise.all(names.map((name) => SyncWorker.start(t, { name, isKept: true })));
    await again.begin("fail foo");
    await pass_retry_delay(1);
    await again.fired("fail foo", 2);
    await driver.set_offline();
    await firing.sync.register("ok foo");
    const scope = (name) => `/background-sync/resources/${name}/`;
    await driver.leave({
      steps: [
        ["set_online"],
        ["dispatch_sync", scope("registering"), "register ok new"],
        ["dispatch_sync", scope("again"), "register fail foo"],
        ["wait", 700],
      ],
    });
  }, "Before the window is closed");
} else {
  promise_test(async (t) => {
    const worker = await SyncWorker.find(t, "firing");
    assert_equals((await worker.log()).length, 1);
    assert_array_equals(await worker.sync.getTags(), []);
  }, "4: a registered tag fires without a window");

  promise_test(async (t) => {
    const worker = await SyncWorker.find(t, "registering");
    const [, { result }] = await worker.logged("register ok new", 2);
    assert_equals(result, "InvalidAccessError");
    assert_array_equals(await worker.sync.getTags(), []);
  }, "R9: register() in a worker rejects with InvalidAccessError without a window");

  promise_test(async (t) => {
    const worker = await SyncWorker.find(t, "again");
    const [, { result }] = await worker.logged("register fail foo", 2);
    assert_equals(result, "InvalidAccessError");
  }, "R9: also if the tag is registered already");
}
