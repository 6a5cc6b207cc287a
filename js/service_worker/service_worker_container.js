// ServiceWorkerContainer: navigator.serviceWorker of a client.

import { HOST, onlyByHost } from "ext:landfall_platform/construct.js";
import {
  core,
  defineEventHandler,
  event,
  fire,
  location,
  receivedMessage,
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
  #controller = null;
  #ready;
  /** Messages that came before anyone listened; null once they flow. */
  #queuedMessages = [];

  static {
    setController = (container, snapshot) => {
      container.#controller = serviceWorkerFor(snapshot);
    };
    receiveMessage = (container, message) => {
      if (container.#queuedMessages === null) dispatchMessage(container, message);
      else container.#queuedMessages.push(message);
    };
    enableMessages = (container) => {
      const queued = container.#queuedMessages ?? [];
      container.#queuedMessages = null;
      for (const message of queued) dispatchMessage(container, message);
    };
  }

  constructor(key = undefined) {
    super();
    onlyByHost(key, this);
  }

  get controller() {
    webidl.assertBranded(this, ServiceWorkerContainerPrototype);
    return this.#controller;
  }

  get ready() {
    webidl.assertBranded(this, ServiceWorkerContainerPrototype);
    return this.#ready ??= whenReady();
  }

  async register(scriptURL, options = {}) {
    webidl.assertBranded(this, ServiceWorkerContainerPrototype);
    const prefix = "Failed to execute 'register' on 'ServiceWorkerContainer'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    scriptURL = webidl.converters.USVString(scriptURL, prefix, "Argument 1");
    options = convertRegistrationOptions(options, prefix, "Argument 2");
    const base = location.getLocationHref();
    return registrationFor(
      await op_service_worker_register({
        scriptUrl: resolve(scriptURL, base, prefix, "script URL"),
        scope: options.scope === undefined
          ? null
          : resolve(options.scope, base, prefix, "scope"),
        scriptType: options.type,
        updateViaCache: options.updateViaCache,
      }),
    );
  }

  async getRegistration(clientURL = "") {
    webidl.assertBranded(this, ServiceWorkerContainerPrototype);
    const prefix =
      "Failed to execute 'getRegistration' on 'ServiceWorkerContainer'";
    clientURL = webidl.converters.USVString(clientURL, prefix, "Argument 1");
    const url = resolve(
      clientURL,
      location.getLocationHref(),
      prefix,
      "document URL",
    );
    const snapshot = await op_service_worker_get_registration(url);
    return snapshot === null ? undefined : registrationFor(snapshot);
  }

  async getRegistrations() {
    webidl.assertBranded(this, ServiceWorkerContainerPrototype);
    const snapshots = await op_service_worker_get_registrations();
    return Object.freeze(snapshots.map(registrationFor));
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
async function whenReady() {
  const ready = op_service_worker_ready();
  core.unrefOpPromise(ready);
  return registrationFor(await ready);
}

function resolve(url, base, prefix, what) {
  try {
    return new URL(url, base).href;
  } catch {
    throw new TypeError(
      `${prefix}: the ${what} '${url}' cannot be resolved against '${base}'`,
    );
  }
}

function dispatchMessage(container, { message, source, origin, place }) {
  const dispatched = receivedMessage(deserializeMessage(message), origin, serviceWorkerFor(source));
  if (event.listenerCount(container, dispatched.type) === 0) {
    op_clients_message_unheard(source.id, place);
  }
  fire(container, dispatched);
}

let container;

/** The one container of this scope. */
export function serviceWorkerContainer() {
  return container ??= new ServiceWorkerContainer(HOST);
}

/** The controller that the client has from its creation. */
export function initializeController(snapshot) {
  setController(serviceWorkerContainer(), snapshot);
}

/** https://w3c.github.io/ServiceWorker/#notify-controller-change */
export function changeController(snapshot) {
  setController(serviceWorkerContainer(), snapshot);
  fire(serviceWorkerContainer(), new event.Event("controllerchange"));
}

/** A worker posted a message to this client. */
export function receiveClientMessage(message) {
  receiveMessage(serviceWorkerContainer(), message);
}

/** The page script has run: from here messages flow by themselves, as after DOMContentLoaded. */
export function documentIsReady() {
  enableMessages(serviceWorkerContainer());
}
