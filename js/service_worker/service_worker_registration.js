// ServiceWorkerRegistration: one scope's registration as a script sees it.

import { HOST, onlyByHost } from "ext:landfall_platform/construct.js";
import { ownEnvironment, perEnvironment } from "ext:landfall_platform/environment.js";
import { backgroundFetch, notifications, push } from "ext:landfall_platform/on_demand.js";
import { defineEventHandler, event, fire, webidl } from "ext:landfall_platform/platform.js";
import {
  op_service_worker_unregister,
  op_service_worker_update,
} from "ext:core/ops";
import { createNavigationPreloadManager } from "ext:sw_service_worker/navigation_preload_manager.js";
import { serviceWorkerFor } from "ext:sw_service_worker/service_worker.js";
import { createPeriodicSyncManager } from "ext:sw_sync/periodic_sync_manager.js";
import { createSyncManager } from "ext:sw_sync/sync_manager.js";

/** Registration id to object: the same registration is the same object in one environment. */
const registrationsOf = perEnvironment(() => new Map());

/**
 * What the parts of a registration know of it: whether it has an active worker is as this scope sees it.
 *
 * @typedef {{ id: number, hasActiveWorker: () => boolean }} RegistrationHandle
 */

/** @type {(registration: ServiceWorkerRegistration, snapshot: object) => void} */
let applySnapshot;

/** https://w3c.github.io/ServiceWorker/#serviceworkerregistration-interface */
export class ServiceWorkerRegistration extends event.EventTarget {
  #environment;
  #scope;
  #updateViaCache;
  #installing = null;
  #waiting = null;
  #active = null;
  #handle;
  #sync;
  #periodicSync;
  #pushManager;
  #backgroundFetch;
  #navigationPreload;

  static {
    applySnapshot = (registration, snapshot) => {
      registration.#updateViaCache = snapshot.updateViaCache;
      const environment = registration.#environment;
      registration.#installing = serviceWorkerFor(snapshot.installing, environment);
      registration.#waiting = serviceWorkerFor(snapshot.waiting, environment);
      registration.#active = serviceWorkerFor(snapshot.active, environment);
    };
  }

  constructor(key = undefined, snapshot = undefined, environment = undefined) {
    super();
    onlyByHost(key, this);
    this.#environment = environment;
    this.#scope = snapshot.scope;
    this.#handle = { id: snapshot.id, hasActiveWorker: () => this.#active !== null };
  }

  get installing() {
    webidl.assertBranded(this, ServiceWorkerRegistrationPrototype);
    return this.#installing;
  }

  get waiting() {
    webidl.assertBranded(this, ServiceWorkerRegistrationPrototype);
    return this.#waiting;
  }

  get active() {
    webidl.assertBranded(this, ServiceWorkerRegistrationPrototype);
    return this.#active;
  }

  get scope() {
    webidl.assertBranded(this, ServiceWorkerRegistrationPrototype);
    return this.#scope;
  }

  get updateViaCache() {
    webidl.assertBranded(this, ServiceWorkerRegistrationPrototype);
    return this.#updateViaCache;
  }

  /** The same object for the life of this one. */
  get sync() {
    webidl.assertBranded(this, ServiceWorkerRegistrationPrototype);
    return this.#sync ??= createSyncManager(this.#handle);
  }

  /** The same object for the life of this one. */
  get periodicSync() {
    webidl.assertBranded(this, ServiceWorkerRegistrationPrototype);
    return this.#periodicSync ??= createPeriodicSyncManager(this.#handle);
  }

  /** The same object for the life of this one. */
  get pushManager() {
    webidl.assertBranded(this, ServiceWorkerRegistrationPrototype);
    return this.#pushManager ??= push.load().createPushManager(this.#handle.id);
  }

  /** The same object for the life of this one. */
  get backgroundFetch() {
    webidl.assertBranded(this, ServiceWorkerRegistrationPrototype);
    return this.#backgroundFetch ??= backgroundFetch.load().createBackgroundFetchManager(this.#handle);
  }

  /** The same object for the life of this one. */
  get navigationPreload() {
    webidl.assertBranded(this, ServiceWorkerRegistrationPrototype);
    return this.#navigationPreload ??= createNavigationPreloadManager(this.#handle.id);
  }

  async showNotification(title, options = undefined) {
    webidl.assertBranded(this, ServiceWorkerRegistrationPrototype);
    const prefix = "Failed to execute 'showNotification' on 'ServiceWorkerRegistration'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    await notifications.load().showNotification(this.#handle, title, options);
  }

  async getNotifications(filter = undefined) {
    webidl.assertBranded(this, ServiceWorkerRegistrationPrototype);
    return await notifications.load().getNotifications(this.#handle.id, filter);
  }

  async update() {
    webidl.assertBranded(this, ServiceWorkerRegistrationPrototype);
    const environment = this.#environment;
    const snapshot = await op_service_worker_update(environment.number, this.#handle.id);
    return registrationFor(snapshot, environment);
  }

  async unregister() {
    webidl.assertBranded(this, ServiceWorkerRegistrationPrototype);
    return await op_service_worker_unregister(this.#environment.number, this.#scope);
  }
}
webidl.configureInterface(ServiceWorkerRegistration);
const ServiceWorkerRegistrationPrototype = ServiceWorkerRegistration.prototype;
defineEventHandler(ServiceWorkerRegistrationPrototype, "updatefound");

/**
 * The object for a registration, brought up to date.
 *
 * @param {object} snapshot id, scope, updateViaCache and the three workers
 * @param {Environment} environment whose object
 */
export function registrationFor(snapshot, environment = ownEnvironment) {
  const registrations = registrationsOf(environment);
  let registration = registrations.get(snapshot.id);
  if (registration === undefined) {
    registration = new ServiceWorkerRegistration(HOST, snapshot, environment);
    registrations.set(snapshot.id, registration);
  }
  applySnapshot(registration, snapshot);
  return registration;
}

/** The host says that a registration's workers moved. Who never saw it has nothing to update. */
export function updateRegistration(snapshot, environment) {
  const registration = registrationsOf(environment).get(snapshot.id);
  if (registration !== undefined) applySnapshot(registration, snapshot);
}

/** A new worker begins to install. */
export function announceUpdate(id, environment) {
  const registration = registrationsOf(environment).get(id);
  if (registration !== undefined) fire(registration, new event.Event("updatefound"));
}
