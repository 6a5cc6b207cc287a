// https://html.spec.whatwg.org/#domstringlist

import { webidl } from "ext:landfall_platform/platform.js";
import { HOST, onlyByHost } from "ext:landfall_platform/construct.js";

/** A list of names that a script can index, and cannot change. */
export class DOMStringList {
  #names;

  constructor(key = undefined, names = undefined) {
    onlyByHost(key, this);
    this.#names = names;
    for (let i = 0; i < names.length; i++) {
      Object.defineProperty(this, i, {
        __proto__: null,
        value: names[i],
        enumerable: true,
        configurable: true,
      });
    }
  }

  get length() {
    webidl.assertBranded(this, DOMStringListPrototype);
    return this.#names.length;
  }

  item(index) {
    webidl.assertBranded(this, DOMStringListPrototype);
    const prefix = "Failed to execute 'item' on 'DOMStringList'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    index = webidl.converters["unsigned long"](index, prefix, "Argument 1");
    return this.#names[index] ?? null;
  }

  contains(name) {
    webidl.assertBranded(this, DOMStringListPrototype);
    const prefix = "Failed to execute 'contains' on 'DOMStringList'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    name = webidl.converters.DOMString(name, prefix, "Argument 1");
    return this.#names.includes(name);
  }
}

webidl.configureInterface(DOMStringList);
const DOMStringListPrototype = DOMStringList.prototype;
Object.defineProperty(DOMStringListPrototype, Symbol.iterator, {
  __proto__: null,
  value: Array.prototype[Symbol.iterator],
  writable: true,
  configurable: true,
});

/**
 * https://w3c.github.io/IndexedDB/#create-a-sorted-name-list
 *
 * @param {Iterable<string>} names in any order
 */
export function sortedNameList(names) {
  return new DOMStringList(HOST, [...names].sort());
}
