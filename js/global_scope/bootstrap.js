// Entry point: runs once while the snapshot is made, and leaves `boot` for each scope that starts from it.

import { environmentOf, ownEnvironment } from "ext:landfall_platform/environment.js";
import {
  backgroundFetch,
  defineOnDemand,
  everywhereOnDemand,
  indexedDatabase,
  performanceTimeline,
  permissions,
  windows,
} from "ext:landfall_platform/on_demand.js";
import {
  core,
  crypto,
  event,
  fire,
  location,
  webidl,
} from "ext:landfall_platform/platform.js";
import { op_import_sync, op_scope_evaluation_settled } from "ext:core/ops";
import { Cache } from "ext:sw_cache/cache.js";
import { cachesOf, CacheStorage } from "ext:sw_cache/cache_storage.js";
import { fetch } from "ext:sw_fetch/fetch.js";
import { console } from "ext:sw_global_scope/console.js";
import {
  defineAttributes,
  defineInterfaces,
  defineOperations,
  defineReplaceableAttributes,
} from "ext:sw_global_scope/define.js";
import { exposeFunctions } from "ext:sw_global_scope/embedder.js";
import { interfaces, operations } from "ext:sw_global_scope/exposed.js";
import { fireTimer, useManualClock } from "ext:sw_time/host_clock.js";
import { startReporting } from "ext:sw_global_scope/reporting.js";
import {
  abortFetch,
  dispatchEvent,
  dispatchFetchEvent,
  endDispatch,
  handledEvents,
  timeOutEvent,
} from "ext:sw_service_worker/dispatch.js";
import { NavigationPreloadManager } from "ext:sw_service_worker/navigation_preload_manager.js";
import {
  ServiceWorker,
  updateWorkerState,
} from "ext:sw_service_worker/service_worker.js";
import { becomeServiceWorker } from "ext:sw_service_worker/service_worker_global_scope.js";
import {
  announceUpdate,
  ServiceWorkerRegistration,
  updateRegistration,
} from "ext:sw_service_worker/service_worker_registration.js";
import { PeriodicSyncManager } from "ext:sw_sync/periodic_sync_manager.js";
import { SyncManager } from "ext:sw_sync/sync_manager.js";

/** What errors in a script of the embedder's name as their place; the same as in src/engine/mod.rs. */
const EVALUATED_URL = "landfall:evaluated";

const BOOT = "__landfall_boot";

defineInterfaces({
  ...interfaces,
  Cache,
  CacheStorage,
  NavigationPreloadManager,
  PeriodicSyncManager,
  ServiceWorker,
  ServiceWorkerRegistration,
  SyncManager,
});
defineOnDemand(everywhereOnDemand);
defineOperations({ ...operations, fetch });
defineAttributes({
  caches: () => cachesOf(ownEnvironment),
  crypto: () => crypto.crypto,
  indexedDB: () => indexedDatabase.load().indexedDB,
});
defineReplaceableAttributes({ performance: () => performanceTimeline.load().performance });
Object.defineProperty(globalThis, "console", {
  value: console,
  configurable: true,
  writable: true,
  enumerable: false,
});
globalThis[webidl.brand] = webidl.brand;
event.setEventTargetData(globalThis);
event.saveGlobalThisReference(globalThis);

/** What the host may tell a scope. */
const notices = {
  __proto__: null,
  workerStateChanged: updateWorkerState,
  registrationChanged: updateRegistration,
  updateFound: announceUpdate,
  permissionChanged: (change) => permissions.loaded?.changePermission(change),
  backgroundFetchChanged(fetch, environment) {
    if (environment === ownEnvironment) backgroundFetch.loaded?.updateBackgroundFetch(fetch);
  },
  connectivityChanged: (isOnline, { global }) =>
    fire(global, new event.Event(isOnline ? "online" : "offline")),
};

/** What the host tells the scope, or a frame in it. */
function notify(name, detail, number) {
  const environment = environmentOf(number);
  if (environment !== undefined) notices[name](detail, environment);
}

/** Runs a script for the embedder and tells the host what it came to, as JSON. */
async function evaluate(id, source, number) {
  await settle(id, () => {
    const environment = environmentOf(number);
    if (environment === undefined) throw new Error("the frame is gone");
    if (environment !== ownEnvironment) return windows.load().evaluateIn(environment.global, source);
    const [value, error] = core.evalContext(source, EVALUATED_URL);
    if (error !== null) throw error.thrown;
    return value;
  });
}

/** Shows an address for the host: in the frame with its number, or for 0 in a new one. */
async function showInFrame(id, address, number) {
  await settle(id, async () => {
    const { clientOf, openFrame } = windows.load();
    const frame = number === 0 ? openFrame(address) : await navigateFrame(number, address);
    await frame.loaded;
    if (frame.window === null) throw new Error(`nothing could be loaded from ${address}`);
    return clientOf(frame);
  });
}

function navigateFrame(number, address) {
  const environment = environmentOf(number);
  if (environment === undefined) throw new Error("the frame is gone");
  return environment.navigate(environment, address, false);
}

/** Tells the host what something came to that it asked for. */
async function settle(id, steps) {
  try {
    op_scope_evaluation_settled(id, JSON.stringify(await steps()) ?? "null", null);
  } catch (error) {
    op_scope_evaluation_settled(id, null, core.destructureError(error));
  }
}

/**
 * Runs the scope's main module, with everything that it imports, until its evaluation settles.
 *
 * As an import of ours and not as Deno's main module: that one ends well even if it throws.
 */
async function evaluateModule(id, url) {
  await settle(id, async () => {
    const [module, error] = core.evalContext(`import(${JSON.stringify(url)})`, EVALUATED_URL);
    if (error !== null) throw error.thrown;
    await module;
    if (ownEnvironment.isServiceWorker) refuseTopLevelAwait(url);
    return null;
  });
}

/**
 * https://w3c.github.io/ServiceWorker/#is-async-module
 *
 * Differs from the spec: the module has run when this is found out.
 */
function refuseTopLevelAwait(url) {
  try {
    // The module is there already: what Deno does not give at once is one that awaits.
    op_import_sync(url);
  } catch {
    throw new TypeError("Top-level await is disallowed in service workers.");
  }
}

/**
 * Makes the global what `start` says and hands the host its way in.
 *
 * @param {{ url: string, isClockManual: boolean, exposedFunctions: string[], serviceWorker: object | null,
 *   client: object | null }} start
 */
function boot({ url, isClockManual, exposedFunctions, serviceWorker, client }) {
  delete globalThis[BOOT];
  delete globalThis.Deno;
  delete globalThis.__bootstrap;
  location.setLocationHref(url);
  if (isClockManual) useManualClock(event.reportException);
  // Deno's own looks for V8's on its first call, and takes for granted that the global still has it.
  queueMicrotask(() => {});
  startReporting();
  defineReplaceableAttributes({ isSecureContext: () => true });
  ownEnvironment.isServiceWorker = serviceWorker !== null;
  if (ownEnvironment.isServiceWorker) {
    becomeServiceWorker(serviceWorker);
  } else {
    const { becomeWindow, clientNotices } = windows.load();
    Object.assign(notices, clientNotices);
    becomeWindow(client);
  }
  exposeFunctions(exposedFunctions);
  return {
    dispatchEvent,
    dispatchFetchEvent,
    endDispatch,
    timeOutEvent,
    fireTimer,
    abortFetch,
    handledEvents,
    evaluate,
    evaluateModule,
    showInFrame,
    notify,
  };
}

Object.defineProperty(globalThis, BOOT, { value: boot, configurable: true });
