// Fires `fetch` and gives the client its answer.

import {
  core,
  fire,
  primordials,
  reportToHost,
  request,
  streams,
} from "ext:landfall_platform/platform.js";
import {
  op_fetch_event_fail,
  op_fetch_event_pass_through,
  op_fetch_event_preload,
  op_fetch_event_respond,
  op_fetch_event_respond_text,
} from "ext:core/ops";
import {
  requestToNative,
  responseFromNative,
  responseOfText,
  responseToNative,
} from "ext:sw_fetch/bridge.js";
import { attachLifetime } from "ext:sw_service_worker/extendable_event.js";
import {
  answerOf,
  checkAnswer,
  FetchEvent,
  providePreload,
  settleHandled,
} from "ext:sw_service_worker/fetch_event.js";

const { ObjectPrototypeIsPrototypeOf, PromisePrototypeThen } = primordials;
const ReadableStreamPrototype = streams.ReadableStream.prototype;

/**
 * https://w3c.github.io/ServiceWorker/#handle-fetch, from creating the event on.
 *
 * @param {number} id the host's number for this dispatch
 * @param {object} init see `dispatchFetchEvent`
 * @param {boolean} hasPreload
 * @param {EventLifetime} lifetime
 */
export function dispatchFetch(id, init, hasPreload, lifetime) {
  const dispatched = new FetchEvent("fetch", init);
  if (hasPreload) providePreload(dispatched, () => preloadResponse(id));
  attachLifetime(dispatched, lifetime);
  lifetime.giveUp = () => request.abortRequest(dispatched.request);
  lifetime.whenDispatched(() => takeAnswer(id, dispatched, lifetime));
  fire(globalThis, dispatched);
}

/** What the listeners came to. */
function takeAnswer(id, dispatched, lifetime) {
  const fail = (error) => {
    lifetime.giveUp = null;
    reportToHost(error, true);
    op_fetch_event_fail(id, core.destructureError(error).exceptionMessage);
    settleHandled(dispatched, true);
    discardUnread(dispatched.request, lifetime);
  };
  const answer = answerOf(dispatched);
  if (answer !== null) {
    PromisePrototypeThen(answer, (value) => {
      lifetime.giveUp = null;
      try {
        const response = checkAnswer(value, dispatched.request);
        const simple = responseOfText(response);
        if (simple === null) op_fetch_event_respond(id, responseToNative(response));
        else op_fetch_event_respond_text(id, simple.status, simple.headers, simple.text);
      } catch (error) {
        fail(error);
        return;
      }
      settleHandled(dispatched, false);
      discardUnread(dispatched.request, lifetime);
    }, fail);
  } else if (dispatched.defaultPrevented) {
    fail(new TypeError("the fetch event was cancelled by preventDefault()"));
  } else {
    lifetime.giveUp = null;
    passThrough(id, dispatched, fail);
  }
}

/**
 * The rest of an upload that the worker has not begun to read when its event is over is not waited for: whoever sends it
 * may look for the answer only then.
 */
function discardUnread(asked, lifetime) {
  const { body } = request.toInnerRequest(asked);
  if (body === null || !ObjectPrototypeIsPrototypeOf(ReadableStreamPrototype, body.streamOrStatic)) return;
  const discard = () => {
    if (!body.unusable()) streams.readableStreamCancel(body.stream, undefined);
  };
  if (lifetime.isSettled) discard();
  else lifetime.cleanUp = discard;
}

async function preloadResponse(id) {
  const native = await op_fetch_event_preload(id);
  return native === null ? undefined : responseFromNative(native);
}

/** The worker did not answer: the request goes on to the network, if its body is still there. */
function passThrough(id, dispatched, fail) {
  try {
    const inner = request.toInnerRequest(dispatched.request);
    op_fetch_event_pass_through(id, requestToNative(inner));
  } catch (error) {
    fail(error);
    return;
  }
  settleHandled(dispatched, false);
}
