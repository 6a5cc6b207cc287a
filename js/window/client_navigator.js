// navigator of a page or a frame, with the container of its own environment.

import { ownEnvironment, perEnvironment } from "ext:landfall_platform/environment.js";
import { primordials, webidl } from "ext:landfall_platform/platform.js";
import { createNavigator, Navigator } from "ext:sw_navigator/navigator.js";
import { serviceWorkerContainer } from "ext:sw_service_worker/service_worker_container.js";

const { ReflectGet, ReflectHas } = primordials;

const environments = new WeakMap();

/** No secure context, no service workers: the attribute is not there. */
const WITHOUT_SERVICE_WORKER = {
  __proto__: null,
  has: (navigator, name) => name !== "serviceWorker" && ReflectHas(navigator, name),
  get: (navigator, name) => name === "serviceWorker" ? undefined : ReflectGet(navigator, name),
};

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
  const isData = environment.url?.startsWith("data:") === true;
  return isData ? new Proxy(navigator, WITHOUT_SERVICE_WORKER) : navigator;
});
