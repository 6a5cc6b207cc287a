//! The program `landfall-wpt`: which tests it runs, what it says of them, and that nothing they do stops it.

use std::process::Command;

use serde_json::Value;

use crate::support::npm;

const PASSES: &str = "test(() => assert_equals(1 + 1, 2), 'sums');";
const FAILS: &str = "test(() => assert_equals(1 + 1, 3), 'sums');";

/// A suite of tests of its own, with the harness from npm.
struct Suite(tempfile::TempDir);

/// What a run said.
struct Ran {
    code: Option<i32>,
    out: String,
    errors: String,
}

impl Suite {
    fn with(files: &[(&str, &str)]) -> Self {
        let suite = Self(tempfile::tempdir().unwrap());
        let package = npm::installed("wpt").join("node_modules/wpt-runner");
        for file in ["testharness.js", "idlharness.js"] {
            let text = std::fs::read_to_string(package.join("testharness").join(file)).unwrap();
            suite.write(
                &format!("node_modules/wpt-runner/testharness/{file}"),
                &text,
            );
        }
        for (path, text) in files {
            suite.write(path, text);
        }
        suite
    }

    fn path(&self, path: &str) -> std::path::PathBuf {
        self.0.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let file = self.path(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    fn expectations(&self) -> String {
        std::fs::read_to_string(self.path("expectations/own/made.toml")).unwrap_or_default()
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_landfall-wpt"));
        command.args(["--suite", "."]).args(words);
        command.current_dir(self.0.path());
        command
    }

    fn run(&self, words: &[&str]) -> Ran {
        ran(self.command(words))
    }
}

fn ran(mut command: Command) -> Ran {
    let output = command.output().expect("the runner starts");
    Ran {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        errors: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Ran {
    #[track_caller]
    fn expect(&self, code: i32, said: &[&str]) -> &Self {
        let all = format!("{}\n{}", self.out, self.errors);
        assert_eq!(self.code, Some(code), "{all}");
        for line in said {
            assert!(all.contains(line), "no `{line}` in:\n{all}");
        }
        self
    }
}

#[test]
fn a_run_passes_if_every_test_does() {
    let suite = Suite::with(&[("made/passes.any.js", PASSES)]);
    suite.run(&[]).expect(0, &["1 files", "0 not as expected"]);
    suite.write("made/fails.any.js", FAILS);
    suite.run(&[]).expect(
        1,
        &[
            "OK 0/1 /made/fails.any.serviceworker.html",
            "! FAIL sums assert_equals: expected 3 but got 2",
            "2 files",
            "1 not as expected",
        ],
    );
    suite.run(&["--filter", "passes"]).expect(0, &["1 files"]);
}

#[test]
fn the_meta_lines_are_obeyed() {
    let suite = Suite::with(&[
        (
            "made/meta.any.js",
            "// META: title=By name\n// META: script=resources/helper.js\n// META: variant=?one\n// META: variant=?two\n
             test(() => {
                 assert_equals(helper, 'helped');
                 assert_true(['?one', '?two'].includes(location.search));
                 assert_true(self instanceof ServiceWorkerGlobalScope);
             });",
        ),
        ("made/resources/helper.js", "self.helper = 'helped';"),
        (
            "made/page.https.window.js",
            "test(() => assert_false('ServiceWorkerGlobalScope' in self), 'a window');
             promise_test(async () => assert_equals((await fetch('resources/helper.js')).status, 200), 'a site');",
        ),
        (
            "made/page.html",
            "<!doctype html><title>Page</title><script src=/resources/testharness.js></script>
             <script src=\"/resources/testharnessreport.js\"></script>
             <script>const here = location.pathname;</script>
             <script>test(() => assert_equals(here, '/made/page.html'), document.title);</script>",
        ),
        (
            "made/frames.html",
            "<script src=/resources/testharness.js></script><iframe src=x></iframe>",
        ),
    ]);
    suite.run(&["--verbose"]).expect(
        0,
        &[
            "/made/meta.any.serviceworker.html?one",
            "/made/meta.any.serviceworker.html?two",
            "PASS By name",
            "OK 2/2 /made/page.https.window.html",
            "PASS Page",
            "left out: 1 files need a document",
        ],
    );
}

/// Real time: the limits of tests are what is tested.
#[test]
fn a_test_that_spins_waits_or_devours_memory_stops_only_itself() {
    let suite = Suite::with(&[
        (
            "made/a_spins.any.js",
            "promise_test(async () => { await 0; for (;;); }, 'spins');",
        ),
        (
            "made/b_never.any.js",
            "promise_test(() => new Promise(() => {}), 'never');",
        ),
        (
            "made/c_heap.any.js",
            "const all = []; for (;;) all.push(new Array(1e5).fill(0.5));",
        ),
        (
            "made/d_buffers.any.js",
            "const all = []; for (;;) all.push(new Uint8Array(1 << 24).fill(1));",
        ),
        ("made/e_throws.any.js", "throw new Error('at the top');"),
        ("made/f_syntax.https.window.js", "test((;"),
        (
            "made/g_spins.https.window.js",
            "test(() => { for (;;); }, 'spins');",
        ),
        ("made/h_passes.any.js", PASSES),
    ]);
    let words = [
        "--verbose",
        "--timeout-multiplier",
        "0.15",
        "--memory",
        "900",
    ];
    suite.run(&words).expect(
        1,
        &[
            "TIMEOUT 0/0 /made/a_spins.any.serviceworker.html",
            "TIMEOUT 0/1 /made/b_never.any.serviceworker.html",
            "! TIMEOUT instead of OK: it did not end within 1.5 s",
            "CRASH 0/0 /made/c_heap.any.serviceworker.html",
            "it used more than 225 MiB of memory",
            "/made/d_buffers.any.serviceworker.html",
            "ERROR 0/0 /made/e_throws.any.serviceworker.html",
            "at the top",
            "ERROR 0/0 /made/f_syntax.https.window.html",
            "SyntaxError",
            "TIMEOUT 0/0 /made/g_spins.https.window.html",
            "OK 1/1 /made/h_passes.any.serviceworker.html",
            "8 files",
            "7 not as expected",
        ],
    );
}

#[test]
fn an_update_takes_what_fails_with_its_reason_and_then_changes_nothing() {
    let suite = Suite::with(&[("made/fails.any.js", FAILS)]);
    suite.run(&["--update"]).expect(
        1,
        &["needs a new exception: say with --reason why it fails"],
    );
    assert_eq!(suite.expectations(), "");
    suite
        .run(&["--update", "--reason", "sums are hard"])
        .expect(0, &[]);
    let written = suite.expectations();
    assert!(written.contains("reason = \"sums are hard\""), "{written}");
    suite.run(&[]).expect(0, &["0 not as expected"]);
    suite.run(&["--update"]).expect(0, &[]);
    assert_eq!(suite.expectations(), written);

    suite.write("made/fails.any.js", PASSES);
    suite
        .run(&[])
        .expect(1, &["passes now, but is expected to fail: sums"]);
    suite.run(&["--update"]).expect(0, &[]);
    assert_eq!(suite.expectations(), "");
}

#[test]
fn an_expectation_without_a_test_is_named() {
    let suite = Suite::with(&[("made/passes.any.js", PASSES)]);
    let entry = "[\"gone.any.serviceworker.html\"]\nstatus = \"ERROR\"\nreason = \"because\"\n";
    suite.write("expectations/own/made.toml", entry);
    suite
        .run(&[])
        .expect(1, &["there is no test /made/gone.any.serviceworker.html"]);
    suite.run(&["--filter", "passes"]).expect(0, &[]);
    suite.run(&["made/passes.any.js"]).expect(0, &[]);
    suite.run(&["--update"]).expect(0, &[]);
    assert_eq!(suite.expectations(), "");
}

#[test]
fn a_malformed_expectation_is_named_and_stops_nothing() {
    let suite = Suite::with(&[("made/fails.any.js", FAILS)]);
    let entry = "[\"fails.any.serviceworker.html\"]\n";
    let malformed = |text: &str, said: &str| {
        suite.write("expectations/own/made.toml", text);
        let went_on = "! FAIL sums";
        suite
            .run(&[])
            .expect(1, &["error: ", "made.toml", said, went_on]);
        suite.run(&["--update"]).expect(1, &[said]);
        assert_eq!(suite.expectations(), text, "it is left as it is");
    };
    malformed(
        &format!("{entry}fails = [\"sums\"]\n"),
        "missing field `reason`",
    );
    malformed(
        &format!("{entry}fails = [\"sums\"]\nreason = \" \"\n"),
        "[\"fails.any.serviceworker.html\"]: the reason is empty",
    );
    malformed(
        &format!("{entry}reason = \"because\"\n"),
        "it excuses nothing",
    );
    malformed(
        &format!("{entry}fail = [\"sums\"]\nreason = \"because\"\n"),
        "unknown field `fail`",
    );
    malformed(
        "nonsense",
        "`./expectations/own/made.toml` is no file of expectations",
    );
}

#[test]
fn an_expectation_may_name_no_subtest_that_there_is_not() {
    let suite = Suite::with(&[("made/fails.any.js", FAILS)]);
    let entry =
        "[\"fails.any.serviceworker.html\"]\nfails = [\"sums\", \"gone\"]\nreason = \"because\"\n";
    suite.write("expectations/own/made.toml", entry);
    suite
        .run(&[])
        .expect(1, &["there is no such subtest: gone"]);
}

#[test]
fn a_test_that_is_out_of_scope_is_not_run() {
    let suite = Suite::with(&[("made/fails.any.js", FAILS)]);
    let entry = "[\"fails.any.serviceworker.html\"]\nout_of_scope = true\nreason = \"because\"\n";
    suite.write("expectations/own/made.toml", entry);
    suite
        .run(&[])
        .expect(0, &["left out: 1 files are out of scope"]);
}

#[test]
fn a_wrong_folder_is_named() {
    let suite = Suite::with(&[("made/passes.any.js", PASSES)]);
    suite
        .run(&["--checkout", "/nowhere"])
        .expect(2, &["`/nowhere` is no folder"]);
    let empty = tempfile::tempdir().unwrap();
    let place = empty.path().to_str().unwrap();
    suite.run(&["--checkout", place]).expect(
        2,
        &["is no checkout of web-platform-tests", "wpt/README.md"],
    );
    suite
        .run(&["elsewhere"])
        .expect(2, &["`elsewhere` is not in", "made"]);
    suite
        .run(&["--filter", "elsewhere"])
        .expect(2, &["no test that runs here"]);
    let mut outside = Command::new(env!("CARGO_BIN_EXE_landfall-wpt"));
    outside.current_dir(empty.path());
    ran(outside).expect(2, &["`wpt` is no folder"]);
}

/// A checkout whose server would be wptserve.
fn checkout(test: &str) -> Suite {
    let suite = Suite::with(&[]);
    let harness = suite.path("node_modules/wpt-runner/testharness/testharness.js");
    let harness = std::fs::read_to_string(harness).unwrap();
    suite.write("checkout/resources/testharness.js", &harness);
    suite.write("checkout/tools/serve/serve.py", "");
    suite.write("checkout/made/passes.any.js", PASSES);
    suite.write("checkout/made/asks.any.js", test);
    suite.write(
        "suites.toml",
        "[upstream]\nsource = \"made\"\nrevision = \"1\"\nfolders = [\"made\"]\n",
    );
    suite
}

#[test]
fn a_missing_python_is_said_and_what_needs_no_server_is_run() {
    let suite = checkout("promise_test(() => fetch('resources/echo.py'), 'asks');");
    let mut command = suite.command(&["--checkout", "checkout"]);
    command.env("PATH", suite.path("checkout"));
    let words = [
        "error: 1 tests were not run: python3 is needed for wptserve",
        "--no-server",
        "1 files in",
        "0 not as expected",
    ];
    ran(command).expect(1, &words);
    suite
        .run(&["--checkout", "checkout", "--no-server"])
        .expect(0, &["1 tests that need wptserve are left out", "1 files"]);
}

/// Stands in for wptserve: answers every request with where it came in, once another run has its server too.
const SERVER: &str = r#"#!/usr/bin/env node
if (process.argv.includes("--version")) process.exit(0);
const { appendFileSync, readFileSync } = require("node:fs");
const config = JSON.parse(readFileSync(process.argv.at(-1), "utf8"));
const { host_key_path, host_cert_path } = config.ssl.pregenerated;
const tls = { key: readFileSync(host_key_path), cert: readFileSync(host_cert_path) };
const servers = process.env.SERVERS;
const answer = async (request, response) => {
  while (readFileSync(servers, "utf8").length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  response.end(request.headers.host);
};
const ports = Object.entries(config.ports).flatMap(([scheme, ports]) => ports.map((port) => [scheme, port]));
for (const [scheme, port] of ports) {
  const server = scheme.endsWith("s") && scheme !== "ws"
    ? require("node:https").createServer(tls, answer)
    : require("node:http").createServer(answer);
  server.listen(port, config.server_host);
}
appendFileSync(servers, "1");
"#;

/// Where programs are looked for, with `script` as `python3`.
#[cfg(unix)]
fn with_python(suite: &Suite, script: &str) -> std::ffi::OsString {
    use std::os::unix::fs::PermissionsExt as _;

    suite.write("bin/python3", script);
    let permissions = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(suite.path("bin/python3"), permissions).unwrap();
    #[expect(
        clippy::disallowed_methods,
        reason = "where node is, is for this machine to say"
    )]
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path);
    std::env::join_paths([suite.path("bin")].into_iter().chain(places)).unwrap()
}

#[cfg(unix)]
#[test]
fn a_server_that_does_not_start_is_said_with_its_last_words() {
    let suite = checkout("promise_test(() => fetch('resources/echo.py'), 'asks');");
    let path = with_python(
        &suite,
        "#!/bin/sh\necho \"No module named 'distutils'\"; exit 1\n",
    );
    let mut command = suite.command(&["--checkout", "checkout"]);
    command.env("PATH", path);
    let words = [
        "error: 1 tests were not run: wptserve did not start",
        "No module named 'distutils'",
        "1 files in",
    ];
    ran(command).expect(1, &words);
}

#[cfg(unix)]
#[test]
fn two_runs_at_the_same_time_have_a_server_each_and_report_the_same() {
    let suite = checkout(
        "promise_test(async () => {
             const response = await fetch('resources/where.py');
             assert_equals(await response.text(), location.host);
         }, `at ${location.origin}`);",
    );
    let path = with_python(&suite, SERVER);
    suite.write("servers", "");
    let run = || {
        // Each waits for the other one, so neither may give up early.
        let patience = ["--timeout-multiplier", "6"];
        let mut command = suite.command(&["--checkout", "checkout", "--verbose"]);
        command.args(patience);
        command.env("PATH", &path);
        command.env("SERVERS", suite.path("servers"));
        let said = ["PASS at https://web-platform.test:8443", "2 files in"];
        ran(command).expect(0, &said);
    };
    std::thread::scope(|scope| {
        scope.spawn(run);
        scope.spawn(run);
    });
}

