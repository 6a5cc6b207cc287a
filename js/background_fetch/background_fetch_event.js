// BackgroundFetchEvent: a background fetch was aborted or clicked.

import { webidl } from "ext:landfall_platform/platform.js";
import { BackgroundFetchRegistration } from "ext:sw_background_fetch/background_fetch_registration.js";
import { ExtendableEvent } from "ext:sw_service_worker/extendable_event.js";

/** https://wicg.github.io/background-fetch/#dictdef-backgroundfetcheventinit */
const convertBackgroundFetchEventInit = webidl.createDictionaryConverter(
  "BackgroundFetchEventInit",
  [
    { key: "bubbles", defaultValue: false, converter: webidl.converters.boolean },
    { key: "cancelable", defaultValue: false, converter: webidl.converters.boolean },
    { key: "composed", defaultValue: false, converter: webidl.converters.boolean },
  ],
  [{
    key: "registration",
    required: true,
    converter: webidl.createInterfaceConverter(
      "BackgroundFetchRegistration",
      BackgroundFetchRegistration.prototype,
    ),
  }],
);

/** @type {(event: BackgroundFetchEvent) => BackgroundFetchRegistration} */
export let registrationOf;

/** https://wicg.github.io/background-fetch/#backgroundfetchevent */
export class BackgroundFetchEvent extends ExtendableEvent {
  #registration;

  static {
    registrationOf = (dispatched) => dispatched.#registration;
  }

  constructor(type, init) {
    const prefix = `Failed to construct '${new.target.name}'`;
    webidl.requiredArguments(arguments.length, 2, prefix);
    init = convertBackgroundFetchEventInit(init, prefix, "Argument 2");
    super(type, init);
    this.#registration = init.registration;
  }

  get registration() {
    webidl.assertBranded(this, BackgroundFetchEventPrototype);
    return this.#registration;
  }
}
webidl.configureInterface(BackgroundFetchEvent);
const BackgroundFetchEventPrototype = BackgroundFetchEvent.prototype;
