// https://w3c.github.io/IndexedDB/#idbopendbrequest

import { event, webidl } from "ext:landfall_platform/platform.js";
import { rememberContext, tellWork } from "ext:sw_activity/activity.js";
import { defineEventHandler } from "ext:sw_indexed_db/event_handler.js";
import { HOST } from "ext:landfall_platform/construct.js";
import { fireEvent } from "ext:sw_indexed_db/dispatch.js";
import {
  IDBRequest,
  requestPath,
  settle,
} from "ext:sw_indexed_db/request.js";
import { queueUrgentTask } from "ext:sw_indexed_db/tasks.js";

/** The answer to `open` and `deleteDatabase`. */
export class IDBOpenDBRequest extends IDBRequest {
  constructor(key = undefined) {
    super(key);
    rememberContext(this);
    tellWork("storage");
  }
}

defineEventHandler(IDBOpenDBRequest.prototype, "blocked");
defineEventHandler(IDBOpenDBRequest.prototype, "upgradeneeded");
webidl.configureInterface(IDBOpenDBRequest);

/**
 * Starts steps that run beside the script, and makes their outcome the outcome of a new request.
 *
 * @param {(request: IDBOpenDBRequest) => Promise<{ result: unknown, event: Event }>} steps
 * @returns {IDBOpenDBRequest}
 */
export function startOpenRequest(steps) {
  const request = new IDBOpenDBRequest(HOST);
  run(request, steps);
  return request;
}

async function run(request, steps) {
  try {
    const { result, event: success } = await steps(request);
    queueUrgentTask(() => {
      settle(request, result, null);
      fireEvent(success, requestPath(request));
    });
  } catch (error) {
    queueUrgentTask(() => {
      settle(request, undefined, error);
      const failed = new event.Event("error", { bubbles: true, cancelable: true });
      fireEvent(failed, requestPath(request));
    });
  }
}
