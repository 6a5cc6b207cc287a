// What the tests of background sync have in common: a worker that is told by tags what to do, and waiting with a limit.

"use strict";

/** How long something that must happen may take. */
const PATIENCE_MS = 8000;

/** How long something that must not happen is waited for. */
const QUIET_MS = 300;

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Waits until nothing more would happen by itself. */
const quiet = () => pause(QUIET_MS);

/** Waits until a condition, asked again and again, gives something true, and gives that. */
async function eventually(condition, description, patience = PATIENCE_MS) {
  const end = performance.now() + patience;
  for (;;) {
    const value = await condition();
    if (value) return value;
    assert_less_than(performance.now(), end, `waited too long until ${description}`);
    await pause(20);
  }
}

/** Ends the test as not applicable where the driver lacks something. */
function require_driver(...features) {
  for (const feature of features) {
    assert_implements_optional(driver.supports(feature), `nobody here can drive "${feature}"`);
  }
}

/** A registration with `worker.js`, or another script, and what its worker told. */
class SyncWorker {
  static #number = 0;

  /** Registers a worker for a scope that no page is in, and unregisters it after the test. */
  static async start(t, { name = `worker-${++SyncWorker.#number}`, script = "worker.js", isKept = false } = {}) {
    const scope = SyncWorker.#scope(name);
    const address = new URL(script, SyncWorker.#folder);
    const registration = await navigator.serviceWorker.register(address, { scope });
    if (!isKept) t.add_cleanup(() => registration.unregister());
    await SyncWorker.#activated(registration);
    return new SyncWorker(registration);
  }

  /** The worker that an earlier phase started under that name. */
  static async find(t, name) {
    const scope = SyncWorker.#scope(name);
    const registration = await navigator.serviceWorker.getRegistration(scope);
    assert_equals(registration?.scope, scope, "the registration is still there");
    t.add_cleanup(() => registration.unregister());
    return new SyncWorker(registration);
  }

  static #folder = new URL("/background-sync/resources/", location.href);

  static #scope(name) {
    return new URL(`${encodeURIComponent(name)}/`, SyncWorker.#folder).href;
  }

  static #activated({ installing, waiting, active }) {
    const worker = installing ?? waiting ?? active;
    return eventually(() => {
      assert_not_equals(worker.state, "redundant", "the worker installs");
      return worker.state === "activated";
    }, "the worker is activated");
  }

  constructor(registration) {
    this.registration = registration;
    this.scope = registration.scope;
    /** What the worker told while this page was there. */
    this.facts = [];
    navigator.serviceWorker.addEventListener("message", ({ data }) => {
      if (data.scope === this.scope) this.facts.push(data.fact);
    });
    navigator.serviceWorker.startMessages();
  }

  get sync() {
    return this.registration.sync;
  }

  get periodicSync() {
    return this.registration.periodicSync;
  }

  /** The events told so far, of one tag. */
  events(tag) {
    return this.facts.filter((fact) => fact.type.endsWith("sync") && fact.tag === tag);
  }

  /** The events with that tag, as soon as there are so many. */
  async fired(tag, count = 1, patience = PATIENCE_MS) {
    await eventually(() => this.events(tag).length >= count, `"${tag}" has fired ${count} times`, patience);
    return this.events(tag);
  }

  /** Registers a tag and waits for its first event. */
  async begin(tag) {
    await this.sync.register(tag);
    await this.fired(tag);
  }

  /** Lets an attempt of a "hold" tag fail, counted from 1, and waits for the next one. */
  async retry(tag, attempt) {
    await this.settle(tag, "reject");
    await pass_retry_delay(attempt);
    return await this.fired(tag, attempt + 1);
  }

  /** Waits until a tag is not listed any more. */
  async gone(tag) {
    await eventually(async () => !(await this.sync.getTags()).includes(tag), `"${tag}" is gone`);
  }

  /** What the worker wrote down, in the order of its writing, also while no page was there. */
  async log() {
    const log = await caches.open("log");
    const entries = await log.keys();
    const own = entries.filter((request) => request.url.startsWith(`${this.scope}log`));
    const facts = await Promise.all(own.map(async (request) => (await log.match(request)).json()));
    return facts;
  }

  /** The events with that tag that were written down, as soon as there are so many. */
  async logged(tag, count = 1) {
    return eventually(async () => {
      const facts = (await this.log()).filter((fact) => fact.tag === tag);
      return facts.length >= count && facts;
    }, `"${tag}" was written down ${count} times`);
  }

  /** Ends the event of a "hold" tag. */
  settle(tag, how = "fulfil") {
    return this.#command({ command: "settle", tag, how });
  }

  /** Runs a function in the worker, and gives what it gives. */
  run(work, ...values) {
    return this.#command({ command: "run", source: work.toString(), values });
  }

  async #command(message) {
    const { port1, port2 } = new MessageChannel();
    const answered = new Promise((resolve) => {
      port1.onmessage = ({ data }) => resolve(data);
    });
    this.registration.active.postMessage(message, [port2]);
    const { value, error } = await answered;
    port1.close();
    if (error) throw new DOMException(error.message, error.name);
    return value;
  }
}

/** Tags compared without their order. */
function assert_same_tags(actual, expected, description) {
  assert_array_equals([...actual].sort(), [...expected].sort(), description);
}

/** Takes the network away until the end of the test. */
async function go_offline(t) {
  require_driver("offline");
  await driver.set_offline();
  t.add_cleanup(() => driver.set_online());
}

/** Lets the wait after the given failed attempt pass. */
async function pass_retry_delay(attempt) {
  // The wait begins when the end of the event was noticed, which no page can see.
  await quiet();
  await driver.pass_time(driver.retry_delay * 3 ** (attempt - 1));
}

/** Lets the shortest interval between two periodic syncs pass. */
async function pass_interval() {
  // This too begins when the end of the event before was noticed.
  await quiet();
  await driver.pass_time(driver.periodic_interval);
}

/**
 * Tests with a part before the browser ends and a part after it started again. What the first part returns, the second
 * gets as its second argument.
 *
 * @param {{ name: string, before: function, after: function }[]} tests
 */
function restart_tests(tests) {
  if (driver.phase === 0) {
    promise_test(async (t) => {
      require_driver("restart");
      const notes = {};
      for (const { name, before } of tests) {
        notes[name] = await before(t).then(
          (value) => ({ value }),
          (error) => ({ error: String(error) }),
        );
      }
      await driver.restart({ notes });
    }, "Before the restart");
    return;
  }
  for (const { name, after } of tests) {
    promise_test(async (t) => {
      const { value, error } = driver.notes[name];
      assert_equals(error, undefined, "what went wrong before the restart");
      await after(t, value);
    }, name);
  }
}
