//! The sources of connectivity, without a machine's real network.

mod links;
mod monitor;
mod probe;

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{ManualClock, Timestamp};
use crate::connectivity::{Connectivity, NetworkReason, NetworkState, Timeline, TimelineError};

#[test]
fn a_simulated_network_goes_where_its_handle_says() {
    let (connectivity, network) = Connectivity::simulated(false);
    assert!(!connectivity.is_online());
    network.go_online();
    assert_eq!(
        connectivity.state(),
        NetworkState::online(NetworkReason::Simulated)
    );
}

#[test]
fn the_hosts_switch_wins_over_the_source_until_released() {
    let (connectivity, network) = Connectivity::simulated(true);
    connectivity.go_offline();
    network.go_offline();
    network.go_online();
    assert_eq!(
        connectivity.state(),
        NetworkState::offline(NetworkReason::Host)
    );
    connectivity.release();
    assert_eq!(
        connectivity.state(),
        NetworkState::online(NetworkReason::Simulated)
    );
}

#[tokio::test]
async fn offline_and_online_again_give_the_answer_back_to_the_source() {
    let clock = ManualClock::new(Timestamp(0));
    let timeline = Timeline::parse("online:1m,offline").expect("a valid timeline");
    let connectivity = Connectivity::timeline(timeline);
    let mut changes = connectivity.subscribe();
    connectivity.start(Arc::new(clock.clone())).await;
    tokio::task::yield_now().await;
    connectivity.go_offline();
    assert!(!connectivity.is_online());
    connectivity.go_online();
    assert_eq!(
        connectivity.state(),
        NetworkState::online(NetworkReason::Timeline)
    );

    clock.advance(Duration::from_secs(60));
    changes
        .wait_for(|state| state.reason == NetworkReason::TimelineEnded)
        .await
        .expect("the timeline plays");
    assert!(!connectivity.is_online());
}

#[test]
fn a_forced_network_is_the_sources_again_once_that_is_online() {
    let (connectivity, network) = Connectivity::simulated(false);
    connectivity.go_online();
    network.go_offline();
    assert_eq!(
        connectivity.state(),
        NetworkState::online(NetworkReason::Host),
        "the switch wins while the source is offline"
    );
    network.go_online();
    network.go_offline();
    assert_eq!(
        connectivity.state(),
        NetworkState::offline(NetworkReason::Simulated)
    );
}

/// N1
#[test]
fn only_changes_wake_whoever_waits() {
    let (connectivity, network) = Connectivity::simulated(true);
    let mut changes = connectivity.subscribe();
    network.go_online();
    assert!(!changes.has_changed().expect("the sender lives"));
    network.go_offline();
    assert!(changes.has_changed().expect("the sender lives"));
    assert!(!changes.borrow_and_update().online);
}

#[tokio::test]
async fn a_timeline_follows_the_clock() {
    let clock = ManualClock::new(Timestamp(0));
    let timeline = Timeline::parse("offline:3s,online:1m,offline").expect("a valid timeline");
    let connectivity = Connectivity::timeline(timeline);
    assert!(
        !connectivity.is_online(),
        "the first state holds before the start"
    );
    assert!(connectivity.expects_change());
    let mut changes = connectivity.subscribe();
    connectivity.start(Arc::new(clock.clone())).await;
    tokio::task::yield_now().await;

    clock.advance(Duration::from_millis(2999));
    tokio::task::yield_now().await;
    assert!(!connectivity.is_online());

    clock.advance(Duration::from_millis(1));
    changes
        .wait_for(|state| state.online)
        .await
        .expect("the timeline plays");
    clock.advance(Duration::from_secs(60));
    changes
        .wait_for(|state| !state.online)
        .await
        .expect("the timeline plays");
    assert!(!connectivity.expects_change(), "the last state stays");
}

#[test]
fn timelines_say_which_piece_is_wrong_and_what_is_expected() {
    let error = |text: &str| Timeline::parse(text).expect_err(text);
    assert_eq!(error(""), TimelineError::Empty { position: 1 });
    assert_eq!(error("online:1s,"), TimelineError::Empty { position: 2 });
    assert_eq!(
        error("of:3s,online"),
        TimelineError::UnknownState {
            piece: "of:3s".to_owned()
        }
    );
    assert_eq!(
        error(":3s,online"),
        TimelineError::UnknownState {
            piece: ":3s".to_owned()
        }
    );
    for piece in [
        "offline:",
        "offline:3",
        "offline:s",
        "offline:-3s",
        "offline:3 days",
        "offline:1e99h",
    ] {
        let expected = TimelineError::BadDuration {
            piece: piece.to_owned(),
        };
        assert_eq!(error(&format!("{piece},online")), expected);
    }
    let missing = error("online,offline:3s");
    assert_eq!(
        missing.to_string(),
        "timeline: `online` needs a duration such as `online:3s`, only the last piece may hold for ever"
    );
}

#[test]
fn timelines_take_every_unit_and_spaces() {
    for text in [
        "online",
        "offline:250ms,online",
        "offline:1.5s, online:5m ,offline:2h",
    ] {
        Timeline::parse(text).expect(text);
    }
}

/// N3
#[tokio::test]
async fn the_systems_state_is_known_after_the_start() {
    let connectivity = Connectivity::system();
    assert_eq!(connectivity.state().reason, NetworkReason::Assumed);
    connectivity
        .start(Arc::new(ManualClock::new(Timestamp(0))))
        .await;
    assert_ne!(connectivity.state().reason, NetworkReason::Assumed);
}
