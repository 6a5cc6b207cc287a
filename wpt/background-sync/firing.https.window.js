// META: title=Background Sync: when sync events fire
// META: script=/resources/driver.js
// META: script=/background-sync/resources/sync-worker.js
// META: timeout=long

"use strict";

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.begin("ok foo");
  await worker.gone("ok foo");
  await quiet();
  assert_equals(worker.events("ok foo").length, 1);
}, "F3: a tag registered online fires once, then it is gone");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  const order = [];
  navigator.serviceWorker.addEventListener("message", ({ data }) => {
    if (data.scope === worker.scope) order.push("event");
  });
  await worker.sync.register("ok foo").then(() => order.push("resolved"));
  await worker.fired("ok foo");
  assert_array_equals(order, ["resolved", "event"]);
}, "F1: the event comes after the promise of register() is resolved");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  const order = await worker.run(async () => {
    const order = [];
    const fired = new Promise((resolve) => {
      addEventListener("sync", () => resolve(order.push("event")), { once: true });
    });
    await registration.sync.register("ok foo").then(() => order.push("resolved"));
    await fired;
    return order;
  });
  assert_array_equals(order, ["resolved", "event"]);
}, "F1: the same for a tag that the worker registers");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await go_offline(t);
  await worker.sync.register("ok foo");
  await quiet();
  assert_array_equals(worker.facts, [], "nothing fires offline");
  assert_array_equals(await worker.sync.getTags(), ["ok foo"]);
  await driver.set_online();
  await worker.fired("ok foo");
  await worker.gone("ok foo");
  await quiet();
  assert_equals(worker.events("ok foo").length, 1);
}, "F4: a tag registered offline fires once when the network is back, then it is gone");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await go_offline(t);
  await worker.sync.register("ok one");
  await worker.sync.register("ok two");
  await driver.set_online();
  await worker.fired("ok one");
  await worker.fired("ok two");
  await worker.gone("ok one");
  await worker.gone("ok two");
}, "F5: two tags fire when the network is back, and both are gone");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await go_offline(t);
  await worker.sync.register("ok foo");
  await worker.sync.register("ok foo");
  await driver.set_online();
  await worker.fired("ok foo");
  await worker.gone("ok foo");
  await quiet();
  assert_equals(worker.events("ok foo").length, 1);
}, "F6: a tag registered twice offline fires once");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.begin("hold foo");
  await quiet();
  assert_array_equals(await worker.sync.getTags(), ["hold foo"]);
  await worker.settle("hold foo");
  await worker.gone("hold foo");
  assert_equals(worker.events("hold foo").length, 1);
}, "F7: a tag is listed while its event is extended, and gone when that is fulfilled");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.begin("hold foo");
  await worker.sync.register("hold foo");
  await quiet();
  assert_equals(worker.events("hold foo").length, 1, "not while the first event runs");
  await worker.settle("hold foo");
  await worker.fired("hold foo", 2);
  assert_array_equals(await worker.sync.getTags(), ["hold foo"]);
  await worker.settle("hold foo");
  await worker.gone("hold foo");
  await quiet();
  assert_equals(worker.events("hold foo").length, 2);
}, "F11: a tag registered while it fires fires once more after a success");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.begin("hold foo");
  await worker.sync.register("hold foo");
  await worker.settle("hold foo", "reject");
  await worker.fired("hold foo", 2);
  await worker.settle("hold foo");
  await worker.gone("hold foo");
}, "F10: a tag registered while it fires fires at once after a failure");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.begin("hold foo");
  for (let times = 0; times < 5; times++) await worker.sync.register("hold foo");
  assert_array_equals(await worker.sync.getTags(), ["hold foo"]);
  await worker.settle("hold foo");
  await worker.fired("hold foo", 2);
  await worker.settle("hold foo");
  await worker.gone("hold foo");
  await quiet();
  assert_equals(worker.events("hold foo").length, 2);
}, "F11: a tag registered five times while it fires fires once more");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.run(() => {
    addEventListener("sync", (event) => {
      if (event.tag !== "ok again" || self.isRegisteredAgain) return;
      self.isRegisteredAgain = true;
      event.waitUntil(registration.sync.register("ok again"));
    });
  });
  await worker.sync.register("ok again");
  await worker.fired("ok again", 2);
  await worker.gone("ok again");
}, "F11: a worker that registers the tag inside its own event gets another event");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.sync.register("hold one");
  await worker.sync.register("hold two");
  await worker.fired("hold one");
  await worker.fired("hold two");
  assert_same_tags(await worker.sync.getTags(), ["hold one", "hold two"]);
  await worker.settle("hold two");
  await worker.gone("hold two");
  assert_array_equals(await worker.sync.getTags(), ["hold one"]);
  await worker.settle("hold one");
  await worker.gone("hold one");
}, "F5: events of two tags run at the same time and end each by itself");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.begin("silent foo");
  await worker.gone("silent foo");
  await pass_retry_delay(1);
  await quiet();
  assert_equals(worker.events("silent foo").length, 1);
}, "Rule 3: an event for which waitUntil() is not called was a success");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.begin("throw foo");
  await worker.gone("throw foo");
  await pass_retry_delay(1);
  await quiet();
  assert_equals(worker.events("throw foo").length, 1);
}, "Rule 3: a listener that throws is a success");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.begin("throw-but-wait foo");
  await worker.gone("throw-but-wait foo");
  await pass_retry_delay(1);
  await quiet();
  assert_equals(worker.events("throw-but-wait foo").length, 1);
}, "Rule 3: a listener that throws after waitUntil() with a promise that is fulfilled is a success");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t, { script: "no-listener.js" });
  await worker.sync.register("nobody listens");
  await worker.gone("nobody listens");
}, "2: without a listener a tag is consumed as a success");

