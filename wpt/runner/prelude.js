// Runs before any other script of a page: what a window-like client of the runner has.
(title, settings) => {
  delete self.landfallDeadline;
  if (title !== null) self.META_TITLE = title;
  self.GLOBAL = { isWindow: () => true, isWorker: () => false, isShadowRealm: () => false };
  self.driver_settings = settings;
}
