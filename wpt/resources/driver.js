// Gives a test control over what surrounds it, in the style of testdriver.js. resources/README.md has the whole story:
// what every operation promises, and what whoever runs the tests has to do for it.

(() => {
  "use strict";

  // Set by whoever runs the tests, before this script.
  const settings = globalThis.driver_settings ?? {};
  const features = new Set(settings.features ?? []);

  const queue = [];
  const pending = new Map();
  let deliver = null;

  function request(operation, parameters = {}) {
    return new Promise((resolve, reject) => {
      const id = pending.size + 1;
      pending.set(id, { resolve, reject });
      queue.push({ id, operation, ...parameters });
      deliver?.();
    });
  }

  const driver = {
    /** How often this file was loaded before: 0, then 1 more after each `restart()` or `leave()`. */
    phase: settings.phase ?? 0,

    /** What the phase before handed over; null in the first. */
    notes: settings.notes ?? null,

    /** Milliseconds until a failed sync is tried again the first time; each further wait is three times as long. */
    retry_delay: settings.retry_delay ?? 5 * 60_000,

    /** Milliseconds that a sync event may take. */
    event_limit: settings.event_limit ?? 3 * 60_000,

    /** Milliseconds between two periodic syncs at least. */
    periodic_interval: settings.periodic_interval ?? 12 * 60 * 60_000,

    /** Whether "clock", "offline", "permission", "restart", "stop_worker", "sync" or "periodic_sync" can be driven. */
    supports: (feature) => features.has(feature),

    /** Takes the network from pages and workers. */
    set_offline: () => request("set_offline"),

    /** Gives the network back. */
    set_online: () => request("set_online"),

    /** Lets all clocks jump; between jumps they go on as usual. Needs "clock". */
    advance_clock: (milliseconds) => request("advance_clock", { milliseconds }),

    /** Lets that much time pass, by a jump where there is "clock". */
    pass_time: (milliseconds) =>
      driver.supports("clock")
        ? driver.advance_clock(milliseconds)
        : new Promise((resolve) => setTimeout(resolve, milliseconds)),

    /** Stops the running worker of the registration with that scope; it starts again when it is needed. */
    stop_worker: (scope) => request("stop_worker", { scope: absolute(scope) }),

    /** Sends a `sync` event, for any tag, to the active worker of the registration with that scope. */
    dispatch_sync: (scope, tag, last_chance = false) =>
      request("dispatch_sync", { scope: absolute(scope), tag, last_chance }),

    /** The same with a `periodicsync` event. */
    dispatch_periodic_sync: (scope, tag) =>
      request("dispatch_periodic_sync", { scope: absolute(scope), tag }),

    /** Grants or denies a permission to this origin: state is "granted" or "denied". */
    set_permission: (name, state) => request("set_permission", { name, state }),

    /**
     * Closes this page, does the steps, and loads this file again. Never settles: the file goes on in its next phase.
     * A step is an array: the name of an operation above, then its arguments.
     */
    leave: ({ notes = null, steps = [] } = {}) =>
      request("leave", { notes, steps: [...steps, ["set_online"]].map(stepRequest) }),

    /** As `leave()`, but ends the browser after the steps and starts it again with the same data. */
    restart: ({ notes = null, steps = [] } = {}) => request("restart", { notes, steps: steps.map(stepRequest) }),

    /** For whoever runs the tests. */
    controller: {
      /** The next request, as soon as there is one. */
      next_request: () =>
        new Promise((resolve) => {
          deliver = () => {
            if (queue.length === 0) return;
            deliver = null;
            resolve(queue.shift());
          };
          deliver();
        }),

      /** Ends a request: well if `error` is null, else with that message. */
      answer(id, error) {
        const { resolve, reject } = pending.get(id);
        if (error === null) resolve();
        else reject(new Error(error));
      },
    },
  };

  /** What the operations that can be steps take, in this order; a value that may be left out says what it is then. */
  const STEP_PARAMETERS = {
    set_offline: {},
    set_online: {},
    advance_clock: { milliseconds: 0 },
    wait: { milliseconds: 0 },
    stop_worker: { scope: "" },
    dispatch_sync: { scope: "", tag: "", last_chance: false },
    dispatch_periodic_sync: { scope: "", tag: "" },
    set_permission: { name: "", state: "" },
  };

  function stepRequest([operation, ...values]) {
    const step = { operation };
    for (const [name, absent] of Object.entries(STEP_PARAMETERS[operation])) {
      const value = values.length > 0 ? values.shift() : absent;
      step[name] = name === "scope" ? absolute(value) : value;
    }
    return step;
  }

  function absolute(scope) {
    return new URL(scope, location.href).href;
  }

  globalThis.driver = driver;
})();
