// What every start runs, once while the snapshot is made, in a context that is then thrown away: V8 keeps the functions
// that it compiled for it.
{
  const { core } = globalThis.Deno;
  const worker = { id: 1, scriptURL: "https://rehearsal.example/sw.js", state: "activated" };
  const registration = {
    id: 1,
    scope: "https://rehearsal.example/",
    updateViaCache: "imports",
    installing: null,
    waiting: null,
    active: worker,
  };
  // V8's own, which is missing while a snapshot is made: Deno's looks for it behind its own.
  Object.setPrototypeOf(globalThis, { queueMicrotask() {}, __proto__: Object.getPrototypeOf(globalThis) });
  const entry = globalThis.__landfall_boot({
    url: worker.scriptURL,
    isClockManual: false,
    exposedFunctions: [],
    serviceWorker: { registration, worker, isModule: false },
    client: null,
  });
  const extend = (event) => event.waitUntil(Promise.resolve());
  for (const type of ["push", "sync"]) addEventListener(type, extend);
  entry.handledEvents();
  entry.notify("registrationChanged", registration);
  entry.notify("workerStateChanged", worker);
  entry.notify("updateFound", registration.id);
  const push = entry.dispatchEvent(1, "push", { data: null });
  const sync = entry.dispatchEvent(2, "sync", { tag: "rehearsal", lastChance: false });
  Promise.resolve().then(() => {
    entry.endDispatch(1, push);
    entry.endDispatch(2, sync);
    // Deno keeps it outside of the context.
    core.setHandledPromiseRejectionHandler(null);
  });
}
