//! Which interfaces lead anywhere.

use std::net::IpAddr;

use crate::connectivity::links::{Link, is_routable, judge_links};
use crate::connectivity::{NetworkReason, NetworkState};

fn link(name: &str, is_up: bool, has_address: bool, has_default_route: bool) -> Link<'_> {
    Link {
        name,
        is_up,
        has_carrier: true,
        has_address,
        has_default_route,
    }
}

/// N2
#[test]
fn a_link_with_a_default_route_is_named() {
    let links = [
        link("lan0", true, true, false),
        link("wlan0", true, true, true),
    ];
    let expected = NetworkState::online(NetworkReason::Interface("wlan0".to_owned()));
    assert_eq!(judge_links(&links), expected);
}

#[test]
fn bridges_of_containers_do_not_count() {
    let links = [
        link("docker0", true, true, false),
        link("wlan0", true, false, false),
    ];
    assert_eq!(
        judge_links(&links),
        NetworkState::offline(NetworkReason::NoRoute)
    );
    assert_eq!(
        judge_links(&links[1..]),
        NetworkState::offline(NetworkReason::NoInterface)
    );
}

#[test]
fn a_real_link_without_default_route_is_enough() {
    let expected = NetworkState::online(NetworkReason::Interface("veth1".to_owned()));
    assert_eq!(judge_links(&[link("veth1", true, true, false)]), expected);
    assert!(
        !judge_links(&[link("veth1", false, true, true)]).online,
        "but it must be up"
    );
}

#[test]
fn a_pulled_cable_is_noticed_although_the_address_stays() {
    let unplugged = || Link {
        has_carrier: false,
        ..link("eth0", true, true, true)
    };
    assert_eq!(
        judge_links(&[link("docker0", true, true, false), unplugged()]),
        NetworkState::offline(NetworkReason::NoLink("eth0".to_owned()))
    );
    let expected = NetworkState::online(NetworkReason::Interface("wlan0".to_owned()));
    assert_eq!(
        judge_links(&[unplugged(), link("wlan0", true, true, false)]),
        expected
    );
}

/// N2
#[test]
fn loopback_and_link_local_addresses_lead_nowhere() {
    let routable = |text: &str| is_routable(text.parse::<IpAddr>().expect(text));
    assert!(routable("192.168.1.7") && routable("2001:db8::1") && routable("fd00::1"));
    for address in ["127.0.0.1", "169.254.3.4", "0.0.0.0", "::1", "fe80::1"] {
        assert!(!routable(address), "{address}");
    }
}
