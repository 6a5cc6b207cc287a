//! The databases that one scope's thread has open: its connections, its transactions, its SQLite files.
//! When the scope ends this is dropped: files roll back first, then the coordinator lets other threads go on.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use deno_core::{OpState, v8};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::storage::indexed_db::{
    ConnectionId, DatabaseFile, FOLDER_NAME, Message, Participant, Schema, TransactionId,
    TransactionMode, database_version, delete_database, file_path,
};
use crate::storage::{Durability, OriginFiles, StorageError};

use super::IndexedDbOptions;
use super::error::OpError;
use super::serialized::SerializedValues;

/// An `IDBDatabase`, seen from below.
struct Connection {
    name: Rc<str>,
    file: Rc<DatabaseFile>,
}

/// An `IDBTransaction`, seen from below.
pub(super) struct Transaction {
    name: Rc<str>,
    mode: TransactionMode,
    durability: Durability,
    /// The thread's connection to the database's file.
    pub(super) file: Rc<DatabaseFile>,
    /// Values that requests are to store; what is left at its end goes with it.
    pub(super) values: SerializedValues,
}

/// What the JavaScript side lends for structured clones.
#[derive(Clone)]
pub(super) struct ScriptSide {
    /// Functions that rebuild platform objects, by type.
    pub(super) deserializers: v8::Global<v8::Object>,
    /// The symbols that mark platform objects: one for events, one for all others.
    pub(super) brands: [v8::Global<v8::Symbol>; 2],
}

/// Everything of IndexedDB that belongs to one scope. Fields are dropped in this order, which matters.
pub(super) struct ThreadDatabases {
    transactions: RefCell<HashMap<TransactionId, Rc<Transaction>>>,
    connections: RefCell<HashMap<ConnectionId, Connection>>,
    script_side: RefCell<Option<ScriptSide>>,
    files: Arc<OriginFiles>,
    folder: PathBuf,
    /// What transactions survive that have no wish of their own.
    pub(super) durability: Durability,
    /// Taken by the op that waits for messages.
    messages: RefCell<Option<UnboundedReceiver<Message>>>,
    pub(super) participant: Participant,
}

impl ThreadDatabases {
    pub(super) fn new(options: IndexedDbOptions) -> Self {
        let (participant, messages) = options.coordinator.join(options.origin);
        Self {
            transactions: RefCell::default(),
            connections: RefCell::default(),
            script_side: RefCell::default(),
            folder: options.files.folder().join(FOLDER_NAME),
            files: options.files,
            durability: options.durability,
            messages: RefCell::new(Some(messages)),
            participant,
        }
    }

