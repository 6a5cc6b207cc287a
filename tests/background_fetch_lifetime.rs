//! Background fetches outlive pages, workers and hosts, and end with their registration, their origin or their user.

use std::time::Duration;

use landfall::service_worker::EventOutcome;
use landfall::{BackgroundFetchEvent, ClientScript, Error};
use serde_json::json;

use crate::support::background_fetch::{
    bodies_on_disk, fetch, film_in_parts, has_received, held_film, is_event, online, ranges,
    with_manager, with_worker,
};
use crate::support::scenario::address;
use crate::support::server::Answer;

#[test]
fn a_fetch_goes_on_when_the_page_that_began_it_is_gone() {
    let (mut scenario, server) = online();
    let hold = held_film(&server);
    scenario.eval(&fetch("'films', '/film'"));
    // This one is gone before it can know.
    scenario.eval(&with_manager(
        "backgroundFetch.fetch('more', '/film'); return null",
    ));
    let host = scenario.host();
    let page = scenario.open("other", ClientScript::None).unwrap();
    let closed = scenario.run_meanwhile(async move {
        let begun = with_manager("backgroundFetch.fetch('last', '/film'); return null");
        page.eval(&begun).await?;
        page.close().await?;
        host.status().await
    });
    assert_eq!(closed.unwrap().background_fetches.len(), 3);
    hold.let_go();
    let mut printed: Vec<_> = scenario
        .close_page()
        .printed()
        .into_iter()
        .map(str::to_owned)
        .collect();
    printed.sort();
    let ended = |id: &str| format!("backgroundfetchsuccess {id} success 4: /film 200 film");
    assert_eq!(printed, ["films", "last", "more"].map(ended));
}

#[test]
fn a_restart_goes_on_with_what_had_not_ended() {
    let (mut scenario, server) = online();
    let stream = film_in_parts(&server);
    server.answer("/done", Answer::text("done"));
    let (held, hold) = Answer::text("too late").held();
    server.answer("/letter", held);
    let letter = "new Request('/letter', { method: 'POST', body: 'x' })";
    scenario.eval(&fetch(&format!(
        "'films', ['/done', '/film', {letter}], {{ title: 'Films', icons: [{{ src: 'i.png', sizes: '9x9' }}] }}"
    )));
    // The letter came, so it must not come again.
    let server = scenario.run_meanwhile(async move {
        server.wait_for_requests(4).await;
        server
    });
    let mut scenario = scenario
        .wait_until(|kind| has_received(kind, 4))
        .advance_meanwhile(Duration::from_secs(1))
        .wait_until(|kind| has_received(kind, 8))
        .stop_host();
    drop((stream, hold));
    scenario.settle();
    let scenario = scenario.expect_printed(&[
        "backgroundfetchfail films fetch-error 14: /done 200 done, /film 200 0123456789, /letter TypeError",
    ]);
    assert_eq!(ranges(&server, "/letter").len(), 1);
    assert_eq!(bodies_on_disk(scenario.data()), 0);
}

#[test]
fn an_event_that_the_end_of_the_host_cut_off_is_sent_again() {
    let worker = "
        addEventListener('install', () => skipWaiting());
        addEventListener('backgroundfetchsuccess', (event) => event.waitUntil((async () => {
            const [record] = await event.registration.matchAll();
            console.log(await (await record.responseReady).text());
            // An hour by the clock of the scenario, which stands still.
            await new Promise((resolve) => setTimeout(resolve, 200_000));
            console.log('done');
        })()));
    ";
    let (mut scenario, server) = with_worker(worker);
    server.answer("/film", Answer::text("film"));
    scenario.eval(&fetch("'films', '/film'"));
    let mut scenario = scenario.wait_until_printed("film").stop_host();
    scenario.settle();
    let scenario = scenario
        .advance(Duration::from_secs(200))
        .expect_printed(&["film", "film", "done"]);
    assert_eq!(ranges(&server, "/film").len(), 1);
    assert_eq!(bodies_on_disk(scenario.data()), 0);
}

#[test]
fn a_click_and_a_new_title_reach_those_they_are_for() {
    let worker = "
        addEventListener('install', () => skipWaiting());
        addEventListener('backgroundfetchclick', ({ type, registration: { id } }) => console.log(type, id));
        addEventListener('backgroundfetchsuccess', (event) => event.waitUntil((async () => {
            const update = (options) => event.updateUI(options).then(() => 'updated', ({ name }) => name);
            console.log(await update({ title: 'Done', icons: [{ src: '/done.png' }] }), await update({}));
            const made = new BackgroundFetchUpdateUIEvent('backgroundfetchsuccess', event);
            console.log(await made.updateUI().catch(({ name }) => name), made.registration === event.registration);
        })()));
    ";
    let (mut scenario, server) = with_worker(worker);
    let hold = held_film(&server);
    scenario.eval(&fetch("'films', '/film', { title: 'Films' }"));
    let host = scenario.host();
    let clicked = scenario.run_meanwhile({
        let host = host.clone();
        async move { host.click_background_fetch(&address(""), "films").await }
    });
    assert_eq!(clicked.unwrap(), EventOutcome::Fulfilled);
    let status = scenario.status();
    let [shown] = status.background_fetches.as_slice() else {
        panic!("{status:?}");
    };
    assert_eq!((shown.id.as_str(), shown.requests), ("films", 1));
    assert_eq!(
        (shown.display.title.as_str(), shown.ended_requests),
        ("Films", 0)
    );
    hold.let_go();
    scenario.settle();
    let mut scenario = scenario
        .expect_printed(&[
            "backgroundfetchclick films",
            "updated InvalidStateError",
            "InvalidStateError true",
        ])
        .expect_event(|kind| {
            is_event(kind, |event| {
                matches!(event, BackgroundFetchEvent::Updated { display, .. }
                    if display.title == "Done" && display.icons[0].src == "https://app.example/done.png")
            })
        });
    let unknown =
        scenario.run(async move { host.abort_background_fetch(&address(""), "films").await });
    assert!(matches!(unknown, Err(Error::UnknownBackgroundFetch { .. })));
}

#[test]
fn an_embedder_aborts_as_a_user_does() {
    let (mut scenario, server) = online();
    let _hold = held_film(&server);
    scenario.eval(&fetch("'films', '/film'"));
    let host = scenario.host();
    let aborted =
        scenario.run(async move { host.abort_background_fetch(&address(""), "films").await });
    assert!(aborted.unwrap());
    scenario.expect_printed(&["backgroundfetchabort films aborted 0: /film AbortError"]);
}

#[test]
fn fetches_go_with_their_worker_and_with_their_origin() {
    for clears_origin in [false, true] {
        let (mut scenario, server) = online();
        let _hold = held_film(&server);
        let letter = "new Request('/film', { method: 'POST', body: 'letter' })";
        scenario.eval(&fetch(&format!("'films', {letter}")));
        assert_eq!(bodies_on_disk(scenario.data()), 1);
        let end = if clears_origin {
            let host = scenario.host();
            scenario
                .run(async move { host.clear_origin(&address("")).await })
                .unwrap();
            "null"
        } else {
            "navigator.serviceWorker.ready.then((registration) => registration.unregister()).then(() => null)"
        };
        scenario.eval(end);
        scenario.settle();
        let scenario = scenario.expect_printed(&[]).expect_eval(
            "[fetched.result, fetched.failureReason, fetched.recordsAvailable]",
            json!(["failure", "fetch-error", false]),
        );
        assert_eq!(bodies_on_disk(scenario.data()), 0);
    }
}
