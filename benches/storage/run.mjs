// Times IndexedDB in landfall, in Chromium and in fake-indexeddb (Node, memory only), side by side, and prints a table.
// Every round runs all three once, one after the other; the table has the medians.
//
//   cargo build --release && npm ci --prefix benches/storage && node benches/storage/run.mjs
//
// LANDFALL and CHROMIUM name the programs, ROUNDS the rounds (5). CHROMIUM= leaves Chromium out.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const landfall = process.env.LANDFALL ?? here("../../target/release/landfall");
const chromium = process.env.CHROMIUM ?? "chromium";
const rounds = Number(process.env.ROUNDS ?? 5);
const workload = readFileSync(here("workload.js"), "utf8");

/** Runs a program to its end and gives what it printed. */
async function output(program, args, cwd) {
  const child = spawn(program, args, { cwd, stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.on("data", (piece) => text += piece);
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${text}`);
  return text;
}

async function inLandfall(folder) {
  writeFileSync(join(folder, "sw.js"), "");
  writeFileSync(join(folder, "page.js"), `const report = console.log;\n${workload}`);
  const args = ["run", "sw.js", "--page", "page.js", "--data", "data", "--exit-when-idle", "--json"];
  const events = (await output(landfall, args, folder)).trim().split("\n").map((line) => JSON.parse(line));
  return events.find(({ event }) => event === "console").message;
}

async function inFakeIndexedDb(folder) {
  const library = import.meta.resolve("fake-indexeddb/auto");
  writeFileSync(join(folder, "main.mjs"), `import ${JSON.stringify(library)};\nconst report = console.log;\n${workload}`);
  return await output(process.execPath, [join(folder, "main.mjs")], folder);
}

/** A page of a server of ours, which gets the result back. */
async function inChromium(folder) {
  const server = createServer();
  const reported = new Promise((resolve) => {
    server.on("request", async (request, response) => {
      if (request.method === "POST") resolve(Buffer.concat(await request.toArray()).toString());
      const report = "const report = (text) => fetch('/report', { method: 'POST', body: text });";
      response.setHeader("content-type", "text/html");
      response.end(request.url === "/" ? `<script type="module">${report}\n${workload}</script>` : "");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const args = ["--headless=new", "--no-sandbox", "--no-first-run", `--user-data-dir=${folder}/profile`];
  const browser = spawn(chromium, [...args, `http://127.0.0.1:${server.address().port}/`], { stdio: "ignore" });
  const ended = once(browser, "close");
  const result = await Promise.race([reported, ended.then(() => "")]);
  browser.kill();
  await ended;
  server.closeAllConnections();
  server.close();
  return result;
}

async function measure(engine) {
  const folder = mkdtempSync(join(tmpdir(), "landfall-bench-"));
  try {
    const times = JSON.parse(await engine(folder));
    if (times.error !== undefined) throw new Error(times.error);
    return times;
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

const engines = { landfall: inLandfall, Chromium: inChromium, "fake-indexeddb": inFakeIndexedDb };
if (chromium === "") delete engines.Chromium;
const results = Object.fromEntries(Object.keys(engines).map((name) => [name, []]));
for (let round = 0; round < rounds; round++) {
  for (const [name, engine] of Object.entries(engines)) results[name].push(await measure(engine));
}
const names = Object.keys(engines);
console.log(`| milliseconds | ${names.join(" | ")} |`);
console.log(`|---|${names.map(() => "---:|").join("")}`);
for (const work of Object.keys(results.landfall[0])) {
  const cells = names.map((name) => median(results[name].map((times) => times[work])).toFixed(0));
  console.log(`| ${work} | ${cells.join(" | ")} |`);
}
