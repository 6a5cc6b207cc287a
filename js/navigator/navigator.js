// The navigator object of workers and of window-like clients.

import { HOST, onlyByHost } from "ext:landfall_platform/construct.js";
import { webidl } from "ext:landfall_platform/platform.js";
import { op_navigator_facts, op_navigator_is_online } from "ext:core/ops";
import { LockManager } from "ext:sw_navigator/lock_manager.js";
import { Permissions } from "ext:sw_navigator/permissions.js";
import { StorageManager } from "ext:sw_navigator/storage_manager.js";

let facts;
const fact = (name) => (facts ??= op_navigator_facts())[name];

let locks;
let permissions;
let storage;

/**
 * The members that WorkerNavigator and Navigator share.
 *
 * https://html.spec.whatwg.org/multipage/workers.html#the-workernavigator-object
 */
class NavigatorBase {
  constructor(key = undefined) {
    onlyByHost(key, this);
  }

  get onLine() {
    return op_navigator_is_online();
  }

  get userAgent() {
    return fact("userAgent");
  }

  get appCodeName() {
    return "Mozilla";
  }

  get appName() {
    return "Netscape";
  }

  get appVersion() {
    return fact("userAgent").replace(/^Mozilla\//, "");
  }

  get platform() {
    return fact("platform");
  }

  get product() {
    return "Gecko";
  }

  get language() {
    return fact("languages")[0];
  }

  get languages() {
    return fact("languages");
  }

  get hardwareConcurrency() {
    return fact("hardwareConcurrency");
  }

  get locks() {
    return locks ??= new LockManager(HOST);
  }

  get permissions() {
    return permissions ??= new Permissions(HOST);
  }

  get storage() {
    return storage ??= new StorageManager(HOST);
  }
}

/** https://html.spec.whatwg.org/multipage/workers.html#workernavigator */
export class WorkerNavigator extends NavigatorBase {}
webidl.configureInterface(WorkerNavigator);

/** https://html.spec.whatwg.org/multipage/system-state.html#navigator */
export class Navigator extends NavigatorBase {}
webidl.configureInterface(Navigator);

for (const Interface of [WorkerNavigator, Navigator]) {
  flatten(Interface.prototype, NavigatorBase.prototype);
}

/** Puts the shared members onto `target` itself, where Web IDL wants them, each checking its receiver. */
function flatten(target, source) {
  for (const name of Object.getOwnPropertyNames(source)) {
    if (name === "constructor") continue;
    const { get } = Object.getOwnPropertyDescriptor(source, name);
    const { [name]: attribute } = Object.getOwnPropertyDescriptors({
      get [name]() {
        webidl.assertBranded(this, target);
        return get.call(this);
      },
    });
    Object.defineProperty(target, name, attribute);
  }
  Object.setPrototypeOf(target, Object.prototype);
}

/** @param {typeof WorkerNavigator | typeof Navigator} Interface */
export function createNavigator(Interface) {
  return new Interface(HOST);
}
