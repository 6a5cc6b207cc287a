// ServiceWorker: a worker as another scope sees it.

import { HOST, onlyByHost } from "ext:landfall_platform/construct.js";
import {
  environmentOf,
  ownEnvironment,
  perEnvironment,
} from "ext:landfall_platform/environment.js";
import {
  defineEventHandler,
  DOMException,
  event,
  fire,
  webidl,
} from "ext:landfall_platform/platform.js";
import { tellWork } from "ext:sw_activity/activity.js";
import { op_service_worker_post_message } from "ext:core/ops";
import { serializeMessage } from "ext:sw_service_worker/message.js";

/** Worker id to object: the same worker is the same object in one environment. */
const workersOf = perEnvironment(() => new Map());

/** Set the state of a worker, and tell whether that is news. @type {(worker: ServiceWorker, state: string) => boolean} */
let setState;

/** https://w3c.github.io/ServiceWorker/#serviceworker-interface */
export class ServiceWorker extends event.EventTarget {
  #id;
  #environment;
  #scriptURL;
  #state;

  static {
    setState = (worker, state) => {
      if (worker.#state === state) return false;
      worker.#state = state;
      return true;
    };
  }

  constructor(key = undefined, snapshot = undefined, environment = undefined) {
    super();
    onlyByHost(key, this);
    this.#id = snapshot.id;
    this.#environment = environment;
    this.#scriptURL = snapshot.scriptURL;
    this.#state = snapshot.state;
  }

  get scriptURL() {
    webidl.assertBranded(this, ServiceWorkerPrototype);
    return this.#scriptURL;
  }

  get state() {
    webidl.assertBranded(this, ServiceWorkerPrototype);
    return this.#state;
  }

  postMessage(message, transferOrOptions = undefined) {
    webidl.assertBranded(this, ServiceWorkerPrototype);
    const prefix = "Failed to execute 'postMessage' on 'ServiceWorker'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    if (environmentOf(this.#environment.number) === undefined) {
      throw new DOMException(`${prefix}: the frame is gone`, "InvalidStateError");
    }
    tellWork("message");
    op_service_worker_post_message(
      this.#environment.number,
      this.#id,
      serializeMessage(message, transferOrOptions, prefix),
    );
  }
}
webidl.configureInterface(ServiceWorker);
const ServiceWorkerPrototype = ServiceWorker.prototype;
defineEventHandler(ServiceWorkerPrototype, "statechange");
defineEventHandler(ServiceWorkerPrototype, "error");

/**
 * The object for a worker, brought up to date silently when it is new here.
 *
 * @param {{ id: number, scriptURL: string, state: string } | null} snapshot
 * @param {Environment} environment whose object
 */
export function serviceWorkerFor(snapshot, environment = ownEnvironment) {
  if (snapshot === null) return null;
  const workers = workersOf(environment);
  let worker = workers.get(snapshot.id);
  if (worker === undefined) {
    worker = new ServiceWorker(HOST, snapshot, environment);
    workers.set(snapshot.id, worker);
  }
  return worker;
}

/** A worker changed state: https://w3c.github.io/ServiceWorker/#update-worker-state */
export function updateWorkerState({ id, state }, environment) {
  const workers = workersOf(environment);
  const worker = workers.get(id);
  if (worker === undefined || !setState(worker, state)) return;
  if (state === "redundant") workers.delete(id);
  fire(worker, new event.Event("statechange"));
}
