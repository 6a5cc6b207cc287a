// location of a frame: unlike the page's own, it can be changed.

import { HOST, onlyByHost } from "ext:landfall_platform/construct.js";
import { runIn } from "ext:landfall_platform/environment.js";
import { DOMException, location, originOf, url, webidl } from "ext:landfall_platform/platform.js";

const PARTS = ["protocol", "host", "hostname", "port", "pathname", "search", "hash"];

/** https://html.spec.whatwg.org/multipage/nav-history-apis.html#the-location-interface */
export class FrameLocation {
  #environment;

  constructor(key = undefined, environment = undefined) {
    onlyByHost(key, this);
    this.#environment = environment;
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
    return originOf(this.#environment);
  }

  assign(address) {
    webidl.assertBranded(this, FrameLocationPrototype);
    webidl.requiredArguments(arguments.length, 1, "Failed to execute 'assign' on 'Location'");
    goTo(this.#environment, this.#environment, address);
  }

  replace(address) {
    webidl.requiredArguments(arguments.length, 1, "Failed to execute 'replace' on 'Location'");
    this.assign(address);
  }

  reload() {
    webidl.assertBranded(this, FrameLocationPrototype);
    this.#environment.navigate(this.#environment, this.#environment.url, true);
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

export function createFrameLocation(environment) {
  return new FrameLocation(HOST, environment);
}

/**
 * https://html.spec.whatwg.org/multipage/nav-history-apis.html#location-object-navigate
 *
 * @param {Environment} environment that is shown until then
 * @param {Environment} asking what the address is relative to
 */
export function goTo(environment, asking, address) {
  const base = runIn(asking, location.getLocationHref);
  const target = url.URL.parse(webidl.converters.USVString(address), base);
  if (target === null) throw new DOMException(`'${address}' is no address`, "SyntaxError");
  if (environment.navigate === undefined) {
    throw new DOMException("a page stays where it is: open another one", "NotSupportedError");
  }
  const shown = new url.URL(environment.url);
  shown.hash = target.hash;
  if (shown.href === target.href && target.hash !== "") environment.url = target.href;
  else environment.navigate(asking, target.href, false);
}
