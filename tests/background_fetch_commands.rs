//! `landfall background-fetch`: what a user sees of it and does with it.
//!
//! The commands speak to a process of its own, so this needs real time.

use serde_json::Value;

use crate::support::program::{DONE, FAILED, Folder, Running};
use crate::support::server::{Answer, Hold, TestServer};

const WORKER: &str = "
addEventListener('install', () => skipWaiting());
addEventListener('backgroundfetchclick', ({ registration }) => console.log(`click ${registration.id}`));
addEventListener('backgroundfetchabort', ({ registration }) => console.log(`abort ${registration.id}`));
";

const PAGE: &str = "navigator.serviceWorker.ready.then(({ backgroundFetch }) =>
    backgroundFetch.fetch('films', ['/film', '/film?2'], { title: 'Films', downloadTotal: 2048 }))";

/// A program that fetches something that does not come.
fn fetching(folder: &Folder) -> (Running, TestServer, Hold) {
    let server = TestServer::start();
    server.answer("/sw.js", Answer::script(WORKER));
    let (held, hold) = Answer::text("film").held();
    server.answer("/film", held);
    let running = folder.start(&[
        "run",
        "/sw.js",
        "--upstream",
        &server.origin(),
        "--page",
        "page.js",
        "--connectivity",
        "online",
    ]);
    running.expect_line("fetching      `films` \"Films\", 2 requests");
    (running, server, hold)
}

#[test]
fn what_is_fetched_is_listed_clicked_and_aborted() {
    let folder = Folder::with(&[("page.js", PAGE)]);
    let (running, _server, _hold) = fetching(&folder);
    let listed = folder.landfall(&["background-fetch", "ls"]);
    listed.expect_line("ID     TITLE  REQUESTS  SENT  RECEIVED        STATE    SCOPE");
    listed.expect_line("films  Films  0 of 2    0 B   0 B of 2.0 KiB  goes on  https://localhost/");
    let status = folder.landfall(&["status"]);
    status.expect_line("syncs: 0, background fetches: 1, open pages: 1");

    let clicked = folder.landfall(&["background-fetch", "click"]);
    assert_eq!(
        (clicked.code, clicked.stdout.as_str()),
        (DONE, "fulfilled\n")
    );
    running.expect_line("click films");

    let unknown = folder.landfall(&["background-fetch", "abort", "songs"]);
    unknown.expect_error(FAILED, &["there are `films` of https://localhost/"]);
    let aborted = folder.landfall(&["background-fetch", "abort", "films", "--json"]);
    assert_eq!(aborted.stdout, "{\"aborted\":\"films\"}\n");
    running.expect_line("abort films");
    running.expect_line("`backgroundfetchabort` of `films` fulfilled");
    folder
        .landfall(&["background-fetch", "ls"])
        .expect_line("nothing is fetched in the background");
    let nothing = folder.landfall(&["background-fetch", "click"]);
    nothing.expect_error(FAILED, &["nothing is fetched in the background"]);
}

#[test]
fn what_a_process_left_is_listed_without_one() {
    let folder = Folder::with(&[("page.js", PAGE)]);
    drop(fetching(&folder));
    let listed = folder.landfall(&["background-fetch", "ls", "--json"]);
    let fetch: Value = serde_json::from_str(&listed.stdout).expect("one object");
    assert_eq!(
        [
            &fetch["id"],
            &fetch["title"],
            &fetch["scope"],
            &fetch["result"]
        ],
        ["films", "Films", "https://localhost/", ""]
    );
    assert_eq!(
        (&fetch["requests"], &fetch["ended_requests"]),
        (&2.into(), &0.into())
    );
    let clicked = folder.landfall(&["background-fetch", "click"]);
    clicked.expect_error(FAILED, &["no host"]);
}
