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
  #registration;

  constructor(key = undefined, registration = undefined) {
    onlyByHost(key, this);
    this.#registration = registration;
  }

  async register(tag, options = undefined) {
    webidl.assertBranded(this, PeriodicSyncManagerPrototype);
    const prefix = "Failed to execute 'register' on 'PeriodicSyncManager'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    tag = webidl.converters.DOMString(tag, prefix, "Argument 1");
    const { minInterval } = convertBackgroundSyncOptions(options, prefix, "Argument 2");
    if (!this.#registration.hasActiveWorker()) {
      throw new DOMException(
        "Registration failed - no active Service Worker",
        "InvalidStateError",
      );
    }
    tellWork("registration");
    await op_periodic_sync_register(this.#registration.id, tag, minInterval);
  }

  async getTags() {
    webidl.assertBranded(this, PeriodicSyncManagerPrototype);
    if (!this.#registration.hasActiveWorker()) return [];
    return await op_periodic_sync_get_tags(this.#registration.id);
  }

  async unregister(tag) {
    webidl.assertBranded(this, PeriodicSyncManagerPrototype);
    const prefix = "Failed to execute 'unregister' on 'PeriodicSyncManager'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    tag = webidl.converters.DOMString(tag, prefix, "Argument 1");
    if (!this.#registration.hasActiveWorker()) return;
    await op_periodic_sync_unregister(this.#registration.id, tag);
  }
}
webidl.configureInterface(PeriodicSyncManager);
const PeriodicSyncManagerPrototype = PeriodicSyncManager.prototype;

/** @param {RegistrationHandle} registration see service_worker_registration.js */
export function createPeriodicSyncManager(registration) {
  return new PeriodicSyncManager(HOST, registration);
}
