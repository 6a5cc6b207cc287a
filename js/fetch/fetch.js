// fetch(): from a script's arguments to a Response, with aborting at any moment.
// What is allowed and what is followed is decided in src/network; nothing of it is here.

import { currentEnvironment } from "ext:landfall_platform/environment.js";
import {
  abort,
  core,
  DOMException,
  file,
  primordials,
  request as requests,
  response as responses,
  webidl,
} from "ext:landfall_platform/platform.js";
import { tellRequest, tellRequestEnded } from "ext:sw_activity/activity.js";
import { op_fetch_begin, op_fetch_exchange } from "ext:core/ops";
import { fetchBlobUrl } from "ext:sw_fetch/blob_url.js";
import { innerResponseFromNative, requestToNative, requestWithBody, takeBlob } from "ext:sw_fetch/bridge.js";
import { Request } from "ext:sw_fetch/request.js";

const { Promise, PromisePrototypeThen, PromiseResolve, TypeError, Uint8Array, uncurryThis } = primordials;
const arrayBuffer = uncurryThis(file.Blob.prototype.arrayBuffer);

/** What all bodies of keepalive requests that are under way may come to, in bytes. */
const KEEPALIVE_QUOTA = 64 * 1024;
let keepaliveBytes = 0;

/**
 * Blobs up to this size go out as bytes, which a redirect can send again.
 *
 * Differs from the spec: a larger one goes out as a stream, which cannot be sent again, so that it is never in memory
 * twice.
 */
const REPLAYABLE_BYTES = 16 * 1024 * 1024;

/** https://fetch.spec.whatwg.org/#fetch-method */
export function fetch(input, init = undefined) {
  return new Promise((resolve, reject) => {
    if (this !== undefined && this !== null && this !== globalThis) throw new TypeError("Illegal invocation");
    webidl.requiredArguments(arguments.length, 1, "Failed to execute 'fetch'");
    const request = new Request(input, init);
    const inner = requests.toInnerRequest(request);
    const signal = request.signal;
    if (signal.aborted) {
      inner.body?.cancel(signal.reason);
      reject(signal.reason);
      return;
    }
    const transfer = new Transfer(inner, signal);
    const told = tellRequest(inner.method, inner.currentUrl());
    PromisePrototypeThen(
      transfer.start(),
      (response) => {
        tellRequestEnded(told, response.status);
        resolve(responses.fromInnerResponse(response, "immutable"));
      },
      (error) => {
        tellFailure(told, error, signal);
        transfer.end();
        reject(signal.aborted ? signal.reason : error);
      },
    );
    transfer.whenAborted(reject);
  });
}

/** An abort for lack of time is a failure, any other is what the script wants. */
function tellFailure(told, error, signal) {
  const isTimeout = signal.reason instanceof DOMException && signal.reason.name === "TimeoutError";
  tellRequestEnded(told, 0, `${error?.message}`, signal.aborted && !isTimeout);
}

/**
 * "If the sum of contentLength and inflightKeepaliveBytes is greater than 64 kibibytes, then return a network error."
 * https://fetch.spec.whatwg.org/#http-network-or-cache-fetch
 *
 * @returns {() => void} to be called when the request has ended
 */
function reserveKeepalive({ keepalive, body }) {
  if (!keepalive || body === null) return () => {};
  const held = body.streamOrStatic.body;
  const length = typeof held === "string" ? core.encode(held).byteLength : body.length ?? 0;
  if (keepaliveBytes + length > KEEPALIVE_QUOTA) {
    throw new TypeError(
      `Failed to fetch: bodies of keepalive requests under way may come to ${KEEPALIVE_QUOTA} bytes`,
    );
  }
  keepaliveBytes += length;
  return () => {
    keepaliveBytes -= length;
  };
}

/** Makes every read of a body fail, also of one that is all there; an empty one has nothing to fail. */
function failBody(body, reason) {
  if (body === null || body.length === 0) return;
  // Reading `stream` makes one of a body that was none until now.
  if (!body.unusable()) body.stream;
  body.error(reason);
}

/** One request under way, from the call to the last byte of its response. */
class Transfer {
  #request;
  #signal;
  #environment = currentEnvironment();
  #rid = op_fetch_begin();
  #responseBody = null;
  #responseBodyRid = null;
  #onAbort = () => this.#abort();
  #reject = null;

  constructor(request, signal) {
    this.#request = request;
    this.#signal = signal;
    signal[abort.add](this.#onAbort);
  }

  /** @param {(reason: unknown) => void} reject told of an abort at once, whatever the network does */
  whenAborted(reject) {
    this.#reject = reject;
  }

  /** @returns {Promise<object>} Deno's inner response */
  async start() {
    const local = fetchBlobUrl(this.#request);
    if (local !== null) {
      this.#responseBody = local.body;
      return local;
    }
    const release = reserveKeepalive(this.#request);
    try {
      const native = await op_fetch_exchange(
        this.#rid,
        this.#environment.number,
        await this.#takeRequest(),
      );
      const response = innerResponseFromNative(native, () => this.end());
      this.#responseBody = response.body;
      this.#responseBodyRid = native.body.rid;
      return response;
    } finally {
      release();
    }
  }

  /** @returns {NativeMessage | Promise<NativeMessage>} for `op_fetch_exchange`; the body counts as used at once */
  #takeRequest() {
    const blob = takeBlob(this.#request.body, REPLAYABLE_BYTES);
    if (blob === null) return requestToNative(this.#request);
    return PromisePrototypeThen(
      arrayBuffer(blob),
      (bytes) => requestWithBody(this.#request, { bytes: new Uint8Array(bytes), rid: null }),
    );
  }

  /** Nothing is under way any more. */
  end() {
    this.#signal[abort.remove](this.#onAbort);
    core.tryClose(this.#rid);
  }

  /** https://fetch.spec.whatwg.org/#abort-fetch */
  #abort() {
    const reason = this.#signal.reason;
    this.#reject?.(reason);
    const requestBody = this.#request.body;
    if (requestBody !== null && !requestBody.unusable()) {
      PromisePrototypeThen(PromiseResolve(requestBody.cancel(reason)), undefined, () => {});
    }
    failBody(this.#responseBody, reason);
    // Ends the transfer, and a read that waits for it.
    if (this.#responseBodyRid !== null) core.tryClose(this.#responseBodyRid);
    this.end();
  }
}
