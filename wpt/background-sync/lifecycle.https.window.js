// META: title=Background Sync: updates, and other events beside a sync
// META: script=/resources/driver.js
// META: script=/background-sync/resources/sync-worker.js
// META: timeout=long

"use strict";

/** Registers another version of a worker's script, and gives the new worker. */
async function update(worker, version) {
  const { scope } = worker;
  const registration = await navigator.serviceWorker.register(`resources/worker.js?${version}`, { scope });
  return eventually(() => registration.installing ?? registration.waiting, "the new worker is there");
}

const version = (worker) => worker.run(() => location.search);

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.begin("fail foo");
  const next = await update(worker, "2");
  await eventually(() => next.state === "activated", "the new worker is activated");
  assert_array_equals(await worker.sync.getTags(), ["fail foo"]);
  assert_equals(await version(worker), "?2");
  await pass_retry_delay(1);
  const [, { script }] = await worker.fired("fail foo", 2);
  assert_equals(new URL(script).search, "?2");
}, "2: after an update a tag is kept and goes to the new worker");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.begin("hold foo");
  const next = await update(worker, "2");
  await eventually(() => next.state === "installed", "the new worker is installed");
  await quiet();
  assert_equals(next.state, "installed", "it waits although it asked to skip that");
  await worker.settle("hold foo");
  await eventually(() => next.state === "activated", "the new worker is activated");
  await worker.gone("hold foo");
}, "2: an update waits until the old worker has finished its event");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.begin("hold foo");
  const next = await update(worker, "2");
  await eventually(() => next.state === "installed", "the new worker is installed");
  await worker.settle("hold foo", "reject");
  await eventually(() => next.state === "activated", "the new worker is activated");
  await pass_retry_delay(1);
  const [first, second] = await worker.fired("hold foo", 2);
  assert_equals(new URL(first.script).search, "");
  assert_equals(new URL(second.script).search, "?2");
  await worker.settle("hold foo");
}, "2: what the old worker failed, the new one tries again");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await navigator.serviceWorker.register("resources/worker.js", { scope: worker.scope });
  await worker.begin("ok foo");
}, "6.2: registering the same script again changes nothing");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.begin("hold foo");
  assert_equals(await worker.run(() => 6 * 7), 42);
  await worker.settle("hold foo");
  await worker.gone("hold foo");
}, "6.3: a worker answers messages while a sync event is extended");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.run(() => {
    addEventListener("sync", () => {
      throw new Error("from a listener before");
    });
    addEventListener("sync", (event) => {
      event.waitUntil(Promise.resolve().then(() => (self.isHeard = true)));
    });
  });
  await worker.sync.register("ok foo");
  await worker.gone("ok foo");
  assert_true(await worker.run(() => self.isHeard));
}, "1.1: a listener that throws does not keep others from hearing the event");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.run(() => {
    addEventListener("sync", (event) => {
      event.stopImmediatePropagation();
      event.waitUntil(registration.sync.getTags().then((tags) => (self.tags = tags)));
    });
    dispatchEvent(new SyncEvent("sync", { tag: "silent by hand" }));
  });
  await worker.sync.register("ok foo");
  await worker.gone("ok foo");
  assert_array_equals(await worker.run(() => self.tags), ["ok foo"]);
}, "1.3: inside its event a tag is listed");
