// A service worker that stays in its `install` or `activate` event, whichever the query names, until it is told
// "release". It tells every page what comes of register() in `install`, and of each sync.

const [heldIn] = location.search.slice(1).split("&");

let release;
const released = new Promise((resolve) => (release = resolve));

async function tell(message) {
  for (const client of await clients.matchAll({ includeUncontrolled: true })) client.postMessage(message);
}

addEventListener("message", () => release());

addEventListener("install", (event) => {
  skipWaiting();
  const attempt = registration.sync.register("in install").then(() => "resolved", ({ name }) => name);
  event.waitUntil(attempt.then((inInstall) => tell({ inInstall })));
  if (heldIn === "install") event.waitUntil(released);
});

addEventListener("activate", (event) => {
  if (heldIn === "activate") event.waitUntil(released);
});

addEventListener("sync", (event) => event.waitUntil(tell({ synced: event.tag })));
