// META: title=Periodic Background Sync: when periodicsync events fire
// META: script=/resources/driver.js
// META: script=/background-sync/resources/sync-worker.js
// META: timeout=long

"use strict";

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.periodicSync.register("ok foo");
  await quiet();
  assert_array_equals(worker.facts, [], "not at once");
  await pass_interval();
  await worker.fired("ok foo");
  assert_array_equals(await worker.periodicSync.getTags(), ["ok foo"], "it stays");
  await pass_interval();
  await worker.fired("ok foo", 2);
}, "P4: a tag fires once an interval, never at once, and stays");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.periodicSync.register("ok foo");
  await pass_interval();
  const [{ traits }] = await worker.fired("ok foo");
  assert_object_equals(traits, {
    isTrusted: true,
    bubbles: false,
    cancelable: false,
    isAtGlobal: true,
    interface: "[object PeriodicSyncEvent]",
    isExtendable: true,
    hasLastChance: false,
  });
}, "1.1: the event is a trusted PeriodicSyncEvent, without bubbling, not cancelable, without lastChance");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t, { script: "handler-attribute.js" });
  await worker.periodicSync.register("ok foo");
  await pass_interval();
  await worker.fired("ok foo");
  await eventually(() => worker.facts.some(({ type }) => type === "heard"), "the handler has heard the event");
}, "1.1: onperiodicsync hears the events");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.periodicSync.register("hold foo");
  await pass_interval();
  await worker.fired("hold foo");
  await quiet();
  assert_array_equals(await worker.periodicSync.getTags(), ["hold foo"]);
  assert_equals(worker.events("hold foo").length, 1);
  await worker.settle("hold foo");
  await quiet();
  assert_array_equals(await worker.periodicSync.getTags(), ["hold foo"]);
}, "P13: an event that is extended counts once, and its tag stays");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.periodicSync.register("silent foo");
  await pass_interval();
  await worker.fired("silent foo");
  await pass_interval();
  await worker.fired("silent foo", 2);
}, "P13: an event for which waitUntil() is not called was a success");
