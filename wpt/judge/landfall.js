// Runs tests in landfall, by its own runner.

import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { pageOf } from "./server.js";
import { ROOT } from "./suite.js";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));

/** Builds and runs what is in this checkout. */
const FROM_SOURCE = ["cargo", "run", "--quiet", "--bin", "landfall-wpt", "--"];

/**
 * Runs tests and gives the result of each by its path, in the form of wpt.fyi's reports.
 *
 * @param {import("./suite.js").Test[]} tests
 * @param {string | undefined} program the runner, built already
 * @returns {Promise<Map<string, { status: string, message: ?string, subtests: object[] }>>}
 */
export async function runInLandfall(tests, program) {
  const folder = await mkdtemp(join(tmpdir(), "landfall-judge-"));
  try {
    const report = join(folder, "report.json");
    const command = program ? [program] : FROM_SOURCE;
    const paths = tests.map((test) => test.path);
    await run([...command, "--suite", ROOT, "--wptreport", report, ...paths]);
    const { results } = JSON.parse(await readFile(report, "utf8"));
    const byPage = new Map(results.map((result) => [result.test, result]));
    return new Map(tests.map((test) => [test.path, byPage.get(pageOf(test) + variantOf(test)) ?? MISSING]));
  } finally {
    await rm(folder, { recursive: true });
  }
}

const MISSING = { status: "MISSING", message: "landfall-wpt did not run it", subtests: [] };

function variantOf({ policy }) {
  return policy ? `?policy=${policy}` : "";
}

function run([command, ...values]) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, values, { cwd: REPOSITORY, stdio: ["ignore", "ignore", "inherit"] });
    child.once("error", (error) => reject(new Error(`\`${command}\` does not start: ${error.message}`)));
    child.once("exit", (code) => {
      // It ends with 1 when tests fail, which is for us to judge.
      if (code === 0 || code === 1) resolve();
      else reject(new Error(`\`${command}\` ended with ${code}`));
    });
  });
}
