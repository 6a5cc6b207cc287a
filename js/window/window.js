// The global of a window-like client: a page's script, without a document.

import { ownEnvironment } from "ext:landfall_platform/environment.js";
import { notifications } from "ext:landfall_platform/on_demand.js";
import {
  globalInterfaces,
  location,
  ownOrigin,
} from "ext:landfall_platform/platform.js";
import {
  defineAttributes,
  defineEventHandlers,
  defineInterfaces,
  defineOperations,
  defineReplaceableAttributes,
} from "ext:sw_global_scope/define.js";
import { Navigator, navigatorOf } from "ext:sw_window/client_navigator.js";
import { offerFrames, runInFrames } from "ext:sw_window/frame.js";
import { EVENT_HANDLERS, rememberGlobals } from "ext:sw_window/frame_window.js";
import { postMessage } from "ext:sw_window/post_message.js";
import {
  changeController,
  documentIsReady,
  initializeController,
  receiveClientMessage,
  ServiceWorkerContainer,
} from "ext:sw_service_worker/service_worker_container.js";

export { clientOf, openFrame } from "ext:sw_window/frame.js";
export { evaluateIn } from "ext:sw_window/frame_window.js";

const { Window } = globalInterfaces;

/**
 * Turns the global into a window-like client's.
 *
 * @param {{ controller: object | null, opensFrames: boolean, frameScript: string | null }} client
 */
export function becomeWindow({ controller, opensFrames, frameScript }) {
  Object.setPrototypeOf(globalThis, Window.prototype);
  const navigator = navigatorOf(ownEnvironment);
  defineInterfaces({ Navigator, ServiceWorkerContainer, Window });
  Object.defineProperty(globalThis, "Location", location.locationConstructorDescriptor);
  rememberGlobals();
  Object.defineProperties(globalThis, {
    location: location.locationDescriptor,
    window: { get: () => globalThis, enumerable: true },
  });
  defineAttributes({ navigator: () => navigator });
  defineOperations({ postMessage });
  defineReplaceableAttributes({
    self: () => globalThis,
    origin: ownOrigin,
  });
  defineEventHandlers(EVENT_HANDLERS);
  if (opensFrames) offerFrames();
  if (frameScript !== null) runInFrames(frameScript);
  initializeController(controller, ownEnvironment);
}

/** What the host may tell a client. */
export const clientNotices = {
  controllerChanged: changeController,
  message: receiveClientMessage,
  documentReady: documentIsReady,
  notification: (news) => notifications.loaded?.receiveNotificationNews(news),
};
