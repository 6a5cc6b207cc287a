// META: title=Periodic Background Sync: what does not fire, or later
// META: script=/resources/driver.js
// META: script=/background-sync/resources/sync-worker.js
// META: timeout=long

"use strict";

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.periodicSync.register("ok foo");
  await pass_interval();
  await worker.fired("ok foo");
  await worker.periodicSync.unregister("ok foo");
  await pass_interval();
  await quiet();
  assert_equals(worker.events("ok foo").length, 1);
}, "P2: a tag that is unregistered never fires again");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await go_offline(t);
  await worker.periodicSync.register("ok foo");
  await worker.periodicSync.register("ok bar");
  await driver.pass_time(2 * driver.periodic_interval);
  await driver.set_online();
  const [foo] = await worker.fired("ok foo");
  const [bar] = await worker.fired("ok bar");
  assert_less_than(bar.number, foo.number);
}, "P12: tags that are due together fire in their order");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await go_offline(t);
  await worker.periodicSync.register("ok foo");
  await pass_interval();
  await quiet();
  assert_array_equals(worker.facts, [], "nothing fires offline");
  await driver.set_online();
  await worker.fired("ok foo");
  assert_array_equals(await worker.periodicSync.getTags(), ["ok foo"]);
}, "P11: a tag that is due offline fires when the network is back, and stays");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.periodicSync.register("hold foo");
  await pass_interval();
  await worker.fired("hold foo");
  await worker.periodicSync.unregister("hold foo");
  assert_array_equals(await worker.periodicSync.getTags(), []);
  await worker.settle("hold foo");
  await quiet();
  assert_array_equals(await worker.periodicSync.getTags(), [], "the end of its event does not bring it back");
}, "P2: a tag unregistered during its event is gone for good");
