// What the ops that read want to know: where, between which keys, in which order, and what of each record.

import { boundsOf, isKeyRange } from "ext:sw_indexed_db/key_range.js";
import { DOMException, webidl } from "ext:landfall_platform/platform.js";
import { hasKeyType, requireKey } from "ext:sw_indexed_db/value_to_key.js";

/** https://w3c.github.io/IndexedDB/#enumdef-idbcursordirection, in the order that the ops number them. */
const DIRECTIONS = ["next", "nextunique", "prev", "prevunique"];

/** What is wanted of each record. */
export const Shape = Object.freeze({
  VALUE: 0,
  PRIMARY_KEY: 1,
  /** Key, primary key and value. */
  RECORD: 2,
  /** Key and primary key. */
  KEYS: 3,
});

const EVERYTHING = { lower: undefined, upper: undefined, open: 0 };

/** Converts to IDBCursorDirection. */
export const toDirection = webidl.createEnumConverter("IDBCursorDirection", DIRECTIONS);

/** [EnforceRange] unsigned long */
export const toCount = (value, prefix, context) =>
  webidl.converters["unsigned long"](value, prefix, context, { enforceRange: true });

/** https://w3c.github.io/IndexedDB/#dictdef-idbgetalloptions */
export const toGetAllOptions = webidl.createDictionaryConverter("IDBGetAllOptions", [
  { key: "count", converter: toCount },
  { key: "direction", converter: toDirection, defaultValue: "next" },
  { key: "query", converter: webidl.converters.any, defaultValue: null },
]);

/**
 * https://w3c.github.io/IndexedDB/#convert-a-value-to-a-key-range
 *
 * @param {unknown} value a key, a range, or nothing
 * @param {string} prefix the beginning of messages
 * @param {boolean} isRequired is nothing refused, or does it stand for all keys?
 * @returns {{ lower: unknown, upper: unknown, open: number }}
 */
export function toBounds(value, prefix, isRequired) {
  if (isKeyRange(value)) return boundsOf(value);
  if (value === undefined || value === null) {
    if (!isRequired) return EVERYTHING;
    throw new DOMException(
      `${prefix}: No key or key range specified.`,
      "DataError",
    );
  }
  const key = requireKey(value, prefix);
  return { lower: key, upper: key, open: 0 };
}

/**
 * @param {{ storeId: number, indexId: number }} place where to read; index zero is the store itself
 * @param {{ lower: unknown, upper: unknown, open: number }} bounds between which keys
 * @param {number} shape what of each record
 * @param {string} direction in which order
 */
export function makeQuery({ storeId, indexId }, bounds, shape, direction = "next") {
  return [
    storeId,
    indexId,
    bounds.lower,
    bounds.upper,
    bounds.open,
    DIRECTIONS.indexOf(direction),
    shape,
  ];
}

/** A limit that no store reaches. */
const NO_LIMIT = 2 ** 32 - 1;

/**
 * What `getAll` and `getAllKeys` are asked for.
 *
 * @param {unknown} queryOrOptions the script's first argument
 * @param {number | undefined} count the script's second argument, converted
 * @param {string} prefix the beginning of messages
 * @returns {{ query: unknown, count: number | undefined, direction: string }}
 */
export function toGetAllArguments(queryOrOptions, count, prefix) {
  const isQuery = queryOrOptions === undefined || queryOrOptions === null ||
    isKeyRange(queryOrOptions) || hasKeyType(queryOrOptions);
  if (isQuery) return { query: queryOrOptions, count, direction: "next" };
  return toGetAllOptions(queryOrOptions, prefix, "Argument 1");
}

/** @returns {number} how many records at most; a count of zero is none at all */
export function toLimit(count) {
  return count === undefined || count === 0 ? NO_LIMIT : count;
}
