// navigator.locks: Deno's locks, kept apart by origin.

import { HOST, onlyByHost } from "ext:landfall_platform/construct.js";
import {
  DOMException,
  loadLocks,
  ownOrigin,
  webidl,
} from "ext:landfall_platform/platform.js";

/** Deno's locks are shared by the whole process: a name begins with its origin, which no script sees. */
function originPrefix() {
  return `${ownOrigin()} `;
}

/** https://w3c.github.io/web-locks/#api-lock */
export class Lock {
  #name;
  #mode;

  constructor(key = undefined, name = undefined, mode = undefined) {
    onlyByHost(key, this);
    this.#name = name;
    this.#mode = mode;
  }

  get name() {
    webidl.assertBranded(this, LockPrototype);
    return this.#name;
  }

  get mode() {
    webidl.assertBranded(this, LockPrototype);
    return this.#mode;
  }
}
webidl.configureInterface(Lock);
const LockPrototype = Lock.prototype;

/** https://w3c.github.io/web-locks/#api-lock-manager */
export class LockManager {
  constructor(key = undefined) {
    onlyByHost(key, this);
  }

  async request(name, optionsOrCallback, callback = undefined) {
    webidl.assertBranded(this, LockManagerPrototype);
    const prefix = "Failed to execute 'request' on 'LockManager'";
    webidl.requiredArguments(arguments.length, 2, prefix);
    name = webidl.converters.DOMString(name, prefix, "Argument 1");
    const options = arguments.length === 2 ? {} : optionsOrCallback;
    callback = arguments.length === 2 ? optionsOrCallback : callback;
    if (typeof callback !== "function") {
      throw new TypeError(`${prefix}: the callback is not a function`);
    }
    if (name.startsWith("-")) {
      throw new DOMException(
        `${prefix}: Names cannot start with '-'.`,
        "NotSupportedError",
      );
    }
    return await loadLocks().locks.request(
      originPrefix() + name,
      options,
      (lock) => callback(lock === null ? null : new Lock(HOST, name, lock.mode)),
    );
  }

  async query() {
    webidl.assertBranded(this, LockManagerPrototype);
    const prefix = originPrefix();
    const own = (locks) =>
      locks
        .filter((lock) => lock.name.startsWith(prefix))
        .map((lock) => ({ ...lock, name: lock.name.slice(prefix.length) }));
    const { held, pending } = await loadLocks().locks.query();
    return { held: own(held), pending: own(pending) };
  }
}
webidl.configureInterface(LockManager);
const LockManagerPrototype = LockManager.prototype;
