// Functions of the embedder, as a script calls them: JSON there, JSON back.

import { op_scope_call_embedder } from "ext:core/ops";

const { parse, stringify } = JSON;

/**
 * Puts the embedder's functions into the global: configurable, writable, not enumerable.
 *
 * @param {string[]} names
 */
export function exposeFunctions(names) {
  for (const name of names) {
    Object.defineProperty(globalThis, name, {
      value: async (...values) => parse(await op_scope_call_embedder(name, stringify(values))),
      configurable: true,
      writable: true,
      enumerable: false,
    });
  }
}
