// What is behind an IDBTransaction (https://w3c.github.io/IndexedDB/#transaction-lifecycle): its requests in order,
// when it is active, and how it ends.

import { DOMException, event } from "ext:landfall_platform/platform.js";
import {
  op_indexed_db_abort_transaction,
  op_indexed_db_commit_transaction,
  op_indexed_db_create_transaction,
  op_indexed_db_start_transaction,
} from "ext:core/ops";
import { fireEvent, isHeard } from "ext:sw_indexed_db/dispatch.js";
import { stopWaiting, waitForMessage } from "ext:sw_indexed_db/messages.js";
import {
  requestPath,
  setTransaction,
  settle,
  unsettle,
} from "ext:sw_indexed_db/request.js";
import { Queue } from "ext:sw_indexed_db/queue.js";
import { afterCurrentTask, queueTask } from "ext:sw_indexed_db/tasks.js";

const { Event } = event;

/** One transaction, from creation to its last event. */
export class TransactionLifetime {
  /** The number the ops know it by. */
  id;
  connection;
  /** "readonly", "readwrite" or "versionchange" */
  mode;
  /** @type {StoreSchema[] | null} the stores it may use; null: all, it is an upgrade */
  scope;
  /** @type {"active" | "inactive" | "committing" | "finished"} */
  state = "active";
  /** Why it was aborted. */
  error = null;
  /** The IDBTransaction, set by its constructor: the target of its events. */
  target = null;
  /** The request that an upgrade belongs to. */
  openRequest = null;
  /** Called once after the last event, with whether it was committed. */
  onFinished = null;
  #steps = new Queue();
  #mayStart;
  #hasStarted = false;
  #isTaskQueued = false;
  #task = () => {
    this.#isTaskQueued = false;
    this.#takeStep();
  };
  /** Nothing is held any more; only events are left. */
  #isOver = false;

  constructor(connection, mode, scope, durability) {
    this.connection = connection;
    this.mode = mode;
    this.scope = scope;
    const storeIds = scope === null ? [] : scope.map((store) => store.id);
    [this.id, this.#mayStart] = op_indexed_db_create_transaction(
      connection.id,
      mode,
      durability,
      storeIds,
    );
    connection.transactionCreated(this);
    if (!this.#mayStart) {
      waitForMessage(this.id, () => {
        this.#mayStart = true;
        this.#goOn();
      });
    }
  }

  get isActive() {
    return this.state === "active";
  }

  get isFinished() {
    return this.state === "finished";
  }

  /** Committing or finished: no new requests, no abort by the script. */
  get isEnding() {
    return this.state === "committing" || this.state === "finished";
  }

  /** A new transaction is active until the task that created it is over. */
  activateForThisTask() {
    afterCurrentTask(() => this.deactivate());
  }

  deactivate() {
    if (this.state === "active") this.state = "inactive";
    this.#goOn();
  }

  /** Runs steps in which scripts may run but find the transaction inactive. */
  whileInactive(steps) {
    this.state = "inactive";
    try {
      return steps();
    } finally {
      if (this.state === "inactive") this.state = "active";
    }
  }

  /**
   * https://w3c.github.io/IndexedDB/#asynchronously-execute-a-request
   *
   * @param {IDBRequest | null} request gets the outcome; null: a change of the schema, whose failure aborts
   * @param {() => unknown} execute runs when all earlier steps have run
   */
  place(request, execute) {
    this.#steps.push({ request, execute });
    this.#goOn();
  }

  /** Sees to it that the next step is taken, or the commit, if either is due. */
  #goOn() {
    if (this.#isTaskQueued || !this.#mayStart || this.#isOver) return;
    if (this.#steps.length === 0 && this.state === "active") return;
    this.#isTaskQueued = true;
    queueTask(this.#task);
  }

  #takeStep() {
    if (this.#isOver) return;
    if (this.#steps.length > 0 && this.#start()) {
      const { request, execute } = this.#steps.shift();
      this.#run(request, execute);
    }
    if (this.#isOver || this.state === "active") return;
    if (this.#steps.length === 0) this.#commit();
    else this.#goOn();
  }

  #start() {
    if (this.#hasStarted) return true;
    try {
      op_indexed_db_start_transaction(this.id);
      this.#hasStarted = true;
    } catch (error) {
      this.abort(error);
    }
    return this.#hasStarted;
  }

  #run(request, execute) {
    let result;
    try {
      result = execute();
    } catch (error) {
      if (request === null) this.abort(error);
      else this.#fireError(request, error);
      return;
    }
    if (request !== null) this.#fireSuccess(request, result);
  }

  /** https://w3c.github.io/IndexedDB/#fire-a-success-event */
  #fireSuccess(request, result) {
    settle(request, result, null);
    const path = requestPath(request);
    if (isHeard("success", path)) this.runActive(() => fireEvent(new Event("success"), path));
  }

  /** https://w3c.github.io/IndexedDB/#fire-an-error-event */
  #fireError(request, error) {
    settle(request, undefined, error);
    const failed = new Event("error", { bubbles: true, cancelable: true });
    this.runActive(() => fireEvent(failed, requestPath(request)));
    if (!failed.defaultPrevented) this.abort(error);
  }

  /**
   * Dispatches an event during which the transaction is active. A listener that throws aborts it.
   *
   * @param {() => boolean} dispatch says whether a listener threw
   */
  runActive(dispatch) {
    if (this.state === "inactive") this.state = "active";
    const hasThrown = dispatch();
    if (this.state !== "active") return;
    this.state = "inactive";
    if (hasThrown) {
      this.abort(
        new DOMException("An exception was thrown in an event handler.", "AbortError"),
      );
    }
  }

  /** The script calls `commit()`. */
  commitExplicitly() {
    this.state = "committing";
    this.#goOn();
  }

  /** https://w3c.github.io/IndexedDB/#commit-a-transaction */
  #commit() {
    this.state = "committing";
    this.#isOver = true;
    try {
      // One that had nothing to do holds nothing.
      if (this.#hasStarted) op_indexed_db_commit_transaction(this.id);
      else op_indexed_db_abort_transaction(this.id, false);
    } catch (error) {
      this.#end(error);
      return;
    }
    queueTask(() => {
      this.state = "finished";
      this.connection.transactionFinished(this);
      fireEvent(new Event("complete"), [this.target, this.connection.database]);
      if (this.openRequest !== null) setTransaction(this.openRequest, null);
      this.onFinished?.(true);
    });
  }

  /**
   * https://w3c.github.io/IndexedDB/#abort-a-transaction
   *
   * @param {DOMException | null} error why; null when the script asked for it
   */
  abort(error) {
    if (this.isFinished) return;
    if (!this.#mayStart) stopWaiting(this.id);
    try {
      op_indexed_db_abort_transaction(this.id, this.#hasStarted);
    } catch (failure) {
      error ??= failure;
    }
    this.#end(error);
  }

  /** Nothing is held any more: reverts the schema and tells the script. */
  #end(error) {
    this.#isOver = true;
    this.state = "finished";
    this.error = error;
    if (this.mode === "versionchange") this.connection.revertUpgrade();
    for (const { request } of this.#steps.clear()) {
      if (request !== null) queueTask(() => failAborted(request));
    }
    queueTask(() => this.#fireAbort());
  }

  #fireAbort() {
    this.connection.transactionFinished(this);
    fireEvent(new Event("abort", { bubbles: true }), [
      this.target,
      this.connection.database,
    ]);
    if (this.openRequest !== null) {
      setTransaction(this.openRequest, null);
      unsettle(this.openRequest);
    }
    this.onFinished?.(false);
  }
}

function failAborted(request) {
  settle(
    request,
    undefined,
    new DOMException("The transaction was aborted.", "AbortError"),
  );
  fireEvent(
    new Event("error", { bubbles: true, cancelable: true }),
    requestPath(request),
  );
}
