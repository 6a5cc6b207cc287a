// Workbox, the version in the address (3 to 7), used as its guide of the time says.
// The modules are loaded on first use by workbox-sw, from the packages instead of a CDN.
const version = Number(new URL(self.location).searchParams.get("version"));
const latest = 7;
const name = (module) => (version === latest ? module : module.replace("workbox", `workbox${version}`));
importScripts(`/node_modules/${name("workbox-sw")}/build/workbox-sw.js`);

workbox.setConfig({
  debug: false,
  modulePathCb: (module) => `/node_modules/${name(module)}/build/${module}.prod.js`,
});

const { backgroundSync, broadcastUpdate, core, expiration, precaching, rangeRequests, routing, strategies } = workbox;
(version === 3 ? workbox : core).skipWaiting();
(version === 3 ? workbox : core).clientsClaim();

precaching.precacheAndRoute([{ url: "/workers/answer.js", revision: "1" }]);

/** A plugin of a module: before the fifth version all had one name. */
const plugin = (module, modern, ...options) =>
  version < 5 ? new module.Plugin(...options) : new module[modern](...options);

/** A strategy: functions in the third version, classes since. */
const strategy = (name, options) =>
  version === 3
    ? strategies[name[0].toLowerCase() + name.slice(1)](options)
    : new strategies[name](options);

routing.registerRoute(
  new RegExp("/messages$"),
  strategy("NetworkOnly", {
    plugins: [plugin(backgroundSync, "BackgroundSyncPlugin", "outbox", { maxRetentionTime: 24 * 60 })],
  }),
  "POST",
);

const channel = version === 3 ? "news" : { channelName: "news" };
routing.registerRoute(
  new RegExp("/news$"),
  strategy("StaleWhileRevalidate", {
    cacheName: "news",
    plugins: [plugin(broadcastUpdate, "BroadcastUpdatePlugin", channel)],
  }),
);

routing.registerRoute(
  new RegExp("/pictures/"),
  strategy("CacheFirst", {
    cacheName: "pictures",
    plugins: [plugin(expiration, "ExpirationPlugin", { maxEntries: 2 })],
  }),
);

routing.registerRoute(
  new RegExp("/film$"),
  strategy("CacheFirst", {
    cacheName: "films",
    plugins: [plugin(rangeRequests, "RangeRequestsPlugin")],
  }),
);
