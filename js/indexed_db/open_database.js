// https://w3c.github.io/IndexedDB/#open-a-database-connection

import { DOMException, event } from "ext:landfall_platform/platform.js";
import { HOST } from "ext:landfall_platform/construct.js";
import { op_indexed_db_connect, op_indexed_db_set_version } from "ext:core/ops";
import { Connection } from "ext:sw_indexed_db/connection.js";
import { IDBDatabase } from "ext:sw_indexed_db/database.js";
import { fireEvent } from "ext:sw_indexed_db/dispatch.js";
import { storedName } from "ext:sw_indexed_db/names.js";
import { startOpenRequest } from "ext:sw_indexed_db/open_request.js";
import {
  requestPath,
  setTransaction,
  settle,
} from "ext:sw_indexed_db/request.js";
import { IDBTransaction } from "ext:sw_indexed_db/transaction.js";
import { TransactionLifetime } from "ext:sw_indexed_db/transaction_lifetime.js";
import { inTurn, waitForOthers } from "ext:sw_indexed_db/version_change.js";
import { IDBVersionChangeEvent } from "ext:sw_indexed_db/version_change_event.js";

/**
 * @param {string} name the database's name
 * @param {number | undefined} version the version wanted; undefined: the one it has, or 1
 * @returns {IDBOpenDBRequest}
 */
export function openDatabase(name, version) {
  const stored = storedName(name);
  return startOpenRequest((request) =>
    inTurn(stored, async (ticket) => {
      const opened = op_indexed_db_connect(stored);
      const connection = new Connection(name, stored, opened);
      try {
        const database = new IDBDatabase(HOST, connection);
        version ??= opened.version || 1;
        checkNotOlder(version, opened.version);
        if (opened.version < version) {
          const asking = { name: stored, ticket, own: connection.id };
          await waitForOthers(asking, request, opened.version, version);
          await upgradeDatabase(connection, request, version);
        }
        return { result: database, event: new event.Event("success") };
      } catch (error) {
        connection.close();
        throw error;
      }
    })
  );
}

function checkNotOlder(wanted, existing) {
  if (wanted >= existing) return;
  throw new DOMException(
    `The requested version (${wanted}) is less than the existing version (${existing}).`,
    "VersionError",
  );
}

/**
 * https://w3c.github.io/IndexedDB/#upgrade-a-database
 *
 * Fails if the upgrade was aborted, or if the script closed the connection meanwhile.
 */
async function upgradeDatabase(connection, request, version) {
  const oldVersion = connection.version;
  const upgrade = new TransactionLifetime(connection, "versionchange", null, "default");
  upgrade.state = "inactive";
  upgrade.openRequest = request;
  connection.beginUpgrade(upgrade, version);
  const transaction = new IDBTransaction(HOST, upgrade, "default");
  const finished = new Promise((resolve) => upgrade.onFinished = resolve);
  // A step of the transaction that is not the script's: it starts it, and the rest follows.
  upgrade.place(null, () => {
    op_indexed_db_set_version(upgrade.id, version);
    settle(request, connection.database, null);
    setTransaction(request, transaction);
    const needed = new IDBVersionChangeEvent("upgradeneeded", { oldVersion, newVersion: version });
    // Its parent is the transaction, but it does not bubble.
    upgrade.runActive(() => fireEvent(needed, requestPath(request)));
  });
  const isCommitted = await finished;
  if (!isCommitted) {
    throw new DOMException("The version change transaction was aborted.", "AbortError");
  }
  if (connection.isClosePending) {
    throw new DOMException("The connection was closed.", "AbortError");
  }
}
