// `idb-keyval`: a database with one store and no version, values of several kinds, an update in place.
importScripts("answer.js", "/node_modules/idb-keyval/dist/umd.js");

answerMessages({
  async store() {
    await idbKeyval.set("name", "landfall");
    await idbKeyval.setMany([
      ["when", new Date(0)],
      ["bytes", new Uint8Array([1, 2, 3])],
      ["gone", true],
    ]);
    await idbKeyval.update("visits", (visits) => (visits || 0) + 1);
    await idbKeyval.update("visits", (visits) => (visits || 0) + 1);
    await idbKeyval.del("gone");
  },

  async read() {
    const [name, when, bytes, visits] = await idbKeyval.getMany(["name", "when", "bytes", "visits"]);
    return { keys: await idbKeyval.keys(), name, when: when.toISOString(), bytes: [...bytes], visits };
  },
});
