// Keeps what was fetched in the background in a cache, and says when it is ready.

self.addEventListener("install", (event) => event.waitUntil(self.skipWaiting()));

self.addEventListener("backgroundfetchsuccess", (event) => event.waitUntil(keep(event)));

self.addEventListener("backgroundfetchfail", (event) => {
  console.log(`the film cannot be fetched: ${event.registration.failureReason}`);
});

async function keep(event) {
  const cache = await caches.open(event.registration.id);
  for (const { request, responseReady } of await event.registration.matchAll()) {
    await cache.put(request, await responseReady);
    console.log(`kept ${new URL(request.url).pathname}`);
  }
  await event.updateUI({ title: "The film is ready" });
}
