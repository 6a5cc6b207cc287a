// The window of a frame. Frames share the page's realm: what is the frame's own is its environment and what asks for it.

import { ownEnvironment, runIn } from "ext:landfall_platform/environment.js";
import {
  event,
  globalInterfaces,
  originOf,
  primordials,
  webidl,
} from "ext:landfall_platform/platform.js";
import { cachesOf } from "ext:sw_cache/cache_storage.js";
import { navigatorOf } from "ext:sw_window/client_navigator.js";
import { createFrameLocation } from "ext:sw_window/frame_location.js";
import { postMessageTo } from "ext:sw_window/post_message.js";
import { isSameOrigin, topOf, windowAsSeen } from "ext:sw_window/window_view.js";

const { ReflectApply, ReflectConstruct, ReflectHas, ReflectSet } = primordials;
const { Window } = globalInterfaces;

/** Events for which windows have an `on...` attribute. */
export const EVENT_HANDLERS = [
  "error",
  "message",
  "messageerror",
  "unhandledrejection",
  "rejectionhandled",
  "online",
  "offline",
  "languagechange",
];

/** What is asked of the host for the page's origin. */
const OF_THE_PAGE_ORIGIN =
  /^(caches|Cache|CacheStorage|indexedDB|IDB.*|Notification|Lock|LockManager|Permissions|PermissionStatus|StorageManager)$/;

let names = [];

/** Called when the global has every interface that windows have, and nothing of a script's. */
export function rememberGlobals() {
  names = Object.getOwnPropertyNames(globalThis);
}

/**
 * Loads all that is loaded on demand.
 *
 * @param {Environment} environment whose global the window becomes
 * @param {Environment} parent of the page, or of the frame around this one
 */
export function createFrameWindow(environment, parent) {
  const window = Object.create(Window.prototype);
  window[webidl.brand] = webidl.brand;
  event.setEventTargetData(window);
  const isForeign = !isSameOrigin(environment, ownEnvironment);
  for (const name of names) {
    if (isForeign && OF_THE_PAGE_ORIGIN.test(name)) continue;
    const shared = Object.getOwnPropertyDescriptor(globalThis, name);
    if (shared !== undefined) Object.defineProperty(window, name, sharedMember(shared, environment));
  }
  for (const type of EVENT_HANDLERS) event.defineEventHandler(window, type);
  const location = createFrameLocation(environment);
  environment.global = window;
  environment.parent = parent;
  defineGetters(window, {
    window: () => window,
    self: () => window,
    frames: () => window,
    globalThis: () => window,
    parent: () => windowAsSeen(parent, environment),
    top: () => windowAsSeen(topOf(parent), environment),
    location: () => location,
    navigator: () => navigatorOf(environment),
    origin: () => originOf(environment),
  });
  if (!isForeign) defineGetters(window, { caches: () => cachesOf(environment) });
  Object.defineProperty(window, "location", {
    get: () => location,
    set: (address) => location.assign(address),
    enumerable: true,
  });
  window.postMessage = (...values) =>
    postMessageTo(environment, parent, windowAsSeen(parent, environment), values);
  return window;
}

/** An operation or an interface of the page's realm, as it works for a frame: addresses are relative to the frame's. */
function sharedMember(shared, environment) {
  if (shared.get !== undefined) {
    return { ...shared, get: () => ReflectApply(shared.get, globalThis, []), set: undefined };
  }
  const { value, enumerable } = shared;
  if (typeof value !== "function") return shared;
  if (enumerable) {
    const call = (...values) => runIn(environment, () => ReflectApply(value, undefined, values));
    return { ...shared, value: call };
  }
  if (value !== globalThis.Request) return shared;
  const construct = (target, values, newTarget) =>
    runIn(environment, () => ReflectConstruct(target, values, newTarget));
  return { ...shared, value: new Proxy(value, { __proto__: null, construct }) };
}

function defineGetters(window, getters) {
  for (const [name, get] of Object.entries(getters)) {
    Object.defineProperty(window, name, { get, configurable: true, enumerable: true });
  }
}

/** Evaluates a script with a frame's window as its global, and gives what it comes to. */
export function evaluateIn(window, source) {
  // What only the page has is not there.
  const hidden = new Proxy(window, {
    __proto__: null,
    has: (_, name) => ReflectHas(globalThis, name),
    get: () => undefined,
    set: (target, name, value) => ReflectSet(target, name, value),
  });
  const evaluate = new Function("with (arguments[0]) with (arguments[1]) return eval(arguments[2]);");
  return evaluate(hidden, window, source);
}
