// Adding and putting records (https://w3c.github.io/IndexedDB/#add-or-put).

import { DOMException } from "ext:landfall_platform/platform.js";
import {
  op_indexed_db_forget_value,
  op_indexed_db_next_key,
  op_indexed_db_put,
} from "ext:core/ops";
import { deserialize, serialize } from "ext:sw_indexed_db/clone.js";
import { indexKeys } from "ext:sw_indexed_db/index_keys.js";
import {
  canInjectKey,
  extractKey,
  FAILURE,
  injectKey,
} from "ext:sw_indexed_db/key_path.js";
import { checkActive } from "ext:sw_indexed_db/checks.js";
import { INVALID, invalidKeyError } from "ext:sw_indexed_db/value_to_key.js";

/** Bits that the op knows. */
const NO_OVERWRITE = 1;
const RAISE_KEY_GENERATOR = 2;

/**
 * https://w3c.github.io/IndexedDB/#clone-a-value: scripts that run meanwhile (getters) find the transaction inactive.
 *
 * @returns {number} the serialised clone
 */
export function cloneForStorage(lifetime, value, prefix) {
  const serialized = lifetime.whileInactive(() => serialize(lifetime, value, prefix));
  // A getter may have aborted it.
  checkActive(lifetime, prefix);
  return serialized;
}

/**
 * Prepares a record and gives the steps that store it.
 *
 * @param {Source} source the store
 * @param {number} serialized the serialised clone
 * @param {unknown} key the primary key; undefined if it is in the value or to be generated
 * @param {{ isAdd: boolean, prefix: string }} options
 * @returns {() => unknown} to be run in the transaction; gives the key
 */
export function prepareRecord({ store, lifetime }, serialized, key, { isAdd, prefix }) {
  // What indexes there are is settled now: one that is created later is filled from the records there are then.
  const indexes = [...store.indexes.values()];
  const isCloneNeeded = store.keyPath !== null || indexes.length > 0;
  const clone = isCloneNeeded ? deserialize(lifetime, serialized) : undefined;
  let mustInject = false;
  if (store.keyPath !== null) {
    const found = key ?? extractKey(clone, store.keyPath);
    if (found === INVALID) throw invalidKeyError(prefix);
    mustInject = found === FAILURE;
    if (mustInject) {
      checkInjectable(store, clone, prefix);
      // It lacks the key: the clone that gets it is serialised instead.
      op_indexed_db_forget_value(lifetime.id, serialized);
    } else {
      key = found;
    }
  }
  const mustGenerate = key === undefined;
  const options = (isAdd ? NO_OVERWRITE : 0) |
    (store.autoIncrement ? RAISE_KEY_GENERATOR : 0);
  return () => {
    if (mustGenerate) key = generateKey(lifetime, store);
    if (mustInject) {
      injectKey(clone, key, store.keyPath);
      serialized = serialize(lifetime, clone, prefix);
    }
    const entries = indexes.length > 0 ? indexKeys(indexes, clone) : undefined;
    op_indexed_db_put(lifetime.id, store.id, key, serialized, entries, options);
    return key;
  };
}

function checkInjectable(store, clone, prefix) {
  if (!store.autoIncrement) {
    throw new DOMException(
      `${prefix}: Evaluating the object store's key path did not yield a value.`,
      "DataError",
    );
  }
  if (!canInjectKey(clone, store.keyPath)) {
    throw new DOMException(
      `${prefix}: A generated key could not be inserted into the value.`,
      "DataError",
    );
  }
}

function generateKey(lifetime, store) {
  const key = op_indexed_db_next_key(lifetime.id, store.id);
  if (key === 0) {
    throw new DOMException(
      "The key generator of the object store has run out of numbers.",
      "ConstraintError",
    );
  }
  return key;
}
