// The request of a fetch event, as Deno's classes want the inside of a Request.
// Its head crosses into the scope as one string: most handlers look at the address and nothing else, so it is taken
// apart when one looks.

import { primordials } from "ext:landfall_platform/platform.js";

const { ArrayPrototypePush, StringPrototypeSplit } = primordials;

/** What the lines of a head are, as `NativeRequest` in src/web/fetch_bridge.rs writes them; headers follow. */
const METHOD = 0;
const URL = 1;
const MODE = 2;
const CREDENTIALS = 3;
const REDIRECT = 4;
const CACHE = 5;
const REFERRER = 6;
const REFERRER_POLICY = 7;
const KEEPALIVE = 8;
const DESTINATION = 9;
const IS_RELOAD = 10;
const HEADERS = 11;

/** Deno's InnerRequest, see 23_request.js. */
export class NativeRequest {
  clientRid = null;
  blobUrlEntry = null;
  redirectCount = 0;
  body;
  integrity;
  #head;
  #lines = null;
  #headerList = null;

  /**
   * @param {string} head
   * @param {string} integrity
   * @param {object | null} body Deno's InnerBody
   */
  constructor(head, integrity, body) {
    this.#head = head;
    this.integrity = integrity;
    this.body = body;
  }

  get #parts() {
    this.#lines ??= StringPrototypeSplit(this.#head, "\n");
    return this.#lines;
  }

  get method() {
    return this.#parts[METHOD];
  }

  url() {
    return this.#parts[URL];
  }

  currentUrl() {
    return this.#parts[URL];
  }

  get mode() {
    return this.#parts[MODE];
  }

  get credentialsMode() {
    return this.#parts[CREDENTIALS];
  }

  get redirectMode() {
    return this.#parts[REDIRECT];
  }

  get cacheMode() {
    return this.#parts[CACHE];
  }

  get referrer() {
    return this.#parts[REFERRER];
  }

  get referrerPolicy() {
    return this.#parts[REFERRER_POLICY];
  }

  get keepalive() {
    return this.#parts[KEEPALIVE] === "true";
  }

  get destination() {
    return this.#parts[DESTINATION];
  }

  get isReload() {
    return this.#parts[IS_RELOAD] === "true";
  }

  get headerList() {
    if (this.#headerList === null) {
      this.#headerList = [];
      const lines = this.#parts;
      // A line feed ends each line, so that the last part is empty.
      for (let index = HEADERS; index + 1 < lines.length; index += 2) {
        ArrayPrototypePush(this.#headerList, [lines[index], lines[index + 1]]);
      }
    }
    return this.#headerList;
  }
}
