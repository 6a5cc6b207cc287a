// Messages between scopes: serialised here, carried by the host, read there.

import { core, DOMException, ports, webidl } from "ext:landfall_platform/platform.js";

/**
 * https://html.spec.whatwg.org/multipage/structured-data.html#structuredserializewithtransfer
 *
 * @param {unknown} message
 * @param {object[] | { transfer?: object[] } | undefined} transferOrOptions
 * @param {string} prefix of error messages
 */
export function serializeMessage(message, transferOrOptions, prefix) {
  const options = Array.isArray(transferOrOptions) ||
      typeof transferOrOptions?.[Symbol.iterator] === "function"
    ? {
      transfer: webidl.converters["sequence<object>"](
        transferOrOptions,
        prefix,
        "Argument 2",
      ),
    }
    : webidl.converters.StructuredSerializeOptions(
      transferOrOptions,
      prefix,
      "Argument 2",
    );
  return ports.serializeJsMessageData(message, inReadableOrder(options.transfer));
}

/** Deno's reader puts a buffer into the place behind its own, where a port must not be: buffers go last. */
function inReadableOrder(transfer) {
  if (new Set(transfer).size !== transfer.length) {
    throw new DOMException("The transfer list has a duplicate.", "DataCloneError");
  }
  const buffers = transfer.filter(core.isArrayBuffer);
  return [...transfer.filter((object) => !buffers.includes(object)), ...buffers];
}

/**
 * @param {object} data what {@link serializeMessage} made
 * @returns {{ data: unknown, ports: MessagePort[] } | null} null if this scope cannot read it
 */
export function deserializeMessage(data) {
  try {
    const [message, transferred] = ports.deserializeJsMessageData(data);
    return {
      data: message,
      ports: transferred.filter((object) => object instanceof ports.MessagePort),
    };
  } catch {
    return null;
  }
}
