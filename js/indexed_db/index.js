// https://w3c.github.io/IndexedDB/#idbindex

import { DOMException, webidl } from "ext:landfall_platform/platform.js";
import { HOST, onlyByHost } from "ext:landfall_platform/construct.js";
import { op_indexed_db_rename_index } from "ext:core/ops";
import { checkActive, checkUpgrading } from "ext:sw_indexed_db/checks.js";
import { storedName } from "ext:sw_indexed_db/names.js";
import { Shape } from "ext:sw_indexed_db/query.js";
import { rename } from "ext:sw_indexed_db/schema.js";
import {
  count,
  getAll,
  getAllRecords,
  getFirst,
  openCursor,
} from "ext:sw_indexed_db/source.js";

const NAME = "IDBIndex";

/** An index, as one transaction sees it. */
export class IDBIndex {
  /** @type {Source} */
  #source;
  #objectStore;
  #keyPath;

  constructor(key = undefined, objectStore = undefined, storeSource = undefined, index = undefined) {
    onlyByHost(key, this);
    this.#source = { ...storeSource, handle: this, interfaceName: NAME, index };
    this.#objectStore = objectStore;
    this.#keyPath = Array.isArray(index.keyPath) ? [...index.keyPath] : index.keyPath;
  }

  get name() {
    webidl.assertBranded(this, IDBIndexPrototype);
    return this.#source.index.name;
  }

  set name(name) {
    webidl.assertBranded(this, IDBIndexPrototype);
    const prefix = "Failed to set the 'name' property on 'IDBIndex'";
    name = webidl.converters.DOMString(name, prefix, "Value");
    const { store, index, lifetime } = this.#source;
    checkUpgrading(this.#source, prefix);
    checkActive(lifetime, prefix);
    if (index.name === name) return;
    if (store.indexes.has(name)) {
      throw new DOMException(
        `${prefix}: There is an index with this name already.`,
        "ConstraintError",
      );
    }
    rename(store.indexes, index, name);
    lifetime.place(null, () => {
      op_indexed_db_rename_index(lifetime.id, index.id, storedName(name));
    });
  }

  get objectStore() {
    webidl.assertBranded(this, IDBIndexPrototype);
    return this.#objectStore;
  }

  get keyPath() {
    webidl.assertBranded(this, IDBIndexPrototype);
    return this.#keyPath;
  }

  get multiEntry() {
    webidl.assertBranded(this, IDBIndexPrototype);
    return this.#source.index.multiEntry;
  }

  get unique() {
    webidl.assertBranded(this, IDBIndexPrototype);
    return this.#source.index.unique;
  }

  get(query) {
    webidl.assertBranded(this, IDBIndexPrototype);
    webidl.requiredArguments(arguments.length, 1, "Failed to execute 'get' on 'IDBIndex'");
    return getFirst(this.#source, "get", query, Shape.VALUE);
  }

  getKey(query) {
    webidl.assertBranded(this, IDBIndexPrototype);
    webidl.requiredArguments(arguments.length, 1, "Failed to execute 'getKey' on 'IDBIndex'");
    return getFirst(this.#source, "getKey", query, Shape.PRIMARY_KEY);
  }

  getAll(queryOrOptions = undefined, count = undefined) {
    webidl.assertBranded(this, IDBIndexPrototype);
    return getAll(this.#source, "getAll", queryOrOptions, count, Shape.VALUE);
  }

  getAllKeys(queryOrOptions = undefined, count = undefined) {
    webidl.assertBranded(this, IDBIndexPrototype);
    return getAll(this.#source, "getAllKeys", queryOrOptions, count, Shape.PRIMARY_KEY);
  }

  getAllRecords(options = undefined) {
    webidl.assertBranded(this, IDBIndexPrototype);
    return getAllRecords(this.#source, options);
  }

  count(query = undefined) {
    webidl.assertBranded(this, IDBIndexPrototype);
    return count(this.#source, query);
  }

  openCursor(query = undefined, direction = "next") {
    webidl.assertBranded(this, IDBIndexPrototype);
    return openCursor(this.#source, "openCursor", query, direction, false);
  }

  openKeyCursor(query = undefined, direction = "next") {
    webidl.assertBranded(this, IDBIndexPrototype);
    return openCursor(this.#source, "openKeyCursor", query, direction, true);
  }
}

webidl.configureInterface(IDBIndex);
const IDBIndexPrototype = IDBIndex.prototype;

/** The handle of an index in a transaction. */
export function openIndex(objectStore, storeSource, index) {
  return new IDBIndex(HOST, objectStore, storeSource, index);
}
