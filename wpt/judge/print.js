// Prints verdicts for people.

const PLAIN = { chromium: "Chromium", landfall: "landfall" };

/** A line for the file, and what differs in it. */
export function printFile({ test, passed, rows, isExplained }, isVerbose) {
  const summary = rows.length === 0 ? "" : `, ${rows.length} ${rows.length === 1 ? "differs" : "differ"}`;
  console.log(`${isExplained ? "  " : "! "}${test.path}: ${passed} pass in both${summary}`);
  for (const row of rows) {
    if (isVerbose || !row.isExplained) printRow(row);
  }
}

function printRow({ name, difference, isExplained, ...endings }) {
  console.log(`      ${name}`);
  for (const [side, label] of Object.entries(PLAIN)) {
    const { status, message } = endings[side];
    console.log(`        ${label} ${status}${message ? `: ${message.split("\n")[0]}` : ""}`);
  }
  if (isExplained) console.log(`        ${difference.kind}: ${difference.reason}`);
  else if (!difference) console.log("        not explained in differences.json");
  else {
    const { chromium, landfall } = difference;
    console.log(`        differences.json expects Chromium ${chromium}, landfall ${landfall}: correct or remove it`);
  }
}

/** The last lines. */
export function printSummary(verdicts, milliseconds) {
  const passed = verdicts.reduce((sum, verdict) => sum + verdict.passed, 0);
  const rows = verdicts.flatMap((verdict) => verdict.rows);
  const count = (predicate) => rows.filter(predicate).length;
  console.log(`\n${passed} subtests pass in both, in ${Math.round(milliseconds / 1000)} s`);
  for (const kind of ["policy", "browser-limit", "our-bug"]) {
    const explained = count((row) => row.isExplained && row.difference.kind === kind);
    if (explained > 0) console.log(`${explained} differ by ${kind}`);
  }
  const unexplained = count((row) => !row.isExplained);
  if (unexplained > 0) console.log(`${unexplained} are not as differences.json says`);
}
