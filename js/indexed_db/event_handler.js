// Event handler attributes that check their receiver, as Web IDL wants it.

import { event, webidl } from "ext:landfall_platform/platform.js";

/**
 * https://html.spec.whatwg.org/#event-handler-idl-attributes
 *
 * @param {EventTarget} prototype of an interface
 * @param {string} type of the events
 */
export function defineEventHandler(prototype, type) {
  event.defineEventHandler(prototype, type);
  const name = `on${type}`;
  const { get, set } = Object.getOwnPropertyDescriptor(prototype, name);
  const { [name]: checked } = Object.getOwnPropertyDescriptors({
    get [name]() {
      webidl.assertBranded(this, prototype);
      return get.call(this);
    },
    set [name](handler) {
      webidl.assertBranded(this, prototype);
      set.call(this, handler);
    },
  });
  Object.defineProperty(prototype, name, checked);
}
