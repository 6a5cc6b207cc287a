// The window of a frame. Frames share the page's realm: what is the frame's own is its environment and what asks for it.

import { runIn } from "ext:landfall_platform/environment.js";
import {
  event,
  globalInterfaces,
  primordials,
  url,
  webidl,
} from "ext:landfall_platform/platform.js";
import { cachesOf } from "ext:sw_cache/cache_storage.js";
import { navigatorOf } from "ext:sw_window/client_navigator.js";
import { createFrameLocation } from "ext:sw_window/frame_location.js";
import { postMessageTo } from "ext:sw_window/post_message.js";

const { ReflectApply, ReflectConstruct, ReflectGet } = primordials;
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

/** What a window has beyond what the snapshot has. */
const OF_WINDOWS = ["Location", "Navigator", "ServiceWorkerContainer", "Window"];

let names = [];

/** Called while the snapshot is made, when the global has everything that every scope sees and nothing of a script's. */
export function rememberGlobals() {
  names = [...Object.getOwnPropertyNames(globalThis), ...OF_WINDOWS];
}

/**
 * @param {Environment} environment whose global the window becomes
 * @param {Environment} parent of the page, or of the frame around this one
 * @param {(address: string, isReload: boolean) => void} navigate
 */
export function createFrameWindow(environment, parent, navigate) {
  const window = Object.create(Window.prototype);
  window[webidl.brand] = webidl.brand;
  event.setEventTargetData(window);
  for (const name of names) {
    const shared = Object.getOwnPropertyDescriptor(globalThis, name);
    if (shared !== undefined) Object.defineProperty(window, name, sharedMember(shared, environment));
  }
  for (const type of EVENT_HANDLERS) event.defineEventHandler(window, type);
  const location = createFrameLocation(environment, navigate);
  const around = windowAsSeen(parent, environment);
  defineGetters(window, {
    window: () => window,
    self: () => window,
    frames: () => window,
    globalThis: () => window,
    parent: () => around,
    top: () => windowAsSeen(topOf(parent), environment),
    location: () => location,
    navigator: () => navigatorOf(environment),
    caches: () => cachesOf(environment),
    origin: () => new url.URL(environment.url).origin,
  });
  Object.defineProperty(window, "location", {
    get: () => location,
    set: (address) => location.assign(address),
    enumerable: true,
  });
  environment.global = window;
  environment.parent = parent;
  window.postMessage = (...values) => postMessageTo(environment, parent, around, values);
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

function topOf(environment) {
  return environment.parent === undefined ? environment : topOf(environment.parent);
}

/** The window of one environment as another sees it: what it is sent comes from there. */
function windowAsSeen(seen, seeing) {
  const { global } = seen;
  const postMessage = (...values) => postMessageTo(seen, seeing, seeing.global, values);
  const get = (target, name) => name === "postMessage" ? postMessage : ReflectGet(target, name);
  return new Proxy(global, { __proto__: null, get });
}

/** Evaluates a script with a frame's window as its global, and gives what it comes to. */
export function evaluateIn(window, source) {
  const evaluate = new Function("window", "source", "with (window) { return eval(source); }");
  return evaluate(window, source);
}
