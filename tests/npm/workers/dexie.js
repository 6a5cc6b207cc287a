// `dexie`: its own promise zones over IndexedDB, compound queries, and a schema upgrade of stored records.
importScripts("answer.js", "/node_modules/dexie/dist/dexie.js");

function openFriends() {
  const db = new Dexie("friends");
  db.version(1).stores({ friends: "++id, name" });
  db.version(2)
    .stores({ friends: "++id, name, age, [name+age]" })
    .upgrade((tx) => tx.table("friends").toCollection().modify((friend) => { friend.age = friend.age || 0; }));
  return db;
}

answerMessages({
  async store() {
    const old = new Dexie("friends");
    old.version(1).stores({ friends: "++id, name" });
    await old.friends.add({ name: "Ada" });
    old.close();

    const db = openFriends();
    await db.transaction("rw", db.friends, async () => {
      await db.friends.bulkAdd([{ name: "Grace", age: 41 }, { name: "Edsger", age: 29 }]);
      await db.friends.where("name").equals("Grace").modify({ age: 42 });
    });
    const aborted = await db
      .transaction("rw", db.friends, async () => {
        await db.friends.add({ name: "Nobody", age: 1 });
        throw new Error("changed my mind");
      })
      .catch((error) => error.message);
    db.close();
    return aborted;
  },

  async read() {
    const db = openFriends();
    const result = {
      grown: await db.friends.where("age").above(40).toArray(),
      byBoth: await db.friends.where({ name: "Edsger", age: 29 }).count(),
      names: await db.friends.orderBy("name").keys(),
      ada: await db.friends.get({ name: "Ada" }),
    };
    db.close();
    return result;
  },
});
