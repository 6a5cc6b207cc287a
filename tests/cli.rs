//! The program `landfall` as its user meets it: words in, words and exit codes out.

use std::path::Path;

use serde_json::Value;

use crate::support::program::{DONE, FAILED, Folder, USAGE};

/// A page and a worker that queue and send nothing, so that no server is needed.
const WORKER: &str = "addEventListener('sync', (event) => console.log('sync', event.tag));";
const PAGE: &str = "navigator.serviceWorker.ready.then((r) => r.sync.register('outbox'));";

/// The words of a command line, none of which has a space in it.
fn line(words: &str) -> Vec<&str> {
    words.split(' ').collect()
}

#[test]
fn a_run_tells_its_story_and_ends_when_idle() {
    let folder = Folder::with(&[("sw.js", WORKER), ("page.js", PAGE)]);
    let plan = "timeline=offline:200ms,online";
    let run = folder.landfall(&[
        "run",
        "sw.js",
        "--page",
        "page.js",
        "--connectivity",
        plan,
        "--exit-when-idle",
    ]);
    assert_eq!(run.code, DONE, "{}", run.stderr);
    let story = [
        "registered",
        "installed",
        "activated",
        "offline",
        "queued",
        "online",
        "attempt 1 of 3",
        "done",
    ];
    for word in story {
        run.expect_line(word);
    }
    assert!(
        !run.stdout.contains('\u{1b}'),
        "no colours where no terminal is"
    );
}

#[test]
fn json_is_one_event_a_line() {
    let folder = Folder::with(&[("sw.js", WORKER), ("page.js", PAGE)]);
    let words = line("run sw.js --page page.js --connectivity online --exit-when-idle --json");
    let run = folder.landfall(&words);
    assert_eq!(run.code, DONE, "{}", run.stderr);
    let events: Vec<Value> = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect();
    assert!(
        events
            .iter()
            .all(|event| event["at_ms"].is_i64() && event["event"].is_string())
    );
    let ended = events
        .iter()
        .find(|event| event["event"] == "sync_ended")
        .expect("it ended");
    assert_eq!(ended["tag"], "outbox");
    assert_eq!(ended["scope"], "https://localhost/");
    assert_eq!(ended["attempt"], 1);
    assert_eq!(ended["outcome"]["kind"], "fulfilled");
    assert_eq!(ended["removed"], "succeeded");
}

#[test]
fn quiet_leaves_what_the_scripts_print() {
    let folder = Folder::with(&[("sw.js", "console.log('hello from the worker');")]);
    let run = folder.landfall(&line(
        "run sw.js --connectivity online --exit-when-idle --quiet",
    ));
    assert_eq!(run.stdout.lines().count(), 1, "{}", run.stdout);
    run.expect_line("hello from the worker");
}

#[test]
fn a_module_worker_runs() {
    let folder = Folder::with(&[
        (
            "sw.js",
            "import { greeting } from './greeting.js'; console.log(greeting);",
        ),
        (
            "greeting.js",
            "export const greeting = 'hello from a module';",
        ),
    ]);
    let words = line("run sw.js --type module --connectivity online --exit-when-idle");
    folder.landfall(&words).expect_line("hello from a module");
}

#[test]
fn other_commands_speak_to_the_running_host() {
    let folder = Folder::with(&[("sw.js", WORKER), ("page.js", PAGE)]);
    let host = folder.start(&line("run sw.js --page page.js --connectivity offline"));
    host.expect_line("queued");

    let waiting = folder.landfall(&["sync", "ls"]);
    waiting.expect_line("outbox");
    waiting.expect_line("when online");
    folder.landfall(&["status"]).expect_line("running, offline");
    folder
        .landfall(&["registrations"])
        .expect_line("https://localhost/sw.js");
    folder
        .landfall(&["sync", "fire", "by hand"])
        .expect_error(FAILED, &["the host is offline"]);

    assert_eq!(folder.landfall(&["online"]).code, DONE);
    host.expect_line("fulfilled");
    folder
        .landfall(&["sync", "fire", "by hand"])
        .expect_line("fulfilled");
    host.expect_line("by hand");
    folder
        .landfall(&["sync", "ls"])
        .expect_line("no sync is registered");
    assert_eq!(folder.landfall(&["offline"]).code, DONE);
    host.expect_line("offline");
}

