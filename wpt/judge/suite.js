// Finds the tests of our own suite and reads what they say about themselves. Runs nothing.

import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder that is the root of every address in the suite. */
export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Folders of tests. */
const FOLDERS = ["background-sync", "periodic-background-sync"];

/** Folders whose files are never tests. */
const NEVER_TESTS = new Set(["resources"]);


/**
 * A test file, whose path is also its name in reports.
 *
 * @typedef {{ path: string, isForWorker: boolean, scripts: string[], title: string, isLong: boolean,
 *   policy: string | null }} Test
 */

/** All tests, in the order of their paths. @returns {Test[]} */
export function findTests() {
  return FOLDERS.flatMap((folder) => testsBelow(join(ROOT, folder))).sort((one, other) =>
    one.path < other.path ? -1 : 1,
  );
}

function testsBelow(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return NEVER_TESTS.has(entry.name) ? [] : testsBelow(path);
    return /\.(window|any)\.js$/.test(entry.name) ? [readTest(path)] : [];
  });
}

function readTest(file) {
  const path = relative(ROOT, file).split(sep).join("/");
  const meta = readMeta(readFileSync(file, "utf8"));
  const isForWorker = path.endsWith(".any.js");
  const globals = meta.get("global") ?? [];
  if (isForWorker && globals.join() !== "serviceworker") {
    throw new Error(`${path}: an any.js file of this suite says \`// META: global=serviceworker\``);
  }
  const policies = meta.get("policy") ?? [];
  if (policies.length > 1) throw new Error(`${path}: a file of this suite names one policy at most`);
  return {
    path,
    isForWorker,
    scripts: meta.get("script") ?? [],
    title: meta.get("title")?.[0] ?? path,
    isLong: meta.get("timeout")?.includes("long") ?? false,
    policy: policies[0] ?? null,
  };
}

/** The META lines at the head of a test: each key with its values in order. */
export function readMeta(source) {
  const meta = new Map();
  for (const line of source.split("\n")) {
    const match = /^\/\/\s*META:\s*(\w+)=(.*)$/.exec(line);
    if (!match) break;
    const [, key, value] = match;
    meta.set(key, [...(meta.get(key) ?? []), value.trim()]);
  }
  return meta;
}
