// A service worker that sends the messages of an outbox in IndexedDB at each sync, and deletes what was sent.

importScripts("worker.js");

/** What was sent, for the tests to see. */
self.sent = [];

/** So many attempts fail before they send anything. */
self.failures = 0;

const promised = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

async function empty() {
  if (self.failures > 0) {
    self.failures--;
    throw new Error("as told");
  }
  const database = await promised(indexedDB.open("outbox"));
  try {
    const keys = await promised(database.transaction("messages").objectStore("messages").getAllKeys());
    for (const key of keys) {
      const message = await promised(database.transaction("messages").objectStore("messages").get(key));
      const response = await fetch("worker.js", { cache: "no-store" });
      if (!response.ok) throw new Error(`answered with ${response.status}`);
      self.sent.push(message);
      await promised(database.transaction("messages", "readwrite").objectStore("messages").delete(key));
    }
  } finally {
    database.close();
  }
}

addEventListener("sync", (event) => {
  if (event.tag === "outbox") event.waitUntil(empty());
});
