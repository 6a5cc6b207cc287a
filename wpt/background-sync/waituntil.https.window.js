// META: title=Background Sync: when waitUntil() may be called
// META: script=/resources/driver.js
// META: script=/background-sync/resources/sync-worker.js

"use strict";

/** Fires a sync event at a listener, and tells what came of its call of waitUntil(). */
function wait_until_test(name, expected, listener) {
  promise_test(async (t) => {
    const worker = await SyncWorker.start(t);
    await worker.run((source) => {
      const listener = (0, eval)(`(${source})`);
      self.outcome = new Promise((resolve) => {
        // The last promise given to waitUntil() is fulfilled at once.
        const attempt = (event) => {
          try {
            event.waitUntil(Promise.resolve());
            resolve("ok");
          } catch (error) {
            resolve(error.name);
          }
        };
        addEventListener("sync", (event) => listener(event, attempt));
      });
    }, listener.toString());
    await worker.sync.register("silent foo");
    assert_equals(await worker.run(() => self.outcome), expected);
    await worker.gone("silent foo");
  }, name);
}

wait_until_test("W1: in the listener", "ok", (event, attempt) => attempt(event));

wait_until_test("W1: in a microtask right after the listener", "ok", (event, attempt) => {
  Promise.resolve().then(() => attempt(event));
});

wait_until_test("W1: several microtasks after the listener, in the same turn", "ok", async (event, attempt) => {
  for (let hop = 0; hop < 10; hop++) await null;
  attempt(event);
});

wait_until_test("W2: in a later task with nothing pending", "InvalidStateError", (event, attempt) => {
  setTimeout(() => attempt(event), 0);
});

wait_until_test("W3: in a later task while a promise is pending", "ok", (event, attempt) => {
  const later = new Promise((resolve) => setTimeout(resolve, 50));
  event.waitUntil(later);
  setTimeout(() => attempt(event), 0);
});

wait_until_test("W4: in the first reaction of the last pending promise", "ok", (event, attempt) => {
  const later = new Promise((resolve) => setTimeout(resolve, 20));
  event.waitUntil(later);
  later.then(() => attempt(event));
});

wait_until_test("W4: in the reaction of a promise that was settled before, while the event is dispatched", "ok", (event, attempt) => {
  const settled = Promise.resolve();
  event.waitUntil(settled);
  settled.then(() => attempt(event));
});

wait_until_test("W5: one microtask after that reaction", "InvalidStateError", (event, attempt) => {
  const later = new Promise((resolve) => setTimeout(resolve, 20));
  event.waitUntil(later);
  later.then(() => Promise.resolve()).then(() => attempt(event));
});

wait_until_test("W6: in a later task after everything is settled", "InvalidStateError", (event, attempt) => {
  event.waitUntil(Promise.resolve());
  setTimeout(() => attempt(event), 0);
});

wait_until_test("W7: on an event made by a script", "InvalidStateError", (event, attempt) => {
  attempt(new SyncEvent("sync", { tag: event.tag }));
});

wait_until_test("W7: on a dispatched event made by a script", "InvalidStateError", (event, attempt) => {
  const made = new SyncEvent("made", { tag: event.tag });
  addEventListener("made", attempt);
  dispatchEvent(made);
});

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.run(() => {
    addEventListener("sync", (event) => {
      const steps = async () => {
        for (let step = 0; step < 5; step++) {
          await new Promise((resolve) => setTimeout(resolve, 30));
          event.waitUntil(new Promise((resolve) => setTimeout(resolve, 50)));
        }
      };
      event.waitUntil(steps());
    });
  });
  await worker.begin("silent foo");
  await pause(120);
  assert_array_equals(await worker.sync.getTags(), ["silent foo"], "still running");
  await worker.gone("silent foo");
}, "W3: an event can be extended again and again");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  await worker.run(() => {
    addEventListener("sync", (event) => {
      self.heldBack = event;
      event.waitUntil("no promise");
      event.waitUntil({ then: (resolve) => setTimeout(resolve, 20) });
    });
  });
  await worker.begin("silent foo");
  await worker.gone("silent foo");
  assert_equals(await worker.run(() => self.heldBack.tag), "silent foo");
}, "6.3: waitUntil() takes any value, as promises do");

promise_test(async (t) => {
  const worker = await SyncWorker.start(t);
  const name = await worker.run(() => new Promise((resolve) => {
    addEventListener("sync", (event) => {
      try {
        event.waitUntil();
        resolve("no error");
      } catch (error) {
        resolve(error.name);
      }
    });
    registration.sync.register("silent foo");
  }));
  assert_equals(name, "TypeError");
}, "6.3: waitUntil() without an argument throws TypeError");
