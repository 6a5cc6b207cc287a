//! `landfall sync` as its user meets it: what a tag's story reads like, and what can be done about it.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::support::program::{DONE, FAILED, Folder, Running};

const FAILING: &str = r#"self.addEventListener("sync", (event) => {
  event.waitUntil(send());
});

async function send() {
  const response = await fetch("/messages", { method: "POST", body: "hello" });
  if (!response.ok) throw new Error(`the server said ${response.status}`);
}
"#;
const PAGE: &str = "navigator.serviceWorker.ready.then((r) => r.sync.register('sync-messages'));";

fn start(folder: &Folder, connectivity: &str) -> Running {
    let network = format!("--connectivity={connectivity}");
    folder.start(&["run", "sw.js", "--page", "page.js", &network])
}

fn is_unit(word: &str) -> bool {
    let word = word.trim_end_matches(['.', ',', ';']);
    ["ms", "s", "min", "h"].contains(&word)
}

/// Times depend on the machine: each becomes `a while`, and what is in front of it on its line goes.
fn without_times(text: &str) -> String {
    let line = |line: &str| {
        let indent = &line[..line.len() - line.trim_start().len()];
        let mut words: Vec<String> = Vec::new();
        let mut rest = line.split_whitespace().peekable();
        while let Some(word) = rest.next() {
            let is_number = word.chars().all(|c| c.is_ascii_digit());
            let unit = rest.next_if(|next| is_number && is_unit(next));
            match unit {
                None => words.push(word.to_owned()),
                Some(unit) => {
                    let end = unit.trim_start_matches(char::is_alphanumeric);
                    if words.last().is_some_and(|last| last == "while") {
                        words.truncate(words.len() - 2);
                    }
                    words.extend(["a".to_owned(), format!("while{end}")]);
                }
            }
        }
        let indent = if words.starts_with(&["a".to_owned()]) {
            "  "
        } else {
            indent
        };
        format!("{indent}{}", words.join(" "))
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_story_of_a_failing_handler_needs_no_documentation() {
    let folder = Folder::with(&[("sw.js", FAILING), ("page.js", PAGE)]);
    let host = start(&folder, "online");
    host.expect_line("failed");
    let told = folder.landfall(&["sync", "explain", "sync-messages"]);
    assert_eq!(told.code, DONE, "{}", told.stderr);
    let expected = "\
sync `sync-messages` of https://localhost/

What happened
  a while ago registered
  a while ago attempt 1 of 3, as it was registered while online
                  POST https://localhost/messages: 405 after a while
                  rejected after a while with Error: the server said 405
                    at send (https://localhost/sw.js:7:27)

What happens next
  Attempt 2 of 3 comes in a while.

What to do
  - Look at the request that failed (POST https://localhost/messages): the event was rejected because of it, or after it.
  - Try it now, without waiting: landfall sync fire sync-messages";
    assert_eq!(without_times(&told.stdout), expected, "{}", told.stdout);
}

#[test]
fn the_story_of_a_false_success_warns_and_says_what_follows() {
    let worker = "self.onsync = (event) => event.waitUntil(\n  fetch('https://localhost:1/', { mode: 'no-cors' }).catch(() => {}));";
    let folder = Folder::with(&[("sw.js", worker), ("page.js", PAGE)]);
    let host = start(&folder, "online");
    let line = host.expect_line("warning");
    assert!(
        line.contains("false-success: GET https://localhost:1/ failed"),
        "{line}"
    );
    host.expect_line("at https://localhost/sw.js:2:3");
    let told = folder.landfall(&["sync", "explain", "sync-messages"]);
    told.expect_line("warning false-success: GET https://localhost:1/ failed");
    told.expect_line("Nothing: the tag is not registered");
    told.expect_line("Heed the warning above");
}

#[test]
fn a_story_as_json_has_everything() {
    let folder = Folder::with(&[("sw.js", FAILING), ("page.js", PAGE)]);
    let host = start(&folder, "online");
    host.expect_line("failed");
    let told = folder.landfall(&["sync", "explain", "sync-messages", "--json"]);
    let story: Value = serde_json::from_str(&told.stdout).expect("JSON");
    assert_eq!(story["scope"], "https://localhost/");
    assert_eq!(story["kind"], "sync");
    assert_eq!(story["online"], true);
    assert_eq!(story["registration"]["failed_attempts"], 1);
    assert_eq!(story["history"][0]["entry"], "registered");
    let dispatch = &story["history"][1];
    assert_eq!(dispatch["entry"], "dispatched");
    assert_eq!(dispatch["reason"], "registered");
    let end = &dispatch["end"];
    assert_eq!(end["outcome"]["kind"], "rejected");
    assert_eq!(
        end["outcome"]["reason"]["message"],
        "Error: the server said 405"
    );
    assert_eq!(end["requests"][0]["status"], 405);
    assert!(end["next_attempt_at_ms"].is_i64());
}

#[test]
fn an_unknown_tag_lists_the_known_ones() {
    let folder = Folder::with(&[("sw.js", FAILING), ("page.js", PAGE)]);
    let host = start(&folder, "online");
    host.expect_line("failed");
    let known = &["`nope`", "known are `sync-messages`"];
    let explain = ["sync", "explain", "nope"];
    let drop_it = ["sync", "drop", "nope"];
    folder.landfall(&explain).expect_error(FAILED, known);
    folder.landfall(&drop_it).expect_error(FAILED, known);
    drop(host);
    folder.landfall(&explain).expect_error(FAILED, known);
    folder.landfall(&drop_it).expect_error(FAILED, known);
}

#[test]
fn a_dropped_tag_is_gone_with_and_without_a_host() {
    let folder = Folder::with(&[("sw.js", FAILING), ("page.js", PAGE)]);
    let drop_it = ["sync", "drop", "sync-messages"];
    let host = start(&folder, "offline");
    host.expect_line("queued");
    folder
        .landfall(&drop_it)
        .expect_line("`sync-messages` is dropped");
    host.expect_line("unqueued");
    folder
        .landfall(&["sync", "ls"])
        .expect_line("no sync is registered");
    drop(host);

    let host = start(&folder, "offline");
    host.expect_line("queued");
    drop(host);
    folder
        .landfall(&drop_it)
        .expect_line("`sync-messages` is dropped");
    folder
        .landfall(&["sync", "ls"])
        .expect_line("no sync is registered");
    let told = folder.landfall(&["sync", "explain", "sync-messages"]);
    told.expect_line("dropped: somebody asked for it");
}

#[test]
fn an_event_may_be_sent_without_waiting_for_its_outcome() {
    let worker = "self.onsync = (event) => { console.log(`lastChance ${event.lastChance}`); event.waitUntil(new Promise(() => {})); };";
    let folder = Folder::with(&[("sw.js", worker)]);
    let host = folder.start(&["run", "sw.js", "--connectivity=online"]);
    host.expect_line("activated");
    let fire = ["sync", "fire", "by hand", "--last-chance", "--no-wait"];
    let fired = folder.landfall(&fire);
    assert_eq!((fired.code, fired.stdout.as_str()), (DONE, "sent\n"));
    host.expect_line("lastChance true");
    let told = folder.landfall(&["sync", "explain", "by hand"]);
    told.expect_line("sent by hand, the last chance");
    told.expect_line("is running");
    assert_eq!(folder.landfall(&["offline"]).code, DONE);
    folder
        .landfall(&fire)
        .expect_error(FAILED, &["the host is offline"]);
}

#[test]
fn an_event_that_was_cut_off_by_a_kill_is_seen_before_and_told_at_the_next_start() {
    let worker = "self.onsync = (event) => { console.log('runs'); event.waitUntil(new Promise(() => {})); };";
    let folder = Folder::with(&[("sw.js", worker), ("page.js", PAGE)]);
    let host = start(&folder, "online");
    host.expect_line("runs");
    drop(host);
    let explain = ["sync", "explain", "sync-messages"];
    folder
        .landfall(&explain)
        .expect_line("ran when the host ended; it will be sent again");

    let host = folder.start(&["run", "sw.js", "--connectivity=online"]);
    let line = host.expect_line("interrupted");
    assert!(
        line.contains("sync `sync-messages`, attempt 1, by the end of the last host"),
        "{line}"
    );
    host.expect_line("runs");
    let told = folder.landfall(&explain);
    told.expect_line("cut off by the end of the host");
    told.expect_line("attempt 1 of 3, once more, as it was interrupted");
    drop(host);

    // The second interruption counts as a failed attempt.
    let host = folder.start(&["run", "sw.js", "--connectivity=online"]);
    let line = host.expect_line("interrupted");
    assert!(line.contains("next attempt in 5 min"), "{line}");
}

/// Every file of a folder with what is in it; sockets have nothing.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let file = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.expect("an entry");
        let name = entry.file_name().to_string_lossy().into_owned();
        (name, std::fs::read(entry.path()).unwrap_or_default())
    };
    entries.map(file).collect()
}

#[test]
fn reading_a_data_folder_changes_nothing_in_it() {
    let folder = Folder::with(&[("sw.js", FAILING), ("page.js", PAGE)]);
    let read = || {
        let before = contents(&folder.path(".landfall"));
        folder
            .landfall(&["sync", "ls"])
            .expect_line("sync-messages");
        folder
            .landfall(&["sync", "explain", "sync-messages"])
            .expect_line("registered");
        folder
            .landfall(&["status"])
            .expect_line("no host runs here");
        assert!(
            contents(&folder.path(".landfall")) == before,
            "something changed"
        );
    };
    let host = start(&folder, "offline");
    host.expect_line("queued");
    // Killed: the database was not closed.
    drop(host);
    read();
    let mut host = folder.start(&["run", "sw.js", "--connectivity=offline"]);
    host.expect_line("offline");
    host.terminate();
    assert_eq!(host.code(), DONE);
    read();
}

#[test]
fn a_strict_run_fails_after_a_warning_and_a_warning_can_be_turned_off() {
    let folder = Folder::with(&[("sw.js", "self.onfetch = () => {};"), ("page.js", PAGE)]);
    let words = |more: &[&'static str]| {
        let run = [
            "run",
            "sw.js",
            "--page",
            "page.js",
            "--ephemeral",
            "--connectivity=online",
            "--exit-when-idle",
        ];
        folder.landfall(&[run.as_slice(), more].concat())
    };
    let lax = words(&[]);
    assert_eq!(lax.code, DONE, "{}", lax.stderr);
    lax.expect_line("no-listener: a `sync` event was sent for `sync-messages`");
    words(&["--strict"]).expect_error(FAILED, &["strict", "1 warning was given"]);
    assert_eq!(words(&["--strict", "--no-warn", "no-listener"]).code, DONE);
    assert_eq!(words(&["--strict", "--warn", "register-loop"]).code, DONE);
    words(&["--no-warn", "loud"]).expect_error(Some(2), &["loud", "false-success, no-listener"]);
}
