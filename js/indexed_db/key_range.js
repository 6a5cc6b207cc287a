// https://w3c.github.io/IndexedDB/#keyrange

import { DOMException, webidl } from "ext:landfall_platform/platform.js";
import { HOST, onlyByHost } from "ext:landfall_platform/construct.js";
import { op_indexed_db_compare_keys } from "ext:core/ops";
import { requireKey } from "ext:sw_indexed_db/value_to_key.js";

const toBoolean = webidl.converters.boolean;

const UNBOUNDED = { lower: undefined, lowerOpen: true, upper: undefined, upperOpen: true };

/** @type {(value: unknown) => boolean} */
export let isKeyRange;

/** @type {(range: IDBKeyRange) => { lower: unknown, upper: unknown, open: number }} as the ops want it */
export let boundsOf;

/** Keys between two bounds, either of which may be missing. */
export class IDBKeyRange {
  #lower;
  #upper;
  #lowerOpen;
  #upperOpen;

  constructor(key = undefined, bounds = undefined) {
    onlyByHost(key, this);
    this.#lower = bounds.lower;
    this.#upper = bounds.upper;
    this.#lowerOpen = bounds.lowerOpen;
    this.#upperOpen = bounds.upperOpen;
  }

  get lower() {
    webidl.assertBranded(this, IDBKeyRangePrototype);
    return this.#lower;
  }

  get upper() {
    webidl.assertBranded(this, IDBKeyRangePrototype);
    return this.#upper;
  }

  get lowerOpen() {
    webidl.assertBranded(this, IDBKeyRangePrototype);
    return this.#lowerOpen;
  }

  get upperOpen() {
    webidl.assertBranded(this, IDBKeyRangePrototype);
    return this.#upperOpen;
  }

  includes(key) {
    webidl.assertBranded(this, IDBKeyRangePrototype);
    const prefix = "Failed to execute 'includes' on 'IDBKeyRange'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    key = requireKey(key, prefix);
    return isInside(key, this.#lower, this.#lowerOpen, 1) &&
      isInside(key, this.#upper, this.#upperOpen, -1);
  }

  static only(value) {
    const prefix = "Failed to execute 'only' on 'IDBKeyRange'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    return rangeOfOne(requireKey(value, prefix));
  }

  static lowerBound(lower, open = false) {
    const prefix = "Failed to execute 'lowerBound' on 'IDBKeyRange'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    const lowerOpen = toBoolean(open);
    return new IDBKeyRange(HOST, { ...UNBOUNDED, lower: requireKey(lower, prefix), lowerOpen });
  }

  static upperBound(upper, open = false) {
    const prefix = "Failed to execute 'upperBound' on 'IDBKeyRange'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    const upperOpen = toBoolean(open);
    return new IDBKeyRange(HOST, { ...UNBOUNDED, upper: requireKey(upper, prefix), upperOpen });
  }

  static bound(lower, upper, lowerOpen = false, upperOpen = false) {
    const prefix = "Failed to execute 'bound' on 'IDBKeyRange'";
    webidl.requiredArguments(arguments.length, 2, prefix);
    lowerOpen = toBoolean(lowerOpen);
    upperOpen = toBoolean(upperOpen);
    lower = requireKey(lower, prefix);
    upper = requireKey(upper, prefix);
    const order = op_indexed_db_compare_keys(lower, upper);
    if (order > 0) {
      throw new DOMException(
        `${prefix}: The lower key is greater than the upper key.`,
        "DataError",
      );
    }
    if (order === 0 && (lowerOpen || upperOpen)) {
      throw new DOMException(
        `${prefix}: The lower key and upper key are equal and one of the bounds is open.`,
        "DataError",
      );
    }
    return new IDBKeyRange(HOST, { lower, upper, lowerOpen, upperOpen });
  }

  static {
    isKeyRange = (value) =>
      typeof value === "object" && value !== null && #lower in value;
    boundsOf = (range) => ({
      lower: range.#lower,
      upper: range.#upper,
      open: (range.#lowerOpen ? 1 : 0) | (range.#upperOpen ? 2 : 0),
    });
  }
}

webidl.configureInterface(IDBKeyRange);
const IDBKeyRangePrototype = IDBKeyRange.prototype;

/** @param {unknown} key a key */
function rangeOfOne(key) {
  return new IDBKeyRange(HOST, {
    lower: key,
    upper: key,
    lowerOpen: false,
    upperOpen: false,
  });
}

/** `side` is 1 for a lower bound, -1 for an upper one. */
function isInside(key, bound, isOpen, side) {
  if (bound === undefined) return true;
  const order = op_indexed_db_compare_keys(key, bound) * side;
  return order > 0 || (order === 0 && !isOpen);
}
