// Takes charge of the page that registered it, and tells it of each sync event.

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("sync", (event) => {
  const tell = async () => {
    for (const client of await clients.matchAll()) client.postMessage(event.tag);
  };
  event.waitUntil(tell());
});
