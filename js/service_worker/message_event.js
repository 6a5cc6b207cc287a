// ExtendableMessageEvent: a message to a worker, which it may take its time over.

import { webidl } from "ext:landfall_platform/platform.js";
import { ExtendableEvent } from "ext:sw_service_worker/extendable_event.js";

/** https://w3c.github.io/ServiceWorker/#extendablemessageevent-interface */
export class ExtendableMessageEvent extends ExtendableEvent {
  #data;
  #origin;
  #lastEventId;
  #source;
  #ports;

  constructor(type, init = {}) {
    const prefix = "Failed to construct 'ExtendableMessageEvent'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    super(type, init);
    this.#data = init.data ?? null;
    this.#origin = webidl.converters.USVString(init.origin ?? "", prefix, "'origin'");
    this.#lastEventId = webidl.converters.DOMString(
      init.lastEventId ?? "",
      prefix,
      "'lastEventId'",
    );
    this.#source = init.source ?? null;
    this.#ports = Object.freeze([...(init.ports ?? [])]);
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
