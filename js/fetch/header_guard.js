// The guard of a request's headers (https://fetch.spec.whatwg.org/#concept-headers-guard): what a script cannot write
// there. Deno's Headers knows only "immutable". Which names and values are allowed is decided in src/network.

import { headers, infra, primordials, webidl } from "ext:landfall_platform/platform.js";
import { op_fetch_may_set_header } from "ext:core/ops";

const {
  ArrayPrototypePush,
  ArrayPrototypeSplice,
  ObjectDefineProperty,
  ReflectApply,
  SafeArrayIterator,
  SafeWeakSet,
} = primordials;
const { getHeader, guardFromHeaders, headerListFromHeaders } = headers;
const HeadersPrototype = headers.Headers.prototype;
const { ByteString } = webidl.converters;

/** Those of requests of mode "no-cors", whose guard is "request-no-cors". */
const ofNoCors = new SafeWeakSet();

/**
 * Puts a request's headers under its guard, and takes out what may not be there.
 *
 * @param {Headers} target of a request
 * @param {boolean} isNoCors whether that is the request's mode
 */
export function guardRequestHeaders(target, isNoCors) {
  if (isNoCors) ofNoCors.add(target);
  const list = headerListFromHeaders(target);
  const given = ArrayPrototypeSplice(list, 0, list.length);
  for (const header of new SafeArrayIterator(given)) {
    if (checks.append(target, header[0], header[1])) ArrayPrototypePush(list, header);
  }
}

/**
 * Headers of a copied request are under the guard of the original.
 *
 * @param {Headers} original
 * @param {Headers} copy
 */
export function copyGuard(original, copy) {
  if (ofNoCors.has(original)) ofNoCors.add(copy);
}

const mayHave = (target, name, value) => op_fetch_may_set_header(name, value, ofNoCors.has(target));

/** What a method of Headers is asked first; if the answer is no, it does nothing and says nothing. */
const checks = {
  __proto__: null,
  append(target, name, value) {
    const before = ofNoCors.has(target) ? getHeader(headerListFromHeaders(target), name) : null;
    const added = infra.httpTrim(value);
    return mayHave(target, name, before === null ? added : `${before}, ${added}`);
  },
  set: (target, name, value) => mayHave(target, name, infra.httpTrim(value)),
  delete: (target, name) => mayHave(target, name, null),
};

for (const name of ["append", "set", "delete"]) {
  const method = HeadersPrototype[name];
  const { [name]: guarded } = {
    [name](...values) {
      webidl.assertBranded(this, HeadersPrototype);
      const prefix = `Failed to execute '${name}' on 'Headers'`;
      webidl.requiredArguments(values.length, method.length, prefix);
      for (let i = 0; i < method.length; i++) {
        values[i] = ByteString(values[i], prefix, `Argument ${i + 1}`);
      }
      const isFree = guardFromHeaders(this) !== "request";
      if (isFree || checks[name](this, values[0], values[1])) ReflectApply(method, this, values);
    },
  };
  ObjectDefineProperty(guarded, "length", { __proto__: null, value: method.length });
  ObjectDefineProperty(HeadersPrototype, name, { __proto__: null, value: guarded });
}
