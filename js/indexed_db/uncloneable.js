// Where in a value lies what cannot be cloned: V8 says what it is, not where it found it.
// Runs only when a clone has failed.

import { core } from "ext:landfall_platform/platform.js";

/** Of a value with more objects only the first ones are looked at, and no path is longer. */
const MOST_OBJECTS = 10_000;
const LONGEST_PATH = 1_000;

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

/**
 * @param {unknown} value what could not be cloned
 * @param {(member: object) => boolean} isCloneable tried on what is neither an array nor a plain object
 * @returns {string} a path such as `list[3].callback`; empty if it is the value itself, or is not found
 */
export function placeOfUncloneable(value, isCloneable) {
  return find(value, "", { isCloneable, seen: new Set() }) ?? "";
}

function find(value, path, search) {
  if (typeof value === "function" || typeof value === "symbol") return path;
  if (typeof value !== "object" || value === null) return undefined;
  if (search.seen.has(value) || search.seen.size > MOST_OBJECTS || path.length > LONGEST_PATH) return undefined;
  search.seen.add(value);
  if (core.isProxy(value)) return path;
  for (const [step, member] of membersOf(value)) {
    const found = find(member, path + step, search);
    if (found !== undefined) return found.replace(/^\./, "");
  }
  const prototype = Object.getPrototypeOf(value);
  const isPlain = Array.isArray(value) || prototype === Object.prototype || prototype === null;
  return isPlain || search.isCloneable(value) ? undefined : path;
}

/** What a clone would contain, without running a getter. */
function* membersOf(value) {
  if (core.isMap(value)) {
    let position = 0;
    for (const [key, member] of Map.prototype.entries.call(value)) {
      yield [`[key ${position}]`, key];
      yield [`[value ${position++}]`, member];
    }
  } else if (core.isSet(value)) {
    let position = 0;
    for (const member of Set.prototype.values.call(value)) yield [`[member ${position++}]`, member];
  } else if (!ArrayBuffer.isView(value)) {
    for (const name of Object.keys(value)) {
      const { value: member } = Object.getOwnPropertyDescriptor(value, name) ?? {};
      yield [stepTo(value, name), member];
    }
  }
}

function stepTo(value, name) {
  if (Array.isArray(value) && /^\d+$/.test(name)) return `[${name}]`;
  return IDENTIFIER.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}
