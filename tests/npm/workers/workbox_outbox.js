// Workbox as its guide for background sync uses it: a failed POST is queued and replayed on `sync`.
// The modules are loaded on first use by workbox-sw, from the packages instead of a CDN.
importScripts("/node_modules/workbox-sw/build/workbox-sw.js");

workbox.setConfig({
  debug: false,
  modulePathCb: (module) => `/node_modules/${module}/build/${module}.prod.js`,
});

workbox.core.skipWaiting();
workbox.core.clientsClaim();

const outbox = new workbox.backgroundSync.BackgroundSyncPlugin("outbox", {
  maxRetentionTime: 24 * 60,
});

workbox.routing.registerRoute(
  ({ url }) => url.pathname === "/messages",
  new workbox.strategies.NetworkOnly({ plugins: [outbox] }),
  "POST",
);
