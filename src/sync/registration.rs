//! One tag of one service worker: how often it was tried, and when it is due again.
//! Every move gives back what to store; nothing is stored, fired or waited for here.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::sync::kind::SyncKind;
use crate::sync::policy::{ReregisterInBackoff, SyncPolicy};
use crate::sync::state::{Move, Outcome, SyncState};

/// The service worker registration that a tag belongs to, by the number the host knows it by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OwnerId(pub i64);

/// What names a sync registration: registering the same tag again finds the same one.
/// Sorted as Chromium fires: by service worker registration, then by kind, then by the tag's bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SyncKey {
    /// The service worker registration it belongs to.
    pub owner: OwnerId,
    /// One-shot or periodic; the same tag may be registered for both.
    pub kind: SyncKind,
    /// The tag the script chose, as [text](crate::dom_string). May be empty.
    pub tag: String,
}

/// A promise to fire a `sync` event, or a `periodicsync` event again and again.
/// <https://wicg.github.io/background-sync/spec/#sync-registration>,
/// <https://wicg.github.io/periodic-background-sync/#periodic-sync-registration>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncRegistration {
    /// Its name.
    pub key: SyncKey,
    /// The origin it belongs to, serialised.
    pub origin: String,
    /// Where it is.
    pub state: SyncState,
    /// The `minInterval` of a periodic registration; nothing for a one-shot one.
    pub min_interval: Duration,
    /// How many attempts have failed, of a periodic registration in the present cycle.
    pub attempts: u32,
    /// How many attempts it gets, in each cycle; fixed when it is registered.
    pub max_attempts: u32,
    /// The next event may not be sent before this moment; `None` means that it may be sent now.
    pub not_before: Option<Timestamp>,
    /// The caller of `register()` knows that it was stored. Before that the event must not fire.
    /// Not stored: whoever reads it back from a disk was not there.
    #[serde(skip, default = "was_told_before_it_was_stored")]
    pub resolved: bool,
    /// How often in a row the process ended during the present attempt.
    pub interruptions: u32,
}

fn was_told_before_it_was_stored() -> bool {
    true
}

/// Why a registration is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Removal {
    /// Its event was fulfilled.
    Succeeded,
    /// Its last attempt failed.
    GaveUp,
    /// It was unregistered, or went with its service worker, while its event ran.
    Unregistered,
}

/// What follows from the end of an event, or from a `register()`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Store this.
    Keep(SyncRegistration),
    /// Let a periodic registration [begin a cycle](crate::sync::SyncQueue::begin_cycle), then store it.
    NewCycle(SyncRegistration),
    /// Forget it.
    Remove(Removal),
}

/// What a restart made of a registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recovery {
    /// Nothing happened to it.
    Untouched(SyncRegistration),
    /// Its event was interrupted and will be repeated as the same attempt.
    Repeat(SyncRegistration),
    /// Its event was interrupted too often: the attempt failed, and this follows.
    Failed(Step),
}

impl SyncRegistration {
    /// A tag that is registered for the first time. A periodic one begins its first cycle before it is stored.
    pub fn new(key: SyncKey, origin: String, max_attempts: u32) -> Self {
        Self {
            key,
            origin,
            state: SyncState::Pending,
            min_interval: Duration::ZERO,
            attempts: 0,
            max_attempts,
            not_before: None,
            resolved: false,
            interruptions: 0,
        }
    }

    /// Whether the next dispatch is the last one, the value of `event.lastChance`.
    pub fn is_last_chance(&self) -> bool {
        self.attempts + 1 >= self.max_attempts
    }

    /// The number of the present or next dispatch, counted from 1.
    pub fn attempt(&self) -> u32 {
        self.attempts + 1
    }

    /// From when on it may fire, or `None` while it may not.
    pub fn due_at(&self) -> Option<Timestamp> {
        let may_fire =
            self.resolved && !self.state.is_firing() && self.state != SyncState::Suspended;
        may_fire.then(|| self.not_before.unwrap_or(Timestamp(i64::MIN)))
    }

    /// `register(tag)` was called again.
    pub fn reregister(mut self, policy: &SyncPolicy) -> Self {
        if self.state == SyncState::Waiting {
            match policy.reregister_in_backoff {
                ReregisterInBackoff::KeepDelay => return self,
                ReregisterInBackoff::FireNow => {}
                ReregisterInBackoff::FireAfresh => self.attempts = 0,
            }
            self.not_before = None;
        }
        self.state = self.state.reregister();
        self
    }

