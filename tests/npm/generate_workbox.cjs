// Generates a worker with workbox-build, all in one file.
// Usage: node generate_workbox.cjs FOLDER
const { generateSW } = require("workbox-build");

const folder = process.argv[2];
generateSW({
  globDirectory: folder,
  globPatterns: ["**/*.{html,js}"],
  swDest: `${folder}/sw.js`,
  inlineWorkboxRuntime: true,
  sourcemap: false,
  skipWaiting: true,
  clientsClaim: true,
  cleanupOutdatedCaches: true,
  navigateFallback: "/index.html",
  runtimeCaching: [
    {
      urlPattern: /\/api\//,
      handler: "NetworkFirst",
      options: {
        cacheName: "api",
        expiration: { maxEntries: 10, maxAgeSeconds: 3600 },
        cacheableResponse: { statuses: [0, 200] },
      },
    },
    {
      urlPattern: /\/media\//,
      handler: "CacheFirst",
      options: { cacheName: "media", rangeRequests: true },
    },
  ],
}).then(({ warnings }) => {
  if (warnings.length > 0) throw new Error(warnings.join("; "));
});
