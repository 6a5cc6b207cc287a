// ExtendableEvent, and the count of promises that keeps an event alive.
// Uses protected intrinsics: a script that patches Promise.prototype.then must not hold or free a lifetime.

import {
  DOMException,
  event,
  primordials,
  webidl,
} from "ext:landfall_platform/platform.js";

/** https://dom.spec.whatwg.org/#dictdef-eventinit, as Deno's Web IDL takes it. */
const EVENT_INIT = ["bubbles", "cancelable", "composed"].map((key) => (
  { key, defaultValue: false, converter: webidl.converters.boolean }
));

/**
 * The converter of a dictionary that inherits ExtendableEventInit, which has what EventInit has.
 *
 * @param {string} name
 * @param {object[]} members as Deno's Web IDL takes them
 */
export function createEventInitConverter(name, members) {
  return webidl.createDictionaryConverter(name, EVENT_INIT, members);
}

const { PromisePrototypeThen, PromiseResolve, queueMicrotask } = primordials;

/**
 * How long one dispatched event lives: the "extend lifetime promises", their pending count, the dispatch flag and the
 * timed out flag of https://w3c.github.io/ServiceWorker/#extendableevent-interface
 */
export class EventLifetime {
  /** How many promises were added. */
  extensions = 0;
  /** Whether it is over. */
  isSettled = false;
  /** What is to be done when nobody wants the event's answer any more; only a `fetch` event has one. */
  giveUp = null;
  /** What is left to do when it is over. */
  cleanUp = null;
  #pending = 0;
  #isDispatching = true;
  #isTimedOut = false;
  #rejection = null;
  #onDispatched = null;
  #onSettled;

  /** @param {(rejection: { reason: unknown } | null) => void} onSettled called once, when the event is over */
  constructor(onSettled) {
    this.#onSettled = onSettled;
  }

  /** https://w3c.github.io/ServiceWorker/#extendableevent-active */
  get isActive() {
    return !this.#isTimedOut && (this.#pending > 0 || this.#isDispatching);
  }

  /** The dispatch flag: set until the microtasks of the listeners have run. */
  get isDispatching() {
    return this.#isDispatching;
  }

  /** @param {() => void} steps called when the dispatch flag is unset */
  whenDispatched(steps) {
    this.#onDispatched = steps;
  }

  /** Adds a promise to wait for, even if it has settled already. */
  add(promise) {
    this.extensions++;
    this.#pending++;
    // The count falls one microtask after the promise settled, so that its first reaction may still extend.
    const release = () =>
      queueMicrotask(() => {
        this.#pending--;
        this.#settleIfOver();
      });
    PromisePrototypeThen(promise, release, (reason) => {
      this.#rejection ??= { reason };
      release();
    });
  }

  /** The microtask checkpoint after the dispatch is over. */
  endDispatch() {
    this.#isDispatching = false;
    this.#onDispatched?.();
    this.#settleIfOver();
  }

  /** The host gave up waiting: no promise may be added any more. */
  timeOut() {
    this.#isTimedOut = true;
  }

  #settleIfOver() {
    if (this.isSettled || this.#isDispatching || this.#pending > 0) return;
    this.isSettled = true;
    this.#onSettled(this.#rejection);
    this.cleanUp?.();
  }
}

/** @type {(event: ExtendableEvent, lifetime: EventLifetime) => void} */
export let attachLifetime;

/**
 * https://w3c.github.io/ServiceWorker/#extendableevent-active
 *
 * @type {(event: ExtendableEvent) => boolean}
 */
export let isActive;

/** @type {(event: ExtendableEvent) => boolean} whether listeners of the host's event, or their microtasks, still run */
export let isDispatching;

/**
 * https://w3c.github.io/ServiceWorker/#extendableevent-add-lifetime-promise
 *
 * @type {(event: ExtendableEvent, promise: unknown) => void}
 */
export let addLifetimePromise;

/** https://w3c.github.io/ServiceWorker/#extendableevent-interface */
export class ExtendableEvent extends event.Event {
  #lifetime = null;

  static {
    attachLifetime = (target, lifetime) => {
      target.#lifetime = lifetime;
    };
    isDispatching = (target) => target.#lifetime !== null && target.#lifetime.isDispatching;
    isActive = (target) => target.#lifetime !== null && target.#lifetime.isActive;
    addLifetimePromise = (target, promise) => {
      if (target.#lifetime === null) {
        throw new DOMException(
          "Can not call waitUntil on a script constructed ExtendableEvent.",
          "InvalidStateError",
        );
      }
      if (!target.#lifetime.isActive) {
        throw new DOMException(
          "The event handler is already finished and no extend lifetime promises are outstanding.",
          "InvalidStateError",
        );
      }
      target.#lifetime.add(PromiseResolve(promise));
    };
  }

  constructor(type, init = {}) {
    const prefix = "Failed to construct 'ExtendableEvent'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    super(type, init);
    this[webidl.brand] = webidl.brand;
  }

  waitUntil(promise) {
    webidl.assertBranded(this, ExtendableEventPrototype);
    const prefix = "Failed to execute 'waitUntil' on 'ExtendableEvent'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    addLifetimePromise(this, promise);
  }
}
webidl.configureInterface(ExtendableEvent);
const ExtendableEventPrototype = ExtendableEvent.prototype;
