// What the methods of Cache and CacheStorage are asked for: requests and options, checked the Web IDL way.

import { primordials, request as requests, webidl } from "ext:landfall_platform/platform.js";

const { ObjectPrototypeIsPrototypeOf, RegExpPrototypeTest, SafeRegExp, TypeError } = primordials;
const HTTP_URL = new SafeRegExp("^https?:");

const cacheQueryOptions = [
  { key: "ignoreSearch", converter: webidl.converters.boolean, defaultValue: false },
  { key: "ignoreMethod", converter: webidl.converters.boolean, defaultValue: false },
  { key: "ignoreVary", converter: webidl.converters.boolean, defaultValue: false },
];

/** https://w3c.github.io/ServiceWorker/#dictdef-cachequeryoptions */
export const toCacheQueryOptions = webidl.createDictionaryConverter(
  "CacheQueryOptions",
  cacheQueryOptions,
);

/** https://w3c.github.io/ServiceWorker/#dictdef-multicachequeryoptions */
export const toMultiCacheQueryOptions = webidl.createDictionaryConverter(
  "MultiCacheQueryOptions",
  cacheQueryOptions,
  [{ key: "cacheName", converter: webidl.converters.DOMString }],
);

export const toRequestInfo = webidl.converters.RequestInfo_DOMString;

export const toRequestInfos = webidl.createSequenceConverter(toRequestInfo);

/**
 * @param {Request | string} info
 * @returns {object} Deno's inner request
 */
export function innerRequestOf(info) {
  return requests.toInnerRequest(isRequest(info) ? info : new requests.Request(info));
}

/** @param {Request | string} info */
export function isRequest(info) {
  return ObjectPrototypeIsPrototypeOf(requests.RequestPrototype, info);
}

/**
 * The arguments of match() and delete(): a request, and options.
 *
 * @param {IArguments} methodArguments
 * @param {string} prefix the beginning of messages
 * @param {typeof toCacheQueryOptions} toOptions
 * @returns {{ query: object | null, options: object }} see `queryOf`
 */
export function toQuery(methodArguments, prefix, toOptions = toCacheQueryOptions) {
  webidl.requiredArguments(methodArguments.length, 1, prefix);
  const request = toRequestInfo(methodArguments[0], prefix, "Argument 1");
  const options = toOptions(methodArguments[1], prefix, "Argument 2");
  return { query: queryOf(request, options), options };
}

/**
 * The arguments of matchAll() and keys().
 *
 * @returns {object | null | undefined} the query; null if nothing can answer, undefined to get everything
 */
export function toOptionalQuery(request, options, prefix) {
  if (request !== undefined) request = toRequestInfo(request, prefix, "Argument 1");
  options = toCacheQueryOptions(options, prefix, "Argument 2");
  return request === undefined ? undefined : queryOf(request, options);
}

/**
 * @param {Request | string} info
 * @param {{ ignoreSearch: boolean, ignoreMethod: boolean, ignoreVary: boolean }} options
 * @returns {object | null} `CacheQuery` in Rust, or null if no entry can answer: only GET is ever kept
 */
function queryOf(info, options) {
  const inner = innerRequestOf(info);
  if (inner.method !== "GET" && !options.ignoreMethod) return null;
  return {
    url: inner.url(),
    headers: inner.headerList,
    ignore_search: options.ignoreSearch,
    ignore_vary: options.ignoreVary,
  };
}

/**
 * Refuses a request that no cache keeps.
 *
 * @param {object} inner Deno's inner request
 * @param {string} prefix the beginning of the error's message
 */
export function checkStorable(inner, prefix) {
  const url = inner.url();
  if (!RegExpPrototypeTest(HTTP_URL, url)) {
    throw new TypeError(`${prefix}: the scheme of '${url}' is not supported, only http and https are`);
  }
  if (inner.method !== "GET") {
    throw new TypeError(
      `${prefix}: the request method '${inner.method}' of '${url}' is not supported, only GET is`,
    );
  }
}
