// A service worker that listens to nothing.

addEventListener("install", () => skipWaiting());
