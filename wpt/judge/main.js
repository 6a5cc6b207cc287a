// Runs our own suite in Chromium and in landfall and prints where they differ, with the reason of each difference.
//
//   node wpt/judge/main.js [--filter TEXT] [--jobs N] [--landfall PROGRAM] [--verbose]
//
// Ends with 0 if every difference has a reason and every reason a difference, with 1 if not, with 2 if it could not run.

import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";

import { chromiumVersion, runInChromium } from "./chromium.js";
import { compare, readDifferences } from "./compare.js";
import { runInLandfall } from "./landfall.js";
import { printFile, printSummary } from "./print.js";
import { serve } from "./server.js";
import { findTests } from "./suite.js";

/** Most of a test's time in a browser is waiting for retries, so several share a processor. */
const BROWSERS_PER_PROCESSOR = 2;

const { values: options } = parseArgs({
  options: {
    filter: { type: "string", default: "" },
    jobs: { type: "string", default: String(availableParallelism() * BROWSERS_PER_PROCESSOR) },
    landfall: { type: "string" },
    verbose: { type: "boolean", default: false },
  },
});

try {
  process.exitCode = (await judge()) ? 0 : 1;
} catch (error) {
  console.error(`error: ${error.message}`);
  process.exitCode = 2;
}

async function judge() {
  const tests = findTests().filter((test) => test.path.includes(options.filter));
  if (tests.length === 0) throw new Error(`no test's path contains \`${options.filter}\``);
  const differences = readDifferences(tests);
  console.log(`landfall beside ${await chromiumVersion()}: ${tests.length} files`);
  const started = performance.now();
  const ours = await runInLandfall(tests, options.landfall);
  const theirs = await runAllInChromium(tests, (test, results) => compare(test, results, ours, differences).isExplained);
  let isExplained = true;
  const verdicts = tests.map((test) => compare(test, theirs.get(test.path), ours, differences));
  for (const verdict of verdicts) {
    printFile(verdict, options.verbose);
    isExplained &&= verdict.isExplained;
  }
  printSummary(verdicts, performance.now() - started);
  return isExplained;
}

/** Runs each test in a browser of its own, several at a time. What is not as expected runs once more, alone. */
async function runAllInChromium(tests, isAsExpected) {
  const server = await serve(tests);
  const results = new Map();
  const run = async (test) => results.set(test.path, await runInChromium(test, server.origin));
  const waiting = [...tests];
  const work = async () => {
    while (waiting.length > 0) await run(waiting.shift());
  };
  await Promise.all(Array.from({ length: Number(options.jobs) }, work));
  for (const test of tests) {
    // A browser's waits are in real time, and a busy machine may be too slow for them.
    if (!isAsExpected(test, results.get(test.path))) await run(test);
  }
  server.close();
  return results;
}
