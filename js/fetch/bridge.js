// Requests and responses between a script's objects and the plain data of src/web/fetch_bridge.rs.
// Used by fetch(), and by whoever carries a request into a worker and its response back.

import {
  body as bodies,
  core,
  file,
  primordials,
  request as requests,
  response as responses,
  streams,
} from "ext:landfall_platform/platform.js";
import { filter, unfilter } from "ext:sw_fetch/filtered_response.js";
import { NativeRequest } from "ext:sw_fetch/native_request.js";

const { ObjectPrototypeIsPrototypeOf, TypeError, Uint8Array } = primordials;
const BlobPrototype = file.Blob.prototype;

/**
 * @typedef {{ bytes: Uint8Array | null, rid: number | null, length?: number | null }} NativeBody
 * @typedef {{ head: object, body: NativeBody }} NativeMessage
 */

/**
 * Takes a body from a script; it counts as used from then on.
 *
 * @param {object | null} inner Deno's InnerBody
 * @returns {NativeBody}
 */
function bodyToNative(inner) {
  if (inner === null) return { bytes: null, rid: null };
  if (inner.unusable()) throw new TypeError("Body is locked or already used");
  const held = inner.streamOrStatic;
  if (held.consumed === false) {
    held.consumed = true;
    const bytes = typeof held.body === "string" ? core.encode(held.body) : held.body;
    return { bytes, rid: null };
  }
  const stream = inner.stream;
  const backing = streams.getReadableStreamResourceBacking(stream);
  if (!backing) {
    const length = inner.length;
    return { bytes: null, rid: streams.resourceForReadableStream(stream), length };
  }
  // Came from the network and nobody has read it: it goes on without passing through the script.
  markAsUsed(stream);
  return { bytes: null, rid: backing.rid };
}

/**
 * Takes a body from a script that is a Blob, as forms are too; it counts as used from then on.
 *
 * @param {object | null} inner Deno's InnerBody
 * @param {number} limit in bytes
 * @returns {Blob | null} null for other bodies, and for larger ones
 */
export function takeBlob(inner, limit) {
  const blob = inner?.source;
  const isBlob = ObjectPrototypeIsPrototypeOf(BlobPrototype, blob) && blob.size <= limit;
  if (!isBlob || inner.unusable()) return null;
  markAsUsed(inner.stream);
  return blob;
}

function markAsUsed(stream) {
  streams.acquireReadableStreamDefaultReader(stream);
  streams.readableStreamDisturb(stream);
}

/**
 * @param {NativeBody} native
 * @param {(() => void) | undefined} onClose called when the last byte was read or the stream was cancelled
 * @returns {object | null} Deno's InnerBody
 */
function bodyFromNative({ bytes, rid }, onClose) {
  if (rid !== null) {
    const stream = streams.readableStreamForRid(rid, true, undefined, undefined, onClose);
    return new bodies.InnerBody(stream);
  }
  if (bytes === null) return null;
  if (bytes.byteLength === 0) {
    // Deno would give whoever reads it a chunk without bytes.
    const stream = new streams.ReadableStream();
    streams.readableStreamClose(stream);
    return new bodies.InnerBody(stream);
  }
  const inner = new bodies.InnerBody({ body: bytes, consumed: false });
  inner.source = bytes;
  inner.length = new Uint8Array(bytes.buffer).byteLength;
  return inner;
}

/**
 * @param {object} inner Deno's inner request, from `toInnerRequest`; its body is used up
 * @returns {NativeMessage} for `ScriptRequest` in Rust
 */
export function requestToNative(inner) {
  return requestWithBody(inner, bodyToNative(inner.body));
}

/**
 * @param {object} inner Deno's inner request
 * @param {NativeBody} body in the place of its own
 * @returns {NativeMessage} for `ScriptRequest` in Rust
 */
export function requestWithBody(inner, body) {
  return {
    head: {
      method: inner.method,
      url: inner.currentUrl(),
      headers: inner.headerList,
      mode: inner.mode ?? "cors",
      credentials: inner.credentialsMode ?? "same-origin",
      redirect: inner.redirectMode,
      cache: inner.cacheMode ?? "default",
      referrer: inner.referrer ?? "client",
      referrerPolicy: inner.referrerPolicy ?? "",
      integrity: inner.integrity ?? "",
      keepalive: inner.keepalive ?? false,
      destination: inner.destination ?? "",
      isReload: inner.isReload ?? false,
    },
    body,
  };
}

/**
 * @param {string} head the request but for its body, see native_request.js
 * @param {string} integrity
 * @param {NativeBody | null} body
 * @returns {Request} with headers that cannot be changed, as events give it
 */
export function requestFromNative(head, integrity, body) {
  const innerBody = body === null ? null : bodyFromNative(body);
  return requests.fromInnerRequest(new NativeRequest(head, integrity, innerBody), "immutable");
}

/**
 * The text that a response is made of, if that is all there is to its body; it counts as used from then on.
 *
 * @param {Response} response
 * @returns {{ status: number, headers: string, text: string } | null} headers as lines, name and value in turn
 */
export function responseOfText(response) {
  const inner = responses.toInnerResponse(response);
  const held = inner.body?.streamOrStatic;
  if (
    typeof held?.body !== "string" || inner.type !== "default" || inner.urlList.length > 0 ||
    inner.statusMessage !== ""
  ) return null;
  held.consumed = true;
  let headers = "";
  for (let index = 0; index < inner.headerList.length; index++) {
    const header = inner.headerList[index];
    headers += `${header[0]}\n${header[1]}\n`;
  }
  return { status: inner.status, headers, text: held.body };
}

/**
 * @param {Response} response its body is used up
 * @returns {NativeMessage} for `ScriptResponse` in Rust
 */
export function responseToNative(response) {
  const inner = unfilter(responses.toInnerResponse(response));
  return {
    head: {
      kind: inner.type,
      urlList: inner.urlList,
      status: inner.status,
      statusText: inner.statusMessage,
      headers: inner.headerList,
    },
    body: bodyToNative(inner.body),
  };
}

/**
 * @param {NativeMessage} native `NativeResponse` of Rust
 * @param {(() => void) | undefined} onBodyClosed called when the body is read to its end or cancelled
 * @returns {object} Deno's inner response, for `fromInnerResponse`
 */
export function innerResponseFromNative({ head, body }, onBodyClosed) {
  const inner = responses.newInnerResponse(head.status, head.statusText);
  inner.type = head.kind;
  inner.urlList = head.urlList;
  inner.headerList = head.headers;
  inner.body = bodyFromNative(body, onBodyClosed);
  // Headers still describe the body as it was sent, the body is decoded.
  inner.bodyDecoded = true;
  return filter(inner);
}

/**
 * @param {NativeMessage} native `NativeResponse` of Rust
 * @returns {Response} with headers that cannot be changed, as fetch() gives it
 */
export function responseFromNative(native) {
  return responses.fromInnerResponse(innerResponseFromNative(native), "immutable");
}
