import { findTests } from "./suite.js";
import { serve } from "./server.js";
import { runInChromium } from "./chromium.js";

const filter = process.argv[2] ?? "";
const tests = findTests().filter((test) => test.path.includes(filter));
const server = await serve(tests);
const NAMES = ["PASS", "FAIL", "TIMEOUT", "NOTRUN", "PRECONDITION_FAILED"];
for (const test of tests) {
  const started = Date.now();
  const results = await runInChromium(test, server.origin).catch((error) => ({ status: 1, message: error.stack, subtests: [] }));
  console.log(test.path, results.status, results.message ?? "", `${Date.now() - started} ms`);
  for (const { name, status, message } of results.subtests)
    if (status !== 0 || process.argv[3]) console.log("  ", NAMES[status], name, message ?? "");
  console.log("  ", results.subtests.length, "subtests");
}
server.close();
