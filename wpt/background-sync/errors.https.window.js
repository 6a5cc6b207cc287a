// META: title=Background Sync: what register() refuses, and in which order
// META: script=/resources/driver.js
// META: script=/background-sync/resources/sync-worker.js
// META: timeout=long

"use strict";

const TOO_LONG = "a".repeat(10241);

/** A worker that is held in the middle of its `install` or `activate` event. */
async function held_worker(t, event) {
  const scope = `resources/held-${event}-${Math.random()}/`;
  const registration = await navigator.serviceWorker.register(`resources/held.js?${event}`, { scope });
  t.add_cleanup(() => registration.unregister());
  const script = registration.installing;
  return { registration, release: () => script.postMessage("release"), script };
}

promise_test(async (t) => {
  const { registration, release } = await held_worker(t, "install");
  assert_equals(registration.active, null);
  await promise_rejects_dom(t, "InvalidStateError", registration.sync.register("foo"));
  await promise_rejects_dom(t, "InvalidStateError", registration.sync.register(TOO_LONG), "before the length");
  await promise_rejects_js(t, TypeError, registration.sync.register(), "the argument comes first");
  release();
}, "R8: register() rejects with InvalidStateError while no worker is active");

promise_test(async (t) => {
  const { registration, release } = await held_worker(t, "install");
  assert_array_equals(await registration.sync.getTags(), []);
  release();
}, "1.3: getTags() without an active worker gives an empty list");

promise_test(async (t) => {
  const { registration, release } = await held_worker(t, "install");
  assert_true(registration.sync instanceof SyncManager);
  release();
}, "1.1: registration.sync is there before a worker is active");

promise_test(async (t) => {
  const told = new Promise((resolve) => {
    navigator.serviceWorker.addEventListener("message", ({ data }) => data.inInstall && resolve(data.inInstall));
  });
  navigator.serviceWorker.startMessages();
  const { release } = await held_worker(t, "install");
  release();
  assert_equals(await told, "InvalidStateError");
}, "R8: in the worker's own install event register() rejects with InvalidStateError");

promise_test(async (t) => {
  const facts = [];
  navigator.serviceWorker.addEventListener("message", ({ data }) => data.synced && facts.push(data.synced));
  navigator.serviceWorker.startMessages();
  const { registration, release, script } = await held_worker(t, "activate");
  await eventually(() => script.state === "activating", "the worker is activating");
  assert_equals(await registration.sync.register("early"), undefined);
  await quiet();
  assert_array_equals(facts, [], "the event is held back");
  release();
  await eventually(() => facts.length > 0, "the event comes");
  assert_array_equals(facts, ["early"]);
}, "1.2: during activation register() succeeds, and the event comes after it");

promise_test(async (t) => {
  const { registration, release, script } = await held_worker(t, "activate");
  await eventually(() => script.state === "activating", "the worker is activating");
  await registration.sync.register("early");
  const tags = await Promise.race([registration.sync.getTags(), quiet()]);
  release();
  assert_array_equals(tags, ["early"]);
}, "1.3: during activation getTags() gives the tags that wait for its end");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  require_driver("permission");
  t.add_cleanup(() => driver.set_permission("background-sync", "granted"));
  await driver.set_permission("background-sync", "denied");
  const error = await worker.sync.register("foo").then(
    () => assert_unreached("register() resolves"),
    (error) => error,
  );
  assert_true(error instanceof DOMException);
  assert_equals(error.name, "NotAllowedError");
  assert_true(error.message.includes("Permission denied."), error.message);
  assert_array_equals(await worker.sync.getTags(), []);
}, "R6, R19: without permission register() rejects with NotAllowedError");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  require_driver("permission");
  t.add_cleanup(() => driver.set_permission("background-sync", "granted"));
  await driver.set_permission("background-sync", "denied");
  const name = await worker.run(() => registration.sync.register("foo").catch((error) => error.name));
  assert_equals(name, "NotAllowedError");
}, "R6: the same in the worker");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  require_driver("permission");
  t.add_cleanup(() => driver.set_permission("background-sync", "granted"));
  await worker.begin("fail there already");
  await driver.set_permission("background-sync", "denied");
  await promise_rejects_dom(t, "NotAllowedError", worker.sync.register("fail there already"));
  assert_array_equals(await worker.sync.getTags(), ["fail there already"], "the list needs no permission");
  await driver.set_permission("background-sync", "granted");
  await worker.begin("ok allowed again");
}, "R6: the permission is looked up at each call");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  require_driver("permission");
  t.add_cleanup(() => driver.set_permission("background-sync", "granted"));
  await worker.begin("fail foo");
  await driver.set_permission("background-sync", "denied");
  await pass_retry_delay(1);
  await worker.fired("fail foo", 2);
}, "2: a tag registered before the permission was taken away still fires");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  require_driver("permission");
  t.add_cleanup(() => driver.set_permission("background-sync", "granted"));
  await driver.set_permission("background-sync", "denied");
  const [refused, tooLong] = await Promise.all(
    ["foo", TOO_LONG].map((tag) => worker.sync.register(tag).catch(({ name }) => name)),
  );
  assert_equals(refused, "NotAllowedError");
  assert_in_array(tooLong, ["NotAllowedError", "InvalidAccessError"]);
}, "R19: a tag that is too long does not get around the permission");

promise_test(async (t) => {
  require_driver("permission");
  const state = async () => (await navigator.permissions.query({ name: "background-sync" })).state;
  t.add_cleanup(() => driver.set_permission("background-sync", "granted"));
  assert_equals(await state(), "granted");
  await driver.set_permission("background-sync", "denied");
  assert_equals(await state(), "denied");
}, "1.1: navigator.permissions knows `background-sync`");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  const error = await worker.sync.register(TOO_LONG).catch((error) => error);
  assert_true(error instanceof DOMException);
  assert_equals(error.code, DOMException.INVALID_ACCESS_ERR);
  assert_greater_than(error.message.length, 0);
}, "R4: the error of a tag that is too long is a DOMException with a message");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await promise_rejects_dom(t, "InvalidAccessError", worker.sync.register(TOO_LONG));
  await worker.begin("ok foo");
}, "R4: a refusal does not hold up what comes after it");
