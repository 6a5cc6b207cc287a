// PeriodicSyncEvent: the interval of a tag has passed, and the network is there.

import { webidl } from "ext:landfall_platform/platform.js";
import {
  createEventInitConverter,
  ExtendableEvent,
} from "ext:sw_service_worker/extendable_event.js";

/** https://wicg.github.io/periodic-background-sync/#dictdef-periodicsynceventinit */
const convertPeriodicSyncEventInit = createEventInitConverter("PeriodicSyncEventInit", [
  { key: "tag", required: true, converter: webidl.converters.DOMString },
]);

/** https://wicg.github.io/periodic-background-sync/#periodicsync-event-interface */
export class PeriodicSyncEvent extends ExtendableEvent {
  #tag;

  constructor(type, init) {
    const prefix = "Failed to construct 'PeriodicSyncEvent'";
    webidl.requiredArguments(arguments.length, 2, prefix);
    init = convertPeriodicSyncEventInit(init, prefix, "Argument 2");
    super(type, init);
    this.#tag = init.tag;
  }

  get tag() {
    webidl.assertBranded(this, PeriodicSyncEventPrototype);
    return this.#tag;
  }
}
webidl.configureInterface(PeriodicSyncEvent);
const PeriodicSyncEventPrototype = PeriodicSyncEvent.prototype;
