//! Orders what the threads of one host do with one another's databases: open requests, version changes, transactions.
//! It touches no file. Threads hear of each other by [`Message`]s; nobody blocks.

mod database;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use super::scheduler::{TransactionId, TransactionMode};
use database::Database;

/// A place in a connection queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ticket(pub u32);

/// One open connection (an `IDBDatabase`), unique in a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub u32);

/// A thread that uses databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct ParticipantId(u32);

/// What the coordinator tells a thread.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Message {
    /// The open or delete request has reached the head of its connection queue.
    Turn {
        /// Of which request.
        ticket: u32,
    },
    /// Fire `versionchange` at this connection, then acknowledge.
    VersionChange {
        /// The connection.
        connection: u32,
        /// The request that wants the change, to be named in the acknowledgement.
        ticket: u32,
        /// The version now.
        old_version: i64,
        /// The version wanted; none for a deletion.
        new_version: Option<i64>,
    },
    /// Every connection has had its `versionchange` event.
    VersionChangeFired {
        /// Of which request.
        ticket: u32,
        /// Some connections are still open: the request is blocked.
        is_blocked: bool,
    },
    /// The last of the other connections is closed.
    Unblocked {
        /// Of which request.
        ticket: u32,
    },
    /// Close the connection at once, whatever is under way on it: its data is going away.
    Close {
        /// The connection.
        connection: u32,
    },
    /// The transaction may run.
    TransactionStarted {
        /// Which one.
        transaction: u32,
    },
}

/// Origin and name: what a database is known by in a host.
type DatabaseKey = (String, String);

#[derive(Debug, Default)]
struct State {
    last_id: u32,
    participants: HashMap<ParticipantId, UnboundedSender<Message>>,
    databases: HashMap<DatabaseKey, Database>,
    /// Who waits until nothing of an origin is open.
    waiting: Vec<(String, oneshot::Sender<()>)>,
}

/// Shared by all threads of a host.
#[derive(Debug, Default)]
pub struct Coordinator {
    state: Mutex<State>,
}

impl Coordinator {
    /// A coordinator for one host.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Registers a thread that works for `origin`; it gets its messages from the receiver.
    pub fn join(self: &Arc<Self>, origin: String) -> (Participant, UnboundedReceiver<Message>) {
        let (sender, receiver) = unbounded_channel();
        let mut state = self.lock();
        let id = ParticipantId(state.next_id());
        state.participants.insert(id, sender);
        drop(state);
        (
            Participant {
                coordinator: Arc::clone(self),
                id,
                origin,
            },
            receiver,
        )
    }

    /// Tells every connection to a database of the origin to close; what is given ends when all of them have.
    pub fn close_all(&self, origin: &str) -> oneshot::Receiver<()> {
        let (closed, is_closed) = oneshot::channel();
        let mut state = self.lock();
        let keys = state.keys_of(origin);
        state.waiting.push((origin.to_owned(), closed));
        for key in &keys {
            state.change(key, Database::close_all);
        }
        state.tell_who_waits();
        is_closed
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves whole values behind: every change below is made under one lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn next_id(&mut self) -> u32 {
        self.last_id = self.last_id.wrapping_add(1);
        self.last_id
    }

    fn send(&self, messages: Vec<(ParticipantId, Message)>) {
        for (participant, message) in messages {
            if let Some(sender) = self.participants.get(&participant) {
                // A thread that is going away does not listen any more; it leaves right after.
                let _ = sender.send(message);
            }
        }
    }

    /// Changes one database, tells who must know, and forgets it when nobody uses it.
    fn change<T>(&mut self, key: &DatabaseKey, change: impl FnOnce(&mut Database) -> T) -> T {
        let database = self.databases.entry(key.clone()).or_default();
        let result = change(database);
        let messages = database.take_messages();
        if database.is_unused() {
            self.databases.remove(key);
        }
        self.send(messages);
        self.tell_who_waits();
        result
    }

    fn keys_of(&self, origin: &str) -> Vec<DatabaseKey> {
        let keys = self.databases.keys();
        keys.filter(|(owner, _)| owner == origin).cloned().collect()
    }

    fn tell_who_waits(&mut self) {
        let databases = &self.databases;
        self.waiting
            .extract_if(.., |(origin, _)| {
                !databases
                    .iter()
                    .any(|((owner, _), database)| owner == origin && database.is_connected())
            })
            .for_each(|(_, closed)| {
                // Whoever asked may have stopped waiting.
                let _ = closed.send(());
            });
    }
}

/// One thread's membership. Dropping it closes its connections and ends its transactions and requests.
#[derive(Debug)]
pub struct Participant {
    coordinator: Arc<Coordinator>,
    id: ParticipantId,
    origin: String,
}

impl Participant {
    fn key(&self, name: &str) -> DatabaseKey {
        (self.origin.clone(), name.to_owned())
    }

