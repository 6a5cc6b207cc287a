//! The sync registrations of a host, and the question its loop asks: what fires now, when to look again?

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::clock::Timestamp;
use crate::sync::due::DueIndex;
use crate::sync::kind::SyncKind;
use crate::sync::periodic::{Engagement, PeriodicPolicy};
use crate::sync::policy::SyncPolicy;
use crate::sync::registration::{OwnerId, SyncKey, SyncRegistration};
use crate::sync::state::SyncState;

/// What to do now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// Fire these, all at once, in this order.
    pub fire: Vec<SyncKey>,
    /// Then look again at this moment, if nothing else happens before.
    pub wake_at: Option<Timestamp>,
}

/// Every sync registration of a host.
#[derive(Debug, Clone, Default)]
pub struct SyncQueue {
    rows: BTreeMap<SyncKey, SyncRegistration>,
    due: DueIndex,
    /// Of each origin, the periodic registrations whose cycle runs, by the moment that it ends.
    cycles: BTreeMap<String, BTreeSet<(Timestamp, SyncKey)>>,
    /// How many events of a service worker registration run.
    firing: HashMap<OwnerId, usize>,
}

impl SyncQueue {
    /// An empty queue.
    pub fn new() -> Self {
        Self::default()
    }

    /// The registration of that name.
    pub fn get(&self, key: &SyncKey) -> Option<&SyncRegistration> {
        self.rows.get(key)
    }

    /// Adds a registration or replaces the one of the same name; gives back what was there.
    pub fn put(&mut self, row: SyncRegistration) -> Option<SyncRegistration> {
        let before = self.remove(&row.key);
        self.due.insert(&row);
        if let Some(cycle) = cycle_of(&row) {
            let cycles = self.cycles.entry(row.origin.clone()).or_default();
            cycles.insert(cycle);
        }
        if row.state.is_firing() {
            *self.firing.entry(row.key.owner).or_default() += 1;
        }
        self.rows.insert(row.key.clone(), row);
        before
    }

    /// Forgets a registration and gives it back.
    pub fn remove(&mut self, key: &SyncKey) -> Option<SyncRegistration> {
        let row = self.rows.remove(key)?;
        self.due.remove(&row);
        if let Some(cycle) = cycle_of(&row)
            && let Some(cycles) = self.cycles.get_mut(&row.origin)
        {
            cycles.remove(&cycle);
            if cycles.is_empty() {
                self.cycles.remove(&row.origin);
            }
        }
        if row.state.is_firing()
            && let Some(running) = self.firing.get_mut(&row.key.owner)
        {
            *running -= 1;
            if *running == 0 {
                self.firing.remove(&row.key.owner);
            }
        }
        Some(row)
    }

    /// Forgets every tag of a service worker registration and gives them back.
    pub fn remove_owner(&mut self, owner: OwnerId) -> Vec<SyncRegistration> {
        let keys: Vec<SyncKey> = [SyncKind::OneShot, SyncKind::Periodic]
            .into_iter()
            .flat_map(|kind| self.of_owner(owner, kind))
            .map(|row| row.key.clone())
            .collect();
        keys.iter().filter_map(|key| self.remove(key)).collect()
    }

    /// The caller of `register()` knows that the tag is stored: it may fire now.
    /// A name that is not there any more is no fault.
    pub fn acknowledge(&mut self, key: &SyncKey) {
        if let Some(mut row) = self.remove(key) {
            row.resolved = true;
            self.put(row);
        }
    }

    /// What fires now and when to look again. Events of at most `workers` service worker registrations run at the same
    /// time, all that are due of each; the rest is asked for again when those of one have ended.
    pub fn plan(&self, now: Timestamp, is_online: bool, workers: usize) -> Plan {
        if !is_online {
            // What is due waits for the network, not for a moment.
            return Plan::default();
        }
        let mut running: BTreeSet<OwnerId> = self.firing.keys().copied().collect();
        for owner in self.due.owners_due(now) {
            if running.len() >= workers {
                break;
            }
            running.insert(owner);
        }
        // What is held back is asked for again when events have ended; no moment needs to be waited for.
        let of_running = running
            .iter()
            .filter_map(|owner| self.due.next_of(*owner, now));
        Plan {
            wake_at: of_running.chain(self.due.next(now)).min(),
            fire: running
                .iter()
                .flat_map(|owner| self.due_of(*owner, now))
                .collect(),
        }
    }

    /// Whether a plan would fire something.
    pub fn has_due(&self, now: Timestamp, is_online: bool, workers: usize) -> bool {
        let mut running = self.firing.keys();
        let has_room = running.len() < workers && self.due.owners_due(now).next().is_some();
        is_online
            && (has_room || running.any(|owner| self.due.due_of(*owner, now).next().is_some()))
    }

