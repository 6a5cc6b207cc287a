//! Background fetches of a process that is killed: what was promised is fetched, wherever the kill strikes.
//!
//! This needs real time: a process that is to be killed has no clock that could be handed in.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;

use super::process::{PROGRAM, Process, printed};
use super::{number_from, report};
use crate::support::server::{Answer, TestServer};

/// Says what came of each fetch, to the server first: what it heard is settled.
const WORKER: &str = "
addEventListener('install', () => skipWaiting());
const tell = async ({ type, registration }) => {
  const texts = [];
  for (const { responseReady } of await registration.matchAll()) {
    texts.push(await responseReady.then((response) => response.text(), ({ name }) => name));
  }
  await fetch(`/ended?${registration.id}=${type}:${texts}`, { method: 'POST' });
  console.log(`${type} ${registration.id} ${texts}`);
};
for (const end of ['success', 'fail', 'abort']) {
  addEventListener(`backgroundfetch${end}`, (event) => event.waitUntil(tell(event)));
}
";

const PATIENCE: Duration = Duration::from_secs(20);

/// A site whose worker is above.
fn site() -> TestServer {
    let server = TestServer::start();
    let script = Answer::status(200).header("content-type", "text/javascript");
    server.answer("/sw.js", script.body(WORKER));
    server.answer("/ended", Answer::status(204));
    server
}

fn start(folder: &Path, server: &TestServer, page: Option<&str>) -> Process {
    let mut command = Command::new(PROGRAM);
    command.current_dir(folder);
    command.args(["run", "/sw.js", "--upstream", &server.origin(), "--json"]);
    command.args(["--connectivity", "online", "--data", "data"]);
    if let Some(page) = page {
        std::fs::write(folder.join("page.js"), page).expect("writable");
        command.args(["--page", "page.js"]);
    }
    Process::start(command, &folder.join("diagnostics"))
}

#[track_caller]
fn expect(process: &mut Process, is_expected: impl Fn(&Value) -> bool) {
    let has_come = process.wait(1, PATIENCE, is_expected);
    assert!(has_come, "{}\n{}", process.story(), process.diagnostics());
}

/// The targets of the requests for a path, with their ranges.
fn asked(server: &TestServer, path: &str) -> Vec<Option<String>> {
    let requests = server.requests();
    let asked = requests.iter().filter(|request| request.target == path);
    asked
        .map(|request| request.header("range").map(str::to_owned))
        .collect()
}

/// Waits until there was a request for a path: what was marked as sent and then killed is not sent again.
fn wait_until_asked(server: &TestServer, path: &str) {
    let asked = async {
        let mut count = 1;
        while asked(server, path).is_empty() {
            count = server.wait_for_requests(count).await.len() + 1;
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    let come = runtime
        .unwrap()
        .block_on(async { tokio::time::timeout(PATIENCE, asked).await });
    assert!(come.is_ok(), "nobody asks for {path}");
}

fn ended(server: &TestServer) -> Vec<String> {
    let requests = server.requests();
    let told = requests
        .iter()
        .filter_map(|it| it.target.strip_prefix("/ended?"));
    told.map(str::to_owned).collect()
}

fn bodies_on_disk(folder: &Path) -> usize {
    let bodies = folder.join("data/origins/https_localhost/background_fetch");
    std::fs::read_dir(bodies).map_or(0, Iterator::count)
}

#[test]
fn a_download_goes_on_after_every_kill_where_it_was() {
    const PIECE: &str = "0123456789";
    const KILLS: usize = 5;
    let folder = tempfile::tempdir().unwrap();
    let server = site();
    let (held, _hold) = Answer::text("too late").held();
    server.answer("/letter", held);
    let page = "navigator.serviceWorker.ready.then(({ backgroundFetch }) => backgroundFetch.fetch('film', ['/film',
        new Request('/letter', { method: 'POST', body: 'dear' })]))";
    let streams = (0..=KILLS).map(|kill| {
        let range = format!("bytes {}-99/100", kill * PIECE.len());
        let answer = match kill {
            0 => Answer::status(200),
            _ => Answer::status(206).header("content-range", &range),
        };
        let (answer, stream) = answer.header("etag", "\"film\"").streamed();
        server.answer("/film", answer);
        stream
    });
    let streams: Vec<_> = streams.collect();
    for (kill, stream) in streams.into_iter().enumerate() {
        let mut process = start(folder.path(), &server, (kill == 0).then_some(page));
        if kill == KILLS {
            stream.send(PIECE.repeat(10 - KILLS));
            drop(stream);
            expect(&mut process, |event| {
                event["event"] == "background_fetch_event_ended"
            });
        } else {
            let received = (kill + 1) * PIECE.len();
            stream.send(PIECE);
            expect(&mut process, |event| {
                event["downloaded"] == received && event["event"] == "background_fetch_progress"
            });
            wait_until_asked(&server, "/letter");
        }
        process.kill();
    }
    let ranges: Vec<_> = (1..=KILLS)
        .map(|kill| Some(format!("bytes={}-", kill * PIECE.len())))
        .collect();
    assert_eq!(asked(&server, "/film"), [vec![None], ranges].concat());
    assert_eq!(asked(&server, "/letter").len(), 1, "it is not sent twice");
    let told = format!("film=backgroundfetchfail:{},TypeError", PIECE.repeat(10));
    assert_eq!(ended(&server), [told]);
    assert_eq!(bodies_on_disk(folder.path()), 0);
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a kill strikes at a moment of time, not at an event"
)]
fn no_fetch_that_was_promised_is_lost_wherever_the_kill_strikes() {
    const KILLS: usize = 20;
    let seed = number_from("LANDFALL_SEED").unwrap_or_else(rand::random);
    let mut chance = StdRng::seed_from_u64(seed);
    let folder = tempfile::tempdir().unwrap();
    let server = site();
    server.answer("/film", Answer::text("film"));
    let mut promised = Vec::new();
    for kill in 0..KILLS {
        let page = format!(
            "navigator.serviceWorker.ready.then(async ({{ backgroundFetch }}) => {{
               for (let number = 0;; number++) {{
                 const {{ id }} = await backgroundFetch.fetch(`{kill}-${{number}}`, '/film');
                 console.log(`promised ${{id}}`);
                 await new Promise((resolve) => setTimeout(resolve, 5));
               }}
             }})"
        );
        let mut process = start(folder.path(), &server, Some(&page));
        expect(&mut process, |event| {
            printed(event).is_some_and(|line| line.starts_with("promised"))
        });
        std::thread::sleep(Duration::from_micros(chance.random_range(0..150_000)));
        let said = process.kill();
        let lines = said.iter().filter_map(printed);
        let ids = lines.filter_map(|line| line.strip_prefix("promised "));
        promised.extend(ids.map(str::to_owned));
    }
    let mut process = start(folder.path(), &server, None);
    let is_there = |id: &String, ended: &[String]| {
        let told = format!("{id}=backgroundfetchsuccess:film");
        ended.contains(&told)
    };
    let mut missing = promised.clone();
    while !missing.is_empty() {
        let has_come = process.wait(1, PATIENCE, |event| {
            event["event"] == "background_fetch_event_ended"
        });
        let ended = ended(&server);
        missing.retain(|id| !is_there(id, &ended));
        assert!(
            has_come || missing.is_empty(),
            "seed {seed}: {missing:?} were lost; {}",
            process.story()
        );
    }
    process.kill();
    report(&format!(
        "{KILLS} kills, {} fetches kept (seed {seed})",
        promised.len()
    ));
}
