// The page of the outbox: stores three messages and asks the browser to have them sent.

navigator.serviceWorker.register("sw.js");

async function writeMessages() {
  const db = await openOutbox();
  for (const text of ["first message", "second message", "third message"]) {
    await queueMessage(db, { id: crypto.randomUUID(), text });
    console.log(`queued "${text}"`);
  }
  db.close();
  await syncMessagesLater();
}

async function syncMessagesLater() {
  const registration = await navigator.serviceWorker.ready;
  try {
    await registration.sync.register("sync-messages");
  } catch {
    console.log("Background Sync could not be registered!");
  }
}

// A message counts as queued when its transaction is complete, not when the request succeeded.
function queueMessage(db, message) {
  return new Promise((resolve, reject) => {
    const transaction = db.transaction("outbox", "readwrite");
    transaction.objectStore("outbox").add(message);
    transaction.oncomplete = resolve;
    transaction.onabort = () => reject(transaction.error);
  });
}

function openOutbox() {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open("messages", 1);
    opening.onupgradeneeded = () => {
      opening.result.createObjectStore("outbox", { keyPath: "number", autoIncrement: true });
    };
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
}

// Whoever drives this page can wait for it.
const messagesQueued = writeMessages();
