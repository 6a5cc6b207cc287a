// Structured clones of values on their way into a store (https://w3c.github.io/IndexedDB/#clone-a-value).
// A serialised value stays with its transaction, outside of the script's memory; here it is a number.

import { DOMException } from "ext:landfall_platform/platform.js";
import {
  op_indexed_db_deserialize,
  op_indexed_db_forget_value,
  op_indexed_db_serialize,
} from "ext:core/ops";
import { placeOfUncloneable } from "ext:sw_indexed_db/uncloneable.js";

/** What V8 said last of something that cannot be cloned. */
let refusal = null;

function refuse(message) {
  refusal = message;
  throw new DOMException(message, "DataCloneError");
}

/**
 * @param {TransactionLifetime} lifetime the transaction that the value is for
 * @param {unknown} value any value
 * @param {string} prefix the beginning of messages
 * @returns {number} its serialisation, for `deserialize`, `op_indexed_db_put` or `op_indexed_db_forget_value`
 */
export function serialize({ id }, value, prefix) {
  refusal = null;
  try {
    return op_indexed_db_serialize(id, value, refuse);
  } catch (error) {
    if (refusal === null) throw error;
    const message = refusal;
    const place = placeOfUncloneable(value, (member) => isCloneable(id, member));
    const where = place === "" ? "" : ` It is at '${place}' in the value.`;
    throw new DOMException(`${prefix}: ${message}${where}`, "DataCloneError");
  }
}

function isCloneable(id, member) {
  try {
    op_indexed_db_forget_value(id, op_indexed_db_serialize(id, member, refuse));
    return true;
  } catch {
    return false;
  }
}

/**
 * @param {TransactionLifetime} lifetime
 * @param {number} serialized what `serialize` gave
 * @returns {unknown} a clone
 */
export function deserialize({ id }, serialized) {
  return op_indexed_db_deserialize(id, serialized);
}
