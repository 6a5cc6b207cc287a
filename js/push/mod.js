// Push, but for the event of a message: the interfaces, and what registrations and events ask for.

export { createPushManager, PushManager } from "ext:sw_push/push_manager.js";
export { createSubscription, PushSubscription } from "ext:sw_push/push_subscription.js";
export { PushSubscriptionChangeEvent } from "ext:sw_push/push_subscription_change_event.js";
export { PushSubscriptionOptions } from "ext:sw_push/push_subscription_options.js";
