// Filtered responses: what a script sees of a response whose inside it must not know.
// The inside stays with it, for whoever may use it: a cache, a page, a client outside.

import { primordials, response as responses } from "ext:landfall_platform/platform.js";

const { ObjectDefineProperty, ObjectGetOwnPropertyDescriptor, SafeWeakMap, uncurryThis } = primordials;

/** Filtered inner response to internal response. No property: scripts can list the symbols of a Response. */
const internals = new SafeWeakMap();

/**
 * https://fetch.spec.whatwg.org/#concept-filtered-response-opaque and the one after it.
 * Of the other types only headers are hidden, which the network has taken out already.
 *
 * @param {object} internal Deno's inner response
 * @returns {object} Deno's inner response as a script may have it
 */
export function filter(internal) {
  if (internal.type !== "opaque" && internal.type !== "opaqueredirect") return internal;
  const filtered = responses.newInnerResponse(0, "");
  filtered.type = internal.type;
  if (internal.type === "opaqueredirect") filtered.urlList = internal.urlList;
  internals.set(filtered, internal);
  return filtered;
}

/**
 * @param {object} inner Deno's inner response
 * @returns {object} its internal response, or itself if nothing is hidden
 */
export function unfilter(inner) {
  return internals.get(inner) ?? inner;
}

// A clone has an inside of its own.
const { prototype } = responses.Response;
const descriptor = ObjectGetOwnPropertyDescriptor(prototype, "clone");
const cloneFiltered = uncurryThis(descriptor.value);
descriptor.value = {
  clone() {
    const copy = cloneFiltered(this);
    const internal = internals.get(responses.toInnerResponse(this));
    if (internal !== undefined) {
      internals.set(responses.toInnerResponse(copy), {
        ...internal,
        body: internal.body === null ? null : internal.body.clone(),
      });
    }
    return copy;
  },
}.clone;
ObjectDefineProperty(prototype, "clone", descriptor);
