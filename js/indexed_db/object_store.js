// https://w3c.github.io/IndexedDB/#idbobjectstore

import { DOMException, webidl } from "ext:landfall_platform/platform.js";
import { HOST, onlyByHost } from "ext:landfall_platform/construct.js";
import {
  op_indexed_db_delete,
  op_indexed_db_rename_object_store,
} from "ext:core/ops";
import {
  checkActive,
  checkUpgrading,
  checkUsable,
  checkWritable,
} from "ext:sw_indexed_db/checks.js";
import {
  createIndex,
  deleteIndex,
  toIndexParameters,
} from "ext:sw_indexed_db/create_index.js";
import { sortedNameList } from "ext:sw_indexed_db/dom_string_list.js";
import { openIndex } from "ext:sw_indexed_db/index.js";
import { toKeyPath } from "ext:sw_indexed_db/key_path.js";
import { storedName } from "ext:sw_indexed_db/names.js";
import { cloneForStorage, prepareRecord } from "ext:sw_indexed_db/put.js";
import { Shape, toBounds } from "ext:sw_indexed_db/query.js";
import { rename } from "ext:sw_indexed_db/schema.js";
import {
  count,
  getAll,
  getAllRecords,
  getFirst,
  openCursor,
  request,
} from "ext:sw_indexed_db/source.js";
import { requireKey } from "ext:sw_indexed_db/value_to_key.js";

const NAME = "IDBObjectStore";
const toDOMString = webidl.converters.DOMString;

/** An object store, as one transaction sees it. */
export class IDBObjectStore {
  /** @type {Source} */
  #source;
  /** Handles by index, so that a script always meets the same one. */
  #handles = new Map();
  #keyPath;

