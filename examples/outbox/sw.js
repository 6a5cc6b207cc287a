// A message outbox, the example of MDN's page on the Background Synchronization API.
// The page puts messages into IndexedDB and asks for a sync; this worker sends them when there is a network.

self.addEventListener("install", (event) => event.waitUntil(self.skipWaiting()));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("sync", (event) => {
  if (event.tag === "sync-messages") {
    event.waitUntil(sendOutboxMessages());
  }
});

// A rejection is what makes the browser try again later, so every failure must end in one.
async function sendOutboxMessages() {
  const db = await openOutbox();
  try {
    for (const message of await settled(db.transaction("outbox").objectStore("outbox").getAll())) {
      await send(message);
      await settled(db.transaction("outbox", "readwrite").objectStore("outbox").delete(message.number));
      console.log(`delivered "${message.text}"`);
    }
  } finally {
    db.close();
  }
}

async function send(message) {
  const response = await fetch("/messages", {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      // If this worker dies between the answer and the delete, the server knows the message again.
      "Idempotency-Key": message.id,
    },
    body: JSON.stringify(message),
  });
  if (!response.ok) {
    throw new Error(`the server answered ${response.status}`);
  }
}

function openOutbox() {
  const opening = indexedDB.open("messages", 1);
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore("outbox", { keyPath: "number", autoIncrement: true });
  };
  return settled(opening);
}

function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
