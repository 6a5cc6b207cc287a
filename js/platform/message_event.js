// MessageEvent in the place of Deno's, whose attributes are data properties that a subclass cannot override.

import { primordials } from "ext:core/mod.js";

const { ObjectFreeze, TypeError } = primordials;

/**
 * The data of an event that is made from `init`.
 *
 * Differs from the spec: `undefined` stays what it is where it is given, because the host's messages are made this way.
 * The dictionary would make it `null`.
 */
export function messageData(init, converted) {
  const isUndefined = converted.data === null && init !== null && init !== undefined &&
    "data" in init && init.data === undefined;
  return isUndefined ? undefined : converted.data;
}

/**
 * Puts our class into Deno's script of events, from where ports and channels take it when they are loaded.
 *
 * @param {object} event Deno's script of events
 * @param {object} webidl
 * @param {() => Function} messagePort gives `MessagePort`, which is loaded later
 */
export function replaceMessageEvent(event, webidl, messagePort) {
  const isInstance = (type) => (value, prefix, context) => {
    if (value instanceof type()) return value;
    throw new TypeError(`${prefix}: ${context} is not of the right type`);
  };
  const portConverter = isInstance(messagePort);
  const sourceConverter = webidl.createNullableConverter(isInstance(() => event.EventTarget));
  const initConverter = webidl.createDictionaryConverter(
    "MessageEventInit",
    [
      { key: "bubbles", defaultValue: false, converter: webidl.converters.boolean },
      { key: "cancelable", defaultValue: false, converter: webidl.converters.boolean },
      { key: "composed", defaultValue: false, converter: webidl.converters.boolean },
    ],
    [
      { key: "data", defaultValue: null, converter: webidl.converters.any },
      { key: "lastEventId", defaultValue: "", converter: webidl.converters.DOMString },
      { key: "origin", defaultValue: "", converter: webidl.converters.USVString },
      {
        key: "ports",
        converter: webidl.createSequenceConverter(portConverter),
        get defaultValue() {
          return [];
        },
      },
      { key: "source", defaultValue: null, converter: sourceConverter },
    ],
  );

  /** https://html.spec.whatwg.org/multipage/comms.html#messageevent */
  class MessageEvent extends event.Event {
    #data;
    #lastEventId;
    #origin;
    #ports;
    #source;

    constructor(type, init = undefined) {
      const prefix = "Failed to construct 'MessageEvent'";
      webidl.requiredArguments(arguments.length, 1, prefix);
      const converted = initConverter(init, prefix, "Argument 2");
      super(type, converted);
      this.#data = messageData(init, converted);
      this.#lastEventId = converted.lastEventId;
      this.#origin = converted.origin;
      this.#ports = ObjectFreeze(converted.ports);
      this.#source = converted.source;
    }

    get data() {
      return this.#data;
    }

    get lastEventId() {
      return this.#lastEventId;
    }

    get origin() {
      return this.#origin;
    }

    get ports() {
      return this.#ports;
    }

    get source() {
      return this.#source;
    }
  }
  webidl.configureInterface(MessageEvent);
  event.MessageEvent = MessageEvent;
}
