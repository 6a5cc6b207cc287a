// navigator of a page or a frame, with the container of its own environment.

import { ownEnvironment, perEnvironment } from "ext:landfall_platform/environment.js";
import { webidl } from "ext:landfall_platform/platform.js";
import { createNavigator, Navigator } from "ext:sw_navigator/navigator.js";
import { serviceWorkerContainer } from "ext:sw_service_worker/service_worker_container.js";

const environments = new WeakMap();

Object.defineProperty(Navigator.prototype, "serviceWorker", {
  get() {
    webidl.assertBranded(this, Navigator.prototype);
    return serviceWorkerContainer(environments.get(this) ?? ownEnvironment);
  },
  configurable: true,
  enumerable: true,
});

/** The one Navigator of an environment. */
export const navigatorOf = perEnvironment((environment) => {
  const navigator = createNavigator(Navigator);
  environments.set(navigator, environment);
  return navigator;
});
