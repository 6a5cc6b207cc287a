// META: title=Periodic Background Sync: when periodicsync events fire
// META: script=/resources/driver.js
// META: script=/background-sync/resources/sync-helpers.js
// META: timeout=long

"use strict";

/** Lets the shortest interval pass. */
const pass_interval = () => driver.pass_time(driver.periodic_interval);

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
  await worker.run(() => {
    addEventListener("periodicsync", (event) => {
      self.seen = {
        type: event.type,
        tag: event.tag,
        isTrusted: event.isTrusted,
        bubbles: event.bubbles,
        cancelable: event.cancelable,
        isPeriodicSyncEvent: event.constructor === PeriodicSyncEvent && event instanceof ExtendableEvent,
        hasLastChance: "lastChance" in event,
      };
    });
  });
  await worker.periodicSync.register("ok foo");
  await pass_interval();
  await worker.fired("ok foo");
  assert_object_equals(await worker.run(() => self.seen), {
    type: "periodicsync",
    tag: "ok foo",
    isTrusted: true,
    bubbles: false,
    cancelable: false,
    isPeriodicSyncEvent: true,
    hasLastChance: false,
  });
}, "1.1: the event is a trusted PeriodicSyncEvent, without bubbling, not cancelable, without lastChance");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.run(() => {
    self.heard = [];
    self.onperiodicsync = (event) => heard.push(event.tag);
  });
  await worker.periodicSync.register("ok foo");
  await pass_interval();
  await worker.fired("ok foo");
  assert_array_equals(await worker.run(() => self.heard), ["ok foo"]);
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
