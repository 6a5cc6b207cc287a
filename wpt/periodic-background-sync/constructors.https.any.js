// META: title=Periodic Background Sync: PeriodicSyncEvent's constructor
// META: global=serviceworker

"use strict";

test(() => {
  const event = new PeriodicSyncEvent("periodicsync", { tag: "foo" });
  assert_equals(event.type, "periodicsync");
  assert_equals(event.tag, "foo");
  assert_false(event.isTrusted);
  assert_false(event.bubbles);
  assert_false(event.cancelable);
}, "1.5: a PeriodicSyncEvent takes its tag from the dictionary, everything else has a default");

test(() => {
  const event = new PeriodicSyncEvent("other", { tag: "", bubbles: true, cancelable: true, composed: true });
  assert_equals(event.type, "other");
  assert_true(event.bubbles);
  assert_true(event.cancelable);
  assert_true(event.composed);
}, "1.5: the members of every event are taken");

for (const [values, description] of [
  [[], "without arguments"],
  [["periodicsync"], "without a dictionary"],
  [["periodicsync", {}], "without a tag"],
  [["periodicsync", { tag: undefined }], "with undefined as tag"],
  [["periodicsync", null], "with null as dictionary"],
  [["periodicsync", "foo"], "with a string as dictionary"],
  [["periodicsync", { tag: Symbol("foo") }], "with a symbol as tag"],
]) {
  test(() => assert_throws_js(TypeError, () => new PeriodicSyncEvent(...values)), `1.5: ${description} it throws TypeError`);
}

test(() => {
  assert_equals(new PeriodicSyncEvent("periodicsync", { tag: 17 }).tag, "17");
  assert_equals(new PeriodicSyncEvent("periodicsync", { tag: null }).tag, "null");
}, "1.5: the tag is converted to a string");

test(() => {
  const event = new PeriodicSyncEvent("periodicsync", { tag: "foo", lastChance: true });
  assert_false("lastChance" in event);
}, "1.1: there is no lastChance");

test(() => {
  const event = new PeriodicSyncEvent("periodicsync", { tag: "foo" });
  assert_throws_dom("InvalidStateError", () => event.waitUntil(Promise.resolve()));
}, "W7: waitUntil() of an event made by a script throws InvalidStateError");

test(() => assert_throws_js(TypeError, () => new PeriodicSyncManager()), "1.1: PeriodicSyncManager cannot be constructed");
