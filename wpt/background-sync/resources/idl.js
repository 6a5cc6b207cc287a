// The interfaces of the two specifications, and those that they extend, as far as the tests need them.

"use strict";

const BACKGROUND_SYNC = `
partial interface ServiceWorkerRegistration {
  readonly attribute SyncManager sync;
};

[Exposed=(Window,Worker)]
interface SyncManager {
  Promise<undefined> register(DOMString tag);
  Promise<sequence<DOMString>> getTags();
};

partial interface ServiceWorkerGlobalScope {
  attribute EventHandler onsync;
};

[Exposed=ServiceWorker]
interface SyncEvent : ExtendableEvent {
  constructor(DOMString type, SyncEventInit init);
  readonly attribute DOMString tag;
  readonly attribute boolean lastChance;
};

dictionary SyncEventInit : ExtendableEventInit {
  required DOMString tag;
  boolean lastChance = false;
};
`;

const PERIODIC_BACKGROUND_SYNC = `
partial interface ServiceWorkerRegistration {
  readonly attribute PeriodicSyncManager periodicSync;
};

[Exposed=(Window,Worker)]
interface PeriodicSyncManager {
  Promise<undefined> register(DOMString tag, optional BackgroundSyncOptions options = {});
  Promise<sequence<DOMString>> getTags();
  Promise<undefined> unregister(DOMString tag);
};

dictionary BackgroundSyncOptions {
  [EnforceRange] unsigned long long minInterval = 0;
};

partial interface ServiceWorkerGlobalScope {
  attribute EventHandler onperiodicsync;
};

[Exposed=ServiceWorker]
interface PeriodicSyncEvent : ExtendableEvent {
  constructor(DOMString type, PeriodicSyncEventInit init);
  readonly attribute DOMString tag;
};

dictionary PeriodicSyncEventInit : ExtendableEventInit {
  required DOMString tag;
};
`;

const EXTENDED = `
[Exposed=*] interface Event {};
dictionary EventInit {};
[Exposed=*] interface EventTarget {};
[LegacyTreatNonObjectAsNull] callback EventHandlerNonNull = any (Event event);
typedef EventHandlerNonNull? EventHandler;
[Exposed=ServiceWorker] interface ExtendableEvent : Event {};
dictionary ExtendableEventInit : EventInit {};
[Exposed=(Window,Worker)] interface ServiceWorkerRegistration : EventTarget {};
[Exposed=Worker] interface WorkerGlobalScope : EventTarget {};
[Global=(Worker,ServiceWorker), Exposed=ServiceWorker]
interface ServiceWorkerGlobalScope : WorkerGlobalScope {};
`;

/** Holds this scope to the interfaces, and the given objects to theirs. */
function idl_tests(interfaces, objects) {
  const idl = new IdlArray();
  idl.add_untested_idls(EXTENDED);
  idl.add_idls(interfaces);
  idl.add_objects(objects);
  idl.test();
}
