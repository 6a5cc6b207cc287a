// What a script says of a notification, read and checked.

import { location, url, webidl } from "ext:landfall_platform/platform.js";
import { serializeData } from "ext:sw_notifications/data.js";

/** As many buttons as Chromium shows; further ones are left out, as the specification has it. */
export const MAX_ACTIONS = 2;

/** https://w3c.github.io/vibration/#dfn-validate-and-normalize, with Chromium's limits. */
const MAX_VIBRATIONS = 99;
const MAX_VIBRATION_MS = 10_000;

const convertUnsignedLong = webidl.converters["unsigned long"];
const convertUnsignedLongs = webidl.createSequenceConverter(convertUnsignedLong);

/** https://w3c.github.io/vibration/#dom-vibratepattern */
function convertVibratePattern(value, prefix, context, options) {
  return typeof value === "object" && value !== null && value[Symbol.iterator] !== undefined
    ? convertUnsignedLongs(value, prefix, context, options)
    : [convertUnsignedLong(value, prefix, context, options)];
}

/** https://notifications.spec.whatwg.org/#dictdef-notificationaction */
const convertNotificationAction = webidl.createDictionaryConverter("NotificationAction", [
  { key: "action", required: true, converter: webidl.converters.DOMString },
  { key: "icon", converter: webidl.converters.USVString },
  { key: "title", required: true, converter: webidl.converters.DOMString },
]);

/** https://notifications.spec.whatwg.org/#dictdef-notificationoptions */
const convertNotificationOptions = webidl.createDictionaryConverter("NotificationOptions", [
  {
    key: "actions",
    converter: webidl.createSequenceConverter(convertNotificationAction),
    get defaultValue() {
      return [];
    },
  },
  { key: "badge", converter: webidl.converters.USVString },
  { key: "body", defaultValue: "", converter: webidl.converters.DOMString },
  { key: "data", defaultValue: null, converter: webidl.converters.any },
  {
    key: "dir",
    defaultValue: "auto",
    converter: webidl.createEnumConverter("NotificationDirection", ["auto", "ltr", "rtl"]),
  },
  { key: "icon", converter: webidl.converters.USVString },
  { key: "image", converter: webidl.converters.USVString },
  { key: "lang", defaultValue: "", converter: webidl.converters.DOMString },
  { key: "renotify", defaultValue: false, converter: webidl.converters.boolean },
  { key: "requireInteraction", defaultValue: false, converter: webidl.converters.boolean },
  {
    key: "silent",
    defaultValue: null,
    converter: webidl.createNullableConverter(webidl.converters.boolean),
  },
  { key: "tag", defaultValue: "", converter: webidl.converters.DOMString },
  { key: "timestamp", converter: webidl.converters["unsigned long long"] },
  { key: "vibrate", converter: convertVibratePattern },
]);

/**
 * The arguments of those who create a notification, as Web IDL reads them.
 *
 * @param {unknown} title
 * @param {unknown} options
 * @param {string} prefix of error messages
 */
export function convertNotification(title, options, prefix) {
  return {
    title: webidl.converters.DOMString(title, prefix, "Argument 1"),
    options: convertNotificationOptions(options, prefix, "Argument 2"),
  };
}

/**
 * https://notifications.spec.whatwg.org/#create-a-notification
 *
 * @param {{ title: string, options: object }} said what {@link convertNotification} gave
 * @param {string} prefix of error messages
 * @param {boolean} isPersistent whether a registration will show it
 * @returns {{ content: object, data: Uint8Array }} what is shown, in the words of src/notification.rs; a structured clone
 */
export function readNotification({ title, options }, prefix, isPersistent) {
  if (!isPersistent && options.actions.length > 0) {
    throw new TypeError(
      `${prefix}: Actions are only supported for persistent notifications shown using ServiceWorkerRegistration.showNotification().`,
    );
  }
  if (options.silent === true && options.vibrate !== undefined) {
    throw new TypeError(`${prefix}: Silent notifications must not specify vibration patterns.`);
  }
  if (options.renotify && options.tag === "") {
    throw new TypeError(
      `${prefix}: Notifications which set the renotify flag must specify a non-empty tag.`,
    );
  }
  const data = serializeData(options.data);
  const content = {
    title,
    dir: options.dir,
    lang: options.lang,
    body: options.body,
    tag: options.tag,
    image: address(options.image),
    icon: address(options.icon),
    badge: address(options.badge),
    vibrate: normalized(options.vibrate ?? []),
    timestamp: options.timestamp ?? Date.now(),
    renotify: options.renotify,
    silent: options.silent,
    require_interaction: options.requireInteraction,
    actions: options.actions.slice(0, MAX_ACTIONS).map(({ action, title, icon }) => ({
      action,
      title,
      icon: address(icon),
    })),
  };
  return { content, data };
}

/** An address that cannot be resolved counts as none. */
function address(text) {
  if (text === undefined) return null;
  return url.URL.parse(text, location.getLocationHref())?.href ?? null;
}

function normalized(pattern) {
  const vibrations = pattern
    .slice(0, MAX_VIBRATIONS)
    .map((milliseconds) => Math.min(milliseconds, MAX_VIBRATION_MS));
  // A pause at the end would not be felt.
  return vibrations.length % 2 === 0 ? vibrations.slice(0, -1) : vibrations;
}
