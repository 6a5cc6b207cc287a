// SyncManager: registration.sync.

import { HOST, onlyByHost } from "ext:landfall_platform/construct.js";
import { DOMException, primordials, webidl } from "ext:landfall_platform/platform.js";
import { tellWork } from "ext:sw_activity/activity.js";
import { op_sync_acknowledge, op_sync_get_tags, op_sync_register } from "ext:core/ops";

const { queueMicrotask } = primordials;

/** https://wicg.github.io/background-sync/spec/#sync-manager-interface */
export class SyncManager {
  #registration;

  constructor(key = undefined, registration = undefined) {
    onlyByHost(key, this);
    this.#registration = registration;
  }

  async register(tag) {
    webidl.assertBranded(this, SyncManagerPrototype);
    const prefix = "Failed to execute 'register' on 'SyncManager'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    tag = webidl.converters.DOMString(tag, prefix, "Argument 1");
    if (!this.#registration.hasActiveWorker()) {
      throw new DOMException(
        "Registration failed - no active Service Worker",
        "InvalidStateError",
      );
    }
    tellWork("registration");
    await op_sync_register(this.#registration.id, tag);
    // The event may fire only after the caller's promise has been resolved: the acknowledgement goes out behind it.
    queueMicrotask(() => op_sync_acknowledge(this.#registration.id, tag));
  }

  async getTags() {
    webidl.assertBranded(this, SyncManagerPrototype);
    return await op_sync_get_tags(this.#registration.id);
  }
}
webidl.configureInterface(SyncManager);
const SyncManagerPrototype = SyncManager.prototype;

/** @param {RegistrationHandle} registration see service_worker_registration.js */
export function createSyncManager(registration) {
  return new SyncManager(HOST, registration);
}
