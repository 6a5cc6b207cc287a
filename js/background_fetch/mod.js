// Background fetch: the interfaces, and what registrations, events and the host ask for.

export { BackgroundFetchEvent } from "ext:sw_background_fetch/background_fetch_event.js";
export { BackgroundFetchManager, createBackgroundFetchManager } from "ext:sw_background_fetch/background_fetch_manager.js";
export { BackgroundFetchRecord } from "ext:sw_background_fetch/background_fetch_record.js";
export { backgroundFetchFor, BackgroundFetchRegistration, updateBackgroundFetch } from "ext:sw_background_fetch/background_fetch_registration.js";
export { BackgroundFetchUpdateUIEvent } from "ext:sw_background_fetch/background_fetch_update_ui_event.js";
