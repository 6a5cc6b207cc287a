// Says how much memory landfall takes, at its highest, for a cached body of 1 GiB (in and out again), for IndexedDB
// values of 100 MiB, and for a cursor over a store of 1 GiB. Linux only: it reads /proc.
//
//   cargo build --release && node benches/storage/memory.mjs
//
// LANDFALL names the program, MIB the size of the body and of the store in MiB (1024).

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const landfall = process.env.LANDFALL ?? fileURLToPath(new URL("../../target/release/landfall", import.meta.url));
const mib = Number(process.env.MIB ?? 1024);
const MIB = 1024 * 1024;

const IDB = `
const answered = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});
const opening = indexedDB.open("large", 1);
opening.onupgradeneeded = () => opening.result.createObjectStore("s");
const db = await answered(opening);
const store = (mode) => db.transaction("s", mode).objectStore("s");
`;

/** What is measured: a page's script with top-level await; `BODY` is the address of the large body. */
const SCRIPTS = {
  "nothing": "",
  [`cache.put of a response of ${mib} MiB`]: `
    const cache = await caches.open("large");
    await cache.put("/body", await fetch(BODY));`,
  [`reading it from the cache`]: `
    let length = 0;
    for await (const piece of (await caches.match("/body")).body) length += piece.length;
    if (length !== ${mib * MIB}) throw new Error("read " + length);`,
  "putting and getting a value of 100 MiB": `${IDB}
    await answered(store("readwrite").put(new Uint8Array(${100 * MIB}).fill(7), "bytes"));
    const bytes = await answered(store("readonly").get("bytes"));
    if (bytes.length !== ${100 * MIB}) throw new Error("got " + bytes.length);
    await answered(store("readwrite").clear());`,
  "putting a Blob of 100 MiB": `${IDB}
    const part = new Uint8Array(${10 * MIB}).fill(7);
    await answered(store("readwrite").put(new Blob(Array(10).fill(part)), "blob"));`,
  "getting it without reading it": `${IDB}
    const blob = await answered(store("readonly").get("blob"));
    if (blob.size !== ${100 * MIB}) throw new Error("got " + blob.size);`,
  [`${mib} puts of 1 MiB each`]: `${IDB}
    await answered(store("readwrite").clear());
    for (let i = 0; i < ${mib}; i++) await answered(store("readwrite").put(new Uint8Array(${MIB}).fill(i), i));`,
  "a cursor over them": `${IDB}
    let count = 0;
    await new Promise((resolve, reject) => {
      const request = store("readonly").openCursor();
      request.onerror = () => reject(request.error);
      request.onsuccess = () => {
        if (request.result === null) return resolve();
        count += request.result.value.length;
        request.result.continue();
      };
    });
    if (count !== ${mib * MIB}) throw new Error("read " + count);`,
};

const server = createServer(async (_, response) => {
  response.setHeader("access-control-allow-origin", "*");
  response.setHeader("content-length", mib * MIB);
  const piece = Buffer.alloc(MIB, "x");
  for (let i = 0; i < mib; i++) {
    if (!response.write(piece)) await once(response, "drain");
  }
  response.end();
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
const body = `http://127.0.0.1:${server.address().port}/body`;

const folder = mkdtempSync(join(tmpdir(), "landfall-memory-"));
writeFileSync(join(folder, "sw.js"), "");
console.log("| what | peak memory, MiB | seconds |\n|---|---:|---:|");
try {
  for (const [name, script] of Object.entries(SCRIPTS)) {
    writeFileSync(join(folder, "page.js"), `const BODY = ${JSON.stringify(body)};
      (async () => { ${script} })().catch((error) => console.error(String(error)));`);
    const start = performance.now();
    const args = ["run", "sw.js", "--page", "page.js", "--data", "data", "--quota", "100G", "--exit-when-idle", "--quiet"];
    const child = spawn(landfall, args, { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
    const printed = child.stdout.toArray();
    let peak = 0;
    const timer = setInterval(() => {
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
      peak = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024 || peak;
    }, 5);
    await once(child, "exit");
    clearInterval(timer);
    const said = Buffer.concat(await printed).toString();
    if (said !== "") throw new Error(`${name}: ${said}`);
    console.log(`| ${name} | ${peak.toFixed(0)} | ${((performance.now() - start) / 1000).toFixed(1)} |`);
  }
} finally {
  server.close();
  rmSync(folder, { recursive: true, force: true });
}
