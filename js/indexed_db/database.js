// https://w3c.github.io/IndexedDB/#idbdatabase

import {
  DOMException,
  event,
  primordials,
  webidl,
} from "ext:landfall_platform/platform.js";
import { defineEventHandler } from "ext:sw_indexed_db/event_handler.js";
import { HOST } from "ext:landfall_platform/construct.js";
import {
  op_indexed_db_create_object_store,
  op_indexed_db_delete_object_store,
} from "ext:core/ops";
import { sortedNameList } from "ext:sw_indexed_db/dom_string_list.js";
import { isValidKeyPath, toKeyPath } from "ext:sw_indexed_db/key_path.js";
import { storedName } from "ext:sw_indexed_db/names.js";
import { checkActive } from "ext:sw_indexed_db/checks.js";
import { handleOf, IDBTransaction } from "ext:sw_indexed_db/transaction.js";
import { TransactionLifetime } from "ext:sw_indexed_db/transaction_lifetime.js";

const toDOMString = webidl.converters.DOMString;

const toMode = webidl.createEnumConverter("IDBTransactionMode", [
  "readonly",
  "readwrite",
  "versionchange",
]);

const toTransactionOptions = webidl.createDictionaryConverter("IDBTransactionOptions", [
  {
    key: "durability",
    converter: webidl.createEnumConverter("IDBTransactionDurability", [
      "default",
      "strict",
      "relaxed",
    ]),
    defaultValue: "default",
  },
]);

const toStoreParameters = webidl.createDictionaryConverter("IDBObjectStoreParameters", [
  { key: "autoIncrement", converter: webidl.converters.boolean, defaultValue: false },
  {
    key: "keyPath",
    converter: (value) => value === null || value === undefined ? null : toKeyPath(value),
    defaultValue: null,
  },
]);

/** A connection to a database. */
export class IDBDatabase extends event.EventTarget {
  #connection;

  constructor(key = undefined, connection = undefined) {
    super();
    if (key !== HOST) webidl.illegalConstructor();
    this.#connection = connection;
    connection.database = this;
  }

  get name() {
    webidl.assertBranded(this, IDBDatabasePrototype);
    return this.#connection.name;
  }

  get version() {
    webidl.assertBranded(this, IDBDatabasePrototype);
    return this.#connection.version;
  }

  get objectStoreNames() {
    webidl.assertBranded(this, IDBDatabasePrototype);
    return sortedNameList(this.#connection.stores.keys());
  }

  transaction(storeNames, mode = "readonly", options = undefined) {
    webidl.assertBranded(this, IDBDatabasePrototype);
    const prefix = "Failed to execute 'transaction' on 'IDBDatabase'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    const names = [toKeyPath(storeNames)].flat();
    mode = toMode(mode, prefix, "Argument 2");
    const { durability } = toTransactionOptions(options, prefix, "Argument 3");
    const connection = this.#connection;
    if (connection.upgrade !== null) {
      throw new DOMException(
        `${prefix}: A version change transaction is running.`,
        "InvalidStateError",
      );
    }
    if (connection.isClosePending) {
      throw new DOMException(
        `${prefix}: The database connection is closing.`,
        "InvalidStateError",
      );
    }
    const scope = [...new Set(names)].map((name) => findStore(connection, name, prefix));
    if (scope.length === 0) {
      throw new DOMException(`${prefix}: The storeNames parameter was empty.`, "InvalidAccessError");
    }
    if (mode === "versionchange") {
      throw new TypeError(`${prefix}: The mode 'versionchange' is not one that a script can ask for.`);
    }
    const lifetime = new TransactionLifetime(connection, mode, scope, durability);
    lifetime.activateForThisTask();
    return new IDBTransaction(HOST, lifetime, durability);
  }

  close() {
    webidl.assertBranded(this, IDBDatabasePrototype);
    this.#connection.close();
  }

  createObjectStore(name, options = undefined) {
    webidl.assertBranded(this, IDBDatabasePrototype);
    const prefix = "Failed to execute 'createObjectStore' on 'IDBDatabase'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    name = toDOMString(name, prefix, "Argument 1");
    const { keyPath, autoIncrement } = toStoreParameters(options, prefix, "Argument 2");
    const connection = this.#connection;
    const upgrade = requireUpgrade(connection, prefix);
    if (keyPath !== null && !isValidKeyPath(keyPath)) {
      throw new DOMException(
        `${prefix}: The keyPath option is not a valid key path.`,
        "SyntaxError",
      );
    }
    if (connection.stores.has(name)) {
      throw new DOMException(
        `${prefix}: An object store with the specified name already exists.`,
        "ConstraintError",
      );
    }
    if (autoIncrement && (keyPath === "" || Array.isArray(keyPath))) {
      throw new DOMException(
        `${prefix}: The autoIncrement option was set but the keyPath option was empty or an array.`,
        "InvalidAccessError",
      );
    }
    const id = connection.nextId();
    const store = { id, name, keyPath, autoIncrement, indexes: new Map(), isDeleted: false };
    connection.stores.set(name, store);
    const stored = { id, name: storedName(name), keyPath, autoIncrement };
    upgrade.place(null, () => op_indexed_db_create_object_store(upgrade.id, stored));
    return handleOf(upgrade.target, store);
  }

  deleteObjectStore(name) {
    webidl.assertBranded(this, IDBDatabasePrototype);
    const prefix = "Failed to execute 'deleteObjectStore' on 'IDBDatabase'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    name = toDOMString(name, prefix, "Argument 1");
    const connection = this.#connection;
    const upgrade = requireUpgrade(connection, prefix);
    const store = findStore(connection, name, prefix);
    connection.stores.delete(name);
    store.isDeleted = true;
    store.indexes = new Map();
    upgrade.place(null, () => op_indexed_db_delete_object_store(upgrade.id, store.id));
  }
}

for (const type of new primordials.SafeArrayIterator(["abort", "close", "error", "versionchange"])) {
  defineEventHandler(IDBDatabase.prototype, type);
}
webidl.configureInterface(IDBDatabase);
const IDBDatabasePrototype = IDBDatabase.prototype;

function requireUpgrade(connection, prefix) {
  const { upgrade } = connection;
  if (upgrade === null) {
    throw new DOMException(
      `${prefix}: The database is not running a version change transaction.`,
      "InvalidStateError",
    );
  }
  checkActive(upgrade, prefix);
  return upgrade;
}

function findStore(connection, name, prefix) {
  const store = connection.stores.get(name);
  if (store === undefined) {
    throw new DOMException(
      `${prefix}: One of the specified object stores was not found.`,
      "NotFoundError",
    );
  }
  return store;
}
