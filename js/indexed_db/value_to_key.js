// Keys from values (https://w3c.github.io/IndexedDB/#convert-a-value-to-a-key).
// A key here is a number, a string, a Date, an ArrayBuffer or an array of keys, all of our own making.

import { core, DOMException, readDetached } from "ext:landfall_platform/platform.js";

/** What `toKey` gives for a value that is no key. */
export const INVALID = Symbol("not a key");

/**
 * @param {unknown} input any value
 * @param {Set<object>} [seen] the arrays around it
 * @returns {unknown} a key, or INVALID
 */
export function toKey(input, seen) {
  if (typeof input === "string") return input;
  if (typeof input === "number") return Number.isNaN(input) ? INVALID : input;
  if (typeof input !== "object" || input === null) return INVALID;
  if (core.isDate(input)) {
    const time = Date.prototype.getTime.call(input);
    return Number.isNaN(time) ? INVALID : new Date(time);
  }
  if (core.isArrayBuffer(input) || ArrayBuffer.isView(input)) {
    return copyBytes(input);
  }
  if (Array.isArray(input) && !core.isProxy(input)) {
    return toArrayKey(input, seen ?? new Set());
  }
  return INVALID;
}

function toArrayKey(input, seen) {
  if (seen.has(input)) return INVALID;
  seen.add(input);
  const keys = [];
  const { length } = input;
  for (let i = 0; i < length; i++) {
    if (!Object.hasOwn(input, i)) return INVALID;
    const key = toKey(input[i], seen);
    if (key === INVALID) return INVALID;
    // Not push: a script may have put a setter on Array.prototype.
    Object.defineProperty(keys, i, {
      __proto__: null,
      value: key,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  seen.delete(input);
  return keys;
}

const isDetached = (buffer) => readDetached.call(buffer);

function copyBytes(input) {
  const isView = ArrayBuffer.isView(input);
  const buffer = isView ? input.buffer : input;
  if (!core.isArrayBuffer(buffer)) return INVALID;
  if (isDetached(buffer)) return INVALID;
  if (!isView) return buffer.slice(0);
  return buffer.slice(input.byteOffset, input.byteOffset + input.byteLength);
}

/**
 * Could the value be a key, going by its type alone? Others make "invalid type" in the specification.
 *
 * @param {unknown} input any value
 */
export function hasKeyType(input) {
  return typeof input === "string" || typeof input === "number" ||
    core.isDate(input) || core.isArrayBuffer(input) ||
    ArrayBuffer.isView(input) || Array.isArray(input);
}

/**
 * A key, or a DataError.
 *
 * @param {unknown} input any value
 * @param {string} prefix the beginning of the message
 */
export function requireKey(input, prefix) {
  const key = toKey(input);
  if (key === INVALID) throw invalidKeyError(prefix);
  return key;
}

/** @param {string} prefix the beginning of the message */
export function invalidKeyError(prefix) {
  return new DOMException(
    `${prefix}: The parameter is not a valid key.`,
    "DataError",
  );
}

/**
 * https://w3c.github.io/IndexedDB/#convert-a-value-to-a-multientry-key
 *
 * @param {unknown} input any value
 * @returns {unknown[]} the keys, possibly none; duplicates are harmless, an index has each once
 */
export function toMultiEntryKeys(input) {
  if (!Array.isArray(input)) {
    const key = toKey(input);
    return key === INVALID ? [] : [key];
  }
  const keys = [];
  const { length } = input;
  for (let i = 0; i < length; i++) {
    const key = Object.hasOwn(input, i)
      ? toKey(input[i], new Set([input]))
      : INVALID;
    if (key !== INVALID) keys[keys.length] = key;
  }
  return keys;
}
