//! The machine's interfaces and routes, as the operating system reports changes.
//!
//! Nothing is polled and nothing is sent; whether the internet answers is a probe's question.

use std::sync::Arc;
use std::time::Duration;

use n0_watcher::Watcher;
use netwatch::interfaces::State as Interfaces;
use netwatch::netmon::Monitor;

use crate::clock::Clock;
use crate::connectivity::SourceFeed;
use crate::connectivity::state::{NetworkReason, NetworkState};

/// A loss must last this long before it is believed: a roaming laptop is not offline.
const LOSS_MUST_LAST: Duration = Duration::from_millis(500);

/// Bridges of containers and virtual machines, which are up whether or not the machine is connected.
const VIRTUAL_PREFIXES: &[&str] = &[
    "docker", "br-", "virbr", "vmnet", "vboxnet", "cni", "lxc", "podman", "bridge",
];

/// Reports the first reading, then spawns the task that waits for changes.
pub(super) async fn start(feed: SourceFeed, clock: Arc<dyn Clock>) {
    match Monitor::new().await {
        Ok(monitor) => {
            let mut readings = monitor.interface_state();
            if feed.report(judge(&readings.get())) {
                tokio::spawn(async move {
                    follow(monitor, &mut readings, &feed, clock.as_ref()).await;
                });
            }
        }
        Err(error) => {
            tracing::warn!(%error, "cannot watch the network interfaces, assuming online");
            feed.report(NetworkState::online(NetworkReason::Unknown(
                error.to_string(),
            )));
        }
    }
}

/// Waits for changes for as long as anyone listens; holding the monitor keeps it running.
async fn follow(
    _monitor: Monitor,
    readings: &mut n0_watcher::Direct<Interfaces>,
    feed: &SourceFeed,
    clock: &dyn Clock,
) {
    let mut held = judge(&readings.get());
    loop {
        let Ok(reading) = readings.updated().await else {
            return;
        };
        let mut state = judge(&reading);
        if held.online && !state.online {
            clock.sleep(LOSS_MUST_LAST).await;
            state = judge(&readings.get());
        }
        if !feed.report(state.clone()) {
            return;
        }
        held = state;
    }
}

fn judge(interfaces: &Interfaces) -> NetworkState {
    let links: Vec<Link> = interfaces
        .interfaces
        .values()
        .map(|interface| Link {
            name: interface.name(),
            is_up: interface.is_up(),
            has_address: interface.addrs().any(|network| is_routable(network.addr())),
            has_default_route: interfaces.default_route_interface.as_deref()
                == Some(interface.name()),
        })
        .collect();
    judge_links(&links)
}

/// What the decision needs to know of one interface.
pub(super) struct Link<'n> {
    pub(super) name: &'n str,
    pub(super) is_up: bool,
    pub(super) has_address: bool,
    pub(super) has_default_route: bool,
}

/// A default route wins; without one, any real interface that reaches at least its own subnet counts.
pub(super) fn judge_links(links: &[Link<'_>]) -> NetworkState {
    let mut usable: Vec<&Link<'_>> = links
        .iter()
        .filter(|link| link.is_up && link.has_address)
        .collect();
    usable.sort_by_key(|link| (!link.has_default_route, link.name));
    let best = usable.first();
    match usable
        .iter()
        .find(|link| link.has_default_route || !is_virtual(link.name))
    {
        Some(link) => NetworkState::online(NetworkReason::Interface(link.name.to_owned())),
        None if best.is_some() => NetworkState::offline(NetworkReason::NoRoute),
        None => NetworkState::offline(NetworkReason::NoInterface),
    }
}

fn is_virtual(name: &str) -> bool {
    VIRTUAL_PREFIXES
        .iter()
        .any(|prefix| name.starts_with(prefix))
}

/// An address that can reach another machine: not loopback, not link-local, not unspecified.
pub(super) fn is_routable(address: std::net::IpAddr) -> bool {
    match address {
        std::net::IpAddr::V4(v4) => {
            !v4.is_loopback() && !v4.is_link_local() && !v4.is_unspecified()
        }
        std::net::IpAddr::V6(v6) => {
            !v6.is_loopback() && !v6.is_unicast_link_local() && !v6.is_unspecified()
        }
    }
}
