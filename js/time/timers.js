// Timers by the host's clock, in the place of deno_core's: the host says which one fires, so that they fire in order.

import { core, primordials } from "ext:core/mod.js";
import { op_time_cancel_timer, op_time_start_timer } from "ext:core/ops";

const { SafeMap, MapPrototypeDelete, MapPrototypeGet, MapPrototypeHas, MapPrototypeSet } =
  primordials;

/** Timer id to what it calls and after how long it does so again, if it does. */
const timers = new SafeMap();
let lastId = 0;
let isManual = false;
let reportException;

/** @param {(error: unknown) => void} report what becomes of an error that a callback throws */
export function useManualTimers(report) {
  isManual = true;
  reportException = report;
}

function startTimer(callback, delay, isRepeating) {
  const id = ++lastId;
  MapPrototypeSet(timers, id, { callback, interval: isRepeating ? delay : null });
  op_time_start_timer(id, delay);
  return { __proto__: null, _timerId: id };
}

/**
 * Calls what a timer is for. The host runs a microtask checkpoint after this.
 *
 * @param {number} id
 */
export function fireTimer(id) {
  const { callback, interval } = MapPrototypeGet(timers, id);
  if (interval === null) MapPrototypeDelete(timers, id);
  try {
    callback();
  } catch (error) {
    reportException(error);
  }
  if (MapPrototypeHas(timers, id)) op_time_start_timer(id, interval);
}

/** What Deno's scripts see of deno_core's timers. A timer by the host's clock keeps no scope from being idle. */
export const timerFunctions = {
  createTimer(callback, delay, args, isRepeating, isRefed, isSystem) {
    return isManual
      ? startTimer(callback, delay, isRepeating)
      : core.createTimer(callback, delay, args, isRepeating, isRefed, isSystem);
  },
  createSystemTimer(callback, delay, isRefed) {
    return isManual
      ? startTimer(callback, delay, false)
      : core.createSystemTimer(callback, delay, isRefed);
  },
  cancelTimer(timer) {
    if (!isManual) {
      core.cancelTimer(timer);
    } else if (MapPrototypeDelete(timers, timer._timerId)) {
      op_time_cancel_timer(timer._timerId);
    }
  },
  refTimer(timer) {
    if (!isManual) core.refTimer(timer);
  },
  unrefTimer(timer) {
    if (!isManual) core.unrefTimer(timer);
  },
};
