// https://w3c.github.io/IndexedDB/#idbrequest

import {
  DOMException,
  event,
  webidl,
} from "ext:landfall_platform/platform.js";
import { defineEventHandler } from "ext:sw_indexed_db/event_handler.js";
import { HOST } from "ext:landfall_platform/construct.js";
import { dispatchScripted } from "ext:sw_indexed_db/dispatch.js";

/** @type {(request: IDBRequest, result: unknown, error: DOMException | null) => void} the request is done */
export let settle;

/** @type {(request: IDBRequest) => void} it is pending again: a cursor goes on, an open request failed */
export let unsettle;

/** @type {(request: IDBRequest, transaction: IDBTransaction | null) => void} */
export let setTransaction;

/** @type {(request: IDBRequest) => EventTarget[]} the path of its events */
export let requestPath;

/** Something asked of a database, and the answer. */
export class IDBRequest extends event.EventTarget {
  #result = undefined;
  #error = null;
  #source;
  #transaction;
  #isDone = false;

  constructor(key = undefined, source = null, transaction = null) {
    super();
    if (key !== HOST) webidl.illegalConstructor();
    this.#source = source;
    this.#transaction = transaction;
  }

  get result() {
    webidl.assertBranded(this, IDBRequestPrototype);
    if (!this.#isDone) throw pendingError("result");
    return this.#result;
  }

  get error() {
    webidl.assertBranded(this, IDBRequestPrototype);
    if (!this.#isDone) throw pendingError("error");
    return this.#error;
  }

  get source() {
    webidl.assertBranded(this, IDBRequestPrototype);
    return this.#source;
  }

  get transaction() {
    webidl.assertBranded(this, IDBRequestPrototype);
    return this.#transaction;
  }

  get readyState() {
    webidl.assertBranded(this, IDBRequestPrototype);
    return this.#isDone ? "done" : "pending";
  }

  dispatchEvent(event) {
    webidl.assertBranded(this, IDBRequestPrototype);
    return dispatchScripted(event, requestPath(this));
  }

  static {
    settle = (request, result, error) => {
      request.#isDone = true;
      request.#result = result;
      request.#error = error;
    };
    unsettle = (request) => {
      request.#isDone = false;
      request.#result = undefined;
      request.#error = null;
    };
    setTransaction = (request, transaction) => {
      request.#transaction = transaction;
    };
    requestPath = (request) => {
      const transaction = request.#transaction;
      return transaction === null
        ? [request]
        : [request, transaction, transaction.db];
    };
  }
}

function pendingError(attribute) {
  return new DOMException(
    `Failed to read the '${attribute}' property from 'IDBRequest': The request has not finished.`,
    "InvalidStateError",
  );
}

defineEventHandler(IDBRequest.prototype, "success");
defineEventHandler(IDBRequest.prototype, "error");
webidl.configureInterface(IDBRequest);
const IDBRequestPrototype = IDBRequest.prototype;
