// What most workers never use: scripts that are loaded when something of theirs is first needed.
//
// In the snapshot each would cost every start of every scope what it takes to read it, used or not.

import { bootstrap, core, primordials } from "ext:landfall_platform/platform.js";
import { op_scope_compile_on_demand, op_scope_define_on_demand } from "ext:core/ops";

/** Specifier to exports, of those that are loaded. */
const registry = { __proto__: null };

/** What the language has, as they know it whatever a script has put in its place before they are loaded. */
const intrinsics = { Array, Map, Object, Promise, Proxy, Reflect, Set, Symbol, TypeError, WeakMap };

/** What they are given: the others find each other in the registry. */
const view = {
  __proto__: bootstrap,
  intrinsics,
  core: {
    __proto__: bootstrap.core,
    loadExtScript: (specifier) => registry[specifier] ?? core.loadExtScript(specifier),
  },
};

/** Runs a script as it was compiled, and gives its exports. */
export const run = (script) => script(view, registry);

/** A script, and the interfaces that it exports. */
class OnDemand {
  #specifier;
  #interfaces;
  #finish;

  /** Its exports; undefined before it is loaded. */
  loaded;

  constructor(specifier, interfaces, finish) {
    this.#specifier = specifier;
    this.#interfaces = interfaces;
    this.#finish = finish;
  }

  /** Its exports. */
  load() {
    if (this.loaded === undefined) {
      const exports = run(op_scope_compile_on_demand(this.#specifier));
      for (const name of this.#interfaces) refuseClones(exports[name].prototype, name);
      this.#finish?.(exports);
      this.loaded = exports;
    }
    return this.loaded;
  }
}

/** Platform objects are cloned only where it is said how (https://html.spec.whatwg.org/#serializable-objects). */
export function refuseClones(prototype, name) {
  if (prototype === undefined || core.hostObjectBrand in prototype) return;
  // Deno assigns it to its ports.
  primordials.ObjectDefineProperty(prototype, core.hostObjectBrand, { __proto__: null, value: name, writable: true });
}

/** Name of an interface to the script that has it. */
const scripts = { __proto__: null };

/**
 * @param {string} specifier
 * @param {{ everywhere?: string[], inWorkers?: string[] }} interfaces by where they are exposed
 * @param {((exports: object) => void) | undefined} finish called when it is loaded
 */
function onDemand(specifier, { everywhere = [], inWorkers = [] }, finish = undefined) {
  const interfaces = [...everywhere, ...inWorkers];
  const script = new OnDemand(specifier, interfaces, finish);
  for (const name of interfaces) scripts[name] = script;
  everywhereOnDemand.push(...everywhere);
  inWorkersOnDemand.push(...inWorkers);
  return script;
}

/** Names of the interfaces that every scope has. @type {string[]} */
export const everywhereOnDemand = [];
/** Names of those that only service workers have. @type {string[]} */
export const inWorkersOnDemand = [];

/**
 * Interface objects of the global: configurable, writable, not enumerable.
 *
 * @param {string[]} names
 */
export function defineOnDemand(names) {
  op_scope_define_on_demand(names, (name) => scripts[name].load()[name]);
}

export const backgroundFetch = onDemand("ext:sw_background_fetch/mod.js", {
  everywhere: ["BackgroundFetchManager", "BackgroundFetchRecord", "BackgroundFetchRegistration"],
  inWorkers: ["BackgroundFetchEvent", "BackgroundFetchUpdateUIEvent"],
});

export const indexedDatabase = onDemand("ext:sw_indexed_db/mod.js", {
  everywhere: [
    "DOMStringList",
    "IDBCursor",
    "IDBCursorWithValue",
    "IDBDatabase",
    "IDBFactory",
    "IDBIndex",
    "IDBKeyRange",
    "IDBObjectStore",
    "IDBOpenDBRequest",
    "IDBRecord",
    "IDBRequest",
    "IDBTransaction",
    "IDBVersionChangeEvent",
  ],
});

export const locks = onDemand("ext:sw_navigator/lock_manager.js", { everywhere: ["Lock", "LockManager"] });

export const notifications = onDemand("ext:sw_notifications/mod.js", {
  everywhere: ["Notification"],
  inWorkers: ["NotificationEvent"],
});

export const performanceTimeline = onDemand("ext:deno_web/15_performance.js", {
  everywhere: [
    "Performance",
    "PerformanceEntry",
    "PerformanceMark",
    "PerformanceMeasure",
    "PerformanceObserver",
    "PerformanceObserverEntryList",
  ],
}, ({ setTimeOrigin }) => setTimeOrigin());

export const permissions = onDemand("ext:sw_navigator/permissions.js", {
  everywhere: ["Permissions", "PermissionStatus"],
});

export const push = onDemand("ext:sw_push/mod.js", {
  everywhere: ["PushManager", "PushSubscription", "PushSubscriptionOptions"],
  inWorkers: ["PushSubscriptionChangeEvent"],
});

export const serviceWorkerContainers = onDemand("ext:sw_service_worker/service_worker_container.js", {
  inWorkers: ["ServiceWorkerContainer"],
});

export const storageManagers = onDemand("ext:sw_navigator/storage_manager.js", { everywhere: ["StorageManager"] });

export const windows = onDemand("ext:sw_window/window.js", {});

onDemand("ext:deno_web/01_urlpattern.js", { everywhere: ["URLPattern"] });
onDemand("ext:deno_web/10_filereader.js", { everywhere: ["FileReader"] });
onDemand("ext:deno_web/14_compression.js", { everywhere: ["CompressionStream", "DecompressionStream"] });
onDemand("ext:sw_broadcast_channel/broadcast_channel.js", { everywhere: ["BroadcastChannel"] });

const SERIALIZABLE = [
  "DOMMatrix",
  "DOMMatrixReadOnly",
  "DOMPoint",
  "DOMPointReadOnly",
  "DOMQuad",
  "DOMRect",
  "DOMRectReadOnly",
  "ImageData",
];
const serializable = onDemand("ext:landfall_platform/serializable.js", { everywhere: SERIALIZABLE });
// A message may bring one into a scope that never had any.
for (const name of SERIALIZABLE) {
  core.registerCloneableResource(name, (data) => serializable.load().deserializers[name](data));
}
