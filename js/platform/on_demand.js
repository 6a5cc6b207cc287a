// What most workers never use: scripts that are loaded when something of theirs is first needed.
//
// In the snapshot each would cost every start of every scope what it takes to read it, used or not.

import { bootstrap, core, refuseClones } from "ext:landfall_platform/platform.js";
import { op_scope_compile_on_demand, op_scope_define_on_demand } from "ext:core/ops";

/** Specifier to exports, of those that are loaded. */
const registry = { __proto__: null };

/** The functions of a namespace, or of a constructor that is only used as one. */
const functionsOf = (namespace) => Object.create(null, Object.getOwnPropertyDescriptors(namespace));

/** What the language has, as they know it whatever a script has put in its place before they are loaded. */
const intrinsics = {
  Array,
  Map,
  Object: functionsOf(Object),
  Promise,
  Proxy,
  Reflect: functionsOf(Reflect),
  Set,
  Symbol,
  TypeError,
  WeakMap,
};

/** Their `__bootstrap`: the platform's, but what is loaded on demand is found in the registry. */
const view = {
  __proto__: bootstrap,
  intrinsics,
  core: {
    __proto__: bootstrap.core,
    loadExtScript: (specifier) => registry[specifier] ?? core.loadExtScript(specifier),
  },
};

/** Runs what a script was compiled to, and gives its exports. */
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
      for (let index = 0; index < this.#interfaces.length; index += 1) {
        const name = this.#interfaces[index];
        refuseClones(exports[name].prototype, name);
      }
      this.#finish?.(exports);
      this.loaded = exports;
    }
    return this.loaded;
  }
}

/** Name of an interface to the script that has it. */
const scripts = { __proto__: null };

/**
 * @param {string} specifier
 * @param {{ everywhere?: string[], inWorkers?: string[] }} interfaces by where they are exposed
 * @param {((exports: object) => void) | undefined} finish called when it is loaded
 */
function onDemand(specifier, { everywhere = [], inWorkers = [] } = {}, finish = undefined) {
  const interfaces = [...everywhere, ...inWorkers];
  specifiers.push(specifier);
  const script = new OnDemand(specifier, interfaces, finish);
  for (const name of interfaces) scripts[name] = script;
  everywhereOnDemand.push(...everywhere);
  inWorkersOnDemand.push(...inWorkers);
  return script;
}

/** Of each script. @type {string[]} */
const specifiers = [];
/** Names of the interfaces that every scope has. @type {string[]} */
export const everywhereOnDemand = [];
/** Names of those that only service workers have. @type {string[]} */
export const inWorkersOnDemand = [];

const interfaceObject = (name) => scripts[name].load()[name];

/**
 * Interface objects of the global: configurable, writable, not enumerable.
 *
 * @param {string[]} names
 */
export function defineOnDemand(names) {
  op_scope_define_on_demand(names, interfaceObject);
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

export const windows = onDemand("ext:sw_window/window.js");

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

/** What build.rs has to know to compile them. */
export const contents = { specifiers, intrinsics: Object.keys(intrinsics) };
