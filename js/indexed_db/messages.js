// What the coordinator of all threads tells this scope, and who in it waits for that.

import { core, webidl } from "ext:landfall_platform/platform.js";
import { outsideOfEvents } from "ext:sw_activity/activity.js";
import {
  op_indexed_db_acknowledge_version_change,
  op_indexed_db_attach,
  op_indexed_db_next_message,
} from "ext:core/ops";
import { EVENT_BRAND } from "ext:sw_indexed_db/dispatch.js";
import { lookOnceMore } from "ext:sw_indexed_db/tasks.js";

/** Who waits for an answer, by the number of the ticket or transaction. */
const waiting = new Map();

/** How many of them keep the scope busy. */
let busyCount = 0;

/** Open connections by number: they may be told to make way. */
const connections = new Map();

/** The op that listens; null before the first use of IndexedDB. */
let listening = null;

/** Connects this scope with the coordinator. Costs nothing after the first time. */
export function attach() {
  if (listening !== null) return;
  op_indexed_db_attach(core.getCloneableDeserializers(), webidl.brand, EVENT_BRAND);
  outsideOfEvents(listen);
}

async function listen() {
  for (;;) {
    listening = op_indexed_db_next_message();
    // Listening alone does not keep a scope busy; waiting for an answer does.
    if (busyCount === 0) core.unrefOpPromise(listening);
    const message = await listening;
    if (message === null) return;
    receive(message);
  }
}

function receive(message) {
  if (message.kind === "versionChange") {
    const connection = connections.get(message.connection);
    if (connection !== undefined) connection.makeWay(message);
    else acknowledge(message);
    return;
  }
  if (message.kind === "close") {
    connections.get(message.connection)?.closeAtOnce();
    return;
  }
  const id = message.ticket ?? message.transaction;
  const waiter = waiting.get(id);
  stopWaiting(id);
  waiter?.receiver(message);
}

/** Tells the coordinator that the `versionchange` event it asked for is over. */
export function acknowledge({ ticket, connection, name = "" }) {
  op_indexed_db_acknowledge_version_change(name, ticket, connection);
}

/**
 * Waits for the next message about a ticket or transaction.
 *
 * @param {number} id its number
 * @param {(message: object) => void} receiver called from a microtask
 * @param {boolean} [keepsBusy] false if the wait may be for ever, so that it is no reason to keep the scope running
 */
export function waitForMessage(id, receiver, keepsBusy = true) {
  waiting.set(id, { receiver, keepsBusy });
  if (keepsBusy && busyCount++ === 0) core.refOpPromise(listening);
}

/** @param {number} id the number of a ticket that was answered, or of a transaction that was given up */
export function stopWaiting(id) {
  const waiter = waiting.get(id);
  waiting.delete(id);
  if (waiter?.keepsBusy && --busyCount === 0) core.unrefOpPromise(listening);
}

/** @returns {Promise<object>} see `waitForMessage` */
export function nextMessage(id, keepsBusy = true) {
  return new Promise((resolve) => waitForMessage(id, resolve, keepsBusy));
}

/** Lets an open connection hear of version changes. */
export function addConnection(connection) {
  connections.set(connection.id, connection);
}

/** The connection is closed, which may be what a blocked request of this scope waits for. */
export function removeConnection(connection) {
  connections.delete(connection.id);
  if (waiting.size > busyCount) lookOnceMore();
}