    /// What of a service worker registration is due, in the order of its keys.
    fn due_of(&self, owner: OwnerId, now: Timestamp) -> BTreeSet<SyncKey> {
        self.due.due_of(owner, now).cloned().collect()
    }

    /// The network came back. Gives the registrations that the policy makes due now, changed but not
    /// yet put: store them, then [`put`](Self::put) them.
    pub fn reconnected(&self, policy: &SyncPolicy) -> Vec<SyncRegistration> {
        if !policy.retry_on_reconnect {
            return Vec::new();
        }
        self.due
            .waiting()
            .filter_map(|key| self.rows.get(key))
            .filter(|row| row.state == SyncState::Waiting)
            .map(|row| row.clone().reconnect(policy))
            .collect()
    }

    /// The clock was set back. Gives the registrations that would wait too long because of that, changed but not yet
    /// put: store them, then [`put`](Self::put) them.
    pub fn set_back(&self, now: Timestamp, policy: &SyncPolicy) -> Vec<SyncRegistration> {
        self.rows
            .values()
            .filter_map(|row| {
                let shortened = row.clone().shorten_wait(now, policy);
                (shortened.not_before != row.not_before).then_some(shortened)
            })
            .collect()
    }

    /// `periodicSync.register()` asks for this registration: gives back, not yet put, what there is then. The same
    /// interval changes nothing, unless an event runs; another one replaces what is there and begins a new cycle, at
    /// once or when the event has ended.
    /// <https://wicg.github.io/periodic-background-sync/#dom-periodicsyncmanager-register>
    pub fn register_periodic(
        &self,
        asked: SyncRegistration,
        now: Timestamp,
        engagement: Engagement,
        policy: &PeriodicPolicy,
    ) -> SyncRegistration {
        match self.get(&asked.key) {
            Some(known) if known.state.is_firing() => SyncRegistration {
                min_interval: asked.min_interval,
                state: known.state.reregister(),
                ..known.clone()
            },
            Some(known) if known.min_interval == asked.min_interval => known.clone(),
            _ => self.begin_cycle(asked, now, engagement, policy),
        }
    }

    /// A cycle of a periodic registration begins at `from`: gives it back, not yet put, with the moment that its event
    /// is due, in step with the other periodic registrations of its origin. It is suspended without any engagement.
    pub fn begin_cycle(
        &self,
        row: SyncRegistration,
        from: Timestamp,
        engagement: Engagement,
        policy: &PeriodicPolicy,
    ) -> SyncRegistration {
        let others = self.cycles.get(&row.origin).into_iter().flatten();
        let soonest_other = others
            .filter(|(_, key)| *key != row.key)
            .map(|(due_at, _)| due_at.saturating_since(from))
            .next();
        let delay = policy.delay(row.min_interval, engagement, soonest_other);
        row.begin_cycle(from, delay)
    }

    /// The engagement of a registration's origin is another one: gives the registration back, not yet put, if that
    /// suspends or revives it. How long a cycle is changes with the next one only.
    pub fn follow_engagement(
        &self,
        key: &SyncKey,
        now: Timestamp,
        engagement: Engagement,
        policy: &PeriodicPolicy,
    ) -> Option<SyncRegistration> {
        let row = self.get(key)?;
        let is_suspended = row.state == SyncState::Suspended;
        // What runs comes to its end first, and begins a cycle then.
        let is_affected = key.kind == SyncKind::Periodic
            && !row.state.is_firing()
            && is_suspended != engagement.factor().is_none();
        is_affected.then(|| self.begin_cycle(row.clone(), now, engagement, policy))
    }

    /// Every periodic registration.
    pub fn periodic(&self) -> impl Iterator<Item = &SyncRegistration> {
        self.iter().filter(|row| row.key.kind == SyncKind::Periodic)
    }

    /// The registrations of a service worker registration that are of one kind, in the order of `getTags()`.
    pub fn of_owner(
        &self,
        owner: OwnerId,
        kind: SyncKind,
    ) -> impl Iterator<Item = &SyncRegistration> {
        let first = SyncKey {
            owner,
            kind,
            tag: String::new(),
        };
        self.rows
            .range(first..)
            .map(|(_, row)| row)
            .take_while(move |row| (row.key.owner, row.key.kind) == (owner, kind))
    }

    /// Every registration.
    pub fn iter(&self) -> impl Iterator<Item = &SyncRegistration> {
        self.rows.values()
    }
}

/// When its cycle ends, if that is what it waits for and not another attempt.
fn cycle_of(row: &SyncRegistration) -> Option<(Timestamp, SyncKey)> {
    let is_in_cycle = row.key.kind == SyncKind::Periodic && row.state == SyncState::Pending;
    let ends_at = row.due_at().filter(|_| is_in_cycle)?;
    Some((ends_at, row.key.clone()))
}