#[cfg(unix)]
#[test]
fn a_page_that_prints_without_end_can_be_stopped() {
    let page = "setInterval(() => { for (let n = 0; n < 1000; n += 1) console.log('flood', n); });";
    let folder = Folder::with(&[("sw.js", WORKER), ("page.js", page)]);
    let words = ["run", "sw.js", "--page", "page.js", "--connectivity=online"];
    let mut host = folder.start(&words);
    host.expect_line("flood");
    host.terminate();
    assert_eq!(host.code(), DONE);
}

#[cfg(unix)]
#[test]
fn the_control_socket_is_for_the_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::with(&[("sw.js", WORKER)]);
    let host = folder.start(&["run", "sw.js", "--connectivity", "online"]);
    host.expect_line("activated");
    let socket = folder
        .path(".landfall/host.sock")
        .metadata()
        .expect("it listens");
    assert_eq!(socket.permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_data_folder_with_a_long_path_can_be_controlled_too() {
    let folder = Folder::with(&[("sw.js", WORKER)]);
    let data = format!("{}/data", "long".repeat(40));
    let host = folder.start(&["run", "sw.js", "--connectivity", "online", "--data", &data]);
    host.expect_line("activated");
    folder
        .landfall(&["status", "--data", &data])
        .expect_line("running, online");
}

#[test]
fn a_fired_sync_that_fails_is_a_failed_command() {
    let worker =
        "addEventListener('sync', (e) => e.waitUntil(Promise.reject(new Error('no server'))));";
    let folder = Folder::with(&[("sw.js", worker)]);
    let host = folder.start(&["run", "sw.js", "--connectivity", "online"]);
    host.expect_line("activated");
    let fired = folder.landfall(&["sync", "fire", "outbox"]);
    assert_eq!(fired.code, FAILED);
    fired.expect_line("no server");
    let fired = folder.landfall(&["sync", "fire", "outbox", "--json"]);
    let outcome: Value = serde_json::from_str(&fired.stdout).expect("JSON");
    assert_eq!(outcome["kind"], "rejected");
}

/// D9
#[test]
fn a_preset_chooses_the_rules_of_background_sync() {
    let folder = Folder::with(&[(
        "sw.js",
        "addEventListener('activate', (event) => event.waitUntil(
             registration.sync.register('outbox').then(() => console.log('registered'),
                 (error) => console.log(error.name))));",
    )]);
    let run = |preset: &[&str]| {
        let words = line("run sw.js --ephemeral --connectivity=offline --exit-when-idle");
        folder.landfall(&[words.as_slice(), preset].concat())
    };
    run(&[]).expect_line("registered");
    run(&["--sync-preset", "spec"]).expect_line("InvalidAccessError");
    run(&["--sync-preset", "chromium"]).expect_line("InvalidAccessError");
    run(&["--sync-rule", "window_required=true"]).expect_line("InvalidAccessError");
    let rules = ["--sync-preset=spec", "--sync-rule=window_required=false"];
    run(&rules).expect_line("registered");
    run(&["--sync-rule", "patience=3"]).expect_error(USAGE, &["patience", "retry.max_attempts"]);
    run(&["--sync-rule", "retry.max_attempts=0"])
        .expect_error(USAGE, &["`retry.max_attempts` must be at least 1"]);
    run(&["--sync-preset", "safari"]).expect_error(USAGE, &["safari", "landfall, spec, chromium"]);
}

