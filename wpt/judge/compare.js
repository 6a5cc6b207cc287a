// Decides which results differ and whether each difference has its reason. Runs nothing and prints nothing.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { ROOT } from "./suite.js";

/** Why a result may differ, or fail in both. */
const KINDS = new Set([
  // The specification leaves it open, or we chose otherwise and say so.
  "policy",
  // The browser cannot do it, or cannot be made to do it by a test.
  "browser-limit",
  // We are wrong and know it.
  "our-bug",
]);

/** Stands for a whole file where no subtest is named. */
const WHOLE_FILE = "(the whole file)";

/**
 * @typedef {{ test: string, subtest?: string, chromium: string, landfall: string, kind: string, reason: string }}
 *   Difference
 * @typedef {{ name: string, chromium: Ending, landfall: Ending, difference: ?Difference, isExplained: boolean }} Row
 * @typedef {{ status: string, message: ?string }} Ending
 */

/** The known differences. Whatever is malformed is an error: a reason that nobody reads explains nothing. */
export function readDifferences(
  tests,
  text = readFileSync(new URL("differences.json", import.meta.url), "utf8"),
  isFile = (path) => existsSync(join(ROOT, path)),
) {
  const differences = JSON.parse(text);
  const paths = new Set(tests.map((test) => test.path));
  for (const difference of differences) {
    const { test, subtest = WHOLE_FILE, kind, reason, chromium, landfall } = difference;
    const complain = (what) => {
      throw new Error(`differences.json, ${test}, ${subtest}: ${what}`);
    };
    if (!paths.has(test) && !isFile(test)) complain("there is no such file");
    if (!KINDS.has(kind)) complain(`the kind is one of ${[...KINDS].join(", ")}`);
    if (!reason) complain("a reason is needed");
    if (!chromium || !landfall) complain("the statuses in `chromium` and `landfall` are needed");
  }
  return differences.filter(({ test }) => paths.has(test));
}

/**
 * Compares both results of one file.
 *
 * @returns {{ test: object, passed: number, rows: Row[], isExplained: boolean }} with a row for all that did not pass in
 *   both, and for each explanation of something that did
 */
export function compare(test, theirs, ours, differences) {
  const mine = ours.get(test.path);
  const known = new Map(
    differences.filter((each) => each.test === test.path).map((each) => [each.subtest ?? WHOLE_FILE, each]),
  );
  const endings = endingsByName(theirs, mine);
  for (const name of known.keys()) {
    if (!endings.has(name)) endings.set(name, { chromium: ABSENT, landfall: ABSENT });
  }
  const rows = [];
  let passed = 0;
  for (const [name, { chromium, landfall }] of endings) {
    const difference = known.get(name) ?? null;
    const isPassed = PASSED.has(chromium.status) && PASSED.has(landfall.status);
    if (isPassed && name !== WHOLE_FILE) passed++;
    if (isPassed && !difference) continue;
    const isExplained =
      !isPassed && difference?.chromium === chromium.status && difference?.landfall === landfall.status;
    rows.push({ name, chromium, landfall, difference, isExplained });
  }
  return { test, passed, rows, isExplained: rows.every((row) => row.isExplained) };
}

const PASSED = new Set(["PASS", "OK"]);

const ABSENT = { status: "ABSENT", message: null };

/** Both endings of each subtest; of the whole file only, if it has not ended well in one of them. */
function endingsByName(theirs, mine) {
  const whole = { chromium: theirs, landfall: mine };
  if (!PASSED.has(theirs.status) || !PASSED.has(mine.status)) return new Map([[WHOLE_FILE, whole]]);
  const endings = new Map();
  for (const [side, { subtests }] of Object.entries(whole)) {
    for (const { name, status, message } of subtests) {
      if (!endings.has(name)) endings.set(name, { chromium: ABSENT, landfall: ABSENT });
      endings.get(name)[side] = { status, message };
    }
  }
  return endings;
}
