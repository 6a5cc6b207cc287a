// NavigationPreloadManager: registration.navigationPreload.

import { HOST, onlyByHost } from "ext:landfall_platform/construct.js";
import { primordials, webidl } from "ext:landfall_platform/platform.js";
import {
  op_navigation_preload_enable,
  op_navigation_preload_set_header,
  op_navigation_preload_state,
} from "ext:core/ops";

const { RegExpPrototypeTest } = primordials;

/** https://fetch.spec.whatwg.org/#header-value */
const NOT_IN_HEADER_VALUE = /[\0\r\n]|^[\t ]|[\t ]$/;

/** https://w3c.github.io/ServiceWorker/#navigation-preload-manager */
export class NavigationPreloadManager {
  #registrationId;

  constructor(key = undefined, registrationId = 0) {
    onlyByHost(key, this);
    this.#registrationId = registrationId;
  }

  async enable() {
    webidl.assertBranded(this, NavigationPreloadManagerPrototype);
    await op_navigation_preload_enable(this.#registrationId, true);
  }

  async disable() {
    webidl.assertBranded(this, NavigationPreloadManagerPrototype);
    await op_navigation_preload_enable(this.#registrationId, false);
  }

  async setHeaderValue(value) {
    webidl.assertBranded(this, NavigationPreloadManagerPrototype);
    const prefix = "Failed to execute 'setHeaderValue' on 'NavigationPreloadManager'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    value = webidl.converters.ByteString(value, prefix, "Argument 1");
    // Differs from the spec: it does not look at the value, Chromium does.
    if (RegExpPrototypeTest(NOT_IN_HEADER_VALUE, value)) {
      throw new TypeError(`${prefix}: The string provided is not a valid HTTP header field value.`);
    }
    await op_navigation_preload_set_header(this.#registrationId, value);
  }

  async getState() {
    webidl.assertBranded(this, NavigationPreloadManagerPrototype);
    return await op_navigation_preload_state(this.#registrationId);
  }
}
webidl.configureInterface(NavigationPreloadManager);
const NavigationPreloadManagerPrototype = NavigationPreloadManager.prototype;

/** @param {number} registrationId */
export function createNavigationPreloadManager(registrationId) {
  return new NavigationPreloadManager(HOST, registrationId);
}
