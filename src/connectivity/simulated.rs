//! A network switched by hand, for tests and embedders.
//!
//! It is a source like any other: the host's own switch still wins over it.

use crate::connectivity::Connectivity;
use crate::connectivity::state::{NetworkReason, NetworkState};

/// The switch of a [`Connectivity::simulated`] network.
#[derive(Debug, Clone)]
pub struct SimulatedNetwork {
    connectivity: Connectivity,
}

impl SimulatedNetwork {
    pub(super) fn new(connectivity: Connectivity) -> Self {
        Self { connectivity }
    }

    /// The link goes down.
    pub fn go_offline(&self) {
        self.connectivity
            .set_source(NetworkState::offline(NetworkReason::Simulated));
    }

    /// The link comes up.
    pub fn go_online(&self) {
        self.connectivity
            .set_source(NetworkState::online(NetworkReason::Simulated));
    }
}
