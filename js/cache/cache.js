// Cache: requests and the responses kept for them.

import { HOST, onlyByHost } from "ext:landfall_platform/construct.js";
import { runIn } from "ext:landfall_platform/environment.js";
import {
  abort,
  primordials,
  request as requests,
  response as responses,
  webidl,
} from "ext:landfall_platform/platform.js";
import { tellWork } from "ext:sw_activity/activity.js";
import {
  op_cache_delete_entries,
  op_cache_match,
  op_cache_match_all,
  op_cache_put,
  op_cache_requests,
} from "ext:core/ops";
import { entryOf, forget, requestFromRow, responseFromEntry } from "ext:sw_cache/entry.js";
import {
  checkStorable,
  innerRequestOf,
  isRequest,
  toOptionalQuery,
  toQuery,
  toRequestInfo,
  toRequestInfos,
} from "ext:sw_cache/query.js";
import { fetch } from "ext:sw_fetch/fetch.js";
import { unfilter } from "ext:sw_fetch/filtered_response.js";

const { ObjectFreeze, TypeError } = primordials;

/** https://w3c.github.io/ServiceWorker/#cache-interface */
export class Cache {
  #id;
  #environment;

  constructor(key = undefined, id = 0, environment = undefined) {
    onlyByHost(key, this);
    this.#id = id;
    this.#environment = environment;
  }

  async match(request, options = undefined) {
    webidl.assertBranded(this, CachePrototype);
    tellWork("storage");
    const prefix = "Failed to execute 'match' on 'Cache'";
    const { query } = runIn(this.#environment, () => toQuery(arguments, prefix));
    const entry = query === null ? null : op_cache_match(this.#id, query);
    return entry === null ? undefined : responseFromEntry(entry);
  }

  async matchAll(request = undefined, options = undefined) {
    webidl.assertBranded(this, CachePrototype);
    tellWork("storage");
    const prefix = "Failed to execute 'matchAll' on 'Cache'";
    const query = runIn(this.#environment, () => toOptionalQuery(request, options, prefix));
    const entries = query === null ? [] : op_cache_match_all(this.#id, query ?? null);
    return ObjectFreeze(entries.map(responseFromEntry));
  }

  async add(request) {
    webidl.assertBranded(this, CachePrototype);
    tellWork("storage");
    const prefix = "Failed to execute 'add' on 'Cache'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    request = toRequestInfo(request, prefix, "Argument 1");
    await this.#addAll([request], prefix);
  }

  async addAll(requests) {
    webidl.assertBranded(this, CachePrototype);
    tellWork("storage");
    const prefix = "Failed to execute 'addAll' on 'Cache'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    requests = toRequestInfos(requests, prefix, "Argument 1");
    await this.#addAll(requests, prefix);
  }

  async put(request, response) {
    webidl.assertBranded(this, CachePrototype);
    tellWork("storage");
    const prefix = "Failed to execute 'put' on 'Cache'";
    webidl.requiredArguments(arguments.length, 2, prefix);
    request = toRequestInfo(request, prefix, "Argument 1");
    response = webidl.converters.Response(response, prefix, "Argument 2");
    const innerRequest = runIn(this.#environment, () => innerRequestOf(request));
    checkStorable(innerRequest, prefix);
    const innerResponse = responses.toInnerResponse(response);
    checkResponse(innerResponse, innerRequest.url(), prefix);
    if (responses.responseBodyUsed(response) || innerResponse.body?.unusable()) {
      throw new TypeError(`${prefix}: the response's body is already used or locked`);
    }
    op_cache_put(this.#id, [await entryOf(innerRequest, innerResponse)]);
  }

  async delete(request, options = undefined) {
    webidl.assertBranded(this, CachePrototype);
    tellWork("storage");
    const prefix = "Failed to execute 'delete' on 'Cache'";
    const { query } = runIn(this.#environment, () => toQuery(arguments, prefix));
    return query !== null && op_cache_delete_entries(this.#id, query);
  }

  async keys(request = undefined, options = undefined) {
    webidl.assertBranded(this, CachePrototype);
    tellWork("storage");
    const prefix = "Failed to execute 'keys' on 'Cache'";
    const query = runIn(this.#environment, () => toOptionalQuery(request, options, prefix));
    const rows = query === null ? [] : op_cache_requests(this.#id, query ?? null);
    return ObjectFreeze(rows.map(requestFromRow));
  }

  /**
   * Fetches all and keeps all, or keeps none.
   * https://w3c.github.io/ServiceWorker/#cache-addAll
   */
  async #addAll(infos, prefix) {
    // "If request is a Request object": these are checked before the first one is fetched.
    for (const info of infos) {
      if (isRequest(info)) checkStorable(requests.toInnerRequest(info), prefix);
    }
    const here = (steps) => runIn(this.#environment, steps);
    const copies = infos.map((info) => here(() => new requests.Request(info)));
    for (const copy of copies) checkStorable(requests.toInnerRequest(copy), prefix);
    const controller = new abort.AbortController();
    const transfers = copies.map((copy) =>
      here(() => fetchEntry(copy, controller.signal, prefix))
    );
    let entries;
    try {
      entries = await Promise.all(transfers);
    } catch (error) {
      controller.abort();
      for (const transfer of transfers) transfer.then(forget, () => {});
      throw error;
    }
    op_cache_put(this.#id, entries);
  }
}
webidl.configureInterface(Cache);
const CachePrototype = Cache.prototype;

/**
 * @param {number} id of `CacheId` in Rust
 * @param {Environment} environment whose addresses and requests it works with
 */
export function createCache(id, environment) {
  return new Cache(HOST, id, environment);
}

/** Refuses a response that no cache keeps. */
function checkResponse(filtered, url, prefix) {
  const inner = unfilter(filtered);
  if (inner.status === 206) {
    throw new TypeError(`${prefix}: the response for '${url}' is partial (status 206)`);
  }
  for (const [name, value] of inner.headerList) {
    if (name.toLowerCase() !== "vary") continue;
    if (value.split(",").some((field) => field.trim() === "*")) {
      throw new TypeError(`${prefix}: the response for '${url}' has the header 'Vary: *'`);
    }
  }
}

/** One request of addAll(), from the network into a body that no entry has yet. */
async function fetchEntry(request, signal, prefix) {
  const response = await fetch(request, {
    signal: abort.AbortSignal.any([signal, request.signal]),
  });
  const url = request.url;
  const inner = responses.toInnerResponse(response);
  checkResponse(inner, url, prefix);
  if (!response.ok) {
    throw new TypeError(
      `${prefix}: the request for '${url}' failed with status ${inner.status} (${inner.type})`,
    );
  }
  return await entryOf(requests.toInnerRequest(request), inner);
}
