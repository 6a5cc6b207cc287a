//! Which transactions of one database may run now. Pure: transactions in, decisions out.
//! It starts nothing and waits for nothing.

use std::collections::BTreeSet;

/// One transaction, unique in a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TransactionId(pub u32);

/// <https://w3c.github.io/IndexedDB/#enumdef-idbtransactionmode>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionMode {
    /// Reads.
    ReadOnly,
    /// Reads and writes.
    ReadWrite,
    /// Changes the schema, alone on the database.
    VersionChange,
}

#[derive(Debug)]
struct Transaction {
    id: TransactionId,
    mode: TransactionMode,
    /// Identifiers of the object stores it may touch.
    scope: BTreeSet<i64>,
    is_started: bool,
}

/// The live transactions of one database, in order of creation.
#[derive(Debug, Default)]
pub(super) struct Scheduler {
    live: Vec<Transaction>,
}

impl Scheduler {
    /// A transaction was created. Says whether it may start at once.
    pub(super) fn add(
        &mut self,
        id: TransactionId,
        mode: TransactionMode,
        scope: BTreeSet<i64>,
    ) -> bool {
        let mut transaction = Transaction {
            id,
            mode,
            scope,
            is_started: false,
        };
        transaction.is_started = self
            .live
            .iter()
            .all(|earlier| !must_wait(&transaction, earlier));
        let is_started = transaction.is_started;
        self.live.push(transaction);
        is_started
    }

    /// A transaction finished. Gives those that may start now.
    pub(super) fn finish(&mut self, id: TransactionId) -> Vec<TransactionId> {
        self.live.retain(|transaction| transaction.id != id);
        let mut started = Vec::new();
        for position in 0..self.live.len() {
            let (earlier, rest) = self.live.split_at_mut(position);
            let Some(candidate) = rest.first_mut() else {
                break;
            };
            if !candidate.is_started && earlier.iter().all(|earlier| !must_wait(candidate, earlier))
            {
                candidate.is_started = true;
                started.push(candidate.id);
            }
        }
        started
    }
}

/// <https://w3c.github.io/IndexedDB/#transaction-scheduling>
fn must_wait(later: &Transaction, earlier: &Transaction) -> bool {
    use TransactionMode::{ReadOnly, VersionChange};
    if later.mode == VersionChange || earlier.mode == VersionChange {
        return true;
    }
    if later.mode == ReadOnly && earlier.mode == ReadOnly {
        return false;
    }
    // "Implementations may impose additional constraints. For example, implementations are not required to start
    // non-overlapping read/write transactions in parallel": SQLite has one writer per file, so writers take turns in
    // order of creation.
    let both_write = later.mode != ReadOnly && earlier.mode != ReadOnly;
    both_write || !later.scope.is_disjoint(&earlier.scope)
}

#[cfg(test)]
mod tests {
    use super::TransactionMode::{ReadOnly, ReadWrite, VersionChange};
    use super::*;

    fn add(scheduler: &mut Scheduler, id: u32, mode: TransactionMode, scope: &[i64]) -> bool {
        scheduler.add(TransactionId(id), mode, scope.iter().copied().collect())
    }

    fn finish(scheduler: &mut Scheduler, id: u32) -> Vec<u32> {
        scheduler
            .finish(TransactionId(id))
            .into_iter()
            .map(|id| id.0)
            .collect()
    }

    #[test]
    fn readers_run_together() {
        let mut scheduler = Scheduler::default();
        assert!(add(&mut scheduler, 1, ReadOnly, &[1]));
        assert!(add(&mut scheduler, 2, ReadOnly, &[1, 2]));
    }

    #[test]
    fn a_reader_waits_for_an_earlier_writer_of_its_store() {
        let mut scheduler = Scheduler::default();
        assert!(add(&mut scheduler, 1, ReadWrite, &[1]));
        assert!(!add(&mut scheduler, 2, ReadOnly, &[1]));
        assert!(add(&mut scheduler, 3, ReadOnly, &[2]));
        assert_eq!(finish(&mut scheduler, 1), [2]);
    }

    #[test]
    fn a_writer_waits_for_earlier_readers_and_later_readers_wait_for_it() {
        let mut scheduler = Scheduler::default();
        assert!(add(&mut scheduler, 1, ReadOnly, &[1]));
        assert!(!add(&mut scheduler, 2, ReadWrite, &[1]));
        assert!(!add(&mut scheduler, 3, ReadOnly, &[1]));
        assert_eq!(finish(&mut scheduler, 1), [2]);
        assert_eq!(finish(&mut scheduler, 2), [3]);
    }

    #[test]
    fn one_writer_at_a_time_in_order_of_creation() {
        let mut scheduler = Scheduler::default();
        assert!(add(&mut scheduler, 1, ReadWrite, &[1]));
        assert!(!add(&mut scheduler, 2, ReadWrite, &[2]));
        assert!(!add(&mut scheduler, 3, ReadWrite, &[3]));
        assert_eq!(finish(&mut scheduler, 1), [2]);
        assert_eq!(finish(&mut scheduler, 2), [3]);
    }

    #[test]
    fn a_waiting_transaction_that_is_given_up_frees_those_behind_it() {
        let mut scheduler = Scheduler::default();
        assert!(add(&mut scheduler, 1, ReadOnly, &[1]));
        assert!(!add(&mut scheduler, 2, ReadWrite, &[1]));
        assert!(!add(&mut scheduler, 3, ReadOnly, &[1]));
        assert_eq!(finish(&mut scheduler, 2), [3]);
    }

    #[test]
    fn an_upgrade_is_alone() {
        let mut scheduler = Scheduler::default();
        assert!(add(&mut scheduler, 1, VersionChange, &[]));
        assert!(!add(&mut scheduler, 2, ReadOnly, &[]));
        assert_eq!(finish(&mut scheduler, 1), [2]);
    }
}
