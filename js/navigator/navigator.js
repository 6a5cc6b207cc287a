// The navigator object of workers and of window-like clients.

import { HOST, onlyByHost } from "ext:landfall_platform/construct.js";
import { locks, permissions, storageManagers } from "ext:landfall_platform/on_demand.js";
import { webidl } from "ext:landfall_platform/platform.js";
import { op_navigator_facts, op_navigator_is_online } from "ext:core/ops";

let facts;
const fact = (name) => (facts ??= op_navigator_facts())[name];

let ownLocks;
let ownPermissions;
let ownStorage;

/**
 * The members that WorkerNavigator and Navigator share.
 *
 * https://html.spec.whatwg.org/multipage/workers.html#the-workernavigator-object
 */
export class NavigatorBase {
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
    return ownLocks ??= new (locks.load().LockManager)(HOST);
  }

  get permissions() {
    return ownPermissions ??= new (permissions.load().Permissions)(HOST);
  }

  get storage() {
    return ownStorage ??= new (storageManagers.load().StorageManager)(HOST);
  }
}

/**
 * Puts the shared members onto an interface that extends the base, where Web IDL wants them, each checking its receiver.
 *
 * @param {typeof NavigatorBase} Interface
 */
export function defineNavigator(Interface) {
  webidl.configureInterface(Interface);
  const [target, source] = [Interface.prototype, NavigatorBase.prototype];
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

/** https://html.spec.whatwg.org/multipage/workers.html#workernavigator */
export class WorkerNavigator extends NavigatorBase {}
defineNavigator(WorkerNavigator);

/** @param {typeof NavigatorBase} Interface */
export function createNavigator(Interface) {
  return new Interface(HOST);
}
