// Clients, Client and WindowClient: who a worker works for.

import { HOST, onlyByHost } from "ext:landfall_platform/construct.js";
import { location, url, webidl } from "ext:landfall_platform/platform.js";
import { tellWork } from "ext:sw_activity/activity.js";
import {
  op_clients_claim,
  op_clients_focus,
  op_clients_get,
  op_clients_match_all,
  op_clients_navigate,
  op_clients_open_window,
  op_clients_post_message,
} from "ext:core/ops";
import { serializeMessage } from "ext:sw_service_worker/message.js";

/** https://w3c.github.io/ServiceWorker/#client-interface */
export class Client {
  #record;

  constructor(key = undefined, record = undefined) {
    onlyByHost(key, this);
    this.#record = record;
  }

  get url() {
    webidl.assertBranded(this, ClientPrototype);
    return this.#record.url;
  }

  get frameType() {
    webidl.assertBranded(this, ClientPrototype);
    return this.#record.frameType;
  }

  get id() {
    webidl.assertBranded(this, ClientPrototype);
    return this.#record.id;
  }

  get type() {
    webidl.assertBranded(this, ClientPrototype);
    return this.#record.type;
  }

  postMessage(message, transferOrOptions = undefined) {
    webidl.assertBranded(this, ClientPrototype);
    const prefix = "Failed to execute 'postMessage' on 'Client'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    tellWork("message");
    op_clients_post_message(
      this.#record.id,
      serializeMessage(message, transferOrOptions, prefix),
    );
  }
}
webidl.configureInterface(Client);
const ClientPrototype = Client.prototype;

/** https://w3c.github.io/ServiceWorker/#windowclient */
export class WindowClient extends Client {
  #id;
  #isFocused;
  #ancestorOrigins;

  constructor(key = undefined, record = undefined) {
    super(key, record);
    this.#id = record.id;
    this.#isFocused = record.focused;
    this.#ancestorOrigins = Object.freeze(record.ancestorOrigins);
  }

  get visibilityState() {
    webidl.assertBranded(this, WindowClientPrototype);
    return "visible";
  }

  get focused() {
    webidl.assertBranded(this, WindowClientPrototype);
    return this.#isFocused;
  }

  get ancestorOrigins() {
    webidl.assertBranded(this, WindowClientPrototype);
    return this.#ancestorOrigins;
  }

  /** Allowed once after a click on a notification, like {@link Clients.openWindow}. */
  async focus() {
    webidl.assertBranded(this, WindowClientPrototype);
    return createClient(await op_clients_focus(this.#id));
  }

  /** The new page is another client; null if it is of another origin. */
  async navigate(target) {
    webidl.assertBranded(this, WindowClientPrototype);
    const prefix = "Failed to execute 'navigate' on 'WindowClient'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    target = webidl.converters.USVString(target, prefix, "Argument 1");
    const record = await op_clients_navigate(this.#id, resolvePage(target, prefix));
    return record === null ? null : createClient(record);
  }
}
webidl.configureInterface(WindowClient);
const WindowClientPrototype = WindowClient.prototype;

/** https://w3c.github.io/ServiceWorker/#create-client */
export function createClient(record) {
  return record.type === "window"
    ? new WindowClient(HOST, record)
    : new Client(HOST, record);
}

/** The address of a page that a worker wants to be opened. */
function resolvePage(target, prefix) {
  const parsed = url.URL.parse(target, location.getLocationHref());
  if (parsed === null) throw new TypeError(`${prefix}: '${target}' is not a valid URL.`);
  if (parsed.href === "about:blank") {
    throw new TypeError(`${prefix}: 'about:blank' cannot be opened.`);
  }
  return parsed.href;
}

const convertClientQueryOptions = webidl.createDictionaryConverter(
  "ClientQueryOptions",
  [
    {
      key: "includeUncontrolled",
      defaultValue: false,
      converter: webidl.converters.boolean,
    },
    {
      key: "type",
      defaultValue: "window",
      converter: webidl.createEnumConverter("ClientType", [
        "window",
        "worker",
        "sharedworker",
        "all",
      ]),
    },
  ],
);

/** https://w3c.github.io/ServiceWorker/#clients-interface */
export class Clients {
  constructor(key = undefined) {
    onlyByHost(key, this);
  }

  async get(id) {
    webidl.assertBranded(this, ClientsPrototype);
    const prefix = "Failed to execute 'get' on 'Clients'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    id = webidl.converters.DOMString(id, prefix, "Argument 1");
    tellWork("message");
    const record = await op_clients_get(id);
    return record === null ? undefined : createClient(record);
  }

  async matchAll(options = {}) {
    webidl.assertBranded(this, ClientsPrototype);
    const prefix = "Failed to execute 'matchAll' on 'Clients'";
    options = convertClientQueryOptions(options, prefix, "Argument 1");
    tellWork("message");
    const records = await op_clients_match_all(
      options.includeUncontrolled,
      options.type,
    );
    return Object.freeze(records.map(createClient));
  }

  /** Allowed once after a click on a notification. */
  async openWindow(target) {
    webidl.assertBranded(this, ClientsPrototype);
    const prefix = "Failed to execute 'openWindow' on 'Clients'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    target = webidl.converters.USVString(target, prefix, "Argument 1");
    const record = await op_clients_open_window(resolvePage(target, prefix));
    return record === null ? null : createClient(record);
  }

  async claim() {
    webidl.assertBranded(this, ClientsPrototype);
    tellWork("message");
    await op_clients_claim();
  }
}
webidl.configureInterface(Clients);
const ClientsPrototype = Clients.prototype;

let clients;

/** The one Clients object of a worker. */
export function clientsObject() {
  return clients ??= new Clients(HOST);
}
