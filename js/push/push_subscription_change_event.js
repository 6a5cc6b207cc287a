// PushSubscriptionChangeEvent: the push service ended or renewed a subscription.

import { webidl } from "ext:landfall_platform/platform.js";
import { PushSubscription } from "ext:sw_push/push_subscription.js";
import {
  createEventInitConverter,
  ExtendableEvent,
} from "ext:sw_service_worker/extendable_event.js";

const convertSubscription = webidl.createNullableConverter(
  webidl.createInterfaceConverter("PushSubscription", PushSubscription.prototype),
);

/** https://w3c.github.io/push-api/#dom-pushsubscriptionchangeeventinit */
const convertInit = createEventInitConverter("PushSubscriptionChangeEventInit", [
  { key: "newSubscription", defaultValue: null, converter: convertSubscription },
  { key: "oldSubscription", defaultValue: null, converter: convertSubscription },
]);

/** https://w3c.github.io/push-api/#pushsubscriptionchangeevent-interface */
export class PushSubscriptionChangeEvent extends ExtendableEvent {
  #newSubscription;
  #oldSubscription;

  constructor(type, init = {}) {
    const prefix = "Failed to construct 'PushSubscriptionChangeEvent'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    init = convertInit(init, prefix, "Argument 2");
    super(type, init);
    this.#newSubscription = init.newSubscription;
    this.#oldSubscription = init.oldSubscription;
  }

  get newSubscription() {
    webidl.assertBranded(this, PushSubscriptionChangeEventPrototype);
    return this.#newSubscription;
  }

  get oldSubscription() {
    webidl.assertBranded(this, PushSubscriptionChangeEventPrototype);
    return this.#oldSubscription;
  }
}
webidl.configureInterface(PushSubscriptionChangeEvent);
const PushSubscriptionChangeEventPrototype = PushSubscriptionChangeEvent.prototype;