  constructor(key = undefined, transaction = undefined, lifetime = undefined, store = undefined) {
    onlyByHost(key, this);
    this.#source = {
      handle: this,
      interfaceName: NAME,
      transaction,
      lifetime,
      store,
      index: null,
    };
    this.#keyPath = Array.isArray(store.keyPath) ? [...store.keyPath] : store.keyPath;
  }

  get name() {
    webidl.assertBranded(this, IDBObjectStorePrototype);
    return this.#source.store.name;
  }

  set name(name) {
    webidl.assertBranded(this, IDBObjectStorePrototype);
    const prefix = "Failed to set the 'name' property on 'IDBObjectStore'";
    name = toDOMString(name, prefix, "Value");
    const { store, lifetime } = this.#source;
    checkUpgrading(this.#source, prefix);
    checkActive(lifetime, prefix);
    if (store.name === name) return;
    const { stores } = lifetime.connection;
    if (stores.has(name)) {
      throw new DOMException(
        `${prefix}: There is an object store with this name already.`,
        "ConstraintError",
      );
    }
    rename(stores, store, name);
    lifetime.place(null, () => {
      op_indexed_db_rename_object_store(lifetime.id, store.id, storedName(name));
    });
  }

  get keyPath() {
    webidl.assertBranded(this, IDBObjectStorePrototype);
    return this.#keyPath;
  }

  get indexNames() {
    webidl.assertBranded(this, IDBObjectStorePrototype);
    return sortedNameList(this.#source.store.indexes.keys());
  }

  get transaction() {
    webidl.assertBranded(this, IDBObjectStorePrototype);
    return this.#source.transaction;
  }

  get autoIncrement() {
    webidl.assertBranded(this, IDBObjectStorePrototype);
    return this.#source.store.autoIncrement;
  }

  put(value, key = undefined) {
    webidl.assertBranded(this, IDBObjectStorePrototype);
    const prefix = "Failed to execute 'put' on 'IDBObjectStore'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    return this.#addOrPut(value, key, { isAdd: false, prefix });
  }

  add(value, key = undefined) {
    webidl.assertBranded(this, IDBObjectStorePrototype);
    const prefix = "Failed to execute 'add' on 'IDBObjectStore'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    return this.#addOrPut(value, key, { isAdd: true, prefix });
  }

  #addOrPut(value, key, options) {
    const { store, lifetime } = this.#source;
    const { prefix } = options;
    checkUsable(this.#source, prefix);
    checkWritable(lifetime, prefix);
    if (store.keyPath !== null && key !== undefined) {
      throw new DOMException(
        `${prefix}: The object store uses in-line keys and the key parameter was provided.`,
        "DataError",
      );
    }
    if (store.keyPath === null && !store.autoIncrement && key === undefined) {
      throw new DOMException(
        `${prefix}: The object store uses out-of-line keys and has no key generator and the key parameter was not provided.`,
        "DataError",
      );
    }
    if (key !== undefined) key = requireKey(key, prefix);
    const serialized = cloneForStorage(lifetime, value, prefix);
    return request(this.#source, prepareRecord(this.#source, serialized, key, options));
  }

  delete(query) {
    webidl.assertBranded(this, IDBObjectStorePrototype);
    const prefix = "Failed to execute 'delete' on 'IDBObjectStore'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    checkUsable(this.#source, prefix);
    checkWritable(this.#source.lifetime, prefix);
    return this.#deleteRange(toBounds(query, prefix, true));
  }

  clear() {
    webidl.assertBranded(this, IDBObjectStorePrototype);
    const prefix = "Failed to execute 'clear' on 'IDBObjectStore'";
    checkUsable(this.#source, prefix);
    checkWritable(this.#source.lifetime, prefix);
    return this.#deleteRange(toBounds(undefined, prefix, false));
  }

  #deleteRange({ lower, upper, open }) {
    const { lifetime, store } = this.#source;
    return request(this.#source, () => {
      op_indexed_db_delete(lifetime.id, store.id, lower, upper, open);
    });
  }

  get(query) {
    webidl.assertBranded(this, IDBObjectStorePrototype);
    webidl.requiredArguments(arguments.length, 1, "Failed to execute 'get' on 'IDBObjectStore'");
    return getFirst(this.#source, "get", query, Shape.VALUE);
  }

  getKey(query) {
    webidl.assertBranded(this, IDBObjectStorePrototype);
    webidl.requiredArguments(arguments.length, 1, "Failed to execute 'getKey' on 'IDBObjectStore'");
    return getFirst(this.#source, "getKey", query, Shape.PRIMARY_KEY);
  }

  getAll(queryOrOptions = undefined, count = undefined) {
    webidl.assertBranded(this, IDBObjectStorePrototype);
    return getAll(this.#source, "getAll", queryOrOptions, count, Shape.VALUE);
  }

  getAllKeys(queryOrOptions = undefined, count = undefined) {
    webidl.assertBranded(this, IDBObjectStorePrototype);
    return getAll(this.#source, "getAllKeys", queryOrOptions, count, Shape.PRIMARY_KEY);
  }

  getAllRecords(options = undefined) {
    webidl.assertBranded(this, IDBObjectStorePrototype);
    return getAllRecords(this.#source, options);
  }

  count(query = undefined) {
    webidl.assertBranded(this, IDBObjectStorePrototype);
    return count(this.#source, query);
  }

  openCursor(query = undefined, direction = "next") {
    webidl.assertBranded(this, IDBObjectStorePrototype);
    return openCursor(this.#source, "openCursor", query, direction, false);
  }

  openKeyCursor(query = undefined, direction = "next") {
    webidl.assertBranded(this, IDBObjectStorePrototype);
    return openCursor(this.#source, "openKeyCursor", query, direction, true);
  }

  index(name) {
    webidl.assertBranded(this, IDBObjectStorePrototype);
    const prefix = "Failed to execute 'index' on 'IDBObjectStore'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    name = toDOMString(name, prefix, "Argument 1");
    const { store, lifetime } = this.#source;
    if (store.isDeleted || lifetime.isFinished) {
      throw new DOMException(
        `${prefix}: The object store has been deleted or the transaction has finished.`,
        "InvalidStateError",
      );
    }
    const index = store.indexes.get(name);
    if (index === undefined) {
      throw new DOMException(`${prefix}: The specified index was not found.`, "NotFoundError");
    }
    return this.#handle(index);
  }

  #handle(index) {
    let handle = this.#handles.get(index);
    if (handle === undefined) {
      handle = openIndex(this, this.#source, index);
      this.#handles.set(index, handle);
    }
    return handle;
  }

  createIndex(name, keyPath, options = undefined) {
    webidl.assertBranded(this, IDBObjectStorePrototype);
    const prefix = "Failed to execute 'createIndex' on 'IDBObjectStore'";
    webidl.requiredArguments(arguments.length, 2, prefix);
    name = toDOMString(name, prefix, "Argument 1");
    keyPath = toKeyPath(keyPath);
    options = toIndexParameters(options, prefix, "Argument 3");
    checkUpgrading(this.#source, prefix);
    checkActive(this.#source.lifetime, prefix);
    return this.#handle(createIndex(this.#source, { name, keyPath, ...options }, prefix));
  }

  deleteIndex(name) {
    webidl.assertBranded(this, IDBObjectStorePrototype);
    const prefix = "Failed to execute 'deleteIndex' on 'IDBObjectStore'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    name = toDOMString(name, prefix, "Argument 1");
    checkUpgrading(this.#source, prefix);
    checkActive(this.#source.lifetime, prefix);
    deleteIndex(this.#source, name, prefix);
  }
}

webidl.configureInterface(IDBObjectStore);
const IDBObjectStorePrototype = IDBObjectStore.prototype;

/** The handle of a store in a transaction. */
export function openObjectStore(transaction, lifetime, store) {
  return new IDBObjectStore(HOST, transaction, lifetime, store);
}
