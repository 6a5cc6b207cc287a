// ServiceWorkerContainer: navigator.serviceWorker of a client.

import { HOST, onlyByHost } from "ext:landfall_platform/construct.js";
import { perEnvironment } from "ext:landfall_platform/environment.js";
import {
  core,
  defineEventHandler,
  event,
  fire,
  location,
  receivedMessage,
  url,
  webidl,
} from "ext:landfall_platform/platform.js";
import {
  op_clients_message_unheard,
  op_service_worker_get_registration,
  op_service_worker_get_registrations,
  op_service_worker_ready,
  op_service_worker_register,
} from "ext:core/ops";
import { deserializeMessage } from "ext:sw_service_worker/message.js";
import { serviceWorkerFor } from "ext:sw_service_worker/service_worker.js";
import { registrationFor } from "ext:sw_service_worker/service_worker_registration.js";

/** https://w3c.github.io/ServiceWorker/#dictdef-registrationoptions */
const convertRegistrationOptions = webidl.createDictionaryConverter(
  "RegistrationOptions",
  [
    { key: "scope", converter: webidl.converters.USVString },
    {
      key: "type",
      defaultValue: "classic",
      converter: webidl.createEnumConverter("WorkerType", ["classic", "module"]),
    },
    {
      key: "updateViaCache",
      defaultValue: "imports",
      converter: webidl.createEnumConverter("ServiceWorkerUpdateViaCache", [
        "imports",
        "all",
        "none",
      ]),
    },
  ],
);

/** @type {(container: ServiceWorkerContainer, snapshot: object | null) => void} */
let setController;
/** @type {(container: ServiceWorkerContainer, message: object) => void} */
let receiveMessage;
/** @type {(container: ServiceWorkerContainer) => void} */
let enableMessages;

/** https://w3c.github.io/ServiceWorker/#serviceworkercontainer-interface */
export class ServiceWorkerContainer extends event.EventTarget {
  #environment;
  #controller = null;
  #ready;
  /** Messages that came before anyone listened; null once they flow. */
  #queuedMessages = [];

  static {
    setController = (container, snapshot) => {
      container.#controller = serviceWorkerFor(snapshot, container.#environment);
    };
    receiveMessage = (container, message) => {
      if (container.#queuedMessages === null) {
        dispatchMessage(container, container.#environment, message);
      } else {
        container.#queuedMessages.push(message);
      }
    };
    enableMessages = (container) => {
      const queued = container.#queuedMessages ?? [];
      container.#queuedMessages = null;
      for (const message of queued) dispatchMessage(container, container.#environment, message);
    };
  }

  constructor(key = undefined, environment = undefined) {
    super();
    onlyByHost(key, this);
    this.#environment = environment;
  }

  get controller() {
    webidl.assertBranded(this, ServiceWorkerContainerPrototype);
    return this.#controller;
  }

  get ready() {
    try {
      webidl.assertBranded(this, ServiceWorkerContainerPrototype);
    } catch (error) {
      // https://webidl.spec.whatwg.org/#dfn-attribute-getter: what gives promises does not throw.
      return Promise.reject(error);
    }
    return this.#ready ??= whenReady(this.#environment);
  }

  async register(scriptURL, options = {}) {
    webidl.assertBranded(this, ServiceWorkerContainerPrototype);
    const prefix = "Failed to execute 'register' on 'ServiceWorkerContainer'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    scriptURL = webidl.converters.USVString(scriptURL, prefix, "Argument 1");
    options = convertRegistrationOptions(options, prefix, "Argument 2");
    const base = baseOf(this.#environment);
    return registrationFor(
      await op_service_worker_register(this.#environment.number, {
        scriptUrl: resolve(scriptURL, base, prefix, "script URL"),
        scope: options.scope === undefined
          ? null
          : resolve(options.scope, base, prefix, "scope"),
        scriptType: options.type,
        updateViaCache: options.updateViaCache,
      }),
      this.#environment,
    );
  }

  async getRegistration(clientURL = "") {
    webidl.assertBranded(this, ServiceWorkerContainerPrototype);
    const prefix =
      "Failed to execute 'getRegistration' on 'ServiceWorkerContainer'";
    clientURL = webidl.converters.USVString(clientURL, prefix, "Argument 1");
    const url = resolve(clientURL, baseOf(this.#environment), prefix, "document URL");
    const snapshot = await op_service_worker_get_registration(this.#environment.number, url);
    return snapshot === null ? undefined : registrationFor(snapshot, this.#environment);
  }

  async getRegistrations() {
    webidl.assertBranded(this, ServiceWorkerContainerPrototype);
    const environment = this.#environment;
    const snapshots = await op_service_worker_get_registrations(environment.number);
    return Object.freeze(snapshots.map((snapshot) => registrationFor(snapshot, environment)));
  }

  startMessages() {
    webidl.assertBranded(this, ServiceWorkerContainerPrototype);
    enableMessages(this);
  }
}
webidl.configureInterface(ServiceWorkerContainer);
const ServiceWorkerContainerPrototype = ServiceWorkerContainer.prototype;
defineEventHandler(ServiceWorkerContainerPrototype, "controllerchange");
defineEventHandler(
  ServiceWorkerContainerPrototype,
  "message",
  // "The first time that onmessage is set, enable the client message queue."
  (container) => enableMessages(container),
);
defineEventHandler(ServiceWorkerContainerPrototype, "messageerror");

/** Waiting for a worker, which may never come, is no work: the scope is idle meanwhile. */
async function whenReady(environment) {
  const ready = op_service_worker_ready(environment.number);
  core.unrefOpPromise(ready);
  return registrationFor(await ready, environment);
}

function baseOf(environment) {
  return environment.url ?? location.getLocationHref();
}

function resolve(address, base, prefix, what) {
  try {
    return new url.URL(address, base).href;
  } catch {
    throw new TypeError(
      `${prefix}: the ${what} '${address}' cannot be resolved against '${base}'`,
    );
  }
}

function dispatchMessage(container, environment, { message, source, origin, place }) {
  const worker = serviceWorkerFor(source, environment);
  const dispatched = receivedMessage(deserializeMessage(message), origin, worker);
  if (event.listenerCount(container, dispatched.type) === 0) {
    op_clients_message_unheard(environment.number, source.id, place);
  }
  fire(container, dispatched);
}

/** The one container of an environment. */
export const serviceWorkerContainer = perEnvironment(
  (environment) => new ServiceWorkerContainer(HOST, environment),
);

/** The controller that the client has from its creation. */
export function initializeController(snapshot, environment) {
  setController(serviceWorkerContainer(environment), snapshot);
}

/** https://w3c.github.io/ServiceWorker/#notify-controller-change */
export function changeController(snapshot, environment) {
  const container = serviceWorkerContainer(environment);
  setController(container, snapshot);
  fire(container, new event.Event("controllerchange"));
}

/** A worker posted a message to this client. */
export function receiveClientMessage(message, environment) {
  receiveMessage(serviceWorkerContainer(environment), message);
}

/** The page script has run: from here messages flow by themselves, as after DOMContentLoaded. */
export function documentIsReady(_, environment) {
  enableMessages(serviceWorkerContainer(environment));
}
