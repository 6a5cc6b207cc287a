// What object stores and indexes have in common: they are read in the same ways.

import { HOST } from "ext:landfall_platform/construct.js";
import {
  op_indexed_db_count,
  op_indexed_db_get,
  op_indexed_db_get_all,
} from "ext:core/ops";
import { checkUsable } from "ext:sw_indexed_db/checks.js";
import { openCursorOn } from "ext:sw_indexed_db/open_cursor.js";
import {
  makeQuery,
  Shape,
  toBounds,
  toCount,
  toDirection,
  toGetAllArguments,
  toGetAllOptions,
  toLimit,
} from "ext:sw_indexed_db/query.js";
import { toRecords } from "ext:sw_indexed_db/record.js";
import { IDBRequest } from "ext:sw_indexed_db/request.js";

/**
 * What a handle of a store or index reads from.
 *
 * @typedef {object} Source
 * @property {IDBObjectStore | IDBIndex} handle what the script sees
 * @property {string} interfaceName for messages
 * @property {IDBTransaction} transaction
 * @property {TransactionLifetime} lifetime
 * @property {StoreSchema} store
 * @property {IndexSchema | null} index
 */

/** Places a request of a source with its transaction. */
export function request(source, execute) {
  const placed = new IDBRequest(HOST, source.handle, source.transaction);
  source.lifetime.place(placed, execute);
  return placed;
}

const place = ({ store, index }) => ({ storeId: store.id, indexId: index?.id ?? 0 });

const messagePrefix = (source, method) =>
  `Failed to execute '${method}' on '${source.interfaceName}'`;

/** `get` and `getKey`. */
export function getFirst(source, method, query, shape) {
  const prefix = messagePrefix(source, method);
  checkUsable(source, prefix);
  const wanted = makeQuery(place(source), toBounds(query, prefix, true), shape);
  const { id } = source.lifetime;
  return request(source, () => op_indexed_db_get(id, wanted));
}

/** `getAll` and `getAllKeys`. */
export function getAll(source, method, queryOrOptions, count, shape) {
  const prefix = messagePrefix(source, method);
  if (count !== undefined) count = toCount(count, prefix, "Argument 2");
  checkUsable(source, prefix);
  const options = toGetAllArguments(queryOrOptions, count, prefix);
  return retrieve(source, prefix, options, shape);
}

/** https://w3c.github.io/IndexedDB/#dom-idbobjectstore-getallrecords */
export function getAllRecords(source, options) {
  const prefix = messagePrefix(source, "getAllRecords");
  options = toGetAllOptions(options, prefix, "Argument 1");
  checkUsable(source, prefix);
  return retrieve(source, prefix, options, Shape.RECORD);
}

function retrieve(source, prefix, { query, count, direction }, shape) {
  const bounds = toBounds(query, prefix, false);
  const wanted = makeQuery(place(source), bounds, shape, direction);
  const limit = toLimit(count);
  const { id } = source.lifetime;
  return request(source, () => {
    const members = op_indexed_db_get_all(id, wanted, limit);
    return shape === Shape.RECORD ? toRecords(members) : members;
  });
}

/** `count`. */
export function count(source, query) {
  const prefix = messagePrefix(source, "count");
  checkUsable(source, prefix);
  const wanted = makeQuery(place(source), toBounds(query, prefix, false), Shape.PRIMARY_KEY);
  const { id } = source.lifetime;
  return request(source, () => op_indexed_db_count(id, wanted));
}

/** `openCursor` and `openKeyCursor`. */
export function openCursor(source, method, query, direction, isKeyOnly) {
  const prefix = messagePrefix(source, method);
  direction = toDirection(direction, prefix, "Argument 2");
  checkUsable(source, prefix);
  const bounds = toBounds(query, prefix, false);
  const shape = isKeyOnly ? Shape.KEYS : Shape.RECORD;
  const wanted = makeQuery(place(source), bounds, shape, direction);
  return openCursorOn(source, wanted, direction, isKeyOnly);
}