    /// The network came back: by policy, a failed registration need not wait any longer.
    pub fn reconnect(mut self, policy: &SyncPolicy) -> Self {
        if policy.retry_on_reconnect && self.state == SyncState::Waiting {
            self.state = SyncState::Pending;
            self.not_before = None;
        }
        self
    }

    /// The clock may have been set back: a wait that is longer than its delay ever was ends with that delay.
    pub fn shorten_wait(mut self, now: Timestamp, policy: &SyncPolicy) -> Self {
        let longest = match (self.key.kind, self.state) {
            (SyncKind::Periodic, SyncState::Pending) => {
                policy.periodic.longest_cycle(self.min_interval)
            }
            _ => policy.retry.delay_after(self.attempts.max(1), 1.0),
        };
        self.not_before = self.not_before.map(|at| at.min(now.plus(longest)));
        self
    }

    /// The event is about to be sent. Store this first, so that a restart can tell.
    pub fn start(mut self) -> Self {
        self.state = match self.state {
            SyncState::Pending | SyncState::Waiting => SyncState::Firing,
            firing => firing,
        };
        self
    }

    /// The event ended. `chance` is between 0 and 1 and spreads the delays.
    pub fn settle(
        mut self,
        outcome: Outcome,
        now: Timestamp,
        chance: f64,
        policy: &SyncPolicy,
    ) -> Step {
        if !self.state.is_firing() {
            return Step::Keep(self);
        }
        // An end in good order is an interruption that somebody wanted: it counts only where each one does.
        let outcome = match outcome {
            Outcome::CutOff if policy.interruptions_per_attempt == Some(1) => Outcome::Failed,
            Outcome::CutOff => Outcome::NotDispatched,
            outcome => outcome,
        };
        let was_reregistered = self.state == SyncState::ReregisteredWhileFiring;
        let next = self.state.settle(outcome, self.is_last_chance());
        if self.key.kind == SyncKind::Periodic
            && outcome != Outcome::NotDispatched
            && next != Move::To(SyncState::Waiting)
        {
            return Step::NewCycle(self);
        }
        match next {
            Move::To(state) => self.state = state,
            Move::Away if outcome == Outcome::Succeeded => return Step::Remove(Removal::Succeeded),
            Move::Away => return Step::Remove(Removal::GaveUp),
        }
        if outcome == Outcome::NotDispatched {
            return Step::Keep(self);
        }
        self.interruptions = 0;
        if was_reregistered {
            self.attempts = 0;
            self.not_before = None;
        } else {
            self.attempts += 1;
            let delay = policy.retry.delay_after(self.attempts, chance);
            self.not_before = Some(now.plus(delay));
        }
        Step::Keep(self)
    }

    /// The process ended and began again. An event that ran then is repeated, and counts as a failed
    /// attempt only when the policy says that this happened too often.
    pub fn recover_after_restart(
        mut self,
        now: Timestamp,
        chance: f64,
        policy: &SyncPolicy,
    ) -> Recovery {
        self.resolved = true;
        if !self.state.is_firing() {
            return Recovery::Untouched(self.shorten_wait(now, policy));
        }
        self.interruptions += 1;
        let is_too_often = policy
            .interruptions_per_attempt
            .is_some_and(|limit| self.interruptions >= limit);
        if !is_too_often {
            // Differs from the spec: that the tag was registered again meanwhile is not a second
            // event here, because the first one never ended.
            self.state = SyncState::Pending;
            return Recovery::Repeat(self);
        }
        if self.key.kind == SyncKind::OneShot
            && self.state == SyncState::ReregisteredWhileFiring
            && self.is_last_chance()
        {
            // The second registration gets its own attempts. It waits all the same: a script that
            // registers again and then takes its host down would loop for ever otherwise.
            self.state = SyncState::Waiting;
            self.attempts = 0;
            self.interruptions = 0;
            self.not_before = Some(now.plus(policy.retry.delay_after(1, chance)));
            return Recovery::Failed(Step::Keep(self));
        }
        self.state = SyncState::Firing;
        Recovery::Failed(self.settle(Outcome::Failed, now, chance, policy))
    }
}
