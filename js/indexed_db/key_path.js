// Key paths: are they valid, what do they find in a value, and where does a generated key go.
// Values are clones: evaluating a path runs no script.

import { file } from "ext:landfall_platform/platform.js";
import { INVALID, toKey } from "ext:sw_indexed_db/value_to_key.js";

/** What a path gives that leads nowhere. */
export const FAILURE = Symbol("nothing at the key path");

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$\u200C\u200D]*$/u;

const isObject = (value) =>
  (typeof value === "object" && value !== null) || typeof value === "function";
const isBlob = (value) => file.Blob.prototype.isPrototypeOf(value);
const isFile = (value) => file.File.prototype.isPrototypeOf(value);

/** https://w3c.github.io/IndexedDB/#valid-key-path */
export function isValidKeyPath(keyPath) {
  if (Array.isArray(keyPath)) {
    return keyPath.length > 0 && keyPath.every(isValidSinglePath);
  }
  return isValidSinglePath(keyPath);
}

function isValidSinglePath(path) {
  return path === "" ||
    path.split(".").every((identifier) => IDENTIFIER.test(identifier));
}

/**
 * The `(DOMString or sequence<DOMString>)` of Web IDL.
 *
 * @param {unknown} value what the script gave
 * @returns {string | string[]}
 */
export function toKeyPath(value) {
  if (isObject(value) && value[Symbol.iterator] !== undefined && value[Symbol.iterator] !== null) {
    return Array.from(value, (member) => `${member}`);
  }
  return `${value}`;
}

/**
 * https://w3c.github.io/IndexedDB/#evaluate-a-key-path-on-a-value
 *
 * @param {unknown} value a clone
 * @param {string | string[]} keyPath a valid path
 * @returns {unknown} what is there, or FAILURE
 */
export function evaluateKeyPath(value, keyPath) {
  if (typeof keyPath === "string") return evaluateSinglePath(value, keyPath);
  const members = [];
  for (let i = 0; i < keyPath.length; i++) {
    const member = evaluateSinglePath(value, keyPath[i]);
    if (member === FAILURE) return FAILURE;
    const key = toKey(member);
    if (key === INVALID) return FAILURE;
    defineMember(members, i, key);
  }
  return members;
}

function evaluateSinglePath(value, path) {
  if (path === "") return value;
  for (const identifier of path.split(".")) {
    value = readMember(value, identifier);
    if (value === FAILURE) return FAILURE;
  }
  return value;
}

function readMember(value, identifier) {
  if (typeof value === "string" && identifier === "length") return value.length;
  if (Array.isArray(value) && identifier === "length") return value.length;
  if (isBlob(value) && (identifier === "size" || identifier === "type")) {
    return value[identifier];
  }
  if (isFile(value) && (identifier === "name" || identifier === "lastModified")) {
    return value[identifier];
  }
  if (!isObject(value) || !Object.hasOwn(value, identifier)) return FAILURE;
  const member = value[identifier];
  return member === undefined ? FAILURE : member;
}

/**
 * https://w3c.github.io/IndexedDB/#extract-a-key-from-a-value-using-a-key-path
 *
 * @returns {unknown} a key, INVALID or FAILURE
 */
export function extractKey(value, keyPath) {
  const found = evaluateKeyPath(value, keyPath);
  if (found === FAILURE) return FAILURE;
  return typeof keyPath === "string" ? toKey(found) : found;
}

/** https://w3c.github.io/IndexedDB/#check-that-a-key-could-be-injected-into-a-value */
export function canInjectKey(value, keyPath) {
  const identifiers = keyPath.split(".");
  const last = identifiers.pop();
  if (last === undefined) return false;
  for (const identifier of identifiers) {
    if (!isObject(value)) return false;
    if (!Object.hasOwn(value, identifier)) return true;
    value = value[identifier];
  }
  return isObject(value);
}

/** https://w3c.github.io/IndexedDB/#inject-a-key-into-a-value-using-a-key-path */
export function injectKey(value, key, keyPath) {
  const identifiers = keyPath.split(".");
  const last = identifiers.pop();
  for (const identifier of identifiers) {
    if (!Object.hasOwn(value, identifier)) defineMember(value, identifier, {});
    value = value[identifier];
  }
  defineMember(value, last, key);
}

/** Assignment would run setters that a script put on a prototype. */
function defineMember(object, name, value) {
  Object.defineProperty(object, name, {
    __proto__: null,
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}
