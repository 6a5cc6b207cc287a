//! What is believed of the network, given what its links and a probe say, and when.
//!
//! Values in, values out: looking, sending and waiting are done in `system`.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::connectivity::state::{NetworkReason, NetworkState};

/// A loss must last this long before it is believed: a roaming laptop is not offline.
pub(super) const LOSS_MUST_LAST: Duration = Duration::from_millis(500);

/// The wait after the first failed probe. It doubles with every further one.
pub(super) const FIRST_RETRY: Duration = Duration::from_secs(1);

/// No wait between two failed probes is longer.
pub(super) const LONGEST_RETRY: Duration = Duration::from_secs(60);

/// Failed requests make us look again this often at most.
pub(super) const RECHECK_EVERY: Duration = Duration::from_secs(5);

/// Makes one state of everything that is found out.
pub(super) struct Monitor {
    believed: NetworkState,
    /// What the links said last.
    links: NetworkState,
    /// When a loss that the links report is believed.
    loss_at: Option<Timestamp>,
    /// `None` if the links alone decide.
    probe: Option<ProbeTurns>,
    /// When a failed request made us look the last time.
    rechecked_at: Option<Timestamp>,
}

/// Whose turn it is to be probed, and when.
struct ProbeTurns {
    /// For the reason while nothing is known.
    address: String,
    /// From when on a probe should be under way; `None` if none is needed.
    due_at: Option<Timestamp>,
    /// Tells a probe that is under way from one that is asked for anew.
    turn: u32,
    /// How many have failed since the last one that did not.
    failures: u32,
}

/// What is to be done now.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Todo {
    /// This probe should be under way, and no other.
    pub(super) probe: Option<u32>,
    /// When to ask again, if nothing happens before.
    pub(super) wake_at: Option<Timestamp>,
}

impl Monitor {
    /// Begins with what the links say; `probed` is the address that confirms it, if any does.
    pub(super) fn new(links: NetworkState, probed: Option<String>, now: Timestamp) -> Self {
        let mut monitor = Self {
            believed: NetworkState::offline(NetworkReason::NoInterface),
            links: NetworkState::offline(NetworkReason::NoInterface),
            loss_at: None,
            probe: probed.map(|address| ProbeTurns {
                address,
                due_at: None,
                turn: 0,
                failures: 0,
            }),
            rechecked_at: None,
        };
        monitor.links_are(links, now);
        monitor
    }

    /// What holds.
    pub(super) fn state(&self) -> &NetworkState {
        &self.believed
    }

    /// Whether enough was found out to answer.
    pub(super) fn is_decided(&self) -> bool {
        !matches!(self.believed.reason, NetworkReason::Probing(_))
    }

    /// The links were looked at.
    pub(super) fn links_are(&mut self, links: NetworkState, now: Timestamp) {
        let has_changed = self.links != links;
        self.links = links;
        if !self.links.online {
            if self.believed.online {
                self.loss_at.get_or_insert(now.plus(LOSS_MUST_LAST));
            } else {
                self.believe_links();
            }
            return;
        }
        self.loss_at = None;
        match &mut self.probe {
            Some(probe) if has_changed => {
                probe.ask(now);
                probe.failures = 0;
                if !self.believed.online {
                    let reason = NetworkReason::Probing(probe.address.clone());
                    self.believed = NetworkState::offline(reason);
                }
            }
            Some(_) => {}
            None => self.believe_links(),
        }
    }

    /// A probe has ended: with the reason to be online, or not to be.
    pub(super) fn probe_ended(
        &mut self,
        result: Result<NetworkReason, NetworkReason>,
        now: Timestamp,
    ) {
        let Some(probe) = &mut self.probe else { return };
        match result {
            Ok(reason) => {
                probe.due_at = None;
                probe.failures = 0;
                self.believed = NetworkState::online(reason);
            }
            Err(reason) => {
                probe.failures += 1;
                let wait = if self.believed.online && probe.failures == 1 {
                    // One lost answer is no lost network.
                    LOSS_MUST_LAST
                } else {
                    self.believed = NetworkState::offline(reason);
                    retry_after(probe.failures)
                };
                probe.ask(now.plus(wait));
            }
        }
    }

    /// A request of a script failed below HTTP: whether the links should be looked at again.
    pub(super) fn request_failed(&mut self, now: Timestamp) -> bool {
        let is_recent = self
            .rechecked_at
            .is_some_and(|at| now.saturating_since(at) < RECHECK_EVERY);
        if is_recent || !self.believed.online {
            return false;
        }
        self.rechecked_at = Some(now);
        if let Some(probe) = &mut self.probe
            && probe.due_at.is_none()
        {
            probe.ask(now);
        }
        true
    }

    /// Every moment that is waited for has lost its meaning: it is now.
    pub(super) fn clock_was_set_back(&mut self, now: Timestamp) {
        self.rechecked_at = None;
        let due_at = self.probe.as_mut().and_then(|probe| probe.due_at.as_mut());
        for moment in [self.loss_at.as_mut(), due_at].into_iter().flatten() {
            *moment = now.min(*moment);
        }
    }

    /// What is to be done now; believes what has lasted long enough.
    pub(super) fn todo(&mut self, now: Timestamp) -> Todo {
        if self.loss_at.is_some_and(|at| at <= now) {
            self.believe_links();
        }
        let probe = self.probe.as_ref().filter(|_| self.links.online);
        let due_at = probe.and_then(|probe| probe.due_at);
        let is_due = due_at.is_some_and(|at| at <= now);
        Todo {
            probe: probe.filter(|_| is_due).map(|probe| probe.turn),
            wake_at: self.loss_at.or(due_at.filter(|_| !is_due)),
        }
    }

    fn believe_links(&mut self) {
        self.loss_at = None;
        self.believed = self.links.clone();
    }
}

impl ProbeTurns {
    fn ask(&mut self, at: Timestamp) {
        self.due_at = Some(at);
        self.turn += 1;
    }
}

fn retry_after(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    (FIRST_RETRY * (1 << doublings)).min(LONGEST_RETRY)
}
