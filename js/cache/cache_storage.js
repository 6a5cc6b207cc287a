// CacheStorage: the caches of the origin, by name.

import { HOST, onlyByHost } from "ext:landfall_platform/construct.js";
import { perEnvironment, runIn } from "ext:landfall_platform/environment.js";
import { webidl } from "ext:landfall_platform/platform.js";
import { tellWork } from "ext:sw_activity/activity.js";
import {
  op_cache_delete,
  op_cache_has,
  op_cache_match_anywhere,
  op_cache_names,
  op_cache_open,
} from "ext:core/ops";
import { createCache } from "ext:sw_cache/cache.js";
import { responseFromEntry } from "ext:sw_cache/entry.js";
import { toMultiCacheQueryOptions, toQuery } from "ext:sw_cache/query.js";

/** https://w3c.github.io/ServiceWorker/#cachestorage-interface */
export class CacheStorage {
  #environment;

  constructor(key = undefined, environment = undefined) {
    onlyByHost(key, this);
    this.#environment = environment;
  }

  async match(request, options = undefined) {
    webidl.assertBranded(this, CacheStoragePrototype);
    tellWork("storage");
    const prefix = "Failed to execute 'match' on 'CacheStorage'";
    const { query, options: { cacheName } } = runIn(
      this.#environment,
      () => toQuery(arguments, prefix, toMultiCacheQueryOptions),
    );
    if (query === null) return undefined;
    const entry = op_cache_match_anywhere(cacheName ?? null, query);
    return entry === null ? undefined : responseFromEntry(entry);
  }

  async has(cacheName) {
    webidl.assertBranded(this, CacheStoragePrototype);
    tellWork("storage");
    return op_cache_has(toName(arguments, "has"));
  }

  async open(cacheName) {
    webidl.assertBranded(this, CacheStoragePrototype);
    tellWork("storage");
    return createCache(op_cache_open(toName(arguments, "open")), this.#environment);
  }

  async delete(cacheName) {
    webidl.assertBranded(this, CacheStoragePrototype);
    tellWork("storage");
    return op_cache_delete(toName(arguments, "delete"));
  }

  async keys() {
    webidl.assertBranded(this, CacheStoragePrototype);
    tellWork("storage");
    return op_cache_names();
  }
}
webidl.configureInterface(CacheStorage);
const CacheStoragePrototype = CacheStorage.prototype;

function toName(methodArguments, method) {
  const prefix = `Failed to execute '${method}' on 'CacheStorage'`;
  webidl.requiredArguments(methodArguments.length, 1, prefix);
  return webidl.converters.DOMString(methodArguments[0], prefix, "Argument 1");
}

/** The value of the attribute `caches` of an environment's global. */
export const cachesOf = perEnvironment((environment) => new CacheStorage(HOST, environment));
