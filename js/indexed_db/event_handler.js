// Event handler attributes (https://html.spec.whatwg.org/#event-handler-idl-attributes) that check their receiver and
// cost little: requests come by the hundred thousand, and most have one handler and no listener.

import { addEventListener, event, webidl } from "ext:landfall_platform/platform.js";

const { eventTargetData } = event;

/** Where a target keeps its handler, by the type of the events. */
const slots = Object.create(null);

class Handler {
  /** What the script set last. */
  value;
  /** Runs before all listeners; false for one that was set when there were listeners, and is one of them. */
  isFirst;

  constructor(value, isFirst) {
    this.value = value;
    this.isFirst = isFirst;
  }

  handleEvent(fired) {
    runHandler(this, fired.currentTarget, fired);
  }
}

/**
 * @param {EventTarget} prototype of an interface whose events are fired with `fireEvent`
 * @param {string} type of the events
 */
export function defineEventHandler(prototype, type) {
  const slot = slots[type] ??= Symbol(`on${type}`);
  const name = `on${type}`;
  const attribute = Object.getOwnPropertyDescriptor({
    get [name]() {
      webidl.assertBranded(this, prototype);
      return this[slot]?.value ?? null;
    },
    set [name](value) {
      webidl.assertBranded(this, prototype);
      if (typeof value !== "function" && typeof value !== "object") value = null;
      const handler = this[slot];
      if (handler !== undefined) handler.value = value;
      else if (value !== null) this[slot] = addHandler(this, type, value);
    },
  }, name);
  Object.defineProperty(prototype, name, { __proto__: null, ...attribute });
}

function addHandler(target, type, value) {
  const listenerCount = target[eventTargetData]?.listeners[type]?.length ?? 0;
  const handler = new Handler(value, listenerCount === 0);
  if (!handler.isFirst) addEventListener.call(target, type, handler);
  return handler;
}

/** @returns {Handler | undefined} the handler that runs before the listeners of a target */
export function firstHandler(target, type) {
  const handler = target[slots[type]];
  return handler?.isFirst && handler.value !== null ? handler : undefined;
}

/** https://html.spec.whatwg.org/#the-event-handler-processing-algorithm */
export function runHandler({ value }, target, fired) {
  if (typeof value === "function" && value.call(target, fired) === false) fired.preventDefault();
}
