// META: title=Periodic Background Sync: register(), getTags() and unregister()
// META: script=/resources/driver.js
// META: script=/background-sync/resources/sync-worker.js
// META: timeout=long

"use strict";

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  assert_equals(await worker.periodicSync.register("ok foo"), undefined);
  assert_array_equals(await worker.periodicSync.getTags(), ["ok foo"]);
}, "P8: register() without options resolves with undefined, and the tag is listed");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.periodicSync.register("one", {});
  await worker.periodicSync.register("two", undefined);
  await worker.periodicSync.register("three", null);
  await worker.periodicSync.register("four", { minInterval: undefined });
  assert_same_tags(await worker.periodicSync.getTags(), ["one", "two", "three", "four"]);
}, "P8: an empty dictionary, undefined and null are no options");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.run(() => registration.periodicSync.register("ok from the worker"));
  assert_array_equals(await worker.periodicSync.getTags(), ["ok from the worker"]);
}, "P8: a worker registers too");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  for (const minInterval of [0, 1, 1.9, "1000", 2 ** 53 - 1, -0.9, true, [5]]) {
    await worker.periodicSync.register(`interval ${minInterval}`, { minInterval });
  }
  assert_equals((await worker.periodicSync.getTags()).length, 8);
}, "1.4: minInterval is converted to a whole number of milliseconds");

for (const minInterval of [-1000, -1, NaN, Infinity, -Infinity, 2 ** 53, "a day", {}]) {
  promise_test(async (t) => {
    const worker = await SyncWorker.start(t);
    await promise_rejects_js(t, TypeError, worker.periodicSync.register("foo", { minInterval }));
    assert_array_equals(await worker.periodicSync.getTags(), []);
  }, `P14: a minInterval of ${format_value(minInterval)} is a TypeError`);
}

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await promise_rejects_js(t, TypeError, worker.periodicSync.register());
  await promise_rejects_js(t, TypeError, worker.periodicSync.register(Symbol("foo")));
  await promise_rejects_js(t, TypeError, worker.periodicSync.register("foo", "options"));
  await promise_rejects_js(t, TypeError, worker.periodicSync.unregister());
}, "1.4: arguments that cannot be converted give a promise rejected with TypeError");

promise_test(async (t) => {
  const { register, getTags, unregister } = PeriodicSyncManager.prototype;
  await promise_rejects_js(t, TypeError, register.call({}, "foo"));
  await promise_rejects_js(t, TypeError, getTags.call({}));
  await promise_rejects_js(t, TypeError, unregister.call({}, "foo"));
}, "1.1: the methods of another object reject with TypeError");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  assert_array_equals(await worker.periodicSync.getTags(), []);
  await worker.periodicSync.register("one");
  await worker.periodicSync.register("two");
  await worker.periodicSync.register("one");
  assert_same_tags(await worker.periodicSync.getTags(), ["one", "two"]);
}, "P3: the same tag again is the same registration");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.periodicSync.register("foo", { minInterval: 1000 });
  await worker.periodicSync.register("foo", { minInterval: 2000 });
  assert_array_equals(await worker.periodicSync.getTags(), ["foo"]);
}, "P3: with another interval too");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.periodicSync.register("one");
  await worker.periodicSync.register("two");
  assert_equals(await worker.periodicSync.unregister("one"), undefined);
  assert_array_equals(await worker.periodicSync.getTags(), ["two"]);
}, "P1: unregister() takes one tag away, and the other stays");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  assert_equals(await worker.periodicSync.unregister("unknown"), undefined);
}, "P1: unregister() of an unknown tag resolves");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.periodicSync.register("from the page");
  assert_array_equals(await worker.run(() => registration.periodicSync.getTags()), ["from the page"]);
  await worker.run(() => registration.periodicSync.unregister("from the page"));
  assert_array_equals(await worker.periodicSync.getTags(), []);
}, "P10: a worker lists and unregisters what the page registered");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.sync.register("hold shared");
  await worker.fired("hold shared");
  await worker.periodicSync.register("hold shared");
  assert_array_equals(await worker.sync.getTags(), ["hold shared"]);
  assert_array_equals(await worker.periodicSync.getTags(), ["hold shared"]);
  await worker.periodicSync.unregister("hold shared");
  assert_array_equals(await worker.sync.getTags(), ["hold shared"], "the one-shot tag stays");
}, "R10: one-shot and periodic tags do not meet");

promise_test(async (t) => {
  const one = await SyncWorker.start(t);
  const other = await SyncWorker.start(t);
  await one.periodicSync.register("foo");
  assert_array_equals(await other.periodicSync.getTags(), []);
  await other.periodicSync.unregister("foo");
  assert_array_equals(await one.periodicSync.getTags(), ["foo"]);
}, "S2: each service worker has tags of its own");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.periodicSync.register("");
  assert_array_equals(await worker.periodicSync.getTags(), [""]);
  await worker.periodicSync.unregister("");
  assert_array_equals(await worker.periodicSync.getTags(), []);
}, "R5: the empty tag is a tag");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.periodicSync.register("a".repeat(10240));
  await promise_rejects_dom(t, "InvalidAccessError", worker.periodicSync.register("a".repeat(10241)));
  assert_equals((await worker.periodicSync.getTags()).length, 1);
}, "R4: a tag of 10,240 bytes is taken, one of 10,241 is refused with InvalidAccessError");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  const again = await navigator.serviceWorker.getRegistration(worker.scope);
  assert_equals(again.periodicSync, worker.periodicSync);
  assert_true(worker.periodicSync instanceof PeriodicSyncManager);
  assert_true(await worker.run(() => registration.periodicSync === registration.periodicSync));
}, "1.1: a registration has one PeriodicSyncManager");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t, { name: "unregistered" });
  await worker.periodicSync.register("foo");
  await worker.registration.unregister();
  const again = await SyncWorker.start(t, { name: "unregistered" });
  assert_array_equals(await again.periodicSync.getTags(), []);
}, "X1: the tags of a worker that is unregistered are gone");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await go_offline(t);
  await worker.periodicSync.register("foo");
  assert_array_equals(await worker.periodicSync.getTags(), ["foo"]);
}, "P11: offline a tag is registered too");
