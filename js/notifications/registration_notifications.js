// registration.showNotification() and getNotifications().

import { webidl } from "ext:landfall_platform/platform.js";
import {
  op_notification_get_all,
  op_notification_show_for_registration,
} from "ext:core/ops";
import { createNotification } from "ext:sw_notifications/notification.js";
import {
  convertNotification,
  readNotification,
} from "ext:sw_notifications/notification_options.js";

const convertGetNotificationOptions = webidl.createDictionaryConverter(
  "GetNotificationOptions",
  [{ key: "tag", defaultValue: "", converter: webidl.converters.DOMString }],
);

/**
 * https://notifications.spec.whatwg.org/#dom-serviceworkerregistration-shownotification
 *
 * @param {RegistrationHandle} registration see service_worker_registration.js
 */
export async function showNotification(registration, title, options) {
  const prefix = "Failed to execute 'showNotification' on 'ServiceWorkerRegistration'";
  const said = convertNotification(title, options, prefix);
  if (!registration.hasActiveWorker()) {
    throw new TypeError(
      `${prefix}: No active registration available on the ServiceWorkerRegistration.`,
    );
  }
  const { content, data } = readNotification(said, prefix, true);
  await op_notification_show_for_registration(registration.id, content, data);
}

/**
 * https://notifications.spec.whatwg.org/#dom-serviceworkerregistration-getnotifications
 *
 * @param {number} registrationId
 */
export async function getNotifications(registrationId, filter) {
  const prefix = "Failed to execute 'getNotifications' on 'ServiceWorkerRegistration'";
  const { tag } = convertGetNotificationOptions(filter, prefix, "Argument 1");
  const views = await op_notification_get_all(registrationId, tag);
  return views.map(createNotification);
}
