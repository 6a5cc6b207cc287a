// META: title=Background Sync: while a worker is offline
// META: script=/resources/driver.js
// META: script=/background-sync/resources/sync-worker.js
// META: timeout=long

"use strict";

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await go_offline(t);
  await worker.sync.register("ok foo");
  await quiet();
  assert_array_equals(worker.facts, []);
  assert_array_equals(await worker.sync.getTags(), ["ok foo"]);
  await driver.set_online();
  await worker.fired("ok foo");
  await worker.begin("ok bar");
}, "V1: a tag waits while the worker is switched offline, and afterwards tags fire as usual");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  require_driver("sync");
  await driver.dispatch_sync(worker.scope, "ok never registered", true);
  const [event] = await worker.fired("ok never registered");
  assert_true(event.lastChance);
  assert_array_equals(await worker.sync.getTags(), []);
}, "V3: an event sent by hand needs no registration and carries lastChance as told");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  require_driver("sync");
  await driver.dispatch_sync(worker.scope, "fail by hand", false);
  await worker.fired("fail by hand");
  await pass_retry_delay(1);
  await quiet();
  assert_equals(worker.events("fail by hand").length, 1);
  assert_array_equals(await worker.sync.getTags(), []);
}, "V3: an event sent by hand that fails is not tried again");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  require_driver("sync");
  await worker.begin("fail foo");
  await driver.dispatch_sync(worker.scope, "fail foo", true);
  await worker.fired("fail foo", 2);
  assert_array_equals(await worker.sync.getTags(), ["fail foo"], "the registration is as it was");
  await pass_retry_delay(1);
  const events = await worker.fired("fail foo", 3);
  assert_false(events[2].lastChance, "the count is as it was");
}, "V3: an event sent by hand changes neither a registration nor its count");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  require_driver("sync");
  await go_offline(t);
  await driver.dispatch_sync(worker.scope, "ok foo", false).catch(() => {});
  await quiet();
  assert_array_equals(worker.facts, []);
  await driver.set_online();
  await driver.dispatch_sync(worker.scope, "ok foo", false);
  await worker.fired("ok foo");
}, "V3: an event sent by hand is dropped offline and delivered online");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  require_driver("sync", "stop_worker");
  await driver.stop_worker(worker.scope);
  await driver.dispatch_sync(worker.scope, "ok foo", false);
  await worker.fired("ok foo");
}, "V3: an event sent by hand starts a stopped worker");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await go_offline(t);
  const attempt = () => fetch("/resources/driver.js", { cache: "no-store" }).then(() => "answer", ({ name }) => name);
  assert_equals(await attempt(), "TypeError", "in the page");
  assert_equals(await worker.run(attempt), "TypeError", "in the worker");
  await driver.set_online();
  assert_equals(await attempt(), "answer", "in the page");
  assert_equals(await worker.run(attempt), "answer", "in the worker");
}, "4: offline every request of page and worker fails with TypeError");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await go_offline(t);
  assert_false(navigator.onLine, "in the page");
  await eventually(() => worker.run(() => !navigator.onLine), "the worker knows that it is offline");
  await driver.set_online();
  await eventually(() => navigator.onLine, "the page knows that it is online");
  await eventually(() => worker.run(() => navigator.onLine), "the worker knows that it is online");
}, "4: navigator.onLine tells page and worker");

promise_test(async (t) => {
  await SyncWorker.start(t);
  const heard = [];
  const listen = ({ type }) => heard.push(type);
  for (const type of ["online", "offline"]) addEventListener(type, listen);
  await go_offline(t);
  await eventually(() => heard.length === 1, "offline is told");
  await driver.set_online();
  await eventually(() => heard.length === 2, "online is told");
  assert_array_equals(heard, ["offline", "online"]);
}, "4: the page hears of both changes");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.begin("hold foo");
  await go_offline(t);
  await quiet();
  assert_array_equals(await worker.sync.getTags(), ["hold foo"]);
  await worker.settle("hold foo");
  await worker.gone("hold foo");
  assert_equals(worker.events("hold foo").length, 1);
}, "2: an event that runs when the network goes is not interrupted");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.run(() => {
    addEventListener("sync", (event) => {
      if (!event.tag.startsWith("silent fetch")) return;
      const deliver = async () => {
        const response = await fetch("/resources/driver.js", { cache: "no-store" });
        self.delivered = response.ok;
      };
      event.waitUntil(deliver());
    });
  });
  await go_offline(t);
  await worker.sync.register("silent fetch");
  await driver.set_online();
  await worker.gone("silent fetch");
  assert_true(await worker.run(() => self.delivered));
}, "4: when a tag fires because the network is back, the worker's requests are answered");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await go_offline(t);
  await worker.sync.register("ok foo");
  for (let times = 0; times < 3; times++) {
    await driver.set_online();
    await driver.set_offline();
  }
  await driver.set_online();
  await worker.fired("ok foo");
  await quiet();
  assert_equals(worker.events("ok foo").length, 1);
}, "F4: a network that flickers does not fire a tag twice");