#[test]
fn results_are_written_for_other_programs() {
    let suite = Suite::with(&[("made/passes.any.js", PASSES), ("made/fails.any.js", FAILS)]);
    suite.write(
        "score.md",
        "# Score\n<!-- score own -->\nold\n<!-- end of score -->\nafter\n",
    );
    let read = |path: &str| std::fs::read_to_string(suite.path(path)).unwrap();
    let tap = suite.run(&[
        "--tap",
        "--junit",
        "junit.xml",
        "--wptreport",
        "report.json",
        "--readme",
        "score.md",
    ]);
    assert!(
        tap.out
            .starts_with("TAP version 13\n1..2\nnot ok 1 - /made/fails"),
        "{}",
        tap.out
    );
    assert!(tap.out.contains("\nok 2 - /made/passes"), "{}", tap.out);

    let junit = read("junit.xml");
    assert!(
        junit.contains("tests=\"4\" skipped=\"0\" failures=\"2\""),
        "{junit}"
    );
    let report: Value = serde_json::from_str(&read("report.json")).unwrap();
    assert_eq!(report["run_info"]["product"], "landfall");
    let result = &report["results"][0];
    assert_eq!(result["test"], "/made/fails.any.serviceworker.html");
    assert_eq!(result["status"], "OK");
    assert_eq!(result["subtests"][0]["status"], "FAIL");
    let score = read("score.md");
    assert!(
        score.contains("| made   |     2 |        1 |        2 |    1 |  50.0 |"),
        "{score}"
    );
    assert!(
        score.ends_with("<!-- end of score -->\nafter\n") && !score.contains("\nold\n"),
        "{score}"
    );

    let json: Value = serde_json::from_str(&suite.run(&["--json"]).out).unwrap();
    let unexpected = &json["tests"][0]["unexpected"][0];
    assert_eq!(unexpected, "FAIL sums assert_equals: expected 3 but got 2");
    suite
        .run(&["--readme", "made/passes.any.js"])
        .expect(2, &["has no place for the score"]);
}

