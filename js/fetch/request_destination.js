// Request.destination, which Deno's Request does not have and routers of service workers ask for.

import { primordials, request, webidl } from "ext:landfall_platform/platform.js";

const { FunctionPrototypeCall, ObjectDefineProperty } = primordials;
const { RequestPrototype, toInnerRequest } = request;
const cloneWithoutDestination = RequestPrototype.clone;

ObjectDefineProperty(RequestPrototype, "destination", {
  __proto__: null,
  /** https://fetch.spec.whatwg.org/#dom-request-destination */
  get() {
    webidl.assertBranded(this, RequestPrototype);
    return toInnerRequest(this).destination ?? "";
  },
  configurable: true,
  enumerable: true,
});

ObjectDefineProperty(RequestPrototype, "clone", {
  __proto__: null,
  value: function clone() {
    const copy = FunctionPrototypeCall(cloneWithoutDestination, this);
    toInnerRequest(copy).destination = toInnerRequest(this).destination;
    return copy;
  },
  writable: true,
  configurable: true,
  enumerable: true,
});
