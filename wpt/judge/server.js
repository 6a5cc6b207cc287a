// Serves the suite to a browser: files as they are, and the pages that web-platform tests leave to their server.

import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, extname, join, normalize } from "node:path";

import { ROOT } from "./suite.js";

const HARNESS = join(dirname(createRequire(import.meta.url).resolve("wpt-runner/package.json")), "testharness");

/** Where scripts lie that are not part of the suite. */
const ELSEWHERE = {
  "/resources/testharness.js": join(HARNESS, "testharness.js"),
  "/resources/idlharness.js": join(HARNESS, "idlharness.js"),
  "/resources/WebIDLParser.js": join(HARNESS, "webidl2/lib/webidl2.js"),
};

const TYPES = { ".js": "text/javascript", ".html": "text/html", ".json": "application/json", ".txt": "text/plain" };

/**
 * Starts the server on a free port.
 *
 * @param {import("./suite.js").Test[]} tests
 * @returns {Promise<{ origin: string, close: () => void }>}
 */
export async function serve(tests) {
  const pages = new Map(tests.flatMap((test) => generatedFiles(test)));
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    try {
      const body = pages.get(pathname) ?? (await readFile(fileFor(pathname)));
      response.setHeader("Content-Type", TYPES[extname(pathname)] ?? "application/octet-stream");
      response.setHeader("Cache-Control", "no-store");
      response.end(body);
    } catch (error) {
      if (error.code !== "ENOENT" && error.code !== "EISDIR") throw error;
      response.statusCode = 404;
      response.end("not found");
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://localhost:${server.address().port}`,
    close: () => server.close(),
  };
}

/** The path of the page that runs a test. */
export function pageOf(test) {
  return `/${test.path.replace(/\.js$/, test.isForWorker ? ".serviceworker.html" : ".html")}`;
}

function fileFor(pathname) {
  // A leading slash and no way up: nothing outside of the suite is served.
  return ELSEWHERE[pathname] ?? join(ROOT, normalize(decodeURIComponent(pathname)));
}

function generatedFiles(test) {
  if (!test.isForWorker) return [[pageOf(test), page(test, [...test.scripts, `/${test.path}`])]];
  const worker = `/${test.path.replace(/\.js$/, ".worker.js")}`;
  const imports = ["/resources/testharness.js", ...test.scripts, `/${test.path}`];
  return [
    [worker, imports.map((script) => `importScripts(${JSON.stringify(script)});\n`).join("")],
    [pageOf(test), page(test, [], `runInWorker(${JSON.stringify(worker)});`)],
  ];
}

function page(test, scripts, inline = "") {
  return `<!doctype html>
<meta charset="utf-8">
<title>${test.title}</title>
${test.isLong ? '<meta name="timeout" content="long">' : ""}
<body>
<script src="/resources/testharness.js"></script>
<script src="/judge/testharnessreport.js"></script>
${scripts.map((script) => `<script src="${script}"></script>`).join("\n")}
<script>${inline}</script>
`;
}