#[test]
fn odd_names_of_subtests_break_no_report() {
    let names = r#"["\u0000\u001b[31m", "\ud800", "\ufffe\uffff", "<&\"'>]]>", "two\nlines", "\ud83d\ude00"]"#;
    let suite = Suite::with(&[(
        "made/odd.any.js",
        &format!("for (const name of {names}) test(() => assert_unreached(name), name);"),
    )]);
    let words = [
        "--tap",
        "--junit",
        "junit.xml",
        "--wptreport",
        "report.json",
    ];
    let tap = suite.run(&words).out;
    assert_eq!(
        tap.lines()
            .filter(|line| line.starts_with("# FAIL"))
            .count(),
        6
    );
    let is_shown = |text: &str| text.chars().all(|c| c == '\n' || !c.is_control());
    assert!(is_shown(&tap), "{tap}");

    // https://www.w3.org/TR/xml/#charsets
    let is_xml = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
    let junit = std::fs::read_to_string(suite.path("junit.xml")).unwrap();
    assert!(junit.chars().all(is_xml), "{junit:?}");
    assert!(junit.contains("name=\"\\u{0}\\u{1b}[31m\""), "{junit}");
    assert!(junit.contains("name=\"&lt;&amp;&quot;"), "{junit}");

    let report = std::fs::read_to_string(suite.path("report.json")).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    let named = |index: usize| report["results"][0]["subtests"][index]["name"].clone();
    assert_eq!(named(0), "\u{0}\u{1b}[31m");
    assert_eq!(named(1), "U+d800", "as the harness writes it");
    assert_eq!(named(5), "\u{1f600}");
}

