// location of a frame: unlike the page's own, it can be changed.

import { HOST, onlyByHost } from "ext:landfall_platform/construct.js";
import { DOMException, url, webidl } from "ext:landfall_platform/platform.js";

const PARTS = ["protocol", "host", "hostname", "port", "pathname", "search", "hash"];

/** https://html.spec.whatwg.org/multipage/nav-history-apis.html#the-location-interface */
export class FrameLocation {
  #environment;
  #navigate;

  constructor(key = undefined, environment = undefined, navigate = undefined) {
    onlyByHost(key, this);
    this.#environment = environment;
    this.#navigate = navigate;
  }

  get href() {
    webidl.assertBranded(this, FrameLocationPrototype);
    return this.#environment.url;
  }

  set href(address) {
    this.assign(address);
  }

  get origin() {
    webidl.assertBranded(this, FrameLocationPrototype);
    return new url.URL(this.#environment.url).origin;
  }

  assign(address) {
    webidl.assertBranded(this, FrameLocationPrototype);
    const target = url.URL.parse(webidl.converters.USVString(address), this.#environment.url);
    if (target === null) throw new DOMException(`'${address}' is no address`, "SyntaxError");
    const shown = new url.URL(this.#environment.url);
    shown.hash = target.hash;
    if (shown.href === target.href && target.hash !== "") this.#environment.url = target.href;
    else this.#navigate(target.href, false);
  }

  replace(address) {
    this.assign(address);
  }

  reload() {
    webidl.assertBranded(this, FrameLocationPrototype);
    this.#navigate(this.#environment.url, true);
  }

  toString() {
    return this.href;
  }
}
webidl.configureInterface(FrameLocation);
const FrameLocationPrototype = FrameLocation.prototype;

for (const part of PARTS) {
  const { [part]: attribute } = Object.getOwnPropertyDescriptors({
    get [part]() {
      return new url.URL(this.href)[part];
    },
    set [part](value) {
      const target = new url.URL(this.href);
      target[part] = value;
      this.assign(target.href);
    },
  });
  Object.defineProperty(FrameLocationPrototype, part, attribute);
}

export function createFrameLocation(environment, navigate) {
  return new FrameLocation(HOST, environment, navigate);
}
