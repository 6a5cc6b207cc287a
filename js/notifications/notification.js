// Notification: what a page shows with `new`, and what a registration shows.

import { HOST, onlyByHost } from "ext:landfall_platform/construct.js";
import { ownEnvironment } from "ext:landfall_platform/environment.js";
import { defineEventHandler, event, fire, primordials, webidl } from "ext:landfall_platform/platform.js";
import {
  op_frame_focus,
  op_notification_close,
  op_notification_permission,
  op_notification_request_permission,
  op_notification_show,
} from "ext:core/ops";
import { deserializeData } from "ext:sw_notifications/data.js";
import {
  convertNotification,
  MAX_ACTIONS,
  readNotification,
} from "ext:sw_notifications/notification_options.js";

/** Number to object, of the notifications that this page shows: they are there until they are closed. */
const shown = new Map();

/** https://notifications.spec.whatwg.org/#get-the-notifications-permission-state */
const permissionOf = (state) => state === "prompt" ? "default" : state;

/** @type {(notification: Notification) => Promise<void>} */
let show;

/** https://notifications.spec.whatwg.org/#notification */
export class Notification extends event.EventTarget {
  /** The host's number: null before it is shown. */
  #id = null;
  #content;
  #data;
  #vibrate;
  #actions;
  #isClosed = false;

  static {
    // https://notifications.spec.whatwg.org/#constructors
    show = async (notification) => {
      try {
        notification.#id = await op_notification_show(notification.#content);
      } catch {
        fire(notification, new event.Event("error"));
        return;
      }
      if (notification.#isClosed) {
        op_notification_close(notification.#id);
        return;
      }
      shown.set(notification.#id, notification);
      fire(notification, new event.Event("show"));
    };
  }

  constructor(title, options = undefined) {
    super();
    if (title === HOST) {
      onlyByHost(title, this);
      this.#id = options.id;
      this.#content = options.content;
      this.#data = deserializeData(options.data);
      return;
    }
    const prefix = "Failed to construct 'Notification'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    if (ownEnvironment.isServiceWorker) {
      throw new TypeError(
        `${prefix}: Illegal constructor. Use ServiceWorkerRegistration.showNotification() instead.`,
      );
    }
    this[webidl.brand] = webidl.brand;
    const { content, data } = readNotification(convertNotification(title, options, prefix), prefix, false);
    this.#content = content;
    this.#data = deserializeData(data);
    show(this);
  }

  static get permission() {
    return permissionOf(op_notification_permission());
  }

  /** Resolves when somebody has granted or denied it. */
  static async requestPermission(deprecatedCallback = undefined) {
    const prefix = "Failed to execute 'requestPermission' on 'Notification'";
    const callback = deprecatedCallback === undefined
      ? undefined
      : webidl.converters.Function(deprecatedCallback, prefix, "Argument 1");
    const state = permissionOf(await op_notification_request_permission());
    callback?.(state);
    return state;
  }

  static get maxActions() {
    return MAX_ACTIONS;
  }

  get title() {
    webidl.assertBranded(this, NotificationPrototype);
    return this.#content.title;
  }

  get dir() {
    webidl.assertBranded(this, NotificationPrototype);
    return this.#content.dir;
  }

  get lang() {
    webidl.assertBranded(this, NotificationPrototype);
    return this.#content.lang;
  }

  get body() {
    webidl.assertBranded(this, NotificationPrototype);
    return this.#content.body;
  }

  get tag() {
    webidl.assertBranded(this, NotificationPrototype);
    return this.#content.tag;
  }

  get image() {
    webidl.assertBranded(this, NotificationPrototype);
    return this.#content.image ?? "";
  }

  get icon() {
    webidl.assertBranded(this, NotificationPrototype);
    return this.#content.icon ?? "";
  }

  get badge() {
    webidl.assertBranded(this, NotificationPrototype);
    return this.#content.badge ?? "";
  }

  get vibrate() {
    webidl.assertBranded(this, NotificationPrototype);
    return this.#vibrate ??= Object.freeze([...this.#content.vibrate]);
  }

  get timestamp() {
    webidl.assertBranded(this, NotificationPrototype);
    return this.#content.timestamp;
  }

  get renotify() {
    webidl.assertBranded(this, NotificationPrototype);
    return this.#content.renotify;
  }

  get silent() {
    webidl.assertBranded(this, NotificationPrototype);
    return this.#content.silent;
  }

  get requireInteraction() {
    webidl.assertBranded(this, NotificationPrototype);
    return this.#content.require_interaction;
  }

  get data() {
    webidl.assertBranded(this, NotificationPrototype);
    return this.#data;
  }

  get actions() {
    webidl.assertBranded(this, NotificationPrototype);
    return this.#actions ??= Object.freeze(
      this.#content.actions.map(({ action, title, icon }) =>
        Object.freeze(icon === null ? { action, title } : { action, title, icon })
      ),
    );
  }

  close() {
    webidl.assertBranded(this, NotificationPrototype);
    this.#isClosed = true;
    if (this.#id !== null) op_notification_close(this.#id);
  }
}
webidl.configureInterface(Notification);
const NotificationPrototype = Notification.prototype;
for (const type of new primordials.SafeArrayIterator(["click", "show", "error", "close"])) {
  defineEventHandler(NotificationPrototype, type);
}

// [Exposed=Window]
if (ownEnvironment.isServiceWorker) delete Notification.requestPermission;

/**
 * The object for a notification that a registration shows.
 *
 * @param {{ id: number, content: object, data: Uint8Array }} view
 */
export function createNotification(view) {
  return new Notification(HOST, view);
}

/**
 * Something happened to a notification that this page shows.
 *
 * @param {{ id: number, news: "click" | "close" }} notice
 */
export function receiveNotificationNews({ id, news }) {
  const notification = shown.get(id);
  if (notification === undefined) return;
  if (news === "close") shown.delete(id);
  const isLeftToUs = fire(notification, new event.Event(news, { cancelable: news === "click" }));
  // https://notifications.spec.whatwg.org/#activating-a-notification: the page comes to the front.
  if (news === "click" && isLeftToUs) op_frame_focus(ownEnvironment.number);
}
