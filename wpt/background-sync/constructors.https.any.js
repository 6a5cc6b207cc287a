// META: title=Background Sync: SyncEvent's constructor
// META: global=serviceworker

"use strict";

test(() => {
  const event = new SyncEvent("sync", { tag: "foo" });
  assert_equals(event.type, "sync");
  assert_equals(event.tag, "foo");
  assert_false(event.lastChance);
  assert_false(event.isTrusted);
  assert_false(event.bubbles);
  assert_false(event.cancelable);
  assert_false(event.composed);
}, "1.5: a SyncEvent takes its tag from the dictionary, everything else has a default");

test(() => {
  const event = new SyncEvent("other", { tag: "", lastChance: true, bubbles: true, cancelable: true, composed: true });
  assert_equals(event.type, "other");
  assert_equals(event.tag, "");
  assert_true(event.lastChance);
  assert_true(event.bubbles);
  assert_true(event.cancelable);
  assert_true(event.composed);
}, "1.5: every member of the dictionary is taken");

test(() => assert_throws_js(TypeError, () => new SyncEvent()), "1.5: without arguments it throws TypeError");
test(() => assert_throws_js(TypeError, () => new SyncEvent("sync")), "1.5: without a dictionary it throws TypeError");
test(() => assert_throws_js(TypeError, () => new SyncEvent("sync", {})), "1.5: without a tag it throws TypeError");
test(
  () => assert_throws_js(TypeError, () => new SyncEvent("sync", { tag: undefined })),
  "1.5: with undefined as tag it throws TypeError",
);
test(
  () => assert_throws_js(TypeError, () => new SyncEvent("sync", { lastChance: true })),
  "1.5: lastChance alone is not enough",
);
test(() => assert_throws_js(TypeError, () => new SyncEvent("sync", null)), "1.5: null as dictionary lacks the tag");
test(() => assert_throws_js(TypeError, () => new SyncEvent("sync", "foo")), "1.5: a string is no dictionary");
test(
  () => assert_throws_js(TypeError, () => new SyncEvent("sync", { tag: Symbol("foo") })),
  "1.5: a symbol as tag throws TypeError",
);
test(() => assert_throws_js(TypeError, () => SyncEvent("sync", { tag: "foo" })), "1.5: it is called with `new` only");

test(() => {
  assert_equals(new SyncEvent("sync", { tag: 17 }).tag, "17");
  assert_equals(new SyncEvent("sync", { tag: null }).tag, "null");
  assert_equals(new SyncEvent("sync", { tag: { toString: () => "object" } }).tag, "object");
  assert_true(new SyncEvent("sync", { tag: "", lastChance: "yes" }).lastChance);
  assert_false(new SyncEvent("sync", { tag: "", lastChance: 0 }).lastChance);
}, "1.5: members are converted");

test(() => {
  const seen = [];
  const init = new Proxy({ tag: "foo" }, { get: (target, key) => (seen.push(key), target[key]) });
  new SyncEvent("sync", init);
  assert_array_equals(seen, ["bubbles", "cancelable", "composed", "lastChance", "tag"]);
}, "1.5: members are read once, inherited ones first, then in the order of their names");

test(() => {
  const error = new RangeError("from a getter");
  const init = {
    get tag() {
      throw error;
    },
  };
  assert_throws_exactly(error, () => new SyncEvent("sync", init));
}, "1.5: an exception of a member's getter is passed on");

test(() => {
  const event = new SyncEvent("sync", { tag: "foo" });
  assert_throws_js(TypeError, () => {
    event.tag = "bar";
  });
  assert_throws_js(TypeError, () => {
    event.lastChance = true;
  });
  assert_equals(event.tag, "foo");
}, "1.1: tag and lastChance are read-only");

test(() => {
  const event = new SyncEvent("sync", { tag: "foo" });
  assert_throws_dom("InvalidStateError", () => event.waitUntil(Promise.resolve()));
}, "W7: waitUntil() of an event made by a script throws InvalidStateError");

test(() => {
  const event = new SyncEvent("custom", { tag: "foo" });
  let caught;
  const listener = (heard) => {
    try {
      heard.waitUntil(Promise.resolve());
    } catch (error) {
      caught = error;
    }
  };
  addEventListener("custom", listener, { once: true });
  assert_true(dispatchEvent(event));
  assert_true(caught instanceof DOMException);
  assert_equals(caught.name, "InvalidStateError");
}, "W7: also while it is dispatched");

test(() => {
  class Special extends SyncEvent {
    constructor() {
      super("sync", { tag: "special" });
    }
  }
  const event = new Special();
  assert_true(event instanceof SyncEvent);
  assert_equals(event.tag, "special");
}, "1.1: SyncEvent can be extended");

test(() => {
  const heard = [];
  self.onsync = (event) => heard.push(event.tag);
  dispatchEvent(new SyncEvent("sync", { tag: "by hand" }));
  self.onsync = null;
  dispatchEvent(new SyncEvent("sync", { tag: "unheard" }));
  assert_array_equals(heard, ["by hand"]);
}, "1.1: onsync hears events that a script dispatches");

test(() => {
  assert_equals(self.onsync, null);
  self.onsync = 17;
  assert_equals(self.onsync, null);
  const handler = () => {};
  self.onsync = handler;
  assert_equals(self.onsync, handler);
  self.onsync = null;
}, "1.1: onsync is null by default and takes only what can be called");

test(() => assert_throws_js(TypeError, () => new SyncManager()), "1.1: SyncManager cannot be constructed");
