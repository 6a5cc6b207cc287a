// The work that is timed: the same script in every engine. It leaves nothing behind and calls `report` once.

const finished = (transaction) =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = () => reject(transaction.error);
  });

const answered = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** Goes through a cursor to its end and gives the number of records. */
const walk = (request) =>
  new Promise((resolve, reject) => {
    let count = 0;
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      const cursor = request.result;
      if (cursor === null) {
        resolve(count);
        return;
      }
      count++;
      cursor.continue();
    };
  });

const LARGE = 100_000;
const SMALL = 10_000;
const note = (id) => ({ id, group: id % 100, text: "a message that waits for the network", tags: ["a", "b"] });

async function open() {
  await answered(indexedDB.deleteDatabase("bench"));
  const request = indexedDB.open("bench", 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore("outbox");
    request.result.createObjectStore("notes", { keyPath: "id" }).createIndex("group", "group");
  };
  return answered(request);
}

const begin = (db, store, mode) => db.transaction(store, mode, { durability: "relaxed" });

/** What is timed, in this order: later ones read what earlier ones wrote. Each gives the number of records. */
const WORK = {
  [`${SMALL} transactions with one put each`]: async (db) => {
    for (let id = 0; id < SMALL; id++) {
      const transaction = begin(db, "outbox", "readwrite");
      transaction.objectStore("outbox").put(note(id), id);
      await finished(transaction);
    }
    return SMALL;
  },
  [`${SMALL} puts in one transaction`]: async (db) => {
    const transaction = begin(db, "outbox", "readwrite");
    for (let id = 0; id < SMALL; id++) transaction.objectStore("outbox").put(note(id), id);
    await finished(transaction);
    return SMALL;
  },
  [`${LARGE} puts in one transaction, key path and index`]: async (db) => {
    const transaction = begin(db, "notes", "readwrite");
    const store = transaction.objectStore("notes");
    for (let id = 0; id < LARGE; id++) store.put(note(id));
    await finished(transaction);
    return LARGE;
  },
  [`${LARGE} gets by key in one transaction`]: async (db) => {
    let count = 0;
    const transaction = begin(db, "notes", "readonly");
    const store = transaction.objectStore("notes");
    for (let id = 0; id < LARGE; id++) store.get(id).onsuccess = ({ target }) => count += target.result.id === id;
    await finished(transaction);
    return count;
  },
  [`${SMALL} gets, each awaited`]: async (db) => {
    const store = begin(db, "notes", "readonly").objectStore("notes");
    for (let id = 0; id < SMALL; id++) await answered(store.get(id));
    return SMALL;
  },
  [`cursor over ${LARGE}`]: (db) => walk(begin(db, "notes", "readonly").objectStore("notes").openCursor()),
  "index range of 1000, by cursor": (db) =>
    walk(begin(db, "notes", "readonly").objectStore("notes").index("group").openCursor(IDBKeyRange.only(50))),
  "index range of 1000, getAll": async (db) => {
    const index = begin(db, "notes", "readonly").objectStore("notes").index("group");
    return (await answered(index.getAll(IDBKeyRange.only(50)))).length;
  },
  [`getAll of ${SMALL}`]: async (db) =>
    (await answered(begin(db, "outbox", "readonly").objectStore("outbox").getAll())).length,
};

async function run() {
  const db = await open();
  const times = {};
  for (const [name, work] of Object.entries(WORK)) {
    const start = performance.now();
    const count = await work(db);
    times[name] = performance.now() - start;
    const expected = Number(/1000*/.exec(name)[0]);
    if (count !== expected) throw new Error(`${name}: ${count} records instead of ${expected}`);
  }
  db.close();
  await answered(indexedDB.deleteDatabase("bench"));
  return times;
}

run().then((times) => report(JSON.stringify(times)), (error) => report(JSON.stringify({ error: `${error}` })));