/// In real time: the program has no other clock.
#[test]
fn periodic_syncs_come_as_often_as_the_command_line_says_until_their_permission_goes() {
    let folder = Folder::with(&[
        (
            "sw.js",
            "onperiodicsync = (event) => console.log('fired', event.tag);",
        ),
        (
            "page.js",
            "navigator.serviceWorker.ready.then((r) => r.periodicSync.register('news', { minInterval: 86400000 }))
                 .catch((error) => console.log(error.name));",
        ),
    ]);
    let words = ["run", "sw.js", "--page", "page.js", "--connectivity=online"];
    let host = folder.start(&[words.as_slice(), &["--periodic-interval", "50ms"]].concat());
    host.expect_line("periodicsync `news`");
    host.expect_line("fired news");
    host.expect_line("fired news");
    folder.landfall(&["sync", "ls"]).expect_line("periodicsync");
    let fired = folder.landfall(&["sync", "fire", "other", "--periodic"]);
    assert_eq!(fired.code, DONE, "{}", fired.stderr);
    host.expect_line("fired other");
    folder
        .landfall(&["permission", "deny", "periodic-background-sync"])
        .expect_line("`periodic-background-sync` is denied for https://localhost");
    host.expect_line("unqueued");
    folder
        .landfall(&["sync", "ls"])
        .expect_line("no sync is registered");
    folder
        .landfall(&["permission", "grant", "camera"])
        .expect_error(USAGE, &["camera", "periodic-background-sync"]);
    drop(host);

    let run = |more: &[&str]| {
        let more = [more, &["--ephemeral", "--exit-when-idle"]].concat();
        folder.landfall(&[words.as_slice(), &more].concat())
    };
    run(&["--deny", "periodic-background-sync"]).expect_line("NotAllowedError");
    run(&["--disable-sync"]).expect_line("UnknownError");
    run(&["--engagement", "none"]).expect_line("periodicsync `news`");
    run(&["--periodic-interval", "0s"]).expect_error(USAGE, &["expected a time from 1ms up"]);
}

#[test]
fn where_no_host_runs_the_store_is_read() {
    let folder = Folder::with(&[("sw.js", WORKER), ("page.js", PAGE)]);
    let words = line("run sw.js --page page.js --connectivity offline");
    let host = folder.start(&words);
    host.expect_line("queued");
    // Killed, so that the tag survives as it would in a crash.
    drop(host);
    folder
        .landfall(&["sync", "ls"])
        .expect_line("when a host runs");
    folder
        .landfall(&["registrations"])
        .expect_line("https://localhost/sw.js");
    folder
        .landfall(&["status"])
        .expect_line("no host runs here");
    folder
        .landfall(&["online"])
        .expect_error(FAILED, &["no host runs on"]);
}

#[test]
fn a_missing_file_is_named() {
    let folder = Folder::with(&[]);
    folder
        .landfall(&["run", "missing.js"])
        .expect_error(FAILED, &["missing.js"]);
    folder
        .landfall(&["sync", "ls"])
        .expect_error(FAILED, &["no data folder"]);
    let other = Folder::with(&[("notes.txt", "")]);
    other
        .landfall(&["sync", "ls", "--data", "."])
        .expect_error(FAILED, &["no data folder"]);
    assert!(!other.path("host.db").exists(), "looking changes nothing");
}

#[test]
fn a_syntax_error_is_shown_with_its_place() {
    let folder = Folder::with(&[("sw.js", "// fine\nconst = 1;\n")]);
    let run = folder.landfall(&["run", "sw.js", "--connectivity", "online"]);
    run.expect_error(FAILED, &["not registered"]);
    assert!(!run.stderr.contains("SyntaxError"), "it is shown once");
    run.expect_line("SyntaxError");
    run.expect_line("sw.js:2:7");
    run.expect_line("2 | const = 1;");
    run.expect_line("      ^");
}

