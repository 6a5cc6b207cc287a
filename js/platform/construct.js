// Objects that only the host makes: `new` from a script is refused.

import { webidl } from "ext:landfall_platform/platform.js";

/** What our own scripts pass to such a constructor. */
export const HOST = Symbol("made by the host");

/**
 * The first line of the constructor of an interface that has none for scripts.
 *
 * @param {unknown} key the constructor's argument
 * @param {object} instance the object being made, which is branded
 */
export function onlyByHost(key, instance) {
  if (key !== HOST) webidl.illegalConstructor();
  instance[webidl.brand] = webidl.brand;
}
