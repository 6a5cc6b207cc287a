// BackgroundFetchRecord: one request of a background fetch, and its response when there is one.

import { HOST, onlyByHost } from "ext:landfall_platform/construct.js";
import { core, primordials, webidl } from "ext:landfall_platform/platform.js";
import { op_background_fetch_response } from "ext:core/ops";
import { requestFromNative, responseFromNative } from "ext:sw_fetch/bridge.js";

const { PromisePrototypeThen, PromiseReject } = primordials;

/** https://wicg.github.io/background-fetch/#backgroundfetchrecord */
export class BackgroundFetchRecord {
  #request;
  #responseReady;

  constructor(key = undefined, request = undefined, responseReady = undefined) {
    onlyByHost(key, this);
    this.#request = request;
    this.#responseReady = responseReady;
  }

  get request() {
    webidl.assertBranded(this, BackgroundFetchRecordPrototype);
    return this.#request;
  }

  /** A getter that gives a promise does not throw: https://webidl.spec.whatwg.org/#dfn-attribute-getter */
  get responseReady() {
    try {
      webidl.assertBranded(this, BackgroundFetchRecordPrototype);
    } catch (error) {
      return PromiseReject(error);
    }
    return this.#responseReady;
  }
}
webidl.configureInterface(BackgroundFetchRecord);
const BackgroundFetchRecordPrototype = BackgroundFetchRecord.prototype;

/** @param {{ head: string, integrity: string, body: object | null, response: number }} record `ScriptRecord` in Rust */
export function createRecord({ head, integrity, body, response }) {
  const awaited = op_background_fetch_response(response);
  // Who only waits for a download is idle.
  core.unrefOpPromise(awaited);
  const responseReady = PromisePrototypeThen(awaited, responseFromNative);
  // Nobody has to look at every response: a rejection that is not handled is no error of the script.
  PromisePrototypeThen(responseReady, undefined, () => {});
  return new BackgroundFetchRecord(HOST, requestFromNative(head, integrity, body), responseReady);
}
