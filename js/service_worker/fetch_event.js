// FetchEvent: a controlled client asks for something, the worker may answer.

import {
  DOMException,
  primordials,
  request,
  response,
  webidl,
} from "ext:landfall_platform/platform.js";
import {
  addLifetimePromise,
  ExtendableEvent,
  isDispatching,
} from "ext:sw_service_worker/extendable_event.js";

const { PromisePrototypeThen, PromiseReject, PromiseResolve } = primordials;

/** @type {(event: FetchEvent) => Promise<unknown> | null} what respondWith was given, or null */
export let answerOf;
/** @type {(event: FetchEvent, hasFailed: boolean) => void} settles `handled` */
export let settleHandled;
/** @type {(event: FetchEvent, load: () => Promise<Response>) => void} what gives `preloadResponse` when it is asked for */
export let providePreload;

/** https://w3c.github.io/ServiceWorker/#fetchevent-interface */
export class FetchEvent extends ExtendableEvent {
  #request;
  #clientId;
  #resultingClientId;
  #replacesClientId;
  #preloadResponse;
  #answer = null;
  /** Made when a script asks for it, as hardly any does: `Promise.withResolvers()`. */
  #handled = null;
  #isOver = false;
  #hasFailed = false;

  /** Gives `preloadResponse` when a script asks for it first. */
  #preload = null;

  static {
    providePreload = (event, load) => {
      event.#preload = load;
    };
    answerOf = (event) => event.#answer;
    settleHandled = (event, hasFailed) => {
      event.#isOver = true;
      event.#hasFailed = hasFailed;
      if (event.#handled !== null) event.#settleHandled();
    };
  }

  #settleHandled() {
    if (!this.#hasFailed) {
      this.#handled.resolve(undefined);
      return;
    }
    const { url } = this.#request;
    this.#handled.reject(new DOMException(`There is no answer for ${url}.`, "NetworkError"));
  }

  constructor(type, init) {
    const prefix = "Failed to construct 'FetchEvent'";
    webidl.requiredArguments(arguments.length, 2, prefix);
    super(type, init);
    if (!(init?.request instanceof request.Request)) {
      throw new TypeError(`${prefix}: 'request' of FetchEventInit is not a Request`);
    }
    this.#request = init.request;
    this.#clientId = text(init.clientId);
    this.#resultingClientId = text(init.resultingClientId);
    this.#replacesClientId = text(init.replacesClientId);
    this.#preloadResponse = init.preloadResponse;
    if (init.handled !== undefined) this.#handled = { promise: PromiseResolve(init.handled) };
  }

  get request() {
    webidl.assertBranded(this, FetchEventPrototype);
    return this.#request;
  }

  get clientId() {
    webidl.assertBranded(this, FetchEventPrototype);
    return this.#clientId;
  }

  get resultingClientId() {
    webidl.assertBranded(this, FetchEventPrototype);
    return this.#resultingClientId;
  }

  get replacesClientId() {
    webidl.assertBranded(this, FetchEventPrototype);
    return this.#replacesClientId;
  }

  get preloadResponse() {
    return promiseOf(this, () => this.#whenPreloaded());
  }

  #whenPreloaded() {
    if (this.#preload !== null) {
      this.#preloadResponse = this.#preload();
      this.#preload = null;
      // Nobody has to look at it: its rejection is not an unhandled one.
      PromisePrototypeThen(this.#preloadResponse, undefined, () => {});
    }
    // The same promise each time: a promise is its own resolution.
    return this.#preloadResponse = PromiseResolve(this.#preloadResponse);
  }

  get handled() {
    return promiseOf(this, () => this.#whenHandled());
  }

  #whenHandled() {
    if (this.#handled === null) {
      this.#handled = Promise.withResolvers();
      // Nobody has to look at it: its rejection is not an unhandled one.
      PromisePrototypeThen(this.#handled.promise, undefined, () => {});
      if (this.#isOver) this.#settleHandled();
    }
    return this.#handled.promise;
  }

  /** https://w3c.github.io/ServiceWorker/#fetch-event-respondwith */
  respondWith(answer) {
    webidl.assertBranded(this, FetchEventPrototype);
    const prefix = "Failed to execute 'respondWith' on 'FetchEvent'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    if (!isDispatching(this)) {
      throw new DOMException(
        `${prefix}: The event handler is already finished.`,
        "InvalidStateError",
      );
    }
    if (this.#answer !== null) {
      throw new DOMException(
        `${prefix}: respondWith() was already called.`,
        "InvalidStateError",
      );
    }
    const promise = PromiseResolve(answer);
    addLifetimePromise(this, promise);
    this.stopImmediatePropagation();
    this.#answer = promise;
  }
}
webidl.configureInterface(FetchEvent);

/** A member of FetchEventInit that is a string. */
function text(member) {
  return member === undefined ? "" : String(member);
}

/** An attribute that is a promise tells of a wrong receiver by its rejection. */
function promiseOf(receiver, read) {
  try {
    webidl.assertBranded(receiver, FetchEventPrototype);
    return read();
  } catch (error) {
    return PromiseReject(error);
  }
}
const FetchEventPrototype = FetchEvent.prototype;

/**
 * The response a handler's answer stands for, or what is wrong with it.
 *
 * @param {unknown} answer what the promise given to respondWith() was fulfilled with
 * @param {Request} asked its address is for the message
 * @returns {Response}
 */
export function checkAnswer(answer, asked) {
  const refuse = (reason) => {
    throw new TypeError(`respondWith() for ${asked.url} was given ${reason}`);
  };
  if (answer === undefined) {
    refuse("undefined, not a Response: caches.match() finds nothing so, and so ends a function that returns nothing");
  }
  if (!(answer instanceof response.Response)) {
    refuse(`${answer === null ? "null" : `a value of type ${typeof answer}`}, not a Response`);
  }
  if (answer.type === "error") refuse("Response.error(), which stands for a network error");
  if (answer.bodyUsed) refuse("a Response whose body is already used: read a clone() of it");
  // `answer.body` would make a stream of a body that is all there.
  if (response.toInnerResponse(answer).body?.unusable()) refuse("a Response whose body is locked");
  return answer;
}
