// How properties get onto a global object: one function for each kind of member that Web IDL knows. Those that a scope
// only has when it has started are defined on an object of their own while the snapshot is made.

import { event, refuseClones } from "ext:landfall_platform/platform.js";

/** @param {Record<string, Function>} interfaces interface objects by name */
export function defineInterfaces(interfaces, target = globalThis) {
  for (const [name, value] of Object.entries(interfaces)) {
    Object.defineProperty(target, name, {
      value,
      configurable: true,
      writable: true,
      enumerable: false,
    });
    refuseClones(value.prototype, name);
  }
}

/** @param {Record<string, Function>} operations functions by name */
export function defineOperations(operations, target = globalThis) {
  for (const [name, value] of Object.entries(operations)) {
    Object.defineProperty(target, name, {
      value,
      configurable: true,
      writable: true,
      enumerable: true,
    });
  }
}

/**
 * Read-only attributes. The getter accepts the global and, as for any [Global] interface, no receiver at all.
 *
 * @param {Record<string, () => unknown>} getters by name
 */
export function defineAttributes(getters, target = globalThis) {
  for (const [name, read] of Object.entries(getters)) {
    const { [name]: attribute } = Object.getOwnPropertyDescriptors({
      get [name]() {
        checkReceiver(this);
        return read();
      },
    });
    Object.defineProperty(target, name, attribute);
  }
}

/**
 * Attributes that a script may replace by assigning to them (https://webidl.spec.whatwg.org/#Replaceable).
 *
 * @param {Record<string, () => unknown>} getters by name
 */
export function defineReplaceableAttributes(getters, target = globalThis) {
  for (const [name, read] of Object.entries(getters)) {
    const { [name]: attribute } = Object.getOwnPropertyDescriptors({
      get [name]() {
        checkReceiver(this);
        return read();
      },
      set [name](value) {
        checkReceiver(this);
        Object.defineProperty(globalThis, name, {
          value,
          configurable: true,
          writable: true,
          enumerable: true,
        });
      },
    });
    Object.defineProperty(target, name, attribute);
  }
}

/**
 * Event handler attributes, for the types of their events. Accessors accept a receiver as those of attributes do.
 * https://html.spec.whatwg.org/#event-handler-idl-attributes
 *
 * @param {string[]} types
 */
export function defineEventHandlers(types, target = globalThis) {
  for (const type of types) {
    // `onerror` of a global scope is called with an error's parts.
    event.defineEventHandler(target, type, undefined, type === "error");
    const name = `on${type}`;
    const { get, set } = Object.getOwnPropertyDescriptor(target, name);
    const { [name]: checked } = Object.getOwnPropertyDescriptors({
      get [name]() {
        checkReceiver(this);
        return get.call(globalThis);
      },
      set [name](handler) {
        checkReceiver(this);
        set.call(globalThis, handler);
      },
    });
    Object.defineProperty(target, name, checked);
  }
}

/**
 * Moves members of the global to an interface that it inherits from.
 *
 * @param {string[]} names
 * @param {object} prototype
 */
export function moveMembers(names, prototype) {
  for (const name of names) {
    Object.defineProperty(prototype, name, Object.getOwnPropertyDescriptor(globalThis, name));
    delete globalThis[name];
  }
}

/** Whether an operation or attribute of the global is used as one. */
export function checkReceiver(receiver) {
  if (receiver !== undefined && receiver !== null && receiver !== globalThis) {
    throw new TypeError("Illegal invocation");
  }
}
