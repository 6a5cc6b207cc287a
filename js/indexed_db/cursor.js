// https://w3c.github.io/IndexedDB/#idbcursor

import { DOMException, webidl } from "ext:landfall_platform/platform.js";
import { HOST, onlyByHost } from "ext:landfall_platform/construct.js";
import {
  op_indexed_db_compare_keys,
  op_indexed_db_delete,
  op_indexed_db_step,
} from "ext:core/ops";
import { cloneForStorage, prepareRecord } from "ext:sw_indexed_db/put.js";
import { deserialize } from "ext:sw_indexed_db/clone.js";
import {
  IDBRequest,
  unsettle,
} from "ext:sw_indexed_db/request.js";
import {
  checkActive,
  checkUsable,
  checkWritable,
} from "ext:sw_indexed_db/checks.js";
import { extractKey, FAILURE } from "ext:sw_indexed_db/key_path.js";
import { INVALID, requireKey } from "ext:sw_indexed_db/value_to_key.js";

/** @type {(cursor: IDBCursor) => unknown} the value at the cursor */
export let valueAt;

/** @type {(cursor: IDBCursor, position: unknown[] | undefined, count: number) => IDBCursor | null} */
export let iterate;

/** @type {(cursor: IDBCursor) => IDBRequest} the request that opened it */
export let requestOf;

/** A place in an object store or index that moves through a range. */
export class IDBCursor {
  /** @type {Source} */
  #source;
  #query;
  #direction;
  #isKeyOnly;
  #request;
  /** False while the cursor moves, and after its end. */
  #hasValue = false;
  #key = undefined;
  #primaryKey = undefined;
  #value = undefined;

  constructor(key = undefined, { source, query, direction, isKeyOnly } = {}) {
    onlyByHost(key, this);
    this.#source = source;
    this.#query = query;
    this.#direction = direction;
    this.#isKeyOnly = isKeyOnly;
    this.#request = new IDBRequest(HOST, source.handle, source.transaction);
  }

  get source() {
    webidl.assertBranded(this, IDBCursorPrototype);
    return this.#source.handle;
  }

  get direction() {
    webidl.assertBranded(this, IDBCursorPrototype);
    return this.#direction;
  }

  get key() {
    webidl.assertBranded(this, IDBCursorPrototype);
    return this.#key;
  }

  get primaryKey() {
    webidl.assertBranded(this, IDBCursorPrototype);
    return this.#primaryKey;
  }

  get request() {
    webidl.assertBranded(this, IDBCursorPrototype);
    return this.#request;
  }

