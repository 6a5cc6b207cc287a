// PushMessageData: what a push message says.

import { HOST, onlyByHost } from "ext:landfall_platform/construct.js";
import { encoding, file, webidl } from "ext:landfall_platform/platform.js";

const { TextDecoder } = encoding;

/** https://w3c.github.io/push-api/#pushmessagedata-interface */
export class PushMessageData {
  #bytes;

  constructor(key = undefined, bytes = undefined) {
    onlyByHost(key, this);
    this.#bytes = bytes;
  }

  arrayBuffer() {
    webidl.assertBranded(this, PushMessageDataPrototype);
    return this.#bytes.slice().buffer;
  }

  blob() {
    webidl.assertBranded(this, PushMessageDataPrototype);
    return new file.Blob([this.#bytes]);
  }

  bytes() {
    webidl.assertBranded(this, PushMessageDataPrototype);
    return this.#bytes.slice();
  }

  json() {
    webidl.assertBranded(this, PushMessageDataPrototype);
    return JSON.parse(this.text());
  }

  text() {
    webidl.assertBranded(this, PushMessageDataPrototype);
    return new TextDecoder().decode(this.#bytes);
  }
}
webidl.configureInterface(PushMessageData);
const PushMessageDataPrototype = PushMessageData.prototype;

/** @param {Uint8Array} bytes that nobody else changes */
export function createMessageData(bytes) {
  return new PushMessageData(HOST, bytes);
}
