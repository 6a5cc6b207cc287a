// Request: Deno's class with the checks of the constructor that it leaves out, and the attributes that it lacks.

import {
  location,
  primordials,
  request,
  streams,
  url,
  webidl,
} from "ext:landfall_platform/platform.js";
import { nameGetters } from "ext:sw_fetch/body.js";
import { copyGuard, guardRequestHeaders } from "ext:sw_fetch/header_guard.js";

const {
  FunctionPrototypeCall,
  ObjectDefineProperties,
  ObjectDefineProperty,
  ObjectGetOwnPropertyDescriptors,
  ObjectKeys,
  ObjectPrototypeIsPrototypeOf,
  ReflectConstruct,
  TypeError,
} = primordials;
const { RequestPrototype, toInnerRequest } = request;
const ReadableStreamPrototype = streams.ReadableStream.prototype;
const DenoRequest = request.Request;
const cloneInner = RequestPrototype.clone;

const PREFIX = "Failed to construct 'Request'";

/**
 * https://fetch.spec.whatwg.org/#dom-request
 *
 * A function and no class: it shares its prototype with Deno's, which makes requests too.
 */
export function Request(input, init = undefined) {
  if (new.target === undefined) {
    throw new TypeError("Class constructor Request cannot be invoked without 'new'");
  }
  const made = ReflectConstruct(DenoRequest, arguments, new.target);
  const inner = toInnerRequest(made);
  if (!ObjectPrototypeIsPrototypeOf(RequestPrototype, input)) checkAddress(inner);
  if (init === undefined || init === null || ObjectKeys(init).length === 0) return made;
  checkInit(init, inner);
  guardRequestHeaders(made.headers, inner.mode === "no-cors");
  return made;
}
ObjectDefineProperty(Request, "prototype", {
  __proto__: null,
  value: RequestPrototype,
  writable: false,
});
ObjectDefineProperty(RequestPrototype, "constructor", {
  __proto__: null,
  value: Request,
  writable: true,
  configurable: true,
  enumerable: false,
});

/** "If parsedURL includes credentials, then throw a TypeError." */
function checkAddress(inner) {
  const address = new url.URL(inner.url());
  if (address.username !== "" || address.password !== "") {
    throw new TypeError(`${PREFIX}: the URL '${address.href}' has a user name or a password`);
  }
}

/** What of `init` Deno takes without looking. */
function checkInit(init, inner) {
  if (init.window !== undefined && init.window !== null) {
    throw new TypeError(`${PREFIX}: 'window' can only be null`);
  }
  if (inner.mode === "navigate") inner.mode = "same-origin";
  const isSimple = inner.method === "GET" || inner.method === "HEAD" || inner.method === "POST";
  if (inner.mode === "no-cors" && !isSimple) {
    throw new TypeError(`${PREFIX}: '${inner.method}' is not allowed in mode 'no-cors'`);
  }
  if (inner.keepalive && isStreamed(inner.body)) {
    throw new TypeError(`${PREFIX}: a stream cannot be sent with 'keepalive'`);
  }
  if (init.referrer !== undefined && isForeign(inner.referrer)) inner.referrer = "client";
}

/** Whether a body is a stream of the script's, which nobody can read twice. */
function isStreamed(body) {
  return body !== null && body.source === null &&
    ObjectPrototypeIsPrototypeOf(ReadableStreamPrototype, body.streamOrStatic);
}

function isForeign(referrer) {
  if (referrer === "client" || referrer === "no-referrer") return false;
  return new url.URL(referrer).origin !== new url.URL(location.getLocationHref()).origin;
}

const attributes = {
  /** https://fetch.spec.whatwg.org/#dom-request-destination */
  get destination() {
    webidl.assertBranded(this, RequestPrototype);
    return toInnerRequest(this).destination ?? "";
  },
  /** Nothing here has a history. */
  get isHistoryNavigation() {
    webidl.assertBranded(this, RequestPrototype);
    return false;
  },
  get isReloadNavigation() {
    webidl.assertBranded(this, RequestPrototype);
    return toInnerRequest(this).isReload ?? false;
  },
  clone() {
    const copy = FunctionPrototypeCall(cloneInner, this);
    const [from, to] = [toInnerRequest(this), toInnerRequest(copy)];
    to.destination = from.destination;
    to.isReload = from.isReload;
    copyGuard(this.headers, copy.headers);
    return copy;
  },
};
ObjectDefineProperties(RequestPrototype, ObjectGetOwnPropertyDescriptors(attributes));
nameGetters(RequestPrototype);
