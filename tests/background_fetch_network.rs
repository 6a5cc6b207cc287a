//! Background fetches when the network is away, or does not give what it gave before.

use std::time::Duration;

use crate::support::background_fetch::{
    fetch, fetched, film_in_parts, has_received, online, ranges,
};
use crate::support::server::{Answer, TestServer};

#[test]
fn offline_a_fetch_waits_and_online_it_goes_on() {
    let (scenario, server) = online();
    let mut scenario = scenario.go_offline();
    server.answer("/film", Answer::text("film"));
    server.answer("/letter", Answer::text("ok"));
    fetched(
        &mut scenario,
        "'films', ['/film', new Request('/letter', { method: 'POST', body: 'x' })]",
    );
    let scenario = scenario
        .expect_printed(&[])
        .advance(Duration::from_secs(3600));
    assert_eq!(server.requests().len(), 1, "only the worker's script");
    scenario.go_online().expect_printed(&[
        "backgroundfetchsuccess films success 6: /film 200 film, /letter 200 ok",
    ]);
}

#[test]
fn a_download_goes_on_where_the_network_was_lost() {
    let (mut scenario, server) = online();
    let stream = film_in_parts(&server);
    scenario.eval(&fetch("'films', '/film'"));
    scenario
        .wait_until(|kind| has_received(kind, 4))
        .go_offline()
        .expect_printed(&[])
        .go_online()
        .expect_printed(&["backgroundfetchsuccess films success 10: /film 200 0123456789"]);
    assert_eq!(
        ranges(&server, "/film"),
        [None, Some("bytes=4-".to_owned())]
    );
    drop(stream);
}

#[test]
fn a_download_that_nothing_identifies_begins_anew() {
    let (mut scenario, server) = online();
    let (answer, stream) = Answer::status(200).streamed();
    server.answer("/film", answer);
    server.answer("/film", Answer::text("whole"));
    scenario.eval(&fetch("'films', '/film'"));
    stream.send("0123");
    scenario
        .wait_until(|kind| has_received(kind, 4))
        .go_offline()
        .go_online()
        .expect_printed(&["backgroundfetchsuccess films success 5: /film 200 whole"]);
    assert_eq!(ranges(&server, "/film"), [None, None]);
    drop(stream);
}

#[test]
fn the_rest_of_something_else_is_not_taken() {
    let (mut scenario, server) = online();
    let (answer, stream) = Answer::status(200).header("etag", "\"one\"").streamed();
    server.answer("/film", answer);
    let other = Answer::status(206).header("etag", "\"two\"").body("456789");
    server.answer("/film", other.header("content-range", "bytes 4-9/10"));
    scenario.eval(&fetch("'films', '/film'"));
    stream.send("0123");
    scenario
        .wait_until(|kind| has_received(kind, 4))
        .go_offline()
        .go_online()
        .expect_printed(&["backgroundfetchfail films fetch-error 4: /film TypeError"]);
    drop(stream);
}

#[test]
fn a_lost_connection_is_tried_again_after_a_while_but_a_letter_is_not_sent_twice() {
    let (mut scenario, server) = online();
    let [film, lost_letter] = ["/film", "/letter"].map(|path| {
        let (answer, stream) = Answer::status(200).streamed();
        server.answer(path, answer);
        server.answer(path, Answer::text("whole"));
        stream
    });
    lost_letter.cut();
    film.send("w");
    let letter = "new Request('/letter', { method: 'POST', body: 'x' })";
    scenario.eval(&fetch(&format!("'films', ['/film', {letter}]")));
    let scenario = scenario.wait_until(|kind| has_received(kind, 1));
    film.cut();
    let scenario = scenario
        .expect_printed(&[])
        .advance(Duration::from_millis(999))
        .expect_printed(&[])
        .advance(Duration::from_millis(1));
    scenario.expect_printed(&[
        "backgroundfetchfail films fetch-error 5: /film 200 whole, /letter TypeError",
    ]);
    assert_eq!(ranges(&server, "/letter").len(), 1);
}

#[test]
fn a_server_that_is_not_there_is_given_up_in_the_end() {
    let (mut scenario, _site) = online();
    let gone = TestServer::start();
    let film = gone.url("/film");
    drop(gone);
    fetched(&mut scenario, &format!("'films', '{film}'"));
    scenario
        .advance(Duration::from_millis(2_999))
        .expect_printed(&[])
        .advance(Duration::from_millis(1))
        .expect_printed(&["backgroundfetchfail films fetch-error 0: /film TypeError"]);
}
