// BroadcastChannel: what one says, all others of its name and origin hear.

import {
  defineEventHandler,
  DOMException,
  event,
  fire,
  ownOrigin,
  receivedMessage,
  timers,
  unreferenced,
  webidl,
} from "ext:landfall_platform/platform.js";
import { tellWork } from "ext:sw_activity/activity.js";
import {
  op_broadcast_channel_listen,
  op_broadcast_channel_post,
  op_broadcast_channel_receive,
} from "ext:core/ops";
import { deserializeMessage, serializeMessage } from "ext:sw_service_worker/message.js";

const { setTimeout } = timers;
const receive = unreferenced(op_broadcast_channel_receive);

/** The channels of this scope that are not closed, the oldest first. */
const channels = new Set();

let isListening = false;

/** Gives a message to the channels of this scope that it is for, each in a task of its own. */
let deliver;

/** https://html.spec.whatwg.org/multipage/web-messaging.html#broadcastchannel */
export class BroadcastChannel extends event.EventTarget {
  #name;
  #origin;

  static {
    deliver = (topic, data, source = null) => {
      for (const channel of channels) {
        if (channel !== source && channel.#topic === topic) {
          setTimeout(() => channel.#hear(data), 0);
        }
      }
    };
  }

  constructor(name) {
    super();
    const prefix = "Failed to construct 'BroadcastChannel'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    this.#name = webidl.converters.DOMString(name, prefix, "Argument 1");
    this.#origin = ownOrigin();
    this[webidl.brand] = webidl.brand;
    channels.add(this);
    listen();
  }

  get name() {
    webidl.assertBranded(this, BroadcastChannelPrototype);
    return this.#name;
  }

  postMessage(message) {
    webidl.assertBranded(this, BroadcastChannelPrototype);
    const prefix = "Failed to execute 'postMessage' on 'BroadcastChannel'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    if (!channels.has(this)) {
      throw new DOMException(`${prefix}: Channel is closed`, "InvalidStateError");
    }
    const { data } = serializeMessage(message, undefined, prefix);
    tellWork("message");
    deliver(this.#topic, data, this);
    op_broadcast_channel_post(this.#topic, data);
  }

  close() {
    webidl.assertBranded(this, BroadcastChannelPrototype);
    channels.delete(this);
  }

  /** The frames of a page may be of other origins than the page. */
  get #topic() {
    return `${this.#origin}/${this.#name}`;
  }

  #hear(data) {
    if (!channels.has(this)) return;
    fire(this, receivedMessage(deserializeMessage({ data, transferables: [] }), this.#origin));
  }
}
webidl.configureInterface(BroadcastChannel);
const BroadcastChannelPrototype = BroadcastChannel.prototype;
defineEventHandler(BroadcastChannelPrototype, "message");
defineEventHandler(BroadcastChannelPrototype, "messageerror");

/** Hears the origin's other scopes from the first channel on until this scope ends. */
async function listen() {
  if (isListening) return;
  isListening = true;
  op_broadcast_channel_listen();
  for (let heard = await receive(); heard !== null; heard = await receive()) {
    deliver(heard[0], heard[1]);
  }
}
