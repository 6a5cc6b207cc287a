// https://w3c.github.io/IndexedDB/#idbtransaction

import {
  DOMException,
  event,
  webidl,
} from "ext:landfall_platform/platform.js";
import { rememberContext, tellWork } from "ext:sw_activity/activity.js";
import { defineEventHandler } from "ext:sw_indexed_db/event_handler.js";
import { HOST } from "ext:landfall_platform/construct.js";
import { dispatchScripted } from "ext:sw_indexed_db/dispatch.js";
import { sortedNameList } from "ext:sw_indexed_db/dom_string_list.js";
import { openObjectStore } from "ext:sw_indexed_db/object_store.js";

/** @type {(transaction: IDBTransaction) => TransactionLifetime} */
export let lifetimeOf;

/** @type {(transaction: IDBTransaction, store: StoreSchema) => IDBObjectStore} the one handle of a store */
export let handleOf;

/** A group of requests that happens as a whole or not at all. */
export class IDBTransaction extends event.EventTarget {
  #lifetime;
  #durability;
  /** Handles by store, so that a script always meets the same one. */
  #handles = new Map();

  constructor(key = undefined, lifetime = undefined, durability = undefined) {
    super();
    if (key !== HOST) webidl.illegalConstructor();
    this.#lifetime = lifetime;
    this.#durability = durability;
    lifetime.target = this;
    rememberContext(this);
    tellWork("storage");
  }

  get objectStoreNames() {
    webidl.assertBranded(this, IDBTransactionPrototype);
    const { scope, connection } = this.#lifetime;
    const stores = scope ?? [...connection.stores.values()];
    return sortedNameList(stores.map((store) => store.name));
  }

  get mode() {
    webidl.assertBranded(this, IDBTransactionPrototype);
    return this.#lifetime.mode;
  }

  get durability() {
    webidl.assertBranded(this, IDBTransactionPrototype);
    return this.#durability;
  }

  get db() {
    webidl.assertBranded(this, IDBTransactionPrototype);
    return this.#lifetime.connection.database;
  }

  get error() {
    webidl.assertBranded(this, IDBTransactionPrototype);
    return this.#lifetime.error;
  }

  objectStore(name) {
    webidl.assertBranded(this, IDBTransactionPrototype);
    const prefix = "Failed to execute 'objectStore' on 'IDBTransaction'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    name = webidl.converters.DOMString(name, prefix, "Argument 1");
    const lifetime = this.#lifetime;
    if (lifetime.isFinished) {
      throw new DOMException(
        `${prefix}: The transaction has finished.`,
        "InvalidStateError",
      );
    }
    const store = lifetime.connection.stores.get(name);
    if (store === undefined || (lifetime.scope !== null && !lifetime.scope.includes(store))) {
      throw new DOMException(
        `${prefix}: The specified object store was not found.`,
        "NotFoundError",
      );
    }
    return this.#handle(store);
  }

  #handle(store) {
    let handle = this.#handles.get(store);
    if (handle === undefined) {
      handle = openObjectStore(this, this.#lifetime, store);
      this.#handles.set(store, handle);
    }
    return handle;
  }

  commit() {
    webidl.assertBranded(this, IDBTransactionPrototype);
    if (!this.#lifetime.isActive) {
      throw new DOMException(
        "Failed to execute 'commit' on 'IDBTransaction': The transaction is not active.",
        "InvalidStateError",
      );
    }
    this.#lifetime.commitExplicitly();
  }

  abort() {
    webidl.assertBranded(this, IDBTransactionPrototype);
    if (this.#lifetime.isEnding) {
      throw new DOMException(
        "Failed to execute 'abort' on 'IDBTransaction': The transaction is committing or has finished.",
        "InvalidStateError",
      );
    }
    this.#lifetime.abort(null);
  }

  dispatchEvent(event) {
    webidl.assertBranded(this, IDBTransactionPrototype);
    return dispatchScripted(event, [this, this.db]);
  }

  static {
    lifetimeOf = (transaction) => transaction.#lifetime;
    handleOf = (transaction, store) => transaction.#handle(store);
  }
}

defineEventHandler(IDBTransaction.prototype, "abort");
defineEventHandler(IDBTransaction.prototype, "complete");
defineEventHandler(IDBTransaction.prototype, "error");
webidl.configureInterface(IDBTransaction);
const IDBTransactionPrototype = IDBTransaction.prototype;
