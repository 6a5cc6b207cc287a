//! What the coordinator knows of one database: its connection queue, its connections and its transactions.
//! Pure: it collects the messages that a change causes, and somebody else sends them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{ConnectionId, Message, ParticipantId, Ticket};
use crate::storage::indexed_db::scheduler::{Scheduler, TransactionId, TransactionMode};

/// A version change under way. There is one at most: only the head of the queue makes one.
#[derive(Debug)]
struct VersionChange {
    ticket: Ticket,
    requester: ParticipantId,
    /// The requester's own connection, which does not block it.
    own: Option<ConnectionId>,
    /// Connections whose `versionchange` event is not fired yet.
    unacknowledged: BTreeSet<ConnectionId>,
    /// Who asked has been told that the events are fired, and waits for the last connection to close.
    is_blocked: bool,
}

#[derive(Debug, Default)]
pub(super) struct Database {
    queue: VecDeque<(Ticket, ParticipantId)>,
    connections: BTreeMap<ConnectionId, ParticipantId>,
    version_change: Option<VersionChange>,
    scheduler: Scheduler,
    transactions: BTreeMap<TransactionId, ParticipantId>,
    messages: Vec<(ParticipantId, Message)>,
}

impl Database {
    pub(super) fn take_messages(&mut self) -> Vec<(ParticipantId, Message)> {
        std::mem::take(&mut self.messages)
    }

    pub(super) fn is_unused(&self) -> bool {
        self.queue.is_empty() && self.connections.is_empty() && self.transactions.is_empty()
    }

    pub(super) fn enqueue(&mut self, ticket: Ticket, participant: ParticipantId) -> bool {
        self.queue.push_back((ticket, participant));
        self.queue.len() == 1
    }

    pub(super) fn dequeue(&mut self, ticket: Ticket) {
        self.remove_tickets(|queued, _| queued == ticket);
    }

    fn remove_tickets(&mut self, is_gone: impl Fn(Ticket, ParticipantId) -> bool) {
        let head = self.queue.front().copied();
        self.queue
            .retain(|(ticket, participant)| !is_gone(*ticket, *participant));
        if self
            .version_change
            .as_ref()
            .is_some_and(|change| is_gone(change.ticket, change.requester))
        {
            self.version_change = None;
        }
        if let Some((ticket, participant)) = self.queue.front().copied()
            && head != Some((ticket, participant))
        {
            self.messages
                .push((participant, Message::Turn { ticket: ticket.0 }));
        }
    }

    pub(super) fn is_unconnected(&self) -> bool {
        self.connections.is_empty()
    }

    pub(super) fn connect(&mut self, connection: ConnectionId, participant: ParticipantId) {
        self.connections.insert(connection, participant);
    }

    pub(super) fn disconnect(&mut self, connection: ConnectionId) {
        self.connections.remove(&connection);
        if let Some(change) = &mut self.version_change {
            change.unacknowledged.remove(&connection);
        }
        self.advance_version_change();
    }

    /// Whether any thread has it open.
    pub(super) fn is_connected(&self) -> bool {
        !self.connections.is_empty()
    }

    /// Tells every connection to close, whatever is under way on it.
    pub(super) fn close_all(&mut self) {
        for (connection, participant) in &self.connections {
            let message = Message::Close {
                connection: connection.0,
            };
            self.messages.push((*participant, message));
        }
    }

    /// Tells every other connection. `versions` are the old and the new one.
    pub(super) fn announce(
        &mut self,
        ticket: Ticket,
        requester: ParticipantId,
        own: Option<ConnectionId>,
        versions: (i64, Option<i64>),
    ) {
        let others = self
            .connections
            .iter()
            .filter(|(connection, _)| Some(**connection) != own);
        let mut unacknowledged = BTreeSet::new();
        for (connection, participant) in others {
            unacknowledged.insert(*connection);
            let message = Message::VersionChange {
                connection: connection.0,
                ticket: ticket.0,
                old_version: versions.0,
                new_version: versions.1,
            };
            self.messages.push((*participant, message));
        }
        self.version_change = Some(VersionChange {
            ticket,
            requester,
            own,
            unacknowledged,
            is_blocked: false,
        });
        self.advance_version_change();
    }

    pub(super) fn acknowledge(&mut self, ticket: Ticket, connection: ConnectionId) {
        if let Some(change) = &mut self.version_change
            && change.ticket == ticket
        {
            change.unacknowledged.remove(&connection);
        }
        self.advance_version_change();
    }

    /// Tells the requester what it waits for, once it is so.
    fn advance_version_change(&mut self) {
        let Some(change) = &mut self.version_change else {
            return;
        };
        if !change.unacknowledged.is_empty() {
            return;
        }
        let ticket = change.ticket.0;
        let others_are_open = self
            .connections
            .keys()
            .any(|connection| Some(*connection) != change.own);
        let message = match (change.is_blocked, others_are_open) {
            (true, true) => return,
            (true, false) => Message::Unblocked { ticket },
            (false, is_blocked) => Message::VersionChangeFired { ticket, is_blocked },
        };
        self.messages.push((change.requester, message));
        change.is_blocked = others_are_open;
        if !others_are_open {
            self.version_change = None;
        }
    }

    pub(super) fn add_transaction(
        &mut self,
        id: TransactionId,
        participant: ParticipantId,
        mode: TransactionMode,
        scope: BTreeSet<i64>,
    ) -> bool {
        self.transactions.insert(id, participant);
        self.scheduler.add(id, mode, scope)
    }

    pub(super) fn finish_transaction(&mut self, id: TransactionId) {
        self.transactions.remove(&id);
        for started in self.scheduler.finish(id) {
            if let Some(participant) = self.transactions.get(&started) {
                self.messages.push((
                    *participant,
                    Message::TransactionStarted {
                        transaction: started.0,
                    },
                ));
            }
        }
    }

    /// A thread is gone: so are its transactions, connections and requests.
    pub(super) fn remove_participant(&mut self, gone: ParticipantId) {
        let transactions: Vec<_> = self
            .transactions
            .iter()
            .filter(|(_, owner)| **owner == gone)
            .map(|(id, _)| *id)
            .collect();
        for id in transactions {
            self.finish_transaction(id);
        }
        self.remove_tickets(|_, participant| participant == gone);
        let connections: Vec<_> = self
            .connections
            .iter()
            .filter(|(_, owner)| **owner == gone)
            .map(|(id, _)| *id)
            .collect();
        for connection in connections {
            self.disconnect(connection);
        }
    }
}
