//! What is believed, and when: every moment is handed in.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::connectivity::monitor::{
    FIRST_RETRY, LONGEST_RETRY, LOSS_MUST_LAST, Monitor, RECHECK_EVERY, Todo,
};
use crate::connectivity::{NetworkReason, NetworkState};

const START: Timestamp = Timestamp(1_000_000);

fn up(name: &str) -> NetworkState {
    NetworkState::online(NetworkReason::Interface(name.to_owned()))
}

fn down() -> NetworkState {
    NetworkState::offline(NetworkReason::NoInterface)
}

fn answered() -> Result<NetworkReason, NetworkReason> {
    Ok(NetworkReason::Answered("http://a/".to_owned()))
}

fn no_answer() -> Result<NetworkReason, NetworkReason> {
    Err(NetworkReason::NoAnswer("http://a/: lost".to_owned()))
}

fn probing() -> Monitor {
    Monitor::new(up("wlan0"), Some("http://a/".to_owned()), START)
}

/// A monitor whose probe was answered at the start.
fn confirmed() -> Monitor {
    let mut monitor = probing();
    monitor.probe_ended(answered(), START);
    assert!(monitor.state().online);
    monitor
}

/// How long after `now` the next probe is sent.
fn next_probe(monitor: &mut Monitor, now: Timestamp) -> Duration {
    match monitor.todo(now) {
        Todo { probe: Some(_), .. } => Duration::ZERO,
        Todo { wake_at, .. } => wake_at.expect("one is to come").saturating_since(now),
    }
}

#[test]
fn a_link_is_believed_at_once_and_its_loss_when_it_lasts() {
    let mut monitor = Monitor::new(down(), None, START);
    assert_eq!(*monitor.state(), down());
    monitor.links_are(up("wlan0"), START);
    assert_eq!(*monitor.state(), up("wlan0"));

    monitor.links_are(down(), START);
    let lost_at = START.plus(LOSS_MUST_LAST);
    assert_eq!(monitor.todo(START).wake_at, Some(lost_at));
    assert_eq!(*monitor.state(), up("wlan0"));
    monitor.todo(lost_at);
    assert_eq!(*monitor.state(), down());
}

#[test]
fn a_link_that_flickers_was_never_lost() {
    let mut monitor = Monitor::new(up("wlan0"), None, START);
    let mut now = START;
    for _ in 0..20 {
        monitor.links_are(down(), now);
        now = now.plus(Duration::from_millis(499));
        monitor.todo(now);
        assert!(monitor.state().online);
        monitor.links_are(up("wlan0"), now);
        assert_eq!(monitor.todo(now).wake_at, None);
    }
}

#[test]
fn several_signs_of_one_loss_do_not_put_it_off() {
    let mut monitor = Monitor::new(up("wlan0"), None, START);
    monitor.links_are(down(), START);
    let later = START.plus(Duration::from_millis(400));
    monitor.links_are(NetworkState::offline(NetworkReason::NoRoute), later);
    monitor.todo(START.plus(LOSS_MUST_LAST));
    assert_eq!(monitor.state().reason, NetworkReason::NoRoute);
}

#[test]
fn with_a_probe_a_link_alone_is_not_online() {
    let mut monitor = probing();
    assert!(!monitor.is_decided() && !monitor.state().online);
    assert_eq!(next_probe(&mut monitor, START), Duration::ZERO);
    monitor.probe_ended(answered(), START);
    assert!(monitor.is_decided() && monitor.state().online);
    let nothing = Todo {
        probe: None,
        wake_at: None,
    };
    assert_eq!(monitor.todo(START), nothing, "nothing is polled");
}

#[test]
fn without_a_link_nothing_is_probed() {
    let mut monitor = Monitor::new(down(), Some("http://a/".to_owned()), START);
    assert!(monitor.is_decided());
    assert_eq!(monitor.todo(START).probe, None);
    monitor.links_are(up("wlan0"), START);
    assert!(monitor.todo(START).probe.is_some());
    monitor.links_are(down(), START);
    assert_eq!(monitor.todo(START).probe, None);
    assert_eq!(*monitor.state(), down());
}

#[test]
fn failed_probes_are_repeated_ever_more_rarely() {
    let mut monitor = probing();
    let mut now = START;
    let mut waits = Vec::new();
    for _ in 0..8 {
        monitor.probe_ended(no_answer(), now);
        assert!(!monitor.state().online);
        let wait = next_probe(&mut monitor, now);
        waits.push(wait.as_secs());
        now = now.plus(wait);
        assert_eq!(next_probe(&mut monitor, now), Duration::ZERO);
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
    assert_eq!(LONGEST_RETRY.as_secs(), 60);

    monitor.links_are(up("eth0"), now);
    assert_eq!(next_probe(&mut monitor, now), Duration::ZERO);
    monitor.probe_ended(no_answer(), now);
    assert_eq!(
        next_probe(&mut monitor, now),
        FIRST_RETRY,
        "another link begins anew"
    );
}

#[test]
fn a_single_lost_answer_is_no_lost_network() {
    let mut monitor = confirmed();
    monitor.links_are(up("eth0"), START);
    monitor.probe_ended(no_answer(), START);
    assert!(monitor.state().online);
    assert_eq!(next_probe(&mut monitor, START), LOSS_MUST_LAST);
    monitor.probe_ended(no_answer(), START);
    assert_eq!(
        monitor.state().reason,
        NetworkReason::NoAnswer("http://a/: lost".to_owned())
    );
}

#[test]
fn another_link_asks_anew_while_a_probe_is_under_way() {
    let mut monitor = probing();
    let first = monitor.todo(START).probe;
    monitor.links_are(up("eth0"), START);
    let second = monitor.todo(START).probe;
    assert!(first.is_some() && second.is_some() && first != second);
    monitor.links_are(up("eth0"), START);
    assert_eq!(monitor.todo(START).probe, second);
}

#[test]
fn a_failed_request_has_the_network_checked_now_and_then() {
    let mut monitor = confirmed();
    assert!(monitor.request_failed(START));
    assert_eq!(next_probe(&mut monitor, START), Duration::ZERO);
    monitor.probe_ended(answered(), START);
    let soon = START.plus(RECHECK_EVERY - Duration::from_millis(1));
    assert!(!monitor.request_failed(soon));
    assert_eq!(monitor.todo(soon).probe, None);
    assert!(monitor.request_failed(START.plus(RECHECK_EVERY)));

    let mut offline = Monitor::new(down(), None, START);
    assert!(!offline.request_failed(START), "it is known already");
}

#[test]
fn a_clock_that_is_set_back_holds_nothing_up() {
    let mut losing = Monitor::new(up("wlan0"), None, START);
    losing.links_are(down(), START);
    losing.clock_was_set_back(Timestamp(0));
    losing.todo(Timestamp(0));
    assert_eq!(*losing.state(), down());

    let mut failing = probing();
    failing.probe_ended(no_answer(), START);
    failing.clock_was_set_back(Timestamp(0));
    assert_eq!(next_probe(&mut failing, Timestamp(0)), Duration::ZERO);
}