#[test]
fn a_script_that_throws_at_its_top_level_is_shown_with_its_place() {
    let folder = Folder::with(&[("sw.js", "function start() {\n  missing();\n}\nstart();\n")]);
    let run = folder.landfall(&["run", "sw.js", "--connectivity", "online"]);
    run.expect_error(FAILED, &["not registered"]);
    run.expect_line("ReferenceError");
    run.expect_line("sw.js:2:3");
    run.expect_line("2 |   missing();");
    run.expect_line("^^^^^^^");
}

#[test]
fn of_minified_code_a_window_around_the_error_is_shown() {
    let before = "let a=1;".repeat(1_000).replace("let a", "var a");
    let after = "a=2;".repeat(1_000);
    let script = format!("// short\n{before}missing();{after}\n{after}");
    let folder = Folder::with(&[("sw.js", &script)]);
    let run = folder.landfall(&["run", "sw.js", "--connectivity", "online"]);
    run.expect_error(FAILED, &["not registered"]);
    run.expect_line("sw.js:2:8001");
    run.expect_line("var a=1;missing();a=2;");
    let longest = run.stdout.lines().map(str::len).max();
    assert!(
        longest.is_some_and(|longest| longest < 200),
        "{}",
        run.stdout
    );
}

#[test]
fn a_page_that_throws_is_not_taken_for_its_worker() {
    let folder = Folder::with(&[("sw.js", WORKER), ("page.js", "missing();")]);
    let run = folder.landfall(&["run", "sw.js", "--page=page.js", "--connectivity=online"]);
    run.expect_error(
        FAILED,
        &["the script of the page https://localhost/page.js failed"],
    );
    run.expect_line("page.js:1:1");
}

#[test]
fn an_event_that_a_kill_cut_off_is_listed_as_interrupted() {
    let worker =
        "onsync = (event) => { console.log('begun'); event.waitUntil(new Promise(() => {})); };";
    let folder = Folder::with(&[("sw.js", worker), ("page.js", PAGE)]);
    let host = folder.start(&["run", "sw.js", "--page=page.js", "--connectivity=online"]);
    host.expect_line("begun");
    folder.landfall(&["sync", "ls"]).expect_line("running");
    drop(host);
    folder.landfall(&["sync", "ls"]).expect_line("interrupted");
}

#[test]
fn a_script_of_another_type_is_refused() {
    let folder = Folder::with(&[("sw.txt", WORKER)]);
    let run = folder.landfall(&["run", "sw.txt", "--connectivity", "online"]);
    run.expect_error(FAILED, &["MIME type", "text/plain"]);
}

#[test]
fn a_scope_outside_of_the_scripts_folder_is_refused() {
    let folder = Folder::with(&[("app/sw.js", WORKER)]);
    let words = line("run app/sw.js --root . --scope / --connectivity online");
    folder
        .landfall(&words)
        .expect_error(FAILED, &["scope", "/app/"]);
}

#[test]
fn an_insecure_origin_is_refused() {
    let folder = Folder::with(&[("sw.js", WORKER)]);
    let words = line("run sw.js --origin http://app.example --connectivity online");
    folder
        .landfall(&words)
        .expect_error(FAILED, &["http://app.example", "secure"]);
}

#[test]
fn an_unusable_data_folder_is_named() {
    let folder = Folder::with(&[("sw.js", WORKER), ("file", "")]);
    let words = ["run", "sw.js", "--data", "file", "--connectivity", "online"];
    folder
        .landfall(&words)
        .expect_error(FAILED, &["data folder `file`", "it is a file"]);
}

#[test]
fn a_second_host_is_told_who_holds_the_data_folder() {
    let folder = Folder::with(&[("sw.js", WORKER)]);
    let words = ["run", "sw.js", "--connectivity", "online"];
    let first = folder.start(&words);
    first.expect_line("activated");
    let holder = first.id().to_string();
    folder
        .landfall(&words)
        .expect_error(FAILED, &[".landfall", &holder]);
}

