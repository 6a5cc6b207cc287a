// ServiceWorkerGlobalScope: what a worker's global has beyond what every scope has.

import {
  DOMException,
  globalInterfaces,
  location,
  core,
  ownOrigin,
  url,
  webidl,
} from "ext:landfall_platform/platform.js";
import {
  op_service_worker_import_script,
  op_service_worker_skip_waiting,
} from "ext:core/ops";
import {
  checkReceiver,
  defineAttributes,
  defineEventHandlers,
  defineInterfaces,
  defineOperations,
  defineReplaceableAttributes,
  moveMembers,
} from "ext:sw_global_scope/define.js";
import { ownEnvironment } from "ext:landfall_platform/environment.js";
import { defineOnDemand, inWorkersOnDemand, serviceWorkerContainers } from "ext:landfall_platform/on_demand.js";
import { operations } from "ext:sw_global_scope/exposed.js";
import { createNavigator, WorkerNavigator } from "ext:sw_navigator/navigator.js";
import { PushEvent } from "ext:sw_push/push_event.js";
import { PushMessageData } from "ext:sw_push/push_message_data.js";
import {
  Client,
  Clients,
  clientsObject,
  WindowClient,
} from "ext:sw_service_worker/clients.js";
import { ExtendableEvent } from "ext:sw_service_worker/extendable_event.js";
import { FetchEvent } from "ext:sw_service_worker/fetch_event.js";
import { ExtendableMessageEvent } from "ext:sw_service_worker/message_event.js";
import { serviceWorkerFor } from "ext:sw_service_worker/service_worker.js";
import { registrationFor } from "ext:sw_service_worker/service_worker_registration.js";
import { PeriodicSyncEvent } from "ext:sw_sync/periodic_sync_event.js";
import { SyncEvent } from "ext:sw_sync/sync_event.js";

const { WorkerGlobalScope } = globalInterfaces;

/** https://w3c.github.io/ServiceWorker/#serviceworkerglobalscope-interface */
class ServiceWorkerGlobalScope extends WorkerGlobalScope {
  get [Symbol.toStringTag]() {
    return "ServiceWorkerGlobalScope";
  }
}

Object.defineProperty(WorkerNavigator.prototype, "serviceWorker", {
  get: Object.getOwnPropertyDescriptor({
    get serviceWorker() {
      webidl.assertBranded(this, WorkerNavigator.prototype);
      return serviceWorkerContainers.load().serviceWorkerContainer(ownEnvironment);
    },
  }, "serviceWorker").get,
  configurable: true,
  enumerable: true,
});

let navigator;
let ownRegistration;
let ownWorker;

/** What the scope has from WorkerGlobalScope, which is not [Global], is on its prototype. */
const inherited = WorkerGlobalScope.prototype;
Object.defineProperty(inherited, "location", location.workerLocationDescriptor);
defineAttributes({ self: () => globalThis, navigator: () => navigator }, inherited);
defineReplaceableAttributes({ origin: ownOrigin }, inherited);
defineEventHandlers(
  ["error", "languagechange", "offline", "online", "rejectionhandled", "unhandledrejection"],
  inherited,
);

/** So are those of its members that windows have as their own. */
const SHARED_MEMBERS = [
  ...Object.keys(operations),
  "caches",
  "crypto",
  "indexedDB",
  "isSecureContext",
  "performance",
];

/** What is its own, defined when it starts. */
const own = {};
Object.defineProperty(own, "WorkerLocation", location.workerLocationConstructorDescriptor);
defineInterfaces({
  Client,
  Clients,
  ExtendableEvent,
  ExtendableMessageEvent,
  FetchEvent,
  PeriodicSyncEvent,
  PushEvent,
  PushMessageData,
  ServiceWorkerGlobalScope,
  SyncEvent,
  WindowClient,
  WorkerGlobalScope,
  WorkerNavigator,
}, own);
defineAttributes({
  registration: () => ownRegistration,
  serviceWorker: () => ownWorker,
  clients: clientsObject,
}, own);
defineOperations({ skipWaiting }, own);
defineEventHandlers([
  "install",
  "activate",
  "fetch",
  "message",
  "messageerror",
  "sync",
  "periodicsync",
  "push",
  "pushsubscriptionchange",
  "notificationclick",
  "notificationclose",
  "backgroundfetchsuccess",
  "backgroundfetchfail",
  "backgroundfetchabort",
  "backgroundfetchclick",
], own);
const ownMembers = Object.getOwnPropertyDescriptors(own);

/**
 * https://html.spec.whatwg.org/multipage/workers.html#import-scripts-into-worker-global-scope
 *
 * @param {...string} urls
 */
function importScripts(...urls) {
  const resolved = urls.map((address) => {
    try {
      return new url.URL(String(address), location.getLocationHref()).href;
    } catch {
      throw new DOMException(
        `Failed to execute 'importScripts' on 'WorkerGlobalScope': the URL '${address}' is invalid.`,
        "SyntaxError",
      );
    }
  });
  for (const url of resolved) {
    const [, error] = core.evalContext(op_service_worker_import_script(url), url);
    if (error !== null) throw error.thrown;
  }
}

/**
 * Turns the global into a service worker's.
 *
 * @param {{ registration: object, worker: object, isModule: boolean }} worker
 */
export function becomeServiceWorker({ registration, worker, isModule }) {
  Object.setPrototypeOf(globalThis, ServiceWorkerGlobalScope.prototype);
  navigator = createNavigator(WorkerNavigator);
  // Made now and not on first use: the host tells them how they change from the very start.
  ownRegistration = registrationFor(registration);
  ownWorker = serviceWorkerFor(worker);
  Object.defineProperties(globalThis, ownMembers);
  defineOnDemand(inWorkersOnDemand);
  defineOperations({ importScripts: isModule ? refuseInModule : importScripts }, inherited);
  moveMembers(SHARED_MEMBERS, inherited);
  // Only pages have these.
  delete URL.createObjectURL;
  delete URL.revokeObjectURL;
}

/** https://w3c.github.io/ServiceWorker/#dom-serviceworkerglobalscope-skipwaiting */
async function skipWaiting() {
  checkReceiver(this);
  await op_service_worker_skip_waiting();
}

/** https://html.spec.whatwg.org/multipage/workers.html#importing-scripts-and-libraries */
function refuseInModule() {
  throw new TypeError(
    "Failed to execute 'importScripts' on 'WorkerGlobalScope': Module scripts don't support importScripts().",
  );
}
