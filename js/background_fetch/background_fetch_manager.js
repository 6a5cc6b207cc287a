// BackgroundFetchManager: registration.backgroundFetch.

import { HOST, onlyByHost } from "ext:landfall_platform/construct.js";
import { primordials, request as requests, webidl } from "ext:landfall_platform/platform.js";
import { tellWork } from "ext:sw_activity/activity.js";
import {
  op_background_fetch_acknowledge,
  op_background_fetch_fetch,
  op_background_fetch_get,
  op_background_fetch_get_ids,
} from "ext:core/ops";
import { backgroundFetchFor } from "ext:sw_background_fetch/background_fetch_registration.js";
import { uiOptions, uiToNative } from "ext:sw_background_fetch/ui_options.js";
import { toRequestInfo, toRequestInfos } from "ext:sw_cache/query.js";
import { requestToNative } from "ext:sw_fetch/bridge.js";

const { queueMicrotask } = primordials;

/** https://wicg.github.io/background-fetch/#dictdef-backgroundfetchoptions */
const convertOptions = webidl.createDictionaryConverter("BackgroundFetchOptions", uiOptions, [
  { key: "downloadTotal", defaultValue: 0, converter: webidl.converters["unsigned long long"] },
]);

/** `(RequestInfo or sequence<RequestInfo>)`, always as a list. */
function convertRequests(value, prefix, context) {
  const isList = typeof value === "object" && value !== null &&
    value[Symbol.iterator] !== undefined;
  return isList ? toRequestInfos(value, prefix, context) : [toRequestInfo(value, prefix, context)];
}

/** https://wicg.github.io/background-fetch/#background-fetch-manager */
export class BackgroundFetchManager {
  #registration;

  constructor(key = undefined, registration = undefined) {
    onlyByHost(key, this);
    this.#registration = registration;
  }

  /** Resolves when the fetch is on disk, with all that is to be sent. */
  async fetch(id, requests, options = {}) {
    webidl.assertBranded(this, BackgroundFetchManagerPrototype);
    const prefix = "Failed to execute 'fetch' on 'BackgroundFetchManager'";
    webidl.requiredArguments(arguments.length, 2, prefix);
    id = webidl.converters.DOMString(id, prefix, "Argument 1");
    const infos = convertRequests(requests, prefix, "Argument 2");
    options = convertOptions(options, prefix, "Argument 3");
    if (!this.#registration.hasActiveWorker()) {
      throw new TypeError(
        `${prefix}: No active registration available on the ServiceWorkerRegistration.`,
      );
    }
    if (infos.length === 0) {
      throw new TypeError(`${prefix}: At least one request must be given.`);
    }
    const inner = infos.map((info) => toInnerRequest(info, prefix));
    tellWork("storage");
    const view = await op_background_fetch_fetch({
      registration: this.#registration.id,
      id,
      requests: inner.map(requestToNative),
      downloadTotal: options.downloadTotal,
      ui: uiToNative(options),
    });
    // It goes on only when the caller's promise has been resolved, so that no progress is missed: the acknowledgement
    // goes out behind it.
    queueMicrotask(() => op_background_fetch_acknowledge(view.number));
    return backgroundFetchFor(view);
  }

  async get(id) {
    webidl.assertBranded(this, BackgroundFetchManagerPrototype);
    const prefix = "Failed to execute 'get' on 'BackgroundFetchManager'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    id = webidl.converters.DOMString(id, prefix, "Argument 1");
    // Differs from the spec, which has no such fetch: browsers refuse it.
    if (id === "") throw new TypeError(`${prefix}: The provided id is invalid.`);
    const view = await op_background_fetch_get(this.#registration.id, id);
    return view === null ? undefined : backgroundFetchFor(view);
  }

  async getIds() {
    webidl.assertBranded(this, BackgroundFetchManagerPrototype);
    return await op_background_fetch_get_ids(this.#registration.id);
  }
}
webidl.configureInterface(BackgroundFetchManager);
const BackgroundFetchManagerPrototype = BackgroundFetchManager.prototype;

function toInnerRequest(info, prefix) {
  const inner = requests.toInnerRequest(new requests.Request(info));
  if (inner.mode === "no-cors") {
    throw new TypeError(
      `${prefix}: Refused to fetch '${inner.url()}' because the request mode must not be no-cors.`,
    );
  }
  return inner;
}

/** @param {RegistrationHandle} registration see service_worker_registration.js */
export function createBackgroundFetchManager(registration) {
  return new BackgroundFetchManager(HOST, registration);
}
