// PushSubscription: where messages for a registration can be sent to, and with which keys.

import { HOST, onlyByHost } from "ext:landfall_platform/construct.js";
import { base64, webidl } from "ext:landfall_platform/platform.js";
import { op_push_unsubscribe } from "ext:core/ops";
import { createOptions } from "ext:sw_push/push_subscription_options.js";

const convertKeyName = webidl.createEnumConverter("PushEncryptionKeyName", ["p256dh", "auth"]);

/**
 * https://www.rfc-editor.org/rfc/rfc7515#section-2
 *
 * @param {string} text base64url without padding
 * @returns {ArrayBuffer | null} null if it is none
 */
export function decodeBase64Url(text) {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) return null;
  try {
    const bytes = base64.atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)).buffer;
  } catch {
    return null;
  }
}

/** https://w3c.github.io/push-api/#pushsubscription-interface */
export class PushSubscription {
  #view;
  #options;

  constructor(key = undefined, view = undefined) {
    onlyByHost(key, this);
    this.#view = view;
    const serverKey = view.applicationServerKey;
    this.#options = createOptions(
      view.userVisibleOnly,
      serverKey === null ? null : decodeBase64Url(serverKey),
    );
  }

  get endpoint() {
    webidl.assertBranded(this, PushSubscriptionPrototype);
    return this.#view.endpoint;
  }

  get expirationTime() {
    webidl.assertBranded(this, PushSubscriptionPrototype);
    return null;
  }

  get options() {
    webidl.assertBranded(this, PushSubscriptionPrototype);
    return this.#options;
  }

  getKey(name) {
    webidl.assertBranded(this, PushSubscriptionPrototype);
    const prefix = "Failed to execute 'getKey' on 'PushSubscription'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    name = convertKeyName(name, prefix, "Argument 1");
    return decodeBase64Url(this.#view[name]);
  }

  async unsubscribe() {
    webidl.assertBranded(this, PushSubscriptionPrototype);
    return await op_push_unsubscribe(this.#view.endpoint);
  }

  toJSON() {
    webidl.assertBranded(this, PushSubscriptionPrototype);
    const { endpoint, p256dh, auth } = this.#view;
    return { endpoint, expirationTime: null, keys: { p256dh, auth } };
  }
}
webidl.configureInterface(PushSubscription);
const PushSubscriptionPrototype = PushSubscription.prototype;

/** @param {object} view endpoint, keys and options; bytes as base64url */
export function createSubscription(view) {
  return new PushSubscription(HOST, view);
}
