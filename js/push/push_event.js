// PushEvent: a message came.

import { encoding, webidl } from "ext:landfall_platform/platform.js";
import { createMessageData } from "ext:sw_push/push_message_data.js";
import {
  createEventInitConverter,
  ExtendableEvent,
} from "ext:sw_service_worker/extendable_event.js";

/** https://w3c.github.io/push-api/#dom-pusheventinit */
const convertPushEventInit = createEventInitConverter("PushEventInit", [{
  key: "data",
  defaultValue: null,
  converter: webidl.createNullableConverter((value, prefix, context, options) =>
    value instanceof ArrayBuffer || ArrayBuffer.isView(value)
      ? webidl.converters.BufferSource(value, prefix, context, options)
      : webidl.converters.USVString(value, prefix, context, options)
  ),
}]);

/** https://w3c.github.io/push-api/#dfn-extract-a-byte-sequence */
function bytesOf(data) {
  if (typeof data === "string") return new encoding.TextEncoder().encode(data);
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice()
    : new Uint8Array(data).slice();
}

/** https://w3c.github.io/push-api/#pushevent-interface */
export class PushEvent extends ExtendableEvent {
  #data;

  constructor(type, init = {}) {
    const prefix = "Failed to construct 'PushEvent'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    init = convertPushEventInit(init, prefix, "Argument 2");
    super(type, init);
    this.#data = init.data === null ? null : createMessageData(bytesOf(init.data));
  }

  get data() {
    webidl.assertBranded(this, PushEventPrototype);
    return this.#data;
  }
}
webidl.configureInterface(PushEvent);
const PushEventPrototype = PushEvent.prototype;
