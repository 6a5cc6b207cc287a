// META: title=Periodic Background Sync: what is refused, and in which order
// META: script=/resources/driver.js
// META: script=/background-sync/resources/sync-worker.js
// META: timeout=long

"use strict";

const PERMISSION = "periodic-background-sync";

/** A registration whose worker is still installing, until the test is over. */
async function installing_registration(t) {
  const scope = `/background-sync/resources/installing-${Math.random()}/`;
  const registration = await navigator.serviceWorker.register("/background-sync/resources/held.js?install", { scope });
  const script = registration.installing;
  t.add_cleanup(() => {
    script.postMessage("release");
    return registration.unregister();
  });
  return registration;
}

async function without_permission(t) {
  require_driver("permission");
  t.add_cleanup(() => driver.set_permission(PERMISSION, "granted"));
  await driver.set_permission(PERMISSION, "denied");
}

promise_test(async (t) => {
  const registration = await installing_registration(t);
  await promise_rejects_dom(t, "InvalidStateError", registration.periodicSync.register("foo"));
}, "P18: register() without an active worker rejects with InvalidStateError");

promise_test(async (t) => {
  const registration = await installing_registration(t);
  await promise_rejects_js(t, TypeError, registration.periodicSync.register("foo", { minInterval: -1 }));
}, "1.4: the arguments are looked at before the worker");

promise_test(async (t) => {
  const registration = await installing_registration(t);
  assert_array_equals(await registration.periodicSync.getTags(), []);
}, "1.4: getTags() without an active worker gives an empty list");

promise_test(async (t) => {
  const registration = await installing_registration(t);
  assert_equals(await registration.periodicSync.unregister("foo"), undefined);
}, "P18: unregister() without an active worker resolves");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await without_permission(t);
  const error = await worker.periodicSync.register("foo").catch((error) => error);
  assert_true(error instanceof DOMException);
  assert_equals(error.name, "NotAllowedError");
  assert_true(error.message.includes("Permission denied."), error.message);
  assert_array_equals(await worker.periodicSync.getTags(), []);
}, "R6: without permission register() rejects with NotAllowedError");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await without_permission(t);
  const name = await worker.run(() => registration.periodicSync.register("foo").catch((error) => error.name));
  assert_equals(name, "NotAllowedError");
}, "R6: the same in the worker");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await without_permission(t);
  await worker.sync.register("ok foo");
  await worker.fired("ok foo");
}, "R6: one-shot sync has a permission of its own");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await without_permission(t);
  await worker.periodicSync.register("foo").catch(() => {});
  await driver.set_permission(PERMISSION, "granted");
  await worker.periodicSync.register("foo");
  assert_array_equals(await worker.periodicSync.getTags(), ["foo"]);
}, "R6: the permission is looked up at each call");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  require_driver("permission");
  await worker.periodicSync.register("foo");
  await worker.periodicSync.register("bar");
  await without_permission(t);
  await eventually(async () => (await worker.periodicSync.getTags()).length === 0, "the tags are gone");
}, "P6: when the permission is taken away all tags are gone");

promise_test(async (t) => {
  require_driver("permission");
  const state = async () => (await navigator.permissions.query({ name: PERMISSION })).state;
  assert_equals(await state(), "granted");
  await without_permission(t);
  assert_equals(await state(), "denied");
}, "1.1: navigator.permissions knows `periodic-background-sync`");
