// https://w3c.github.io/IndexedDB/#delete-a-database

import {
  op_indexed_db_database_version,
  op_indexed_db_delete_database,
} from "ext:core/ops";
import { storedName } from "ext:sw_indexed_db/names.js";
import { startOpenRequest } from "ext:sw_indexed_db/open_request.js";
import { inTurn, waitForOthers } from "ext:sw_indexed_db/version_change.js";
import { IDBVersionChangeEvent } from "ext:sw_indexed_db/version_change_event.js";

/**
 * @param {string} name the database's name
 * @returns {IDBOpenDBRequest}
 */
export function deleteDatabase(name) {
  const stored = storedName(name);
  return startOpenRequest((request) =>
    inTurn(stored, async (ticket) => {
      const oldVersion = op_indexed_db_database_version(stored);
      if (oldVersion > 0) {
        await waitForOthers({ name: stored, ticket, own: 0 }, request, oldVersion, null);
        op_indexed_db_delete_database(stored);
      }
      const success = new IDBVersionChangeEvent("success", { oldVersion, newVersion: null });
      return { result: undefined, event: success };
    })
  );
}
