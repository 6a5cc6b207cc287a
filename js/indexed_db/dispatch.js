// Event dispatch along request, transaction and database (https://dom.spec.whatwg.org/#concept-event-dispatch).
//
// Deno's own dispatch knows no parents outside a node tree, does not tell whether a listener threw, and makes no
// microtask checkpoint between listeners; IndexedDB needs all three.

import {
  DOMException,
  event,
  webidl,
} from "ext:landfall_platform/platform.js";
import { inContextOf } from "ext:sw_activity/activity.js";
import { firstHandler, runHandler } from "ext:sw_indexed_db/event_handler.js";
import { checkpoint } from "ext:sw_indexed_db/tasks.js";

const { Event, EventTarget, eventTargetData, reportException } = event;

/** Where Deno's events keep what their getters show, by the name of the slot. */
const slots = { __proto__: null };
const symbols = Object.getOwnPropertySymbols(new Event(""));
for (let i = 0; i < symbols.length; i++) slots[symbols[i].description] = symbols[i];
const ATTRIBUTES = slots["[[attributes]]"];
/** A property that every event has of its own, and nothing else. */
export const EVENT_BRAND = ATTRIBUTES;
const PATH = slots["[[path]]"];
const DISPATCHED = slots["[[dispatched]]"];
const IN_PASSIVE_LISTENER = slots["[[inPassiveListener]]"];
const STOP_PROPAGATION = slots["[[stopPropagationFlag]]"];
const STOP_IMMEDIATE_PROPAGATION = slots["[[stopImmediatePropagationFlag]]"];

/** A listener list of a target that never had one. */
const NO_LISTENERS = [];

const listenersOf = (target, type) => target[eventTargetData]?.listeners[type] ?? NO_LISTENERS;

/**
 * Would anything run if an event were fired?
 *
 * @param {string} type of the event
 * @param {EventTarget[]} path the target, its parent, and so on
 */
export function isHeard(type, path) {
  return path.some((target) =>
    firstHandler(target, type) !== undefined || listenersOf(target, type).length > 0
  );
}

/**
 * Fires an event of our own, in a task.
 *
 * @param {Event} fired the event
 * @param {EventTarget[]} path the target, its parent, and so on
 * @returns {boolean} did a listener throw? (the legacy output flag of the specification)
 */
export function fireEvent(fired, path) {
  event.setIsTrusted(fired, true);
  // A request belongs to the event that its transaction does.
  const origin = path.at(-2) ?? path[0];
  return inContextOf(origin, () => dispatch(fired, path, true));
}

/**
 * `dispatchEvent` of a script, on a target that has parents.
 *
 * @param {Event} scripted the event
 * @param {EventTarget[]} path the target, its parent, and so on
 * @returns {boolean} false if a listener cancelled it
 */
export function dispatchScripted(scripted, path) {
  const prefix = "Failed to execute 'dispatchEvent' on 'EventTarget'";
  if (!(scripted instanceof Event)) {
    throw webidl.makeException(
      TypeError,
      "parameter 1 is not of type 'Event'.",
      prefix,
      undefined,
    );
  }
  if (scripted[DISPATCHED]) {
    throw new DOMException(
      `${prefix}: The event is already being dispatched.`,
      "InvalidStateError",
    );
  }
  event.setIsTrusted(scripted, false);
  dispatch(scripted, path, false);
  return !scripted.defaultPrevented;
}

function dispatch(fired, path, isInTask) {
  const [target] = path;
  const attributes = fired[ATTRIBUTES];
  fired[DISPATCHED] = true;
  fired[PATH] = path.map((item) => ({
    item,
    target: item === target ? target : null,
    relatedTarget: null,
    rootOfClosedTree: false,
    slotInClosedTree: false,
  }));
  attributes.target = target;
  const run = { fired, attributes, target, isInTask, hasThrown: false };
  for (let i = path.length - 1; i >= 0; i--) {
    invoke(run, path[i], true);
  }
  const reached = attributes.bubbles ? path.length : 1;
  for (let i = 0; i < reached; i++) {
    invoke(run, path[i], false);
  }
  attributes.eventPhase = Event.NONE;
  attributes.currentTarget = null;
  fired[PATH] = [];
  fired[DISPATCHED] = false;
  fired[STOP_PROPAGATION] = false;
  fired[STOP_IMMEDIATE_PROPAGATION] = false;
  return run.hasThrown;
}

/** https://dom.spec.whatwg.org/#concept-event-listener-invoke, for one target and one of its two phases. */
function invoke(run, item, isCapturing) {
  const { fired, attributes } = run;
  if (fired[STOP_PROPAGATION]) return;
  const handler = isCapturing ? undefined : firstHandler(item, attributes.type);
  const listeners = listenersOf(item, attributes.type);
  if (handler === undefined && listeners.length === 0) return;
  attributes.currentTarget = item;
  attributes.eventPhase = item === run.target
    ? Event.AT_TARGET
    : isCapturing
    ? Event.CAPTURING_PHASE
    : Event.BUBBLING_PHASE;
  // Listeners may be added and removed meanwhile: added ones do not count, removed ones do.
  const due = listeners.slice();
  if (handler !== undefined) {
    guard(run, () => runHandler(handler, item, fired));
    if (fired[STOP_IMMEDIATE_PROPAGATION]) return;
  }
  for (const listener of due) {
    if (listener.options.capture !== isCapturing) continue;
    if (!listeners.includes(listener)) continue;
    callListener(run, item, listener);
    if (fired[STOP_IMMEDIATE_PROPAGATION]) return;
  }
}

function callListener(run, item, { callback, options }) {
  const { fired, attributes } = run;
  if (options.once) {
    EventTarget.prototype.removeEventListener.call(
      item,
      attributes.type,
      callback,
      options,
    );
  }
  fired[IN_PASSIVE_LISTENER] = options.passive;
  guard(run, () => {
    if (typeof callback === "function") callback.call(item, fired);
    else callback.handleEvent(fired);
  });
  fired[IN_PASSIVE_LISTENER] = false;
}

/** Runs a script's function; what it throws is reported and goes no further. */
function guard(run, steps) {
  try {
    steps();
  } catch (error) {
    run.hasThrown = true;
    reportException(error);
  }
  // https://html.spec.whatwg.org/#clean-up-after-running-script, unless a script is what called us
  if (run.isInTask) checkpoint();
}
