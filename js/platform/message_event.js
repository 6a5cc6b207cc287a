// MessageEvent in the place of Deno's, whose attributes are data properties that a subclass cannot override.

import { primordials } from "ext:core/mod.js";

const { ObjectFreeze, TypeError } = primordials;

/**
 * Our class, and how the event of a message is made that came from somewhere: past the dictionary, which would make
 * `null` of a message that is `undefined`.
 *
 * @param {object} event Deno's script of events
 * @param {object} webidl
 * @param {() => Function} messagePort gives `MessagePort`, which is loaded later
 */
export function createMessageEvent(event, webidl, messagePort) {
  /** The event of a message, or of one that this scope cannot read: that is null. */
  let receivedMessage;

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

    static {
      receivedMessage = (message, origin = "", source = null) => {
        const received = new MessageEvent(message === null ? "messageerror" : "message");
        received.#data = message === null ? null : message.data;
        received.#origin = origin;
        received.#source = source;
        received.#ports = ObjectFreeze(message?.ports ?? []);
        return received;
      };
    }

    constructor(type, init = undefined) {
      const prefix = "Failed to construct 'MessageEvent'";
      webidl.requiredArguments(arguments.length, 1, prefix);
      const converted = initConverter(init, prefix, "Argument 2");
      super(type, converted);
      this.#data = converted.data;
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
  return { MessageEvent, receivedMessage };
}
