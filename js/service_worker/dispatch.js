// The host's events come in here and leave as events on the global scope.

import { backgroundFetch, notifications, push } from "ext:landfall_platform/on_demand.js";
import { core, event, fire } from "ext:landfall_platform/platform.js";
import {
  op_service_worker_event_fulfilled,
  op_service_worker_event_rejected,
} from "ext:core/ops";
import { activityEnded, during } from "ext:sw_activity/activity.js";
import { requestFromNative } from "ext:sw_fetch/bridge.js";
import { PushEvent } from "ext:sw_push/push_event.js";
import { createClient } from "ext:sw_service_worker/clients.js";
import {
  attachLifetime,
  EventLifetime,
  ExtendableEvent,
} from "ext:sw_service_worker/extendable_event.js";
import { dispatchFetch } from "ext:sw_service_worker/dispatch_fetch.js";
import { deserializeMessage } from "ext:sw_service_worker/message.js";
import { receivedMessageEvent } from "ext:sw_service_worker/message_event.js";
import { serviceWorkerFor } from "ext:sw_service_worker/service_worker.js";
import { PeriodicSyncEvent } from "ext:sw_sync/periodic_sync_event.js";
import { SyncEvent } from "ext:sw_sync/sync_event.js";

/** Event id to lifetime, of those that are still alive when their dispatch is over. */
const lifetimes = new Map();

/** How each kind of event is made from what the host sent. */
const constructors = {
  install: () => new ExtendableEvent("install"),
  activate: () => new ExtendableEvent("activate"),
  sync: ({ tag, lastChance }) => new SyncEvent("sync", { tag, lastChance }),
  periodicsync: ({ tag }) => new PeriodicSyncEvent("periodicsync", { tag }),
  message: ({ message, source, origin }) =>
    receivedMessageEvent(deserializeMessage(message), origin, messageSource(source)),
  push: ({ data }) => new PushEvent("push", { data }),
  pushsubscriptionchange: pushSubscriptionChangeEvent,
  notificationclick: notificationEvent,
  notificationclose: notificationEvent,
  backgroundfetchsuccess: backgroundFetchEvent("BackgroundFetchUpdateUIEvent"),
  backgroundfetchfail: backgroundFetchEvent("BackgroundFetchUpdateUIEvent"),
  backgroundfetchabort: backgroundFetchEvent("BackgroundFetchEvent"),
  backgroundfetchclick: backgroundFetchEvent("BackgroundFetchEvent"),
};

function backgroundFetchEvent(name) {
  return ({ registration }, type) => {
    const { [name]: Interface, backgroundFetchFor } = backgroundFetch.load();
    return new Interface(type, { registration: backgroundFetchFor(registration) });
  };
}

function pushSubscriptionChangeEvent({ newSubscription, oldSubscription }, type) {
  const { createSubscription, PushSubscriptionChangeEvent } = push.load();
  return new PushSubscriptionChangeEvent(type, {
    newSubscription: newSubscription && createSubscription(newSubscription),
    oldSubscription: oldSubscription && createSubscription(oldSubscription),
  });
}

function notificationEvent({ notification, action }, type) {
  const { createNotification, NotificationEvent } = notifications.load();
  return new NotificationEvent(type, {
    notification: createNotification(notification),
    action,
  });
}

function messageSource(source) {
  if (source === null) return null;
  return source.client === undefined
    ? serviceWorkerFor(source.worker)
    : createClient(source.client);
}

/** The lifetime of an event that begins; its end is told to the host. */
function beginLifetime(id) {
  const lifetime = new EventLifetime((rejection) => {
    lifetimes.delete(id);
    activityEnded(id, lifetime.extensions);
    if (rejection === null) op_service_worker_event_fulfilled(id);
    else op_service_worker_event_rejected(id, core.destructureError(rejection.reason));
  });
  return lifetime;
}

/**
 * Fires an event. The host runs a microtask checkpoint after this and then calls {@link endDispatch}.
 *
 * @param {number} id the host's number for this dispatch
 * @param {string} kind a key of `constructors`
 * @param {object} init what the event carries
 * @returns {EventLifetime} for {@link endDispatch}
 */
export function dispatchEvent(id, kind, init) {
  const lifetime = beginLifetime(id);
  const dispatched = constructors[kind](init, kind);
  attachLifetime(dispatched, lifetime);
  const listeners = event.listenerCount(globalThis, dispatched.type);
  during(id, kind, listeners, () => fire(globalThis, dispatched));
  return lifetime;
}

/**
 * Like {@link dispatchEvent}, for `fetch`: its values come one by one, as they come so often.
 *
 * @param {number} id the host's number for this dispatch
 * @param {string} head of the request, see native_request.js
 * @param {string} integrity of the request
 * @param {object | null} body of the request
 * @param {string} clientId
 * @param {string} resultingClientId
 * @param {boolean} hasPreload whether the network was asked already
 * @returns {EventLifetime}
 */
export function dispatchFetchEvent(
  id,
  head,
  integrity,
  body,
  clientId,
  resultingClientId,
  hasPreload,
) {
  const lifetime = beginLifetime(id);
  const init = {
    request: requestFromNative(head, integrity, body),
    clientId,
    resultingClientId,
    cancelable: true,
  };
  during(id, "fetch", 1, () => dispatchFetch(id, init, hasPreload, lifetime));
  return lifetime;
}

/** Every event type that a worker may be woken for. */
const EVENT_TYPES = [...Object.keys(constructors), "fetch"];

/** The event types that the script listens to: https://w3c.github.io/ServiceWorker/#dfn-set-of-event-types-to-handle */
export function handledEvents() {
  return EVENT_TYPES.filter((type) => event.listenerCount(globalThis, type) > 0);
}

/** The microtasks of a dispatch have run. */
export function endDispatch(id, lifetime) {
  lifetime.endDispatch();
  if (!lifetime.isSettled) lifetimes.set(id, lifetime);
}

/** Nobody wants the answer to a `fetch` event any more: `event.request.signal` says so. */
export function abortFetch(id) {
  lifetimes.get(id)?.giveUp?.();
}

/** The host gave up on an event. */
export function timeOutEvent(id) {
  const lifetime = lifetimes.get(id);
  if (lifetime === undefined) return;
  activityEnded(id, lifetime.extensions);
  lifetime.timeOut();
}
