// Environment settings objects: for whom a script runs. A scope has its own; each frame in a page has another.

// Scripts that are loaded later ask for it here, whatever the global has by then.
const { WeakMap } = globalThis;

/** https://html.spec.whatwg.org/multipage/webappapis.html#environment-settings-object */
export class Environment {
  /** The host's number for the frame; 0 stands for the scope itself. */
  number;
  /** What relative addresses are resolved against. */
  url;
  /** The global object, or what takes its place for a frame. */
  global;
  /** The serialised origin of a frame: an address without one has that of the page that it was opened from. */
  origin;
  /** The one around a frame's. */
  parent;
  /** Whether the global is a service worker's. */
  isServiceWorker = false;
  /**
   * Shows another address in the frame: who asks, where to, and whether it is a reload. Gives the frame.
   *
   * @type {(asking: Environment, address: string, isReload: boolean) => Promise<Frame>}
   */
  navigate;

  constructor(number, url, global) {
    this.number = number;
    this.url = url;
    this.global = global;
  }
}

/** The scope's own. */
export const ownEnvironment = new Environment(0, undefined, globalThis);

const frames = new Map();
let current = ownEnvironment;

/** The environment that the running script speaks for. */
export function currentEnvironment() {
  return current;
}

/** Calls a function that speaks for an environment, to its end or to its first wait. */
export function runIn(environment, steps) {
  const before = current;
  current = environment;
  try {
    return steps();
  } finally {
    current = before;
  }
}

/**
 * Gives the one value that each environment has of a kind.
 *
 * @template T
 * @param {(environment: Environment) => T} make
 * @returns {(environment: Environment) => T}
 */
export function perEnvironment(make) {
  const made = new WeakMap();
  return (environment) => {
    let value = made.get(environment);
    if (value === undefined) {
      value = make(environment);
      made.set(environment, value);
    }
    return value;
  };
}

/** From here the host's news for a frame reach its environment. */
export function addFrame(environment) {
  frames.set(environment.number, environment);
}

/** The frame is gone. */
export function removeFrame(environment) {
  frames.delete(environment.number);
}

/** How many frames lie in the window of an environment. */
export function framesIn(environment) {
  let count = 0;
  for (const { parent } of frames.values()) {
    if (parent === environment) count += 1;
  }
  return count;
}

/** The environment with the host's number; `undefined` if it is gone. */
export function environmentOf(number) {
  return number === 0 ? ownEnvironment : frames.get(number);
}
