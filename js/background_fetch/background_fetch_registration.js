// BackgroundFetchRegistration: a background fetch as a script sees it.

import { HOST, onlyByHost } from "ext:landfall_platform/construct.js";
import { defineEventHandler, DOMException, event, fire, webidl } from "ext:landfall_platform/platform.js";
import { op_background_fetch_abort, op_background_fetch_match } from "ext:core/ops";
import { createRecord } from "ext:sw_background_fetch/background_fetch_record.js";
import { innerRequestOf, toCacheQueryOptions, toRequestInfo } from "ext:sw_cache/query.js";

/**
 * Number to object: the same fetch is the same object in one scope. It hears of progress as long as there can be any.
 * https://wicg.github.io/background-fetch/#backgroundfetchmanager-backgroundfetchregistration-instances
 */
const registrations = new Map();

/** @type {(registration: BackgroundFetchRegistration, view: object) => void} */
let update;

/** @type {(registration: BackgroundFetchRegistration) => number} the host's number for the fetch */
export let numberOf;

/** https://wicg.github.io/background-fetch/#backgroundfetchregistration */
export class BackgroundFetchRegistration extends event.EventTarget {
  #view;

  static {
    // https://wicg.github.io/background-fetch/#update-background-fetch-instance-algorithm
    update = (registration, view) => {
      const before = registration.#view;
      before.recordsAvailable &&= view.recordsAvailable;
      if (before.result !== "") return;
      const isNews = before.downloaded !== view.downloaded || before.uploaded !== view.uploaded ||
        before.result !== view.result || before.failureReason !== view.failureReason;
      if (!isNews) return;
      registration.#view = { ...view, recordsAvailable: before.recordsAvailable };
      fire(registration, new event.Event("progress"));
    };
    numberOf = (registration) => registration.#view.number;
  }

  constructor(key = undefined, view = undefined) {
    super();
    onlyByHost(key, this);
    this.#view = view;
  }

  get id() {
    webidl.assertBranded(this, BackgroundFetchRegistrationPrototype);
    return this.#view.id;
  }

  get uploadTotal() {
    webidl.assertBranded(this, BackgroundFetchRegistrationPrototype);
    return this.#view.uploadTotal;
  }

  get uploaded() {
    webidl.assertBranded(this, BackgroundFetchRegistrationPrototype);
    return this.#view.uploaded;
  }

  get downloadTotal() {
    webidl.assertBranded(this, BackgroundFetchRegistrationPrototype);
    return this.#view.downloadTotal;
  }

  get downloaded() {
    webidl.assertBranded(this, BackgroundFetchRegistrationPrototype);
    return this.#view.downloaded;
  }

  get result() {
    webidl.assertBranded(this, BackgroundFetchRegistrationPrototype);
    return this.#view.result;
  }

  get failureReason() {
    webidl.assertBranded(this, BackgroundFetchRegistrationPrototype);
    return this.#view.failureReason;
  }

  get recordsAvailable() {
    webidl.assertBranded(this, BackgroundFetchRegistrationPrototype);
    return this.#view.recordsAvailable;
  }

  async abort() {
    webidl.assertBranded(this, BackgroundFetchRegistrationPrototype);
    return await op_background_fetch_abort(this.#view.number);
  }

  async match(request, options = undefined) {
    webidl.assertBranded(this, BackgroundFetchRegistrationPrototype);
    const prefix = "Failed to execute 'match' on 'BackgroundFetchRegistration'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    const [first] = await this.#records(toQuery(request, options, prefix));
    return first === undefined ? undefined : createRecord(first);
  }

  async matchAll(request = undefined, options = undefined) {
    webidl.assertBranded(this, BackgroundFetchRegistrationPrototype);
    const prefix = "Failed to execute 'matchAll' on 'BackgroundFetchRegistration'";
    const query = request === undefined ? null : toQuery(request, options, prefix);
    return (await this.#records(query)).map(createRecord);
  }

  async #records(query) {
    if (!this.#view.recordsAvailable) {
      throw new DOMException(
        "The records associated with this background fetch are no longer available.",
        "InvalidStateError",
      );
    }
    return await op_background_fetch_match(this.#view.number, query);
  }
}
webidl.configureInterface(BackgroundFetchRegistration);
const BackgroundFetchRegistrationPrototype = BackgroundFetchRegistration.prototype;
defineEventHandler(BackgroundFetchRegistrationPrototype, "progress");

/** @returns {object} `RecordQuery` in Rust */
function toQuery(request, options, prefix) {
  const inner = innerRequestOf(toRequestInfo(request, prefix, "Argument 1"));
  const { ignoreSearch, ignoreMethod, ignoreVary } = toCacheQueryOptions(
    options,
    prefix,
    "Argument 2",
  );
  return { url: inner.url(), headers: inner.headerList, ignoreSearch, ignoreMethod, ignoreVary };
}

/**
 * The object for a fetch.
 *
 * @param {object} view `BackgroundFetchView` in Rust
 */
export function backgroundFetchFor(view) {
  let registration = registrations.get(view.number);
  if (registration === undefined) {
    registration = new BackgroundFetchRegistration(HOST, view);
    if (view.recordsAvailable) registrations.set(view.number, registration);
  }
  return registration;
}

/** The host says that a fetch goes on, has ended or is gone. Scopes that never saw it have nothing to update. */
export function updateBackgroundFetch(view) {
  const registration = registrations.get(view.number);
  if (registration === undefined) return;
  if (!view.recordsAvailable) registrations.delete(view.number);
  update(registration, view);
}
