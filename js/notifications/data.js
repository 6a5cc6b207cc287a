// Notification.data: a structured clone that is kept as bytes.

import { core, DOMException, ports } from "ext:landfall_platform/platform.js";

function throwDataCloneError(message) {
  throw new DOMException(message, "DataCloneError");
}

/**
 * https://html.spec.whatwg.org/multipage/structured-data.html#structuredserializeforstorage
 *
 * Differs from the spec: the bytes of a Blob are not kept, so that one cannot be read after a restart.
 *
 * @param {unknown} value
 * @returns {Uint8Array}
 */
export function serializeData(value) {
  if (ports.isUncloneable(value)) throwDataCloneError("The value could not be cloned.");
  return core.serialize(value, { forStorage: true }, throwDataCloneError);
}

/**
 * @param {Uint8Array} bytes that {@link serializeData} gave
 * @returns {unknown} null if this version cannot read them
 */
export function deserializeData(bytes) {
  try {
    return core.deserialize(bytes, {
      deserializers: core.getCloneableDeserializers(),
      forStorage: true,
    });
  } catch {
    return null;
  }
}
