// Taking turns with other open and delete requests, and getting other connections out of the way.

import {
  op_indexed_db_announce_version_change,
  op_indexed_db_enter_queue,
  op_indexed_db_leave_queue,
} from "ext:core/ops";
import { fireEvent } from "ext:sw_indexed_db/dispatch.js";
import { nextMessage } from "ext:sw_indexed_db/messages.js";
import { requestPath } from "ext:sw_indexed_db/request.js";
import { queueTask } from "ext:sw_indexed_db/tasks.js";
import { IDBVersionChangeEvent } from "ext:sw_indexed_db/version_change_event.js";

/** What the op takes for "no version": the database is to be deleted. */
const DELETION = -1;

/**
 * Runs steps when all earlier requests for the database are answered
 * (https://w3c.github.io/IndexedDB/#connection-queues).
 *
 * @param {string} name the database's name, as the ops want it
 * @param {(ticket: number) => Promise<T>} steps what to do then
 * @returns {Promise<T>}
 * @template T
 */
export async function inTurn(name, steps) {
  const [ticket, isFirst] = op_indexed_db_enter_queue(name);
  try {
    if (!isFirst) await nextMessage(ticket);
    return await steps(ticket);
  } finally {
    op_indexed_db_leave_queue(name, ticket);
  }
}

/**
 * Fires `versionchange` at other connections, `blocked` at the request if that did not help, and waits until they are
 * closed.
 *
 * @param {{ name: string, ticket: number, own: number }} asking `own` is the request's connection, zero for none
 * @param {IDBOpenDBRequest} request
 * @param {number} oldVersion
 * @param {number | null} newVersion null for a deletion
 */
export async function waitForOthers({ name, ticket, own }, request, oldVersion, newVersion) {
  op_indexed_db_announce_version_change(name, ticket, own, oldVersion, newVersion ?? DELETION);
  const { isBlocked } = await nextMessage(ticket);
  if (!isBlocked) return;
  // Who closes in this very moment may be heard of before the event is fired; it is fired first all the same.
  const unblocked = nextMessage(ticket, false);
  const fired = new Promise((resolve) => {
    queueTask(() => {
      const blocked = new IDBVersionChangeEvent("blocked", { oldVersion, newVersion });
      fireEvent(blocked, requestPath(request));
      resolve();
    });
  });
  await fired;
  await unblocked;
}
