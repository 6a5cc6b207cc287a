// Fetches the news now and then, so that they are there when the page asks, also without a network.

self.addEventListener("install", (event) => event.waitUntil(self.skipWaiting()));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("periodicsync", (event) => {
  if (event.tag === "news") {
    event.waitUntil(keepNews());
  }
});

async function keepNews() {
  const cache = await caches.open("news");
  await cache.add("news.json");
  const { headlines } = await (await cache.match("news.json")).json();
  console.log(`kept ${headlines.length} headlines`);
}