    fn change<T>(&self, name: &str, change: impl FnOnce(&mut Database) -> T) -> T {
        self.coordinator.lock().change(&self.key(name), change)
    }

    /// Queues an open or delete request. If the second value is false, [`Message::Turn`] follows.
    pub fn enter_queue(&self, name: &str) -> (Ticket, bool) {
        let mut state = self.coordinator.lock();
        let ticket = Ticket(state.next_id());
        let is_first = state.change(&self.key(name), |database| {
            database.enqueue(ticket, self.id)
        });
        (ticket, is_first)
    }

    /// The request is answered; the next one gets its turn.
    pub fn leave_queue(&self, name: &str, ticket: Ticket) {
        self.change(name, |database| database.dequeue(ticket));
    }

    /// Has no thread a connection?
    pub fn is_unconnected(&self, name: &str) -> bool {
        self.change(name, |database| database.is_unconnected())
    }

    /// Opens a connection.
    pub fn connect(&self, name: &str) -> ConnectionId {
        let mut state = self.coordinator.lock();
        let connection = ConnectionId(state.next_id());
        state.change(&self.key(name), |database| {
            database.connect(connection, self.id)
        });
        connection
    }

    /// Closes a connection.
    pub fn disconnect(&self, name: &str, connection: ConnectionId) {
        self.change(name, |database| database.disconnect(connection));
    }

    /// Tells every connection to close, whatever is under way on it.
    pub fn close_all(&self, name: &str) {
        self.change(name, Database::close_all);
    }

    /// Asks every other connection to make way for the change from the first version to the second (none: a deletion).
    /// [`Message::VersionChangeFired`] follows.
    pub fn announce_version_change(
        &self,
        name: &str,
        ticket: Ticket,
        own: Option<ConnectionId>,
        versions: (i64, Option<i64>),
    ) {
        self.change(name, |database| {
            database.announce(ticket, self.id, own, versions)
        });
    }

    /// The `versionchange` event for a connection has been fired (or was not due any more).
    pub fn acknowledge_version_change(&self, name: &str, ticket: Ticket, connection: ConnectionId) {
        self.change(name, |database| database.acknowledge(ticket, connection));
    }

    /// Creates a transaction. If the second value is false, [`Message::TransactionStarted`] follows.
    pub fn create_transaction(
        &self,
        name: &str,
        mode: TransactionMode,
        scope: BTreeSet<i64>,
    ) -> (TransactionId, bool) {
        let mut state = self.coordinator.lock();
        let id = TransactionId(state.next_id());
        let is_started = state.change(&self.key(name), |database| {
            database.add_transaction(id, self.id, mode, scope)
        });
        (id, is_started)
    }

    /// A transaction is committed or aborted.
    pub fn finish_transaction(&self, name: &str, transaction: TransactionId) {
        self.change(name, |database| database.finish_transaction(transaction));
    }
}

impl Drop for Participant {
    fn drop(&mut self) {
        let mut state = self.coordinator.lock();
        state.participants.remove(&self.id);
        for key in state.keys_of(&self.origin) {
            state.change(&key, |database| database.remove_participant(self.id));
        }
    }
}

#[cfg(test)]
mod tests;
