// window.postMessage(): to the window itself, or from one to another that shares its page.

import { ownEnvironment } from "ext:landfall_platform/environment.js";
import {
  DOMException,
  fire,
  originOf,
  receivedMessage,
  timers,
  url,
  webidl,
} from "ext:landfall_platform/platform.js";
import { deserializeMessage, serializeMessage } from "ext:sw_service_worker/message.js";

const { setTimeout } = timers;

const PREFIX = "Failed to execute 'postMessage' on 'Window'";

/** `postMessage()` of the page's own window. */
export function postMessage(message, targetOriginOrOptions = undefined, transfer = []) {
  postMessageTo(ownEnvironment, ownEnvironment, globalThis, arguments);
}

/**
 * https://html.spec.whatwg.org/multipage/web-messaging.html#window-post-message-steps
 *
 * @param {Environment} target whose window gets the message
 * @param {Environment} sender
 * @param {object} source the sender's window, as the target sees it
 * @param {ArrayLike<unknown>} values message, target origin or options, and only behind an origin what is transferred
 */
export function postMessageTo(target, sender, source, values) {
  webidl.requiredArguments(values.length, 1, PREFIX);
  const [message, targetOriginOrOptions, transfer = []] = values;
  const hasOptions = values.length < 3 &&
    (targetOriginOrOptions == null || webidl.type(targetOriginOrOptions) === "Object");
  const targetOrigin = hasOptions
    ? targetOriginOrOptions?.targetOrigin ?? "/"
    : targetOriginOrOptions;
  const wanted = wantedOrigin(
    webidl.converters.USVString(targetOrigin, PREFIX, "Argument 2"),
    sender,
  );
  const data = serializeMessage(
    message,
    hasOptions
      ? targetOriginOrOptions
      : webidl.converters["sequence<object>"](transfer, PREFIX, "Argument 3"),
    PREFIX,
  );
  setTimeout(() => {
    if (wanted === null || wanted === originOf(target)) {
      deliver(data, target.global, originOf(sender), source);
    }
  }, 0);
}

/** The origin that a message is meant for; null for any. */
function wantedOrigin(targetOrigin, sender) {
  if (targetOrigin === "*") return null;
  if (targetOrigin === "/") return originOf(sender);
  const target = url.URL.parse(targetOrigin);
  if (target === null) {
    throw new DOMException(
      `${PREFIX}: '${targetOrigin}' is no origin: write an absolute address, '/' or '*'`,
      "SyntaxError",
    );
  }
  return target.origin;
}

function deliver(data, window, origin, source) {
  fire(window, receivedMessage(deserializeMessage(data), origin, source));
}
