// ExtendableMessageEvent: a message to a worker, which it may take its time over.

import { ports, webidl } from "ext:landfall_platform/platform.js";
import { Client } from "ext:sw_service_worker/clients.js";
import { ExtendableEvent } from "ext:sw_service_worker/extendable_event.js";
import { ServiceWorker } from "ext:sw_service_worker/service_worker.js";

const isInstance = (...types) => (value, prefix, context) => {
  if (types.some((type) => value instanceof type)) return value;
  throw new TypeError(`${prefix}: ${context} is not of the right type`);
};

/** https://w3c.github.io/ServiceWorker/#dictdef-extendablemessageeventinit */
const convertInit = webidl.createDictionaryConverter("ExtendableMessageEventInit", [
  { key: "data", defaultValue: null, converter: webidl.converters.any },
  { key: "lastEventId", defaultValue: "", converter: webidl.converters.DOMString },
  { key: "origin", defaultValue: "", converter: webidl.converters.USVString },
  {
    key: "ports",
    converter: webidl.createSequenceConverter(isInstance(ports.MessagePort)),
    get defaultValue() {
      return [];
    },
  },
  {
    key: "source",
    defaultValue: null,
    converter: webidl.createNullableConverter(
      isInstance(Client, ServiceWorker, ports.MessagePort),
    ),
  },
]);

/** The event of a message, or of one that this scope cannot read: that is null. */
export let receivedMessageEvent;

/** https://w3c.github.io/ServiceWorker/#extendablemessageevent-interface */
export class ExtendableMessageEvent extends ExtendableEvent {
  #data;
  #origin;
  #lastEventId;
  #source;
  #ports;

  static {
    receivedMessageEvent = (message, origin, source) => {
      const received = new ExtendableMessageEvent(message === null ? "messageerror" : "message");
      // Past the dictionary, which would make null of a message that is undefined.
      received.#data = message === null ? null : message.data;
      received.#origin = origin;
      received.#source = source;
      received.#ports = Object.freeze(message?.ports ?? []);
      return received;
    };
  }

  constructor(type, init = undefined) {
    const prefix = "Failed to construct 'ExtendableMessageEvent'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    super(type, init);
    const converted = convertInit(init, prefix, "Argument 2");
    this.#data = converted.data;
    this.#origin = converted.origin;
    this.#lastEventId = converted.lastEventId;
    this.#source = converted.source;
    this.#ports = Object.freeze(converted.ports);
  }

  get data() {
    webidl.assertBranded(this, ExtendableMessageEventPrototype);
    return this.#data;
  }

  get origin() {
    webidl.assertBranded(this, ExtendableMessageEventPrototype);
    return this.#origin;
  }

  get lastEventId() {
    webidl.assertBranded(this, ExtendableMessageEventPrototype);
    return this.#lastEventId;
  }

  get source() {
    webidl.assertBranded(this, ExtendableMessageEventPrototype);
    return this.#source;
  }

  get ports() {
    webidl.assertBranded(this, ExtendableMessageEventPrototype);
    return this.#ports;
  }
}
webidl.configureInterface(ExtendableMessageEvent);
const ExtendableMessageEventPrototype = ExtendableMessageEvent.prototype;
