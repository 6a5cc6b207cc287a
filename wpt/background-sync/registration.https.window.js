// META: title=Background Sync: register() and getTags()
// META: script=/resources/driver.js
// META: script=/background-sync/resources/sync-worker.js
// META: timeout=long

"use strict";

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  assert_equals(await worker.sync.register("ok foo"), undefined);
  assert_equals((await worker.fired("ok foo")).length, 1);
}, "R1: register() resolves with undefined and the tag fires");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.sync.register("hold one");
  await worker.sync.register("hold two");
  assert_same_tags(await worker.sync.getTags(), ["hold one", "hold two"]);
}, "R2: two tags are two registrations");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await go_offline(t);
  await worker.sync.register("ok foo");
  await worker.sync.register("ok foo");
  assert_array_equals(await worker.sync.getTags(), ["ok foo"]);
}, "R3: the same tag registered twice is one registration");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.sync.register("");
  assert_equals((await worker.fired("")).length, 1);
  await worker.gone("");
}, "R5: the empty tag is a tag and fires");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await go_offline(t);
  await worker.sync.register("");
  assert_array_equals(await worker.sync.getTags(), [""]);
}, "R5: the empty tag is listed");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  const longest = "hold" + "a".repeat(10240 - 4);
  await worker.sync.register(longest);
  assert_equals((await worker.fired(longest)).length, 1);
}, "R4: a tag of 10,240 bytes is taken");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await promise_rejects_dom(t, "InvalidAccessError", worker.sync.register("a".repeat(10241)));
  assert_array_equals(await worker.sync.getTags(), []);
}, "R4: a tag of 10,241 bytes is refused with InvalidAccessError");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await go_offline(t);
  const longest = "\u20ac".repeat(3413);
  await worker.sync.register(longest);
  assert_array_equals(await worker.sync.getTags(), [longest]);
  await promise_rejects_dom(t, "InvalidAccessError", worker.sync.register(`${longest}\u20ac`));
}, "R4: the length of a tag is counted in bytes of UTF-8");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await go_offline(t);
  const tags = ["ok \u0000 zero", "ok \ud83d\ude00 astral", "ok e\u0301 composed", "ok \u00e9 composed", "OK", "ok", "ok "];
  for (const tag of tags) await worker.sync.register(tag);
  assert_same_tags(await worker.sync.getTags(), tags);
}, "R12: tags are told apart by their code units, nothing is trimmed or normalized");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await go_offline(t);
  await worker.sync.register(undefined);
  await worker.sync.register(null);
  await worker.sync.register(17);
  await worker.sync.register({ toString: () => "an object" });
  assert_same_tags(await worker.sync.getTags(), ["undefined", "null", "17", "an object"]);
}, "1.1: register() converts its argument to a string");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await promise_rejects_js(t, TypeError, worker.sync.register());
}, "1.2 a: register() without an argument gives a promise rejected with TypeError");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await promise_rejects_js(t, TypeError, worker.sync.register(Symbol("tag")));
}, "1.2 a: register() of a symbol gives a promise rejected with TypeError");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  const error = new RangeError("from toString");
  const tag = {
    toString() {
      throw error;
    },
  };
  await promise_rejects_exactly(t, error, worker.sync.register(tag));
}, "1.2 a: an exception of the argument's conversion becomes the promise's");

promise_test(async (t) => {
  const { register, getTags } = SyncManager.prototype;
  await promise_rejects_js(t, TypeError, register.call({}, "foo"));
  await promise_rejects_js(t, TypeError, getTags.call(SyncManager.prototype));
}, "1.1: register() and getTags() of another object reject with TypeError");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  assert_array_equals(await worker.sync.getTags(), []);
}, "R11: nothing registered, nothing listed");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await go_offline(t);
  await worker.sync.register("ok one");
  assert_array_equals(await worker.sync.getTags(), ["ok one"]);
  await worker.sync.register("ok two");
  assert_same_tags(await worker.sync.getTags(), ["ok one", "ok two"]);
}, "R11: one and two registered, one and two listed");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await go_offline(t);
  const tags = Array.from({ length: 100 }, (_, number) => `ok ${number}`);
  await Promise.all(tags.map((tag) => worker.sync.register(tag)));
  assert_same_tags(await worker.sync.getTags(), tags);
}, "R16: a hundred tags registered at once are all listed");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  const first = await worker.sync.getTags();
  assert_true(Array.isArray(first));
  first.push("mine");
  assert_array_equals(await worker.sync.getTags(), []);
}, "1.3: getTags() gives a new array each time");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.run(() => registration.sync.register("hold from the worker"));
  await worker.fired("hold from the worker");
  assert_array_equals(await worker.sync.getTags(), ["hold from the worker"]);
}, "R15: a worker registers a tag, and it fires");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  assert_not_equals(navigator.serviceWorker.controller?.scriptURL, worker.registration.active.scriptURL);
  await worker.begin("ok foo");
  await worker.gone("ok foo");
}, "R15: a page that is not controlled registers a tag; it fires, then it is not listed any more");

promise_test(async (t) => {
  const scope = location.pathname;
  const registration = await navigator.serviceWorker.register("controlling-worker.js", { scope });
  t.add_cleanup(() => registration.unregister());
  await eventually(() => navigator.serviceWorker.controller, "the page is controlled");
  const fired = new Promise((resolve) => {
    navigator.serviceWorker.onmessage = ({ data }) => resolve(data);
  });
  await registration.sync.register("from a controlled page");
  assert_equals(await fired, "from a controlled page");
}, "R15: a controlled page registers a tag, and it fires");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await go_offline(t);
  await worker.sync.register("ok from the page");
  await worker.run(() => registration.sync.register("ok from the worker"));
  const tags = ["ok from the page", "ok from the worker"];
  assert_same_tags(await worker.sync.getTags(), tags, "the page's list");
  assert_same_tags(await worker.run(() => registration.sync.getTags()), tags, "the worker's list");
}, "R16: page and worker list the same tags");

promise_test(async (t) => {
  const one = await SyncWorker.start(t);
  const other = await SyncWorker.start(t);
  await go_offline(t);
  await one.sync.register("ok shared");
  await one.sync.register("ok mine");
  await other.sync.register("ok shared");
  assert_same_tags(await one.sync.getTags(), ["ok shared", "ok mine"]);
  assert_array_equals(await other.sync.getTags(), ["ok shared"]);
}, "R16: each service worker has tags of its own");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await go_offline(t);
  const calls = [worker.sync.getTags(), worker.sync.register("ok foo"), worker.sync.getTags()];
  const [before, , after] = await Promise.all(calls);
  assert_array_equals(before, []);
  assert_array_equals(after, ["ok foo"]);
}, "D10: calls in a row are answered in their order");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  const again = await navigator.serviceWorker.getRegistration(worker.scope);
  assert_equals(again.sync, worker.sync);
  assert_true(worker.sync instanceof SyncManager);
}, "1.1: a registration has one SyncManager");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  assert_true(await worker.run(() => registration.sync === registration.sync && registration.sync instanceof SyncManager));
}, "1.1: in the worker too");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await go_offline(t);
  let isSettled = false;
  const registered = worker.sync.register("ok foo").then(() => (isSettled = true));
  assert_false(isSettled);
  await registered;
  assert_array_equals(await worker.sync.getTags(), ["ok foo"], "what is resolved is listed");
}, "R1: register() offline resolves without waiting for the network");
