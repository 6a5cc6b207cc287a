// SyncManager: registration.sync.

import { HOST, onlyByHost } from "ext:landfall_platform/construct.js";
import { DOMException, primordials, webidl } from "ext:landfall_platform/platform.js";
import { tellWork } from "ext:sw_activity/activity.js";
import { op_sync_acknowledge, op_sync_get_tags, op_sync_register } from "ext:core/ops";

const { queueMicrotask } = primordials;

/** https://wicg.github.io/background-sync/spec/#sync-manager-interface */
export class SyncManager {
  #registrationId;
  #hasActiveWorker;

  constructor(key = undefined, registrationId = 0, hasActiveWorker = undefined) {
    onlyByHost(key, this);
    this.#registrationId = registrationId;
    this.#hasActiveWorker = hasActiveWorker;
  }

  async register(tag) {
    webidl.assertBranded(this, SyncManagerPrototype);
    const prefix = "Failed to execute 'register' on 'SyncManager'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    tag = webidl.converters.DOMString(tag, prefix, "Argument 1");
    if (!this.#hasActiveWorker()) {
      throw new DOMException(
        "Registration failed - no active Service Worker",
        "InvalidStateError",
      );
    }
    tellWork("registration");
    await op_sync_register(this.#registrationId, tag);
    // The event may fire only after the caller's promise has been resolved: the acknowledgement goes out behind it.
    queueMicrotask(() => op_sync_acknowledge(this.#registrationId, tag));
  }

  async getTags() {
    webidl.assertBranded(this, SyncManagerPrototype);
    return await op_sync_get_tags(this.#registrationId);
  }
}
webidl.configureInterface(SyncManager);
const SyncManagerPrototype = SyncManager.prototype;

/**
 * @param {number} registrationId
 * @param {() => boolean} hasActiveWorker whether the registration has an active worker as this scope sees it
 */
export function createSyncManager(registrationId, hasActiveWorker) {
  return new SyncManager(HOST, registrationId, hasActiveWorker);
}
