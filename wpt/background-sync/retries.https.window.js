// META: title=Background Sync: failures, retries and the last chance
// META: script=/resources/driver.js
// META: script=/background-sync/resources/sync-worker.js
// META: timeout=long

"use strict";

/** How long a browser may take to notice that an event took too long. */
const EVENT_CHECK_MS = 10_000;

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.begin("fail foo");
  await quiet();
  assert_equals(worker.events("fail foo").length, 1, "not again at once");
  assert_array_equals(await worker.sync.getTags(), ["fail foo"]);
  await pass_retry_delay(1);
  await worker.fired("fail foo", 2);
}, "T1: a failed tag stays listed and fires again after a delay");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.begin("fail foo");
  await pass_retry_delay(1);
  await worker.fired("fail foo", 2);
  assert_array_equals(await worker.sync.getTags(), ["fail foo"]);
  await pass_retry_delay(1);
  await quiet();
  assert_equals(worker.events("fail foo").length, 2, "the second delay is longer");
  await driver.pass_time(2 * driver.retry_delay);
  const events = await worker.fired("fail foo", 3);
  await worker.gone("fail foo");
  await driver.pass_time(4 * driver.retry_delay);
  await quiet();
  assert_equals(worker.events("fail foo").length, 3, "given up");
  assert_array_equals(events.map(({ lastChance }) => lastChance), [false, false, true]);
}, "T2, T4, F8: a tag that always fails is tried three times, the third is its last chance, then it is gone");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.begin("fail foo");
  await quiet();
  await driver.pass_time(driver.retry_delay / 2);
  assert_equals(worker.events("fail foo").length, 1);
  await driver.pass_time(driver.retry_delay / 2);
  await worker.fired("fail foo", 2);
}, "T3: nothing fires before the delay has passed");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.begin("hold foo");
  await worker.retry("hold foo", 1);
  await worker.settle("hold foo");
  await worker.gone("hold foo");
  await pass_retry_delay(2);
  await quiet();
  assert_equals(worker.events("hold foo").length, 2);
}, "T8: a tag that fails once and then succeeds is gone");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.begin("hold foo");
  await driver.pass_time(driver.retry_delay / 2);
  await worker.settle("hold foo", "reject");
  await quiet();
  await driver.pass_time(driver.retry_delay / 2);
  assert_equals(worker.events("hold foo").length, 1);
  await driver.pass_time(driver.retry_delay / 2);
  await worker.fired("hold foo", 2);
}, "3: the delay counts from the end of the event");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.begin("fail foo");
  await worker.begin("ok bar");
  await worker.gone("ok bar");
  assert_array_equals(await worker.sync.getTags(), ["fail foo"]);
  assert_equals(worker.events("fail foo").length, 1);
}, "T5: a tag that waits does not hold up another");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.begin("fail one");
  await pass_retry_delay(1);
  await worker.fired("fail one", 2);
  await worker.begin("fail two");
  await pass_retry_delay(1);
  await worker.fired("fail two", 2);
  assert_equals(worker.events("fail one").length, 2, "the older tag waits longer");
  await pass_retry_delay(2);
  await worker.fired("fail one", 3);
  await worker.fired("fail two", 3);
  await worker.gone("fail one");
  await worker.gone("fail two");
}, "T5: each tag has delays of its own, and all come to their end");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.begin("fail foo");
  await go_offline(t);
  await driver.set_online();
  await quiet();
  assert_equals(worker.events("fail foo").length, 1);
  await pass_retry_delay(1);
  await worker.fired("fail foo", 2);
}, "Rule 7: a network that comes back does not shorten the delay");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.begin("fail foo");
  await go_offline(t);
  await pass_retry_delay(1);
  await quiet();
  assert_equals(worker.events("fail foo").length, 1);
  assert_array_equals(await worker.sync.getTags(), ["fail foo"]);
  await driver.set_online();
  await worker.fired("fail foo", 2);
}, "2: a delay that passes offline is over when the network is back");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.begin("hold foo");
  await driver.pass_time(driver.event_limit);
  // A browser may look at its limits only now and then.
  await pause(driver.supports("clock") ? 0 : EVENT_CHECK_MS);
  assert_array_equals(await worker.sync.getTags(), ["hold foo"]);
  await pass_retry_delay(1);
  await worker.fired("hold foo", 2);
}, "Rule 4: an event that takes too long has failed, and is tried again");
