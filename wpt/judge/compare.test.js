// What the judge lets pass, and what not. Run by `node --test wpt/judge/compare.test.js`.

import assert from "node:assert/strict";
import { test } from "node:test";

import { compare, readDifferences } from "./compare.js";

const FILE = { path: "background-sync/some.js" };

const results = (subtests, status = "OK") => ({
  status,
  message: null,
  subtests: Object.entries(subtests).map(([name, status]) => ({ name, status, message: null })),
});

const verdict = (theirs, ours, differences = []) =>
  compare(FILE, theirs, new Map([[FILE.path, ours]]), differences.map((each) => ({ test: FILE.path, ...each })));

const known = { subtest: "one", chromium: "FAIL", landfall: "PASS", kind: "policy", reason: "because" };

test("what passes in both needs no reason", () => {
  const { isExplained, passed } = verdict(results({ one: "PASS" }), results({ one: "PASS" }));
  assert.ok(isExplained);
  assert.equal(passed, 1);
});

test("a difference without a reason fails", () => {
  assert.ok(!verdict(results({ one: "FAIL" }), results({ one: "PASS" })).isExplained);
});

test("a difference with a reason does not", () => {
  assert.ok(verdict(results({ one: "FAIL" }), results({ one: "PASS" }), [known]).isExplained);
});

test("what fails in both needs a reason too", () => {
  assert.ok(!verdict(results({ one: "FAIL" }), results({ one: "FAIL" })).isExplained);
});

test("a reason for what passes by now fails", () => {
  assert.ok(!verdict(results({ one: "PASS" }), results({ one: "PASS" }), [known]).isExplained);
});

test("a reason for a subtest that is not there fails", () => {
  assert.ok(!verdict(results({ two: "PASS" }), results({ two: "PASS" }), [known]).isExplained);
});

test("a reason for other statuses fails", () => {
  assert.ok(!verdict(results({ one: "TIMEOUT" }), results({ one: "PASS" }), [known]).isExplained);
});

test("a subtest that one of them does not have fails", () => {
  assert.ok(!verdict(results({ one: "PASS", two: "PASS" }), results({ one: "PASS" })).isExplained);
});

test("a file that crashes fails unless a reason stands for the whole file", () => {
  const [theirs, ours] = [results({}, "CRASH"), results({ one: "PASS" })];
  assert.ok(!verdict(theirs, ours).isExplained);
  assert.ok(verdict(theirs, ours, [{ ...known, subtest: undefined, chromium: "CRASH", landfall: "OK" }]).isExplained);
});

test("a malformed reason is an error", () => {
  const read = (difference) => readDifferences([FILE], JSON.stringify([{ test: FILE.path, ...difference }]));
  assert.equal(read(known).length, 1);
  assert.throws(() => read({ ...known, kind: "whim" }), /the kind is one of/);
  assert.throws(() => read({ ...known, reason: "" }), /a reason is needed/);
  assert.throws(() => read({ ...known, landfall: undefined }), /statuses/);
});

test("a reason for a file that does not exist is an error", () => {
  const text = JSON.stringify([{ ...known, test: "background-sync/gone.js" }]);
  assert.throws(() => readDifferences([FILE], text, () => false), /no such file/);
});
