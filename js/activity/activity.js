// Which event a request, a timer or a write belongs to, so that the host can tell afterwards what an event did.
// An event's number travels with the engine's async context: through promises, timers and callbacks.
// Below the platform's scripts, because these tell of what they do as well.

import { core, primordials } from "ext:core/mod.js";
import {
  op_activity_begin,
  op_activity_end,
  op_activity_request,
  op_activity_request_ended,
  op_activity_work,
} from "ext:core/ops";

const {
  ArrayFrom,
  ArrayPrototypeFind,
  MapPrototypeKeys,
  SafeMap,
  SafeWeakMap,
  StringPrototypeStartsWith,
} = primordials;

/** The number of the event whose dispatch led to the code that runs. */
const currentEvent = () => core.getAsyncContext()?.event;

/** Events whose activity is told, while they run. */
const watched = new SafeMap();

/** Events that a worker gets too many of, or whose work may well outlive them. */
const UNWATCHED = { __proto__: null, fetch: true, message: true };

/** The engine's async context of all of them; no event has the number 0. */
const OF_UNWATCHED = { __proto__: null, event: 0 };

/**
 * Dispatches an event, so that all that comes of it counts as its own.
 *
 * @param {number} id the host's number for the event
 * @param {string} kind its type
 * @param {number} listeners how many there are
 * @param {() => void} dispatch
 */
export function during(id, kind, listeners, dispatch) {
  const isWatched = UNWATCHED[kind] !== true;
  if (isWatched) watched.set(id, true);
  if (kind !== "fetch") op_activity_begin(id, listeners, isWatched);
  const outer = core.getAsyncContext();
  core.setAsyncContext(isWatched ? { __proto__: null, event: id } : OF_UNWATCHED);
  try {
    dispatch();
  } finally {
    core.setAsyncContext(outer);
  }
}

/** The event is over, or nobody waits for it any more: what goes on is not told. */
export function activityEnded(id, extensions) {
  if (watched.delete(id)) op_activity_end(id, extensions);
}

/** The events that may be at work now, and whether it is certain; null if none is. */
function atWork() {
  if (watched.size === 0) return null;
  const id = currentEvent();
  if (id === undefined) return { ids: ArrayFrom(MapPrototypeKeys(watched)), isCertain: false };
  return watched.has(id) ? { ids: [id], isCertain: true } : null;
}

/** @param {"timer" | "storage" | "message" | "registration"} kind what begins */
export function tellWork(kind) {
  const events = atWork();
  if (events !== null) op_activity_work(events.ids, events.isCertain, kind, null);
}

/**
 * An error that no script caught.
 *
 * @param {object[]} frames its stack, as `core.destructureError` gives it
 */
export function tellError(frames) {
  const events = atWork();
  if (events === null) return;
  const frame = ArrayPrototypeFind(
    frames,
    ({ fileName }) => fileName && !StringPrototypeStartsWith(fileName, "ext:"),
  );
  const place = frame === undefined
    ? null
    : { url: frame.fileName, line: frame.lineNumber, column: frame.columnNumber };
  op_activity_work(events.ids, events.isCertain, "error", place);
}

/**
 * A request begins.
 *
 * @returns {number} to be given to {@link tellRequestEnded}
 */
export function tellRequest(method, url) {
  const events = atWork();
  return events === null ? 0 : op_activity_request(events.ids, events.isCertain, method, url);
}

/**
 * @param {number} request what {@link tellRequest} gave
 * @param {number} status of the answer, 0 if the script may not see it or there is none
 * @param {string | null} failure why there is no answer
 * @param {boolean} isAborted the script gave it up
 */
export function tellRequestEnded(request, status, failure = null, isAborted = false) {
  if (request !== 0) op_activity_request_ended(request, status, failure, isAborted);
}

/** Where the callbacks of an object come from. */
const contexts = new SafeWeakMap();

/** Remembers in which event an object was made that will call back from nowhere. */
export function rememberContext(object) {
  const context = core.getAsyncContext();
  if (context !== undefined) contexts.set(object, context);
}

/** Calls back in the event in which the object was made. */
export function inContextOf(object, callback) {
  const outer = core.getAsyncContext();
  core.setAsyncContext(contexts.get(object));
  try {
    return callback();
  } finally {
    core.setAsyncContext(outer);
  }
}

/** Runs what belongs to no event, although one may have been the first to need it. */
export function outsideOfEvents(steps) {
  return inContextOf(contexts, steps);
}
