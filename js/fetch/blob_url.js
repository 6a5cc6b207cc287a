// fetch() of a blob: address, which never leaves the scope.

import {
  body as bodies,
  primordials,
  response as responses,
} from "ext:landfall_platform/platform.js";

const { String, StringPrototypeStartsWith, TypeError } = primordials;

/**
 * https://fetch.spec.whatwg.org/#scheme-fetch
 *
 * @param {object} request Deno's inner request
 * @returns {object | null} Deno's inner response, or null for another scheme
 */
export function fetchBlobUrl(request) {
  const url = request.currentUrl();
  if (!StringPrototypeStartsWith(url, "blob:")) return null;
  const blob = request.blobUrlEntry;
  if (blob === null) {
    throw new TypeError(`Failed to fetch: ${url}: no such blob, or it was revoked`);
  }
  if (request.method !== "GET") {
    throw new TypeError(`Failed to fetch: ${url}: blob URLs answer only GET`);
  }
  const response = responses.newInnerResponse(200, "OK");
  response.type = "basic";
  response.urlList = [url];
  response.headerList = [
    ["content-length", String(blob.size)],
    ["content-type", blob.type],
  ];
  response.body = new bodies.InnerBody(blob.stream());
  return response;
}
