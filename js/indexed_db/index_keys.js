// Under which keys the indexes of a store find a value.

import {
  evaluateKeyPath,
  extractKey,
  FAILURE,
} from "ext:sw_indexed_db/key_path.js";
import { INVALID, toMultiEntryKeys } from "ext:sw_indexed_db/value_to_key.js";

/**
 * The index part of https://w3c.github.io/IndexedDB/#store-a-record-into-an-object-store.
 *
 * @param {Iterable<IndexSchema>} indexes the indexes of the store
 * @param {unknown} value the clone that is stored
 * @returns {unknown[]} as the op wants it: index, whether it is unique, key, and so on
 */
export function indexKeys(indexes, value) {
  const flat = [];
  for (const index of indexes) {
    for (const key of keysIn(index, value)) {
      flat.push(index.id, index.unique, key);
    }
  }
  return flat;
}

function keysIn(index, value) {
  if (index.multiEntry) {
    const found = evaluateKeyPath(value, index.keyPath);
    return found === FAILURE ? [] : toMultiEntryKeys(found);
  }
  const key = extractKey(value, index.keyPath);
  return key === FAILURE || key === INVALID ? [] : [key];
}
