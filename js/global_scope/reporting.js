// What becomes of errors and rejections that no script handled: an event on the global, then a report to the host.

import { op_scope_is_handled } from "ext:core/ops";
import { core, event, fire, reportToHost } from "ext:landfall_platform/platform.js";

/** Promises whose rejection was reported, for `rejectionhandled`. */
const reported = new WeakSet();

function rejectionEvent(type, promise, reason, cancelable) {
  return new event.PromiseRejectionEvent(type, { promise, reason, cancelable });
}

/** Called in a running scope, never while the snapshot is made: Deno keeps the handlers outside the heap. */
export function startReporting() {
  core.setReportExceptionCallback(event.reportException);
  // https://html.spec.whatwg.org/#notify-about-rejected-promises
  core.setUnhandledPromiseRejectionHandler((promise, reason) => {
    if (fire(globalThis, rejectionEvent("unhandledrejection", promise, reason, true))) {
      reportToHost(reason, true);
    }
    // One that a listener has handled in the meantime gets no second event.
    if (!op_scope_is_handled(promise)) reported.add(promise);
    return true;
  });
  core.setHandledPromiseRejectionHandler((promise, reason) => {
    if (reported.delete(promise)) {
      fire(globalThis, rejectionEvent("rejectionhandled", promise, reason, false));
    }
  });
}
