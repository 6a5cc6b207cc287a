// Runs before any other script of a page: what a window-like client of the runner has.
(title, settings, lightDocument) => {
  delete self.landfallDeadline;
  const { openFrame } = self;
  delete self.openFrame;
  delete self.Frame;
  if (title !== null) self.META_TITLE = title;
  self.GLOBAL = { isWindow: () => true, isWorker: () => false, isShadowRealm: () => false };
  self.driver_settings = settings;

  // Without a document testharness.js takes a page for loaded in its next turn. It has to wait for the scripts.
  const { resolve } = Promise;
  let whenLoaded = () => {};
  Promise.resolve = () => ({ then: (callback) => (whenLoaded = callback) });
  self.landfallPage = {
    harnessIsThere() {
      Promise.resolve = resolve;
      // What it and tests may ask for, but what it must not see when it starts.
      self.document = lightDocument(openFrame, title ?? "");
      self.parent = self.top = self.frames = self;
    },
    scriptsHaveRun() {
      delete self.landfallPage;
      self.dispatchEvent(new Event("load"));
      whenLoaded();
    },
  };
}
