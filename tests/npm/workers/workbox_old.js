// Workbox as it was: the version in the address (3 to 6), used as its guide of the time says.
const version = Number(new URL(self.location).searchParams.get("version"));
importScripts(`/node_modules/workbox${version}-sw/build/workbox-sw.js`);

workbox.setConfig({
  debug: false,
  modulePathCb: (module) =>
    `/node_modules/${module.replace("workbox", `workbox${version}`)}/build/${module}.prod.js`,
});

const { backgroundSync, core, precaching, routing, strategies } = workbox;
(version === 3 ? workbox : core).skipWaiting();
(version === 3 ? workbox : core).clientsClaim();

precaching.precacheAndRoute([{ url: "/workers/answer.js", revision: "1" }]);

const Plugin = version < 5 ? backgroundSync.Plugin : backgroundSync.BackgroundSyncPlugin;
const options = { plugins: [new Plugin("outbox", { maxRetentionTime: 24 * 60 })] };
routing.registerRoute(
  new RegExp("/messages$"),
  version === 3 ? strategies.networkOnly(options) : new strategies.NetworkOnly(options),
  "POST",
);
