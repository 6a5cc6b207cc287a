// `localforage`: chooses its driver by looking at the global scope, and stores Blobs where it can.
importScripts("answer.js", "/node_modules/localforage/dist/localforage.js");

localforage.config({ name: "settings", storeName: "settings" });

answerMessages({
  async store() {
    await localforage.setItem("theme", { dark: true, accents: ["amber", "teal"] });
    await localforage.setItem("avatar", new Blob(["pixels"], { type: "image/test" }));
    await localforage.setItem("old", 1);
    await localforage.removeItem("old");
  },

  async read() {
    const avatar = await localforage.getItem("avatar");
    return {
      driver: localforage.driver(),
      keys: await localforage.keys(),
      theme: await localforage.getItem("theme"),
      avatar: { type: avatar.type, text: await avatar.text() },
      missing: await localforage.getItem("old"),
    };
  },
});
