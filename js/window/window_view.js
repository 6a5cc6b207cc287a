// A window as the scripts of another environment see it: whole within their origin, next to nothing across origins.

import { environmentOf, framesIn, perEnvironment } from "ext:landfall_platform/environment.js";
import { DOMException, originOf, primordials } from "ext:landfall_platform/platform.js";
import { op_frame_focus } from "ext:core/ops";
import { goTo } from "ext:sw_window/frame_location.js";
import { postMessageTo } from "ext:sw_window/post_message.js";

const { ObjectDefineProperty, ReflectGet, ReflectGetOwnPropertyDescriptor, ReflectHas } = primordials;

/** https://html.spec.whatwg.org/multipage/nav-history-apis.html#crossoriginpropertyfallback-(-p-) */
const OF_ANY_OBJECT = ["then", Symbol.toStringTag, Symbol.hasInstance, Symbol.isConcatSpreadable];

const viewsOf = perEnvironment(() => new WeakMap());

/** https://html.spec.whatwg.org/multipage/browsers.html#same-origin: an opaque one is like no other. */
export function isSameOrigin(one, other) {
  const origin = originOf(one);
  return one === other || origin !== "null" && origin === originOf(other);
}

/** The window of one environment as another sees it: always the same object, and what it is sent comes from there. */
export function windowAsSeen(seen, seeing) {
  const views = viewsOf(seeing);
  let view = views.get(seen);
  if (view === undefined) {
    view = isSameOrigin(seen, seeing) ? wholeWindow(seen, seeing) : crossOriginWindow(seen, seeing);
    views.set(seen, view);
  }
  return view;
}

export function topOf(environment) {
  return environment.parent === undefined ? environment : topOf(environment.parent);
}

const posting = (seen, seeing) => (...values) =>
  postMessageTo(seen, seeing, windowAsSeen(seeing, seen), values);

function wholeWindow(seen, seeing) {
  const { global } = seen;
  // To itself, and to the one around it, it is what it is.
  if (seen === seeing || seen.parent === seeing) return global;
  const postMessage = posting(seen, seeing);
  const get = (target, name) => name === "postMessage" ? postMessage : ReflectGet(target, name);
  return new Proxy(global, { __proto__: null, get });
}

/**
 * https://html.spec.whatwg.org/multipage/nav-history-apis.html#crossoriginproperties-(-o-)
 *
 * Differs from the spec: the frames inside of it are not among its properties.
 */
function crossOriginWindow(seen, seeing) {
  const view = (environment) => windowAsSeen(environment, seeing);
  const location = crossOriginObject({
    set href(address) {
      goTo(seen, seeing, address);
    },
    replace: (address) => goTo(seen, seeing, address),
  });
  return crossOriginObject({
    get window() {
      return view(seen);
    },
    get self() {
      return view(seen);
    },
    get frames() {
      return view(seen);
    },
    get parent() {
      return view(seen.parent ?? seen);
    },
    get top() {
      return view(topOf(seen));
    },
    get opener() {
      return null;
    },
    get location() {
      return location;
    },
    set location(address) {
      goTo(seen, seeing, address);
    },
    get closed() {
      return environmentOf(seen.number) !== seen;
    },
    get length() {
      return framesIn(seen);
    },
    // Only a window that a script opened is closed by one.
    close() {},
    focus() {
      op_frame_focus(seen.number);
    },
    blur() {},
    postMessage: posting(seen, seeing),
  });
}

/** An object that has these properties for scripts of other origins; whatever else they try is refused. */
function crossOriginObject(properties) {
  const target = { __proto__: null };
  for (const name of OF_ANY_OBJECT) {
    ObjectDefineProperty(target, name, { __proto__: null, value: undefined, configurable: true });
  }
  for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(properties))) {
    const { value, get, set } = descriptor;
    const kind = value === undefined ? { get, set } : { value };
    ObjectDefineProperty(target, name, { __proto__: null, ...kind, configurable: true });
  }
  const refuse = (name) => {
    throw new DOMException(
      `'${String(name)}' of a window of another origin is not accessible`,
      "SecurityError",
    );
  };
  const find = (name) => ReflectGetOwnPropertyDescriptor(target, name) ?? refuse(name);
  return new Proxy(target, {
    __proto__: null,
    getOwnPropertyDescriptor: (_, name) => find(name),
    has: (_, name) => ReflectHas(target, name) || refuse(name),
    get(_, name) {
      const { value, get, set } = find(name);
      if (get !== undefined) return get();
      return set === undefined ? value : refuse(name);
    },
    set(_, name, value) {
      const { set } = find(name);
      if (set === undefined) refuse(name);
      set(value);
      return true;
    },
    defineProperty: (_, name) => refuse(name),
    deleteProperty: (_, name) => refuse(name),
    setPrototypeOf: (_, prototype) => prototype === null,
    preventExtensions: () => false,
  });
}
