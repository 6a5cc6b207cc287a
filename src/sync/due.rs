//! Which sync registrations may fire from which moment on, so that a look costs what is due and not what is known.

use std::collections::{BTreeMap, BTreeSet};

use crate::clock::Timestamp;
use crate::sync::kind::SyncKind;
use crate::sync::registration::{OwnerId, SyncKey, SyncRegistration};

/// An index of the registrations that wait for a moment or for the network.
#[derive(Debug, Clone, Default)]
pub(super) struct DueIndex {
    /// Of each service worker registration, its rows by the moment from which on they may fire. None is empty.
    rows: BTreeMap<OwnerId, BTreeSet<(Timestamp, SyncKey)>>,
    /// The service worker registrations by the first of these moments.
    owners: BTreeSet<(Timestamp, OwnerId)>,
}

impl DueIndex {
    /// Adds a registration, if it may fire at some moment.
    pub(super) fn insert(&mut self, row: &SyncRegistration) {
        self.change(row, |rows, entry| {
            rows.insert(entry);
        });
    }

    /// Forgets a registration, which must be as it was when it was added.
    pub(super) fn remove(&mut self, row: &SyncRegistration) {
        self.change(row, |rows, entry| {
            rows.remove(&entry);
        });
    }

    fn change(
        &mut self,
        row: &SyncRegistration,
        change: impl FnOnce(&mut BTreeSet<(Timestamp, SyncKey)>, (Timestamp, SyncKey)),
    ) {
        let Some(due_at) = row.due_at() else { return };
        let owner = row.key.owner;
        let rows = self.rows.entry(owner).or_default();
        let before = first_of(rows);
        change(rows, (due_at, row.key.clone()));
        let after = first_of(rows);
        if rows.is_empty() {
            self.rows.remove(&owner);
        }
        if before != after {
            before.map(|at| self.owners.remove(&(at, owner)));
            after.map(|at| self.owners.insert((at, owner)));
        }
    }

    /// The service worker registrations of which something is due, those that have waited longest first.
    pub(super) fn owners_due(&self, now: Timestamp) -> impl Iterator<Item = OwnerId> {
        let due = self.owners.iter().take_while(move |(at, _)| *at <= now);
        due.map(|(_, owner)| *owner)
    }

    /// What of a service worker registration is due.
    pub(super) fn due_of(&self, owner: OwnerId, now: Timestamp) -> impl Iterator<Item = &SyncKey> {
        let rows = self.rows.get(&owner).into_iter().flatten();
        let due = rows.take_while(move |(at, _)| *at <= now);
        due.map(|(_, key)| key)
    }

    /// When something is due next of a service worker registration, after `now`.
    pub(super) fn next_of(&self, owner: OwnerId, now: Timestamp) -> Option<Timestamp> {
        let first = SyncKey {
            owner,
            kind: SyncKind::OneShot,
            tag: String::new(),
        };
        let mut rows = self.rows.get(&owner)?.range((after(now), first)..);
        rows.next().map(|(at, _)| *at)
    }

    /// When something is due next of those service worker registrations of which nothing is due now.
    pub(super) fn next(&self, now: Timestamp) -> Option<Timestamp> {
        let mut owners = self.owners.range((after(now), OwnerId(i64::MIN))..);
        owners.next().map(|(at, _)| *at)
    }

    /// Those that wait for a moment, whether it has passed or not.
    pub(super) fn waiting(&self) -> impl Iterator<Item = &SyncKey> {
        let waiting = self.rows.values().flat_map(|rows| {
            rows.iter()
                .rev()
                .take_while(|(at, _)| *at > Timestamp(i64::MIN))
        });
        waiting.map(|(_, key)| key)
    }
}

fn first_of(rows: &BTreeSet<(Timestamp, SyncKey)>) -> Option<Timestamp> {
    rows.first().map(|(at, _)| *at)
}

fn after(now: Timestamp) -> Timestamp {
    Timestamp(now.as_millis().saturating_add(1))
}
