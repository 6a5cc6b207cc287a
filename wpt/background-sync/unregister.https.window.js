// META: title=Background Sync: service workers that are unregistered
// META: script=/resources/driver.js
// META: script=/background-sync/resources/sync-worker.js
// META: timeout=long

"use strict";

promise_test(async (t) => {
  const worker = await SyncWorker.start(t, { name: "pending" });
  await go_offline(t);
  await worker.sync.register("ok foo");
  await driver.set_online();
  await worker.fired("ok foo");
  await worker.begin("fail foo");
  await worker.registration.unregister();
  const again = await SyncWorker.start(t, { name: "pending" });
  assert_array_equals(await again.sync.getTags(), []);
  await pass_retry_delay(1);
  await quiet();
  assert_equals((await again.log()).length, 2, "nothing fires any more");
}, "X1: the tags of a worker that is unregistered are gone");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await go_offline(t);
  await worker.sync.register("ok foo");
  await worker.registration.unregister();
  await driver.set_online();
  await quiet();
  assert_array_equals(worker.facts, []);
}, "X1: a tag that waits for the network does not fire after its worker was unregistered");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.registration.unregister();
  await eventually(() => worker.registration.active === null, "the registration is cleared");
  await promise_rejects_dom(t, "InvalidStateError", worker.sync.register("ok foo"));
}, "R7: register() on a registration that was unregistered rejects with InvalidStateError");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t, { name: "in a row" });
  const registered = worker.sync.register("fail foo").catch(() => {});
  await worker.registration.unregister();
  await registered;
  const again = await SyncWorker.start(t, { name: "in a row" });
  assert_array_equals(await again.sync.getTags(), []);
}, "X2: a register() that is overtaken by unregister() leaves nothing");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.begin("hold foo");
  const { active } = worker.registration;
  await worker.registration.unregister();
  await quiet();
  assert_equals(active.state, "activated", "the worker goes on while its event runs");
  await worker.settle("hold foo");
  await eventually(() => active.state === "redundant", "the worker is redundant");
}, "X3: a worker that is unregistered during its event finishes it");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  const other = await SyncWorker.start(t);
  await other.begin("hold other");
  await worker.begin("hold foo");
  await worker.registration.unregister();
  assert_array_equals(await other.sync.getTags(), ["hold other"]);
  await other.settle("hold other");
  await other.gone("hold other");
}, "X3: others are not affected when a worker is unregistered during its event");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t, { name: "failing" });
  await worker.begin("hold foo");
  const { active } = worker.registration;
  await worker.registration.unregister();
  const { port2 } = new MessageChannel();
  active.postMessage({ command: "settle", tag: "hold foo", how: "reject" }, [port2]);
  await eventually(() => active.state === "redundant", "the worker is redundant");
  const again = await SyncWorker.start(t, { name: "failing" });
  await pass_retry_delay(1);
  await quiet();
  assert_array_equals(await again.sync.getTags(), []);
  assert_equals((await again.log()).length, 1);
}, "X3: a worker that is unregistered during an event that fails gets no retry");
