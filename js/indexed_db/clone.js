// Structured clones of values on their way into a store (https://w3c.github.io/IndexedDB/#clone-a-value).

import { DOMException } from "ext:landfall_platform/platform.js";
import {
  op_indexed_db_deserialize,
  op_indexed_db_serialize,
} from "ext:core/ops";

function throwDataCloneError(message) {
  throw new DOMException(message, "DataCloneError");
}

/**
 * @param {unknown} value any value
 * @returns {Uint8Array} its serialisation, with the bytes of Blobs
 */
export function serialize(value) {
  return op_indexed_db_serialize(value, throwDataCloneError);
}

/**
 * @param {Uint8Array} serialized what `serialize` gave
 * @returns {unknown} a clone
 */
export function deserialize(serialized) {
  return op_indexed_db_deserialize(serialized);
}
