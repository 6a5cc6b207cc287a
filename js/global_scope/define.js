// How properties get onto a global object: one function for each kind of member that Web IDL knows.

/** @param {Record<string, Function>} interfaces interface objects by name */
export function defineInterfaces(interfaces) {
  for (const [name, value] of Object.entries(interfaces)) {
    Object.defineProperty(globalThis, name, {
      value,
      configurable: true,
      writable: true,
      enumerable: false,
    });
  }
}

/** @param {Record<string, Function>} operations functions by name */
export function defineOperations(operations) {
  for (const [name, value] of Object.entries(operations)) {
    Object.defineProperty(globalThis, name, {
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
export function defineAttributes(getters) {
  for (const [name, read] of Object.entries(getters)) {
    Object.defineProperty(globalThis, name, {
      get: getter(name, read),
      configurable: true,
      enumerable: true,
    });
  }
}

/**
 * Attributes that a script may replace by assigning to them (https://webidl.spec.whatwg.org/#Replaceable).
 *
 * @param {Record<string, () => unknown>} getters by name
 */
export function defineReplaceableAttributes(getters) {
  for (const [name, read] of Object.entries(getters)) {
    Object.defineProperty(globalThis, name, {
      get: getter(name, read),
      set(value) {
        checkReceiver(this);
        Object.defineProperty(globalThis, name, {
          value,
          configurable: true,
          writable: true,
          enumerable: true,
        });
      },
      configurable: true,
      enumerable: true,
    });
  }
}

/** A getter named as Web IDL names it: "get name". */
function getter(name, read) {
  const attribute = {
    get [name]() {
      checkReceiver(this);
      return read();
    },
  };
  return Object.getOwnPropertyDescriptor(attribute, name).get;
}

function checkReceiver(receiver) {
  if (receiver !== undefined && receiver !== null && receiver !== globalThis) {
    throw new TypeError("Illegal invocation");
  }
}
