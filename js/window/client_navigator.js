// navigator of a page or a frame, with the container of its own environment.

import { ownEnvironment, perEnvironment } from "ext:landfall_platform/environment.js";
import { primordials, webidl } from "ext:landfall_platform/platform.js";
import { createNavigator, defineNavigator, NavigatorBase } from "ext:sw_navigator/navigator.js";
import { serviceWorkerContainer } from "ext:sw_service_worker/service_worker_container.js";
import { isSameOrigin } from "ext:sw_window/window_view.js";

const { ReflectGet, ReflectHas } = primordials;

/** What is asked of the host for the page's origin. */
const OF_THE_PAGE_ORIGIN = ["locks", "permissions", "storage"];

const environments = new WeakMap();

/** https://html.spec.whatwg.org/multipage/system-state.html#navigator */
export class Navigator extends NavigatorBase {}
defineNavigator(Navigator);

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
  const hidden = [];
  if (!isSameOrigin(environment, ownEnvironment)) hidden.push(...OF_THE_PAGE_ORIGIN);
  // An opaque origin has no service workers.
  if (environment.url?.startsWith("data:")) hidden.push("serviceWorker");
  return hidden.length === 0 ? navigator : without(hidden, navigator);
});

/** The same object, but what is hidden is not there. */
function without(hidden, navigator) {
  return new Proxy(navigator, {
    __proto__: null,
    has: (target, name) => !hidden.includes(name) && ReflectHas(target, name),
    get: (target, name) => hidden.includes(name) ? undefined : ReflectGet(target, name),
  });
}
