// navigator.storage: how much the origin stores, and whether it is kept.

import { onlyByHost } from "ext:landfall_platform/construct.js";
import { ownEnvironment } from "ext:landfall_platform/environment.js";
import { webidl } from "ext:landfall_platform/platform.js";
import { op_storage_estimate } from "ext:core/ops";

/** https://storage.spec.whatwg.org/#storagemanager */
export class StorageManager {
  constructor(key = undefined) {
    onlyByHost(key, this);
  }

  /** Nothing here is ever evicted, so every origin is persistent. */
  async persisted() {
    webidl.assertBranded(this, StorageManagerPrototype);
    return true;
  }

  async persist() {
    webidl.assertBranded(this, StorageManagerPrototype);
    return true;
  }

  /** Bytes used by this origin's files, and bytes it may use. */
  async estimate() {
    webidl.assertBranded(this, StorageManagerPrototype);
    return op_storage_estimate();
  }
}
webidl.configureInterface(StorageManager);
const StorageManagerPrototype = StorageManager.prototype;
// [Exposed=Window]
if (ownEnvironment.isServiceWorker) delete StorageManagerPrototype.persist;