#[test]
fn a_test_drives_its_host_through_phases() {
    let suite = Suite::with(&[
        (
            "made/resources/driver.js",
            "const asked = Promise.withResolvers();
             self.driver = {
                 ...driver_settings,
                 ask: (operation, notes, steps = []) => {
                     asked.resolve({ id: 1, operation, notes, steps });
                     return new Promise(() => {});
                 },
                 controller: { next_request: () => asked.promise },
             };",
        ),
        (
            "made/phases.https.window.js",
            "// META: script=resources/driver.js
             promise_test(async () => {
                 const stores = await new Promise((resolve) => {
                     const request = indexedDB.open('kept');
                     request.onupgradeneeded = () => request.result.createObjectStore(String(driver.phase));
                     request.onsuccess = () => resolve([...request.result.objectStoreNames]);
                 });
                 assert_array_equals(stores, ['0'], 'the data is kept');
                 if (driver.phase === 0) {
                     assert_true(navigator.onLine);
                     await driver.ask('leave', 'left', [{ operation: 'set_offline' }]);
                 } else if (driver.phase === 1) {
                     assert_false(navigator.onLine);
                     await driver.ask('restart', driver.notes + ' and restarted');
                 }
                 assert_equals(driver.notes, 'left and restarted');
                 assert_equals(driver.phase, 2);
             }, 'phases');",
        ),
    ]);
    suite.run(&[]).expect(0, &["1 files"]);
}
