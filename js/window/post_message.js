// window.postMessage(): to the window itself, the only one that a client's script can reach.

import {
  DOMException,
  fire,
  ownOrigin,
  receivedMessage,
  timers,
  webidl,
} from "ext:landfall_platform/platform.js";
import { deserializeMessage, serializeMessage } from "ext:sw_service_worker/message.js";

const { setTimeout } = timers;

const PREFIX = "Failed to execute 'postMessage' on 'Window'";

/**
 * https://html.spec.whatwg.org/multipage/web-messaging.html#window-post-message-steps
 *
 * @param {unknown} message
 * @param {string | { targetOrigin?: string, transfer?: object[] }} targetOriginOrOptions
 * @param {object[]} transfer only behind an origin
 */
export function postMessage(message, targetOriginOrOptions = undefined, transfer = []) {
  webidl.requiredArguments(arguments.length, 1, PREFIX);
  const hasOptions = arguments.length < 3 &&
    (targetOriginOrOptions == null || webidl.type(targetOriginOrOptions) === "Object");
  const targetOrigin = hasOptions
    ? targetOriginOrOptions?.targetOrigin ?? "/"
    : targetOriginOrOptions;
  const isForUs = isOwnOrigin(webidl.converters.USVString(targetOrigin, PREFIX, "Argument 2"));
  const data = serializeMessage(
    message,
    hasOptions
      ? targetOriginOrOptions
      : webidl.converters["sequence<object>"](transfer, PREFIX, "Argument 3"),
    PREFIX,
  );
  setTimeout(() => {
    if (isForUs) deliver(data);
  }, 0);
}

/** Whether a target origin means this window. */
function isOwnOrigin(targetOrigin) {
  if (targetOrigin === "*" || targetOrigin === "/") return true;
  const target = URL.parse(targetOrigin);
  if (target === null) {
    throw new DOMException(
      `${PREFIX}: '${targetOrigin}' is no origin: write an absolute address, '/' or '*'`,
      "SyntaxError",
    );
  }
  return target.origin === ownOrigin();
}

function deliver(data) {
  fire(globalThis, receivedMessage(deserializeMessage(data), ownOrigin(), globalThis));
}
