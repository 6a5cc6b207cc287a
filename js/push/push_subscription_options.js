// PushSubscriptionOptions: what a subscription was made with.

import { HOST, onlyByHost } from "ext:landfall_platform/construct.js";
import { webidl } from "ext:landfall_platform/platform.js";

/** https://w3c.github.io/push-api/#pushsubscriptionoptions-interface */
export class PushSubscriptionOptions {
  #userVisibleOnly;
  #applicationServerKey;

  constructor(key = undefined, userVisibleOnly = false, applicationServerKey = null) {
    onlyByHost(key, this);
    this.#userVisibleOnly = userVisibleOnly;
    this.#applicationServerKey = applicationServerKey;
  }

  get userVisibleOnly() {
    webidl.assertBranded(this, PushSubscriptionOptionsPrototype);
    return this.#userVisibleOnly;
  }

  get applicationServerKey() {
    webidl.assertBranded(this, PushSubscriptionOptionsPrototype);
    return this.#applicationServerKey;
  }
}
webidl.configureInterface(PushSubscriptionOptions);
const PushSubscriptionOptionsPrototype = PushSubscriptionOptions.prototype;

/**
 * @param {boolean} userVisibleOnly
 * @param {ArrayBuffer | null} applicationServerKey
 */
export function createOptions(userVisibleOnly, applicationServerKey) {
  return new PushSubscriptionOptions(HOST, userVisibleOnly, applicationServerKey);
}
