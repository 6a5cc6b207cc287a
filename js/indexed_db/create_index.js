// Creating, filling and deleting indexes in an upgrade transaction.

import { DOMException, webidl } from "ext:landfall_platform/platform.js";
import {
  op_indexed_db_create_index,
  op_indexed_db_delete_index,
  op_indexed_db_index_record,
  op_indexed_db_step,
} from "ext:core/ops";
import { indexKeys } from "ext:sw_indexed_db/index_keys.js";
import { isValidKeyPath } from "ext:sw_indexed_db/key_path.js";
import { storedName } from "ext:sw_indexed_db/names.js";
import { makeQuery, Shape, toBounds } from "ext:sw_indexed_db/query.js";

/** https://w3c.github.io/IndexedDB/#dictdef-idbindexparameters */
export const toIndexParameters = webidl.createDictionaryConverter("IDBIndexParameters", [
  { key: "multiEntry", converter: webidl.converters.boolean, defaultValue: false },
  { key: "unique", converter: webidl.converters.boolean, defaultValue: false },
]);

/**
 * https://w3c.github.io/IndexedDB/#dom-idbobjectstore-createindex, after the checks of the transaction.
 *
 * @param {Source} source the store
 * @param {{ name: string, keyPath: string | string[], unique: boolean, multiEntry: boolean }} parameters
 * @returns {IndexSchema}
 */
export function createIndex({ store, lifetime }, parameters, prefix) {
  const { name, keyPath, unique, multiEntry } = parameters;
  if (store.indexes.has(name)) {
    throw new DOMException(
      `${prefix}: An index with the specified name already exists.`,
      "ConstraintError",
    );
  }
  if (!isValidKeyPath(keyPath)) {
    throw new DOMException(
      `${prefix}: The keyPath argument contains an invalid key path.`,
      "SyntaxError",
    );
  }
  if (Array.isArray(keyPath) && multiEntry) {
    throw new DOMException(
      `${prefix}: The keyPath argument was an array and the multiEntry option is true.`,
      "InvalidAccessError",
    );
  }
  const id = lifetime.connection.nextId();
  const index = { id, name, keyPath, unique, multiEntry, isDeleted: false };
  store.indexes.set(name, index);
  const stored = { id, name: storedName(name), keyPath, unique, multiEntry };
  lifetime.place(null, () => {
    op_indexed_db_create_index(lifetime.id, store.id, stored);
    fill(lifetime.id, store, index);
  });
  return index;
}

/** Gives every record that is there its entries. A unique key that occurs twice is an error. */
function fill(transaction, store, index) {
  const everything = makeQuery(
    { storeId: store.id, indexId: 0 },
    toBounds(undefined, "", false),
    Shape.RECORD,
  );
  let position;
  for (;;) {
    const record = op_indexed_db_step(transaction, everything, position, 1);
    if (record === undefined) return;
    const [key, primaryKey, value] = record;
    const entries = indexKeys([index], value);
    if (entries.length > 0) op_indexed_db_index_record(transaction, primaryKey, entries);
    position = [key, primaryKey];
  }
}

/** https://w3c.github.io/IndexedDB/#dom-idbobjectstore-deleteindex, after the checks of the transaction. */
export function deleteIndex({ store, lifetime }, name, prefix) {
  const index = store.indexes.get(name);
  if (index === undefined) {
    throw new DOMException(`${prefix}: The specified index was not found.`, "NotFoundError");
  }
  store.indexes.delete(name);
  index.isDeleted = true;
  lifetime.place(null, () => op_indexed_db_delete_index(lifetime.id, index.id));
}