promise_test(async (t) => {
  const one = await SyncWorker.start(t);
  const other = await SyncWorker.start(t);
  await go_offline(t);
  await one.sync.register("ok shared");
  await other.sync.register("ok shared");
  await one.sync.register("ok one");
  await driver.set_online();
  await one.fired("ok shared");
  await one.fired("ok one");
  await other.fired("ok shared");
  await quiet();
  assert_same_tags(one.facts.map(({ tag }) => tag), ["ok shared", "ok one"]);
  assert_same_tags(other.facts.map(({ tag }) => tag), ["ok shared"]);
}, "F5: every service worker gets the events of its own tags");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  const one = await SyncWorker.start(t);
  await worker.begin("hold foo");
  await one.begin("ok foo");
  await one.gone("ok foo");
  assert_array_equals(await worker.sync.getTags(), ["hold foo"]);
}, "F7: an event of one service worker does not hold up another");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  const tags = ["", "ok \u00e9\u00df", "ok \ud83d\ude00", "ok \u0000", "ok " + "x".repeat(5000)];
  for (const tag of tags) await worker.sync.register(tag);
  for (const tag of tags) assert_equals((await worker.fired(tag)).length, 1, tag.slice(0, 10));
}, "F3: an event's tag is exactly the one that was registered");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  const tags = Array.from({ length: 50 }, (_, number) => `ok ${number}`);
  await Promise.all(tags.map((tag) => worker.sync.register(tag)));
  await eventually(() => worker.facts.length >= tags.length, "all have fired");
  await quiet();
  assert_same_tags(worker.facts.map(({ tag }) => tag), tags);
}, "F5: fifty tags registered at once fire once each");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.sync.register("ok foo");
  const [{ lastChance, traits }] = await worker.fired("ok foo");
  assert_false(lastChance);
  assert_object_equals(traits, {
    isTrusted: true,
    bubbles: false,
    cancelable: false,
    isAtGlobal: true,
    interface: "[object SyncEvent]",
    isExtendable: true,
    hasLastChance: true,
  });
}, "1.1: the event is a trusted SyncEvent at the global scope, without bubbling and not cancelable");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.run(() => {
    self.heard = [];
    self.onsync = (event) => heard.push(event.tag);
  });
  await worker.begin("ok one");
  await worker.run(() => {
    self.onsync = null;
  });
  await worker.begin("ok two");
  assert_array_equals(await worker.run(() => self.heard), ["ok one"]);
}, "1.1: onsync hears the events until it is set to null");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.begin("mixed foo");
  await driver.pass_time(driver.retry_delay / 2);
  await worker.settle("mixed foo");
  await pass_retry_delay(1);
  await worker.fired("mixed foo", 2);
}, "6.3: an event ends when all its promises are settled, and one rejection makes it a failure");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.begin("ok foo");
  await worker.gone("ok foo");
  await worker.sync.register("ok foo");
  await worker.fired("ok foo", 2);
  await worker.gone("ok foo");
}, "F9: a tag that was delivered can be registered again and fires again");