  advance(count) {
    webidl.assertBranded(this, IDBCursorPrototype);
    const prefix = "Failed to execute 'advance' on 'IDBCursor'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    count = webidl.converters["unsigned long"](count, prefix, "Argument 1", {
      enforceRange: true,
    });
    if (count === 0) {
      throw new TypeError(`${prefix}: A count argument with value 0 (zero) was supplied, must be greater than 0.`);
    }
    this.#checkMovable(prefix);
    this.#move([this.#key, this.#primaryKey], count);
  }

  continue(key = undefined) {
    webidl.assertBranded(this, IDBCursorPrototype);
    const prefix = "Failed to execute 'continue' on 'IDBCursor'";
    this.#checkMovable(prefix);
    const position = [this.#key, this.#primaryKey];
    if (key !== undefined) {
      key = requireKey(key, prefix);
      if (this.#progress(key, this.#key) <= 0) throw this.#wrongWayError(prefix);
      position.push(key);
    }
    this.#move(position, 1);
  }

  continuePrimaryKey(key, primaryKey) {
    webidl.assertBranded(this, IDBCursorPrototype);
    const prefix = "Failed to execute 'continuePrimaryKey' on 'IDBCursor'";
    webidl.requiredArguments(arguments.length, 2, prefix);
    checkActive(this.#source.lifetime, prefix);
    checkUsable(this.#source, prefix);
    if (this.#source.index === null) {
      throw new DOMException(`${prefix}: The cursor's source is not an index.`, "InvalidAccessError");
    }
    if (this.#direction !== "next" && this.#direction !== "prev") {
      throw new DOMException(
        `${prefix}: The cursor's direction is not 'next' or 'prev'.`,
        "InvalidAccessError",
      );
    }
    this.#checkHasValue(prefix);
    key = requireKey(key, prefix);
    primaryKey = requireKey(primaryKey, prefix);
    const progress = this.#progress(key, this.#key);
    if (progress < 0 || (progress === 0 && this.#progress(primaryKey, this.#primaryKey) <= 0)) {
      throw this.#wrongWayError(prefix);
    }
    this.#move([this.#key, this.#primaryKey, key, primaryKey], 1);
  }

  update(value) {
    webidl.assertBranded(this, IDBCursorPrototype);
    const prefix = "Failed to execute 'update' on 'IDBCursor'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    this.#checkChangeable(prefix);
    const { lifetime, store } = this.#source;
    const serialized = cloneForStorage(lifetime, value, prefix);
    const key = this.#primaryKey;
    if (store.keyPath !== null) {
      const found = extractKey(deserialize(lifetime, serialized), store.keyPath);
      if (found === FAILURE || found === INVALID || op_indexed_db_compare_keys(found, key) !== 0) {
        throw new DOMException(
          `${prefix}: The effective object store of this cursor uses in-line keys and evaluating the key path of the value parameter results in a different value than the cursor's effective key.`,
          "DataError",
        );
      }
    }
    return this.#place(
      prepareRecord(this.#source, serialized, key, { isAdd: false, prefix }),
    );
  }

  delete() {
    webidl.assertBranded(this, IDBCursorPrototype);
    const prefix = "Failed to execute 'delete' on 'IDBCursor'";
    this.#checkChangeable(prefix);
    const { lifetime, store } = this.#source;
    const key = this.#primaryKey;
    return this.#place(() => {
      op_indexed_db_delete(lifetime.id, store.id, key, key, 0);
    });
  }

  /** The requests of `update` and `delete` have the cursor as their source. */
  #place(execute) {
    const request = new IDBRequest(HOST, this, this.#source.transaction);
    this.#source.lifetime.place(request, execute);
    return request;
  }

  #checkMovable(prefix) {
    checkActive(this.#source.lifetime, prefix);
    checkUsable(this.#source, prefix);
    this.#checkHasValue(prefix);
  }

  #checkChangeable(prefix) {
    checkActive(this.#source.lifetime, prefix);
    checkWritable(this.#source.lifetime, prefix);
    checkUsable(this.#source, prefix);
    this.#checkHasValue(prefix);
    if (this.#isKeyOnly) {
      throw new DOMException(`${prefix}: The cursor is a key cursor.`, "InvalidStateError");
    }
  }

  #checkHasValue(prefix) {
    if (this.#hasValue) return;
    throw new DOMException(
      `${prefix}: The cursor is being iterated or has iterated past its end.`,
      "InvalidStateError",
    );
  }

  /** Positive if `to` lies ahead of `from`, in the cursor's direction. */
  #progress(to, from) {
    const order = op_indexed_db_compare_keys(to, from);
    return this.#direction.startsWith("prev") ? -order : order;
  }

  #wrongWayError(prefix) {
    const side = this.#direction.startsWith("prev") ? "greater" : "less";
    return new DOMException(
      `${prefix}: The parameter is ${side} than or equal to this cursor's position.`,
      "DataError",
    );
  }

  /** The request that opened the cursor is asked again. */
  #move(position, count) {
    this.#hasValue = false;
    unsettle(this.#request);
    this.#source.lifetime.place(this.#request, () => iterate(this, position, count));
  }

  static {
    valueAt = (cursor) => cursor.#value;
    requestOf = (cursor) => cursor.#request;
    iterate = (cursor, position, count) => {
      const { lifetime } = cursor.#source;
      const record = op_indexed_db_step(lifetime.id, cursor.#query, position, count);
      if (record === undefined) {
        cursor.#key = undefined;
        cursor.#primaryKey = undefined;
        cursor.#value = undefined;
        return null;
      }
      [cursor.#key, cursor.#primaryKey, cursor.#value] = record;
      cursor.#hasValue = true;
      return cursor;
    };
  }
}

webidl.configureInterface(IDBCursor);
const IDBCursorPrototype = IDBCursor.prototype;