    /// The databases of the scope that an op is called in.
    pub(super) fn of(state: &RefCell<OpState>) -> Rc<Self> {
        Rc::clone(state.borrow().borrow::<Rc<Self>>())
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn attach(&self, script_side: ScriptSide) {
        self.script_side.replace(Some(script_side));
    }

    pub(super) fn script_side(&self) -> Result<ScriptSide, OpError> {
        self.script_side
            .borrow()
            .clone()
            .ok_or(OpError::Gone("scope"))
    }

    /// Lends the stream of messages to the one op that waits for them.
    pub(super) fn take_messages(&self) -> Option<UnboundedReceiver<Message>> {
        self.messages.take()
    }

    pub(super) fn return_messages(&self, messages: UnboundedReceiver<Message>) {
        self.messages.replace(Some(messages));
    }

    /// Opens a connection, and the file unless this thread has it open already.
    pub(super) fn connect(&self, name: &str) -> Result<(ConnectionId, Schema), OpError> {
        let (name, file) = match self
            .connections
            .borrow()
            .values()
            .find(|open| &*open.name == name)
        {
            Some(open) => (Rc::clone(&open.name), Rc::clone(&open.file)),
            None => (name.into(), Rc::new(self.open_file(name)?)),
        };
        // No transaction of another thread may be missing from what the new connection is told.
        file.refresh()?;
        let schema = file.schema()?;
        let id = self.participant.connect(&name);
        self.connections
            .borrow_mut()
            .insert(id, Connection { name, file });
        Ok((id, schema))
    }

    fn open_file(&self, name: &str) -> Result<DatabaseFile, OpError> {
        let path = file_path(&self.folder, name);
        // Requests to open a database take turns, so nobody connects meanwhile.
        let is_in_use = !self.participant.is_unconnected(name);
        let file = DatabaseFile::open_for(&self.files, (&path, name), is_in_use)?;
        if !is_in_use {
            file.remove_leftovers()?;
        }
        Ok(file)
    }

    /// The version of a database; zero if there is none.
    pub(super) fn version_of(&self, name: &str) -> Result<i64, StorageError> {
        let is_in_use = !self.participant.is_unconnected(name);
        database_version(&self.files, &file_path(&self.folder, name), is_in_use)
    }

    /// Deletes a database. To be called when no connection is open.
    pub(super) fn delete(&self, name: &str) -> Result<(), StorageError> {
        delete_database(&self.files, &file_path(&self.folder, name))
    }

    /// Closes a connection; the last one of this thread closes the file.
    pub(super) fn disconnect(&self, id: ConnectionId) -> Result<(), OpError> {
        let Some(connection) = self.connections.borrow_mut().remove(&id) else {
            return Ok(());
        };
        let closed = Rc::into_inner(connection.file).map_or(Ok(()), DatabaseFile::close);
        self.participant.disconnect(&connection.name, id);
        Ok(closed?)
    }

    /// Creates a transaction; true means that it may start at once.
    pub(super) fn create_transaction(
        &self,
        connection: ConnectionId,
        mode: TransactionMode,
        durability: Durability,
        scope: BTreeSet<i64>,
    ) -> Result<(TransactionId, bool), OpError> {
        let connections = self.connections.borrow();
        let connection = connections
            .get(&connection)
            .ok_or(OpError::Gone("connection"))?;
        let (id, may_start) = self
            .participant
            .create_transaction(&connection.name, mode, scope);
        let transaction = Transaction {
            name: Rc::clone(&connection.name),
            mode,
            durability,
            file: Rc::clone(&connection.file),
            values: SerializedValues::default(),
        };
        self.transactions
            .borrow_mut()
            .insert(id, Rc::new(transaction));
        Ok((id, may_start))
    }

    pub(super) fn transaction(&self, id: u32) -> Result<Rc<Transaction>, OpError> {
        self.transactions
            .borrow()
            .get(&TransactionId(id))
            .cloned()
            .ok_or(OpError::Gone("transaction"))
    }

    /// Forgets a transaction that was committed or rolled back, and lets those that waited for it go on.
    pub(super) fn finish(&self, id: u32) -> Result<(), OpError> {
        let Some(transaction) = self.transactions.borrow_mut().remove(&TransactionId(id)) else {
            return Ok(());
        };
        let is_file_read = self
            .transactions
            .borrow()
            .values()
            .any(|other| Rc::ptr_eq(&other.file, &transaction.file));
        let ended = if transaction.mode == TransactionMode::ReadOnly && !is_file_read {
            // A snapshot that nobody needs would keep SQLite from tidying its log.
            transaction.file.refresh()
        } else {
            Ok(())
        };
        self.participant
            .finish_transaction(&transaction.name, TransactionId(id));
        if transaction.file.is_damaged() {
            // Whoever opens it next starts afresh.
            self.participant.close_all(&transaction.name);
        }
        Ok(ended?)
    }
}

impl Transaction {
    /// Called when the coordinator lets it run.
    pub(super) fn start(&self) -> Result<(), OpError> {
        match self.mode {
            TransactionMode::ReadOnly => self.file.refresh()?,
            TransactionMode::ReadWrite | TransactionMode::VersionChange => {
                self.file.begin(self.durability)?
            }
        }
        Ok(())
    }

    /// Does it hold SQLite's write transaction once started?
    pub(super) fn is_writing(&self) -> bool {
        self.mode != TransactionMode::ReadOnly
    }
}
