// NotificationEvent: somebody clicked or closed a notification that the registration shows.

import { webidl } from "ext:landfall_platform/platform.js";
import { Notification } from "ext:sw_notifications/notification.js";
import {
  createEventInitConverter,
  ExtendableEvent,
} from "ext:sw_service_worker/extendable_event.js";

/** https://notifications.spec.whatwg.org/#dictdef-notificationeventinit */
const convertNotificationEventInit = createEventInitConverter("NotificationEventInit", [
  { key: "action", defaultValue: "", converter: webidl.converters.DOMString },
  {
    key: "notification",
    required: true,
    converter: webidl.createInterfaceConverter("Notification", Notification.prototype),
  },
]);

/** https://notifications.spec.whatwg.org/#notificationevent */
export class NotificationEvent extends ExtendableEvent {
  #notification;
  #action;

  constructor(type, init) {
    const prefix = "Failed to construct 'NotificationEvent'";
    webidl.requiredArguments(arguments.length, 2, prefix);
    init = convertNotificationEventInit(init, prefix, "Argument 2");
    super(type, init);
    this.#notification = init.notification;
    this.#action = init.action;
  }

  get notification() {
    webidl.assertBranded(this, NotificationEventPrototype);
    return this.#notification;
  }

  get action() {
    webidl.assertBranded(this, NotificationEventPrototype);
    return this.#action;
  }
}
webidl.configureInterface(NotificationEvent);
const NotificationEventPrototype = NotificationEvent.prototype;
