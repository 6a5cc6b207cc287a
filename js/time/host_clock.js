// What the platform's scripts are given in the place of deno_core's time, and the switch to a clock that moves by hand.

import {
  op_time_elapsed,
  op_time_write_elapsed,
  op_time_write_origin,
} from "ext:core/ops";
import { HostDate, useHostDate } from "ext:sw_time/date.js";
import { fireTimer, timerFunctions, useManualTimers } from "ext:sw_time/timers.js";

export { fireTimer };

/** The parts of the bootstrap object that tell the time. */
export const hostTime = {
  core: timerFunctions,
  ops: { op_now: op_time_write_elapsed, op_time_origin: op_time_write_origin },
  primordials: { Date: HostDate },
};

/** https://w3c.github.io/hr-time/#dfn-current-high-resolution-time */
export const currentTime = op_time_elapsed;

/**
 * From now on time is what the host's clock says, which moves by hand.
 *
 * @param {(error: unknown) => void} report what becomes of an error that a timer's callback throws
 */
export function useManualClock(report) {
  useManualTimers(report);
  useHostDate();
}
