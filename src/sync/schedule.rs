//! The sync registrations of a host, and the question its loop asks: what fires now, when to look again?
//! An index by due time answers it, so the answer costs what is due and not what is known.

use std::collections::{BTreeMap, BTreeSet};

use crate::clock::Timestamp;
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
    /// Those that may fire, by the moment from which on they may.
    due: BTreeSet<(Timestamp, SyncKey)>,
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
        if let Some(due_at) = row.due_at() {
            self.due.insert((due_at, row.key.clone()));
        }
        self.rows.insert(row.key.clone(), row);
        before
    }

    /// Forgets a registration and gives it back.
    pub fn remove(&mut self, key: &SyncKey) -> Option<SyncRegistration> {
        let row = self.rows.remove(key)?;
        if let Some(due_at) = row.due_at() {
            self.due.remove(&(due_at, row.key.clone()));
        }
        Some(row)
    }

    /// Forgets every tag of a service worker registration and gives them back.
    pub fn remove_owner(&mut self, owner: OwnerId) -> Vec<SyncRegistration> {
        let keys: Vec<SyncKey> = self.of_owner(owner).map(|row| row.key.clone()).collect();
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

    /// What fires now and when to look again. At most `room` are fired; the rest is asked for again
    /// when some of these have ended.
    pub fn plan(&self, now: Timestamp, is_online: bool, room: usize) -> Plan {
        if !is_online {
            // What is due waits for the network, not for a moment.
            return Plan::default();
        }
        let mut fire: Vec<SyncKey> = self
            .due
            .iter()
            .take_while(|(due_at, _)| *due_at <= now)
            .take(room)
            .map(|(_, key)| key.clone())
            .collect();
        fire.sort();
        Plan {
            fire,
            wake_at: self.next_after(now),
        }
    }

    fn next_after(&self, now: Timestamp) -> Option<Timestamp> {
        let later = Timestamp(now.as_millis().saturating_add(1));
        let first = SyncKey {
            owner: OwnerId(i64::MIN),
            tag: String::new(),
        };
        let (due_at, _) = self.due.range((later, first)..).next()?;
        Some(*due_at)
    }

    /// The network came back. Gives the registrations that the policy makes due now, changed but not
    /// yet put: store them, then [`put`](Self::put) them.
    pub fn reconnected(&self, policy: &SyncPolicy) -> Vec<SyncRegistration> {
        if !policy.retry_on_reconnect {
            return Vec::new();
        }
        self.due
            .iter()
            .rev()
            .take_while(|(due_at, _)| *due_at > Timestamp(i64::MIN))
            .filter_map(|(_, key)| self.rows.get(key))
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
                (shortened.retry_at != row.retry_at).then_some(shortened)
            })
            .collect()
    }

    /// The registrations of a service worker registration, in the order of `getTags()`.
    pub fn of_owner(&self, owner: OwnerId) -> impl Iterator<Item = &SyncRegistration> {
        let first = SyncKey {
            owner,
            tag: String::new(),
        };
        self.rows
            .range(first..)
            .map(|(_, row)| row)
            .take_while(move |row| row.key.owner == owner)
    }

    /// Every registration.
    pub fn iter(&self) -> impl Iterator<Item = &SyncRegistration> {
        self.rows.values()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}
