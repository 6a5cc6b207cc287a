//! Whether the machine's links lead anywhere: values in, a state out.

use std::net::IpAddr;

use crate::connectivity::state::{NetworkReason, NetworkState};

/// Bridges of containers and virtual machines, which are up whether or not the machine is connected.
const VIRTUAL_PREFIXES: &[&str] = &[
    "docker", "br-", "virbr", "vmnet", "vboxnet", "cni", "lxc", "podman", "bridge",
];

/// What the decision needs to know of one interface.
pub(super) struct Link<'n> {
    pub(super) name: &'n str,
    /// Switched on.
    pub(super) is_up: bool,
    /// The cable is plugged in, the access point is there.
    pub(super) has_carrier: bool,
    pub(super) has_address: bool,
    pub(super) has_default_route: bool,
}

/// A default route wins; without one, any real interface that reaches at least its own subnet counts.
pub(super) fn judge_links(links: &[Link<'_>]) -> NetworkState {
    let mut candidates: Vec<&Link<'_>> = links
        .iter()
        .filter(|link| link.is_up && link.has_address)
        .collect();
    candidates.sort_by_key(|link| (!link.has_default_route, link.name));
    let real = || candidates.iter().filter(|link| link.is_real());
    match real().find(|link| link.has_carrier).or(real().next()) {
        Some(link) if link.has_carrier => {
            NetworkState::online(NetworkReason::Interface(link.name.to_owned()))
        }
        Some(link) => NetworkState::offline(NetworkReason::NoLink(link.name.to_owned())),
        None if candidates.is_empty() => NetworkState::offline(NetworkReason::NoInterface),
        None => NetworkState::offline(NetworkReason::NoRoute),
    }
}

impl Link<'_> {
    fn is_real(&self) -> bool {
        let is_virtual = VIRTUAL_PREFIXES
            .iter()
            .any(|prefix| self.name.starts_with(prefix));
        self.has_default_route || !is_virtual
    }
}

/// An address that can reach another machine: not loopback, not link-local, not unspecified.
pub(super) fn is_routable(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !v4.is_loopback() && !v4.is_link_local() && !v4.is_unspecified(),
        IpAddr::V6(v6) => !v6.is_loopback() && !v6.is_unicast_link_local() && !v6.is_unspecified(),
    }
}
