// `idb` as its README uses it: an upgrade callback, an index, one transaction with several adds.
importScripts("answer.js", "/node_modules/idb/build/umd.js");

function openNotes() {
  return idb.openDB("notes", 1, {
    upgrade(db) {
      const notes = db.createObjectStore("notes", { keyPath: "id", autoIncrement: true });
      notes.createIndex("day", "day");
    },
  });
}

answerMessages({
  async store() {
    const db = await openNotes();
    const tx = db.transaction("notes", "readwrite");
    await Promise.all([
      tx.store.add({ day: "monday", text: "first" }),
      tx.store.add({ day: "tuesday", text: "second" }),
      tx.store.add({ day: "monday", text: "third" }),
      tx.done,
    ]);
    db.close();
  },

  async read() {
    const db = await openNotes();
    const texts = [];
    for await (const cursor of db.transaction("notes").store.index("day").iterate("monday")) {
      texts.push(cursor.value.text);
    }
    const result = { count: await db.count("notes"), second: await db.get("notes", 2), monday: texts };
    db.close();
    return result;
  },
});