/// D3
#[test]
fn a_corrupt_database_is_named_and_kept() {
    let garbage = "this is no database ".repeat(500);
    let folder = Folder::with(&[("sw.js", WORKER), (".landfall/host.db", &garbage)]);
    let run = folder.landfall(&["run", "sw.js", "--connectivity", "online"]);
    run.expect_error(FAILED, &["host.db"]);
    assert_eq!(read(&folder.path(".landfall/host.db")), garbage);
}

#[test]
fn a_wrong_command_line_is_a_usage_error() {
    let folder = Folder::with(&[("sw.js", WORKER), ("app/sw.js", WORKER)]);
    folder
        .landfall(&["run", "sw.js", "--unknown"])
        .expect_error(USAGE, &["--unknown"]);
    folder.landfall(&["run"]).expect_error(USAGE, &["<SCRIPT>"]);
    folder
        .landfall(&["run", "ftp://app.example/sw.js"])
        .expect_error(USAGE, &["ftp://app.example/sw.js", "https://"]);
    folder
        .landfall(&["serve", "sw.js", "--listen", "localhost:8080"])
        .expect_error(USAGE, &["127.0.0.1:8080"]);
    let plan = |plan: &str| folder.landfall(&["run", "sw.js", "--connectivity", plan]);
    plan("timeline=offline:,online").expect_error(USAGE, &["offline:", "duration"]);
    plan("timeline=offline,online").expect_error(USAGE, &["offline"]);
    plan("sometimes").expect_error(USAGE, &["auto, online, offline"]);
    folder
        .landfall(&["run", "sw.js", "--root", "app"])
        .expect_error(USAGE, &["--root"]);
    folder
        .landfall(&["run", "sw.js", "--origin", "https://a.example/b"])
        .expect_error(USAGE, &["no path"]);
}

fn read(file: &Path) -> String {
    std::fs::read_to_string(file).expect("it is still there")
}

#[test]
fn a_manual_clock_goes_through_chromiums_retries_in_no_time() {
    let worker = "addEventListener('sync', (event) => event.waitUntil(
        Promise.reject(new Error(new Date().toISOString()))));";
    let folder = Folder::with(&[("sw.js", worker), ("page.js", PAGE)]);
    let host = folder.start(&line(
        "run sw.js --page page.js --connectivity online --clock manual=2026-01-01T12:00:00Z",
    ));
    host.expect_line("2026-01-01T12:00:00.000Z");
    let clock = folder.landfall(&["clock"]);
    assert_eq!(clock.stdout, "2026-01-01T12:00:00Z  manual\n");
    folder.landfall(&["sync", "ls"]).expect_line("in 5 min");
    let clock = folder.landfall(&["clock", "advance", "5m"]);
    assert_eq!(clock.stdout, "2026-01-01T12:05:00Z  manual\n");
    host.expect_line("2026-01-01T12:05:00.000Z");
    let clock = folder.landfall(&["clock", "advance", "1d", "--json"]);
    let clock: Value = serde_json::from_str(&clock.stdout).expect(&clock.stdout);
    assert_eq!(clock["now_ms"], 1_767_269_100_000_i64 + 86_400_000);
    assert_eq!(clock["manual"], true);
    host.expect_line("2026-01-01T12:20:00.000Z");
    assert_eq!(
        folder.landfall(&["sync", "ls"]).stdout,
        "no sync is registered\n"
    );
}

#[test]
fn the_computers_clock_is_shown_and_moves_by_itself() {
    let folder = Folder::with(&[("sw.js", WORKER)]);
    let host = folder.start(&["run", "sw.js", "--connectivity", "online"]);
    host.expect_line("activated");
    folder.landfall(&["clock"]).expect_line("  system");
    let refused = folder.landfall(&["clock", "advance", "5m"]);
    refused.expect_error(FAILED, &["--clock manual"]);
    let wrong = folder.landfall(&["clock", "advance", "soon"]);
    wrong.expect_error(USAGE, &["5m"]);
    let wrong = folder.landfall(&["run", "sw.js", "--clock", "manual=noon"]);
    wrong.expect_error(USAGE, &["2026-01-01T12:00:00Z"]);
}
