// The database access task source (https://w3c.github.io/IndexedDB/#database-access-task-source).
// Every task is followed by a microtask checkpoint, as the event loop of a browser would.

import { core, event } from "ext:landfall_platform/platform.js";
import { Queue } from "ext:sw_indexed_db/queue.js";

/** After so many tasks timers and messages get their turn. */
const TASKS_PER_TURN = 64;

const tasks = new Queue();
/** Outcomes of open requests: before everything else, so that a script hears of its connection first. */
const urgentTasks = new Queue();
let cleanups = [];
let isScheduled = false;

/** @param {() => void} steps what to run in a task of its own, outside of any microtask */
export function queueTask(steps) {
  tasks.push(steps);
  schedule();
}

/** @param {() => void} steps what to run before the tasks that wait already */
export function queueUrgentTask(steps) {
  urgentTasks.push(steps);
  schedule();
}

/**
 * Runs steps when the current task and its microtasks are over
 * (https://w3c.github.io/IndexedDB/#cleanup-indexed-database-transactions).
 *
 * @param {() => void} steps what to run
 */
export function afterCurrentTask(steps) {
  cleanups.push(steps);
  schedule();
}

/** A microtask checkpoint, with what follows one. To be called where no script is on the stack. */
export function checkpoint() {
  core.runMicrotasks();
  cleanUp();
}

function cleanUp() {
  while (cleanups.length > 0) {
    const due = cleanups;
    cleanups = [];
    for (const steps of due) steps();
  }
}

function schedule() {
  if (isScheduled) return;
  isScheduled = true;
  queueImmediate(runTasks);
}

/** An immediate is what the event loop calls without a promise, so that a checkpoint inside it does its work. */
function queueImmediate(callback) {
  core.immediateRefCount(true);
  core.queueImmediate({
    _idleNext: null,
    _idlePrev: null,
    _onImmediate: callback,
    _argv: undefined,
    _destroyed: false,
    [core.kRefed]: true,
  });
}

/** Keeps the event loop going until whatever is ready now, such as a message to this scope, has been looked at. */
export function lookOnceMore() {
  // Two turns: the first may have passed the point already where it looks.
  queueImmediate(() => queueImmediate(() => {}));
}

function runTasks() {
  isScheduled = false;
  // What was left by a task that is not one of ours.
  cleanUp();
  for (let count = 0; count < TASKS_PER_TURN; count++) {
    const steps = urgentTasks.shift() ?? tasks.shift();
    if (steps === undefined) return;
    try {
      steps();
    } catch (error) {
      event.reportException(error);
    }
    checkpoint();
  }
  if (urgentTasks.length > 0 || tasks.length > 0) schedule();
}
