// PushManager: registration.pushManager.

import { HOST, onlyByHost } from "ext:landfall_platform/construct.js";
import { DOMException, webidl } from "ext:landfall_platform/platform.js";
import {
  op_permissions_query,
  op_push_get_subscription,
  op_push_subscribe,
} from "ext:core/ops";
import { createSubscription, decodeBase64Url } from "ext:sw_push/push_subscription.js";

function isBufferSource(value) {
  return value instanceof ArrayBuffer || ArrayBuffer.isView(value);
}

/** https://w3c.github.io/push-api/#dom-pushsubscriptionoptionsinit */
const convertOptions = webidl.createDictionaryConverter("PushSubscriptionOptionsInit", [
  {
    key: "applicationServerKey",
    defaultValue: null,
    converter: webidl.createNullableConverter((value, prefix, context, options) =>
      isBufferSource(value)
        ? webidl.converters.BufferSource(value, prefix, context, options)
        : webidl.converters.DOMString(value, prefix, context, options)
    ),
  },
  { key: "userVisibleOnly", defaultValue: false, converter: webidl.converters.boolean },
]);

/**
 * @param {BufferSource | string | null} key
 * @returns {Uint8Array | null} a copy of its bytes
 */
function bytesOfKey(key, prefix) {
  if (key === null) return null;
  if (typeof key === "string") {
    const decoded = decodeBase64Url(key);
    if (decoded === null) {
      throw new DOMException(
        `${prefix}: The provided applicationServerKey is not encoded as base64url without padding.`,
        "InvalidCharacterError",
      );
    }
    return new Uint8Array(decoded);
  }
  return ArrayBuffer.isView(key)
    ? new Uint8Array(key.buffer, key.byteOffset, key.byteLength).slice()
    : new Uint8Array(key).slice();
}

/** https://w3c.github.io/push-api/#pushmanager-interface */
export class PushManager {
  #registrationId;

  static #supportedContentEncodings = Object.freeze(["aes128gcm"]);

  constructor(key = undefined, registrationId = 0) {
    onlyByHost(key, this);
    this.#registrationId = registrationId;
  }

  static get supportedContentEncodings() {
    return PushManager.#supportedContentEncodings;
  }

  /**
   * A subscription without `userVisibleOnly` or without `applicationServerKey` is allowed, as in Firefox. Chromium
   * refuses it, as the specification lets it.
   */
  async subscribe(options = {}) {
    webidl.assertBranded(this, PushManagerPrototype);
    const prefix = "Failed to execute 'subscribe' on 'PushManager'";
    options = convertOptions(options, prefix, "Argument 1");
    const key = bytesOfKey(options.applicationServerKey, prefix);
    return createSubscription(
      await op_push_subscribe(this.#registrationId, options.userVisibleOnly, key),
    );
  }

  async getSubscription() {
    webidl.assertBranded(this, PushManagerPrototype);
    const view = await op_push_get_subscription(this.#registrationId);
    return view === null ? null : createSubscription(view);
  }

  async permissionState(options = {}) {
    webidl.assertBranded(this, PushManagerPrototype);
    const prefix = "Failed to execute 'permissionState' on 'PushManager'";
    convertOptions(options, prefix, "Argument 1");
    return await op_permissions_query("notifications");
  }
}
webidl.configureInterface(PushManager);
const PushManagerPrototype = PushManager.prototype;

/** @param {number} registrationId */
export function createPushManager(registrationId) {
  return new PushManager(HOST, registrationId);
}
