// Frame: a place in a page that shows another client.

import { HOST, onlyByHost } from "ext:landfall_platform/construct.js";
import {
  addFrame,
  Environment,
  ownEnvironment,
  removeFrame,
} from "ext:landfall_platform/environment.js";
import {
  defineEventHandler,
  event,
  fire,
  location,
  url,
  webidl,
} from "ext:landfall_platform/platform.js";
import { defineInterfaces, defineOperations } from "ext:sw_global_scope/define.js";
import { op_frame_close, op_frame_focus, op_frame_navigate } from "ext:core/ops";
import {
  documentIsReady,
  initializeController,
} from "ext:sw_service_worker/service_worker_container.js";
import { createFrameWindow, evaluateIn } from "ext:sw_window/frame_window.js";
import { isSameOrigin, windowAsSeen } from "ext:sw_window/window_view.js";

/** The number of the client that a frame shows, and its name. @type {(frame: Frame) => [number, string]} */
export let clientOf;

/** Whether scripts can open frames. */
let isOffered = false;

/** The source of a function that every loaded frame runs, or null. */
let frameScript = null;

/**
 * Differs from the spec: what a frame shows is no document but the text that came for it; the window has everything
 * that the page's has, but for the page's own variables. Where the page and the frame are of two origins, the window has
 * nothing of the page's origin, either sees of the other what HTML allows, and nothing is told of the response.
 */
export class Frame extends event.EventTarget {
  #parent;
  #environment = null;
  #window = null;
  #view = null;
  #loaded = null;
  /** How many navigations have begun: the last one counts. */
  #begun = 0;
  #isClosed = false;

  static {
    clientOf = (frame) => [frame.#view.number, frame.#view.id];
  }

  constructor(key = undefined, parent = undefined) {
    super();
    onlyByHost(key, this);
    this.#parent = parent;
  }

  /** The window of the client that is shown, as it is seen from here, or null if none could be loaded. */
  get window() {
    webidl.assertBranded(this, FramePrototype);
    return this.#window;
  }

  /** Settles when the navigation that began last has ended. */
  get loaded() {
    webidl.assertBranded(this, FramePrototype);
    return this.#loaded;
  }

  get url() {
    webidl.assertBranded(this, FramePrototype);
    return this.#view?.url ?? "";
  }

  /** The status of the response; 0 if there is none. */
  get status() {
    webidl.assertBranded(this, FramePrototype);
    return this.#view?.status ?? 0;
  }

  get contentType() {
    webidl.assertBranded(this, FramePrototype);
    return this.#view?.contentType ?? "";
  }

  /** What came for the frame. */
  get text() {
    webidl.assertBranded(this, FramePrototype);
    return this.#view?.text ?? "";
  }

  /** Shows another address, relative to the page's. */
  navigate(address) {
    webidl.assertBranded(this, FramePrototype);
    const prefix = "Failed to execute 'navigate' on 'Frame'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    address = webidl.converters.USVString(address, prefix, "Argument 1");
    const base = this.#parent.url ?? location.getLocationHref();
    const target = url.URL.parse(address, base);
    if (target === null) throw new TypeError(`${prefix}: '${address}' is no address`);
    return this.#go(this.#parent, target.href, false);
  }

  focus() {
    webidl.assertBranded(this, FramePrototype);
    if (this.#environment !== null) op_frame_focus(this.#environment.number);
  }

  /** Removes the frame from the page: its client is gone. */
  close() {
    webidl.assertBranded(this, FramePrototype);
    this.#isClosed = true;
    if (this.#environment === null) return;
    removeFrame(this.#environment);
    initializeController(null, this.#environment);
    op_frame_close(this.#environment.number);
    this.#environment = null;
  }

  #go(asking, address, isReload) {
    return this.#loaded = this.#load(asking, address, isReload);
  }

  async #load(asking, address, isReload) {
    this.#begun += 1;
    const navigation = this.#begun;
    const replaced = this.#environment?.number ?? 0;
    const around = this.#parent.number;
    const view = await op_frame_navigate(asking.number, around, replaced, address, isReload);
    if (this.#isClosed || navigation !== this.#begun) {
      if (view.number !== 0) op_frame_close(view.number);
      return;
    }
    if (this.#environment !== null) removeFrame(this.#environment);
    this.#show(view, address);
    if (this.#environment !== null && frameScript !== null) {
      const { text, contentType } = view;
      await evaluateIn(this.#environment.global, `(${frameScript})`)({ text, contentType });
      if (this.#isClosed || navigation !== this.#begun) return;
    }
    fire(this, new event.Event("load"));
    if (this.#environment !== null) documentIsReady(undefined, this.#environment);
  }

  #show(view, address) {
    this.#view = view;
    this.#environment = null;
    this.#window = null;
    if (view.number === 0) return;
    const environment = new Environment(view.number, view.url, undefined);
    environment.origin = view.origin;
    environment.navigate = async (...navigation) => {
      await this.#go(...navigation);
      return this;
    };
    const window = createFrameWindow(environment, this.#parent);
    if (isOffered) window.openFrame = openFrameIn(environment);
    this.#window = windowAsSeen(environment, this.#parent);
    this.#environment = environment;
    if (!isSameOrigin(environment, this.#parent)) {
      this.#view = { ...view, url: address, status: 0, contentType: "", text: "" };
    }
    addFrame(environment);
    initializeController(view.controller, environment);
  }
}
webidl.configureInterface(Frame);
const FramePrototype = Frame.prototype;
defineEventHandler(FramePrototype, "load");

/** Gives the page's scripts `openFrame()`, and those of its frames too. */
export function offerFrames() {
  isOffered = true;
  defineInterfaces({ Frame });
  defineOperations({ openFrame: openFrameIn(ownEnvironment) });
}

/** @param {string} source of a function that every frame runs when it has been loaded */
export function runInFrames(source) {
  frameScript = source;
}

/** The operation of an environment's global. */
const openFrameIn = (environment) =>
  function (address) {
    webidl.requiredArguments(arguments.length, 1, "Failed to execute 'openFrame' on 'Window'");
    return openFrame(address, environment);
  };

/**
 * Opens a frame, whose `loaded` settles when it shows something.
 *
 * @param {string} address relative to the page's
 * @param {Environment} parent
 */
export function openFrame(address, parent = ownEnvironment) {
  const frame = new Frame(HOST, parent);
  frame.navigate(address);
  return frame;
}
