//! A site that is a real server, a worker that says how each background fetch ended, and a page that begins them.

use std::path::Path;

use landfall::{BackgroundFetchEvent, HostBuilder, HostEventKind, RegisterOptions};

use crate::support::scenario::{Scenario, address};
use crate::support::server::{Answer, AnswerStream, Hold, TestServer};

/// Prints how each fetch ended, with everything that can be read of it.
pub const WORKER: &str = "
addEventListener('install', () => skipWaiting());
const read = async ({ request, responseReady }) => {
  const path = new URL(request.url).pathname;
  const response = await responseReady.catch(({ name }) => ({ status: name, text: () => '' }));
  return `${path} ${response.status} ${await response.text()}`.trim();
};
const tell = async ({ type, registration }) => {
  const records = await registration.matchAll();
  const seen = await Promise.all(records.map(read));
  const { id, failureReason, downloaded } = registration;
  console.log(`${type} ${id} ${failureReason || registration.result} ${downloaded}: ${seen.join(', ')}`);
};
for (const end of ['success', 'fail', 'abort', 'click']) {
  addEventListener(`backgroundfetch${end}`, (event) => event.waitUntil(tell(event)));
}
";

pub fn online() -> (Scenario, TestServer) {
    with_worker(WORKER)
}

pub fn with_worker(worker: &str) -> (Scenario, TestServer) {
    configured(worker, |builder| builder)
}

/// A worker whose site is a real server.
pub fn configured(
    worker: &str,
    configure: impl Fn(HostBuilder) -> HostBuilder + 'static,
) -> (Scenario, TestServer) {
    let server = TestServer::start();
    server.answer("/sw.js", Answer::script(worker));
    let mut scenario = Scenario::online().behind(&server).with(configure);
    let options = RegisterOptions::new(address("sw.js"));
    scenario.register_with(options).expect("it is registered");
    scenario.settle();
    (scenario, server)
}

/// A script that has the manager.
pub fn with_manager(body: &str) -> String {
    format!("navigator.serviceWorker.ready.then(async ({{ backgroundFetch }}) => {{ {body} }})")
}

pub fn fetch(arguments: &str) -> String {
    with_manager(&format!(
        "globalThis.fetched = await backgroundFetch.fetch({arguments}); return fetched.id;"
    ))
}

/// Fetches, and waits until all is over.
pub fn fetched(scenario: &mut Scenario, arguments: &str) {
    scenario.eval(&fetch(arguments));
    scenario.settle();
}

pub fn is_event(kind: &HostEventKind, is_expected: impl Fn(&BackgroundFetchEvent) -> bool) -> bool {
    matches!(kind, HostEventKind::BackgroundFetch(event) if is_expected(event))
}

/// Some of the response was written.
pub fn has_received(kind: &HostEventKind, bytes: u64) -> bool {
    is_event(
        kind,
        |event| matches!(event, BackgroundFetchEvent::Progress { downloaded, .. } if *downloaded >= bytes),
    )
}

pub fn bodies_on_disk(data: &Path) -> usize {
    let folder = data.join("origins/https_app.example/background_fetch");
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

pub fn ranges(server: &TestServer, path: &str) -> Vec<Option<String>> {
    let requests = server.requests();
    let asked = requests.iter().filter(|request| request.target == path);
    asked
        .map(|request| request.header("range").map(str::to_owned))
        .collect()
}

/// The server has ten digits at `/film`, in two parts: the first answer breaks off after four, when it is let go.
pub fn film_in_parts(server: &TestServer) -> AnswerStream {
    let tag = ("etag", "\"one\"");
    let (answer, stream) = Answer::status(200).header(tag.0, tag.1).streamed();
    let rest = Answer::status(206).header(tag.0, tag.1).body("456789");
    server
        .answer("/film", answer)
        .answer("/film", rest.header("content-range", "bytes 4-9/10"));
    stream.send("0123");
    stream
}

/// The server has the text `film` at `/film`, and sends it when it is let go.
pub fn held_film(server: &TestServer) -> Hold {
    let (held, hold) = Answer::text("film").held();
    server.answer("/film", held);
    hold
}
