// What is behind an IDBDatabase (https://w3c.github.io/IndexedDB/#connection): schema, live transactions, closing.

import { DOMException, event } from "ext:landfall_platform/platform.js";
import { op_indexed_db_disconnect } from "ext:core/ops";
import { fireEvent } from "ext:sw_indexed_db/dispatch.js";
import {
  acknowledge,
  addConnection,
  removeConnection,
} from "ext:sw_indexed_db/messages.js";
import {
  firstFreeId,
  readSchema,
  remember,
} from "ext:sw_indexed_db/schema.js";
import { queueTask } from "ext:sw_indexed_db/tasks.js";
import { IDBVersionChangeEvent } from "ext:sw_indexed_db/version_change_event.js";

/** One open connection. */
export class Connection {
  /** The number the coordinator knows it by. */
  id;
  /** The database's name, and the same as the ops want it. */
  name;
  storedName;
  version;
  /** @type {Map<string, StoreSchema>} */
  stores;
  /** The IDBDatabase, set by its constructor. */
  database = null;
  /** @type {TransactionLifetime | null} the upgrade under way on this connection */
  upgrade = null;
  isClosePending = false;
  #isClosed = false;
  #live = new Set();
  #nextId;
  #restore = null;

  /** `opened` is what the op that connects gives. */
  constructor(name, storedName, opened) {
    this.id = opened.connection;
    this.name = name;
    this.storedName = storedName;
    this.version = opened.version;
    this.stores = readSchema(opened.stores);
    this.#nextId = firstFreeId(this.stores);
    addConnection(this);
  }

  /** A number for a new store or index. */
  nextId() {
    return this.#nextId++;
  }

  /** An upgrade begins: what it changes can be put back. */
  beginUpgrade(upgrade, version) {
    const { version: oldVersion } = this;
    const restoreStores = remember(this.stores);
    this.upgrade = upgrade;
    this.version = version;
    this.#restore = () => {
      this.version = oldVersion;
      for (const store of this.stores.values()) discard(store);
      this.stores = restoreStores();
    };
  }

  /** https://w3c.github.io/IndexedDB/#abort-an-upgrade-transaction */
  revertUpgrade() {
    this.#restore();
  }

  transactionCreated(transaction) {
    this.#live.add(transaction);
  }

  transactionFinished(transaction) {
    this.#live.delete(transaction);
    if (this.upgrade === transaction) this.upgrade = null;
    this.#disconnectIfIdle();
  }

  /** https://w3c.github.io/IndexedDB/#closing-connection */
  close() {
    this.isClosePending = true;
    this.#disconnectIfIdle();
  }

  /**
   * The data goes away: it was cleared, or it is damaged.
   * https://w3c.github.io/IndexedDB/#closing-connection with its forced flag:
   * "abort a transaction [...] for each transaction created using connection", then "fire an event named close".
   */
  closeAtOnce() {
    const isNews = !this.isClosePending;
    this.isClosePending = true;
    for (const transaction of [...this.#live]) {
      transaction.abort(new DOMException("The data of this database was taken away.", "AbortError"));
    }
    this.#disconnectIfIdle();
    if (isNews) queueTask(() => fireEvent(new event.Event("close"), [this.database]));
  }

  #disconnectIfIdle() {
    if (!this.isClosePending || this.#isClosed || this.#live.size > 0) return;
    this.#isClosed = true;
    op_indexed_db_disconnect(this.id);
    removeConnection(this);
  }

  /** Another connection wants to change the version: the script hears of it. */
  makeWay({ ticket, oldVersion, newVersion }) {
    queueTask(() => {
      if (!this.isClosePending) {
        const asked = new IDBVersionChangeEvent("versionchange", { oldVersion, newVersion });
        fireEvent(asked, [this.database]);
      }
      acknowledge({ ticket, connection: this.id, name: this.storedName });
    });
  }
}

/** A store that is not there after all. */
function discard(store) {
  store.isDeleted = true;
  for (const index of store.indexes.values()) index.isDeleted = true;
  store.indexes = new Map();
}
