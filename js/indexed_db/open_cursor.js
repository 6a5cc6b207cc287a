// https://w3c.github.io/IndexedDB/#dom-idbobjectstore-opencursor and its relatives, after their checks.

import { HOST } from "ext:landfall_platform/construct.js";
import { IDBCursor, iterate, requestOf } from "ext:sw_indexed_db/cursor.js";
import { IDBCursorWithValue } from "ext:sw_indexed_db/cursor_with_value.js";

/**
 * Places the request that opens a cursor.
 *
 * @param {Source} source what it goes through
 * @param {unknown[]} query as the ops want it
 * @returns {IDBRequest}
 */
export function openCursorOn(source, query, direction, isKeyOnly) {
  const options = { source, query, direction, isKeyOnly };
  const cursor = isKeyOnly
    ? new IDBCursor(HOST, options)
    : new IDBCursorWithValue(HOST, options);
  const request = requestOf(cursor);
  source.lifetime.place(request, () => iterate(cursor, undefined, 1));
  return request;
}
