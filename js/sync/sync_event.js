// SyncEvent: the network is there, the tag can be worked on.

import { webidl } from "ext:landfall_platform/platform.js";
import {
  createEventInitConverter,
  ExtendableEvent,
} from "ext:sw_service_worker/extendable_event.js";

/** https://wicg.github.io/background-sync/spec/#dictdef-synceventinit */
const convertSyncEventInit = createEventInitConverter("SyncEventInit", [
  { key: "tag", required: true, converter: webidl.converters.DOMString },
  { key: "lastChance", defaultValue: false, converter: webidl.converters.boolean },
]);

/** https://wicg.github.io/background-sync/spec/#sync-event */
export class SyncEvent extends ExtendableEvent {
  #tag;
  #lastChance;

  constructor(type, init) {
    const prefix = "Failed to construct 'SyncEvent'";
    webidl.requiredArguments(arguments.length, 2, prefix);
    init = convertSyncEventInit(init, prefix, "Argument 2");
    super(type, init);
    this.#tag = init.tag;
    this.#lastChance = init.lastChance;
  }

  get tag() {
    webidl.assertBranded(this, SyncEventPrototype);
    return this.#tag;
  }

  get lastChance() {
    webidl.assertBranded(this, SyncEventPrototype);
    return this.#lastChance;
  }
}
webidl.configureInterface(SyncEvent);
const SyncEventPrototype = SyncEvent.prototype;
