// PeriodicSyncManager: registration.periodicSync.

import { HOST, onlyByHost } from "ext:landfall_platform/construct.js";
import { DOMException, webidl } from "ext:landfall_platform/platform.js";
import { tellWork } from "ext:sw_activity/activity.js";
import {
  op_periodic_sync_get_tags,
  op_periodic_sync_register,
  op_periodic_sync_unregister,
} from "ext:core/ops";

/** https://wicg.github.io/periodic-background-sync/#dictdef-backgroundsyncoptions */
const convertBackgroundSyncOptions = webidl.createDictionaryConverter("BackgroundSyncOptions", [
  {
    key: "minInterval",
    defaultValue: 0,
    converter: (value, prefix, context) =>
      webidl.converters["unsigned long long"](value, prefix, context, { enforceRange: true }),
  },
]);

/** https://wicg.github.io/periodic-background-sync/#periodicsyncmanager-interface */
export class PeriodicSyncManager {
  #registrationId;
  #hasActiveWorker;

  constructor(key = undefined, registrationId = 0, hasActiveWorker = undefined) {
    onlyByHost(key, this);
    this.#registrationId = registrationId;
    this.#hasActiveWorker = hasActiveWorker;
  }

  async register(tag, options = undefined) {
    webidl.assertBranded(this, PeriodicSyncManagerPrototype);
    const prefix = "Failed to execute 'register' on 'PeriodicSyncManager'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    tag = webidl.converters.DOMString(tag, prefix, "Argument 1");
    const { minInterval } = convertBackgroundSyncOptions(options, prefix, "Argument 2");
    if (!this.#hasActiveWorker()) {
      throw new DOMException(
        "Registration failed - no active Service Worker",
        "InvalidStateError",
      );
    }
    tellWork("registration");
    await op_periodic_sync_register(this.#registrationId, tag, minInterval);
  }

  async getTags() {
    webidl.assertBranded(this, PeriodicSyncManagerPrototype);
    if (!this.#hasActiveWorker()) return [];
    return await op_periodic_sync_get_tags(this.#registrationId);
  }

  async unregister(tag) {
    webidl.assertBranded(this, PeriodicSyncManagerPrototype);
    const prefix = "Failed to execute 'unregister' on 'PeriodicSyncManager'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    tag = webidl.converters.DOMString(tag, prefix, "Argument 1");
    if (!this.#hasActiveWorker()) return;
    await op_periodic_sync_unregister(this.#registrationId, tag);
  }
}
webidl.configureInterface(PeriodicSyncManager);
const PeriodicSyncManagerPrototype = PeriodicSyncManager.prototype;

/**
 * @param {number} registrationId
 * @param {() => boolean} hasActiveWorker whether the registration has an active worker as this scope sees it
 */
export function createPeriodicSyncManager(registrationId, hasActiveWorker) {
  return new PeriodicSyncManager(HOST, registrationId, hasActiveWorker);
}
