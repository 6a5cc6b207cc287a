// Requests and responses between a script's objects and the rows of a cache.
// The other half is src/storage/cache_storage/entry.rs.

import {
  body as bodies,
  core,
  primordials,
  request as requests,
  response as responses,
  streams,
} from "ext:landfall_platform/platform.js";
import { filter, unfilter } from "ext:sw_fetch/filtered_response.js";
import { op_cache_body_copy, op_cache_body_open, op_cache_body_write } from "ext:core/ops";

const { ObjectPrototypeIsPrototypeOf, TypeError, Uint8ArrayPrototype } = primordials;

/**
 * @param {object} inner Deno's inner request
 * @returns {object} `CachedRequest` in Rust
 */
function requestToRow(inner) {
  return {
    url: inner.url(),
    headers: inner.headerList,
    mode: inner.mode,
    credentials: inner.credentialsMode,
    cache: inner.cacheMode,
    redirect: inner.redirectMode,
    referrer: inner.referrer,
    referrer_policy: inner.referrerPolicy,
    integrity: inner.integrity,
    keepalive: inner.keepalive,
  };
}

/**
 * @param {object} row `CachedRequest` in Rust
 * @returns {Request} with headers that cannot be changed
 */
export function requestFromRow(row) {
  const inner = requests.newInnerRequest("GET", row.url, () => row.headers, null, false);
  inner.mode = row.mode ?? undefined;
  inner.credentialsMode = row.credentials ?? undefined;
  inner.cacheMode = row.cache ?? undefined;
  inner.redirectMode = row.redirect ?? "follow";
  inner.referrer = row.referrer ?? undefined;
  inner.referrerPolicy = row.referrer_policy ?? undefined;
  inner.integrity = row.integrity ?? undefined;
  inner.keepalive = row.keepalive ?? undefined;
  return requests.fromInnerRequest(inner, "immutable");
}

/**
 * @param {object} inner Deno's inner response
 * @returns {object} `CachedResponse` in Rust
 */
function responseToRow(inner) {
  return {
    kind: inner.type,
    url_list: inner.urlList,
    status: inner.status,
    status_text: inner.statusMessage,
    headers: inner.headerList,
    is_decoded: inner.bodyDecoded === true,
  };
}

/**
 * @param {{ response: object, body: object | null }} entry `ScriptEntry` in Rust
 * @returns {Response} with headers that cannot be changed
 */
export function responseFromEntry({ response, body }) {
  const inner = responses.newInnerResponse(response.status, response.status_text);
  inner.type = response.kind;
  inner.urlList = response.url_list;
  inner.headerList = response.headers;
  inner.bodyDecoded = response.is_decoded;
  inner.body = body === null ? null : bodyFromEntry(body);
  return responses.fromInnerResponse(filter(inner), "immutable");
}

function bodyFromEntry({ bytes, rid, length }) {
  const inner = new bodies.InnerBody(
    rid === null ? { body: bytes, consumed: false } : streams.readableStreamForRid(rid),
  );
  inner.source = bytes;
  inner.length = length;
  return inner;
}

/**
 * Reads the response's body to its end; it counts as used from the first moment on.
 *
 * @param {object} innerRequest Deno's inner request
 * @param {object} innerResponse Deno's inner response
 * @returns {Promise<object>} an entry for `op_cache_put`, or for `forget`
 */
export async function entryOf(innerRequest, innerResponse) {
  const request = requestToRow(innerRequest);
  const internal = unfilter(innerResponse);
  const response = responseToRow(internal);
  const body = internal.body === null ? null : await writeBody(internal.body);
  return { request, response, body };
}

/** An entry that will not be put. */
export function forget({ body }) {
  if (body !== null) core.tryClose(body);
}

async function writeBody(inner) {
  const rid = op_cache_body_open();
  try {
    if (inner.streamOrStatic.consumed === false) {
      const whole = inner.consume();
      op_cache_body_write(rid, typeof whole === "string" ? core.encode(whole) : whole);
    } else {
      await writeStream(rid, inner.stream);
    }
    return rid;
  } catch (error) {
    core.tryClose(rid);
    throw error;
  }
}

async function writeStream(rid, stream) {
  const backing = streams.getReadableStreamResourceBacking(stream);
  const reader = streams.acquireReadableStreamDefaultReader(stream);
  if (backing) {
    streams.readableStreamDisturb(stream);
    await copyResource(rid, backing.rid, reader);
    return;
  }
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    if (!ObjectPrototypeIsPrototypeOf(Uint8ArrayPrototype, value)) {
      const error = new TypeError("The body's stream gave something other than a Uint8Array");
      reader.cancel(error).catch(() => {});
      throw error;
    }
    op_cache_body_write(rid, value);
  }
}

/** A body that nobody has read yet goes from its resource to the database without passing through the script. */
async function copyResource(rid, source, reader) {
  try {
    // Aborting a fetch makes an error of its stream, which the resource alone does not tell.
    await Promise.race([op_cache_body_copy(rid, source), reader.closed]);
  } finally {
    reader.cancel().catch(() => {});
    core.tryClose(source);
  }
}
