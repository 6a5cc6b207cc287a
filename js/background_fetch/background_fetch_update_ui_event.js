// BackgroundFetchUpdateUIEvent: a background fetch has ended, and may be shown differently now.

import { DOMException, webidl } from "ext:landfall_platform/platform.js";
import { op_background_fetch_update_ui } from "ext:core/ops";
import {
  BackgroundFetchEvent,
  registrationOf,
} from "ext:sw_background_fetch/background_fetch_event.js";
import { numberOf } from "ext:sw_background_fetch/background_fetch_registration.js";
import { convertUiOptions, uiToNative } from "ext:sw_background_fetch/ui_options.js";
import { isActive } from "ext:sw_service_worker/extendable_event.js";

/** https://wicg.github.io/background-fetch/#background-fetch-update-ui-event */
export class BackgroundFetchUpdateUIEvent extends BackgroundFetchEvent {
  #isUpdated = false;

  constructor(type, init) {
    webidl.requiredArguments(
      arguments.length,
      2,
      "Failed to construct 'BackgroundFetchUpdateUIEvent'",
    );
    super(type, init);
  }

  async updateUI(options = {}) {
    webidl.assertBranded(this, BackgroundFetchUpdateUIEventPrototype);
    const prefix = "Failed to execute 'updateUI' on 'BackgroundFetchUpdateUIEvent'";
    options = convertUiOptions(options, prefix, "Argument 1");
    if (this.#isUpdated) {
      throw new DOMException(`${prefix}: updateUI may only be called once.`, "InvalidStateError");
    }
    if (!isActive(this)) {
      throw new DOMException(`${prefix}: ExtendableEvent is no longer active.`, "InvalidStateError");
    }
    this.#isUpdated = true;
    await op_background_fetch_update_ui(numberOf(registrationOf(this)), uiToNative(options));
  }
}
webidl.configureInterface(BackgroundFetchUpdateUIEvent);
const BackgroundFetchUpdateUIEventPrototype = BackgroundFetchUpdateUIEvent.prototype;
