//! Ops behind `IDBFactory` and `IDBDatabase.close()`: queues, connections, version changes, listing.

use std::cell::RefCell;
use std::rc::Rc;

use deno_core::{OpState, op2, v8};
use serde::Serialize;

use crate::storage::indexed_db::{
    ConnectionId, DatabaseInfo, Message, Schema, Ticket, list_databases,
};

use super::error::OpError;
use super::thread::{ScriptSide, ThreadDatabases};

/// A connection as the opening script gets it.
#[derive(Serialize)]
pub(super) struct Opened {
    connection: u32,
    #[serde(flatten)]
    schema: Schema,
}

/// Lends what structured clones need. To be called before anything else, and never while the snapshot is made.
#[op2(fast)]
pub(super) fn op_indexed_db_attach<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    state: Rc<RefCell<OpState>>,
    deserializers: v8::Local<'s, v8::Object>,
    brand: v8::Local<'s, v8::Symbol>,
    event_brand: v8::Local<'s, v8::Symbol>,
) {
    ThreadDatabases::of(&state).attach(ScriptSide {
        deserializers: v8::Global::new(scope, deserializers),
        brands: [brand, event_brand].map(|brand| v8::Global::new(scope, brand)),
    });
}

/// Waits for the coordinator's next message. Null: another call waits already, or the host is gone.
#[op2]
#[serde]
pub(super) async fn op_indexed_db_next_message(state: Rc<RefCell<OpState>>) -> Option<Message> {
    let databases = ThreadDatabases::of(&state);
    let mut messages = databases.take_messages()?;
    let message = messages.recv().await;
    databases.return_messages(messages);
    message
}

/// Gives the ticket, and whether it is its turn already.
#[op2]
#[serde]
pub(super) fn op_indexed_db_enter_queue(
    state: Rc<RefCell<OpState>>,
    #[string] name: &str,
) -> (u32, bool) {
    let (ticket, is_first) = ThreadDatabases::of(&state).participant.enter_queue(name);
    (ticket.0, is_first)
}

#[op2(fast)]
pub(super) fn op_indexed_db_leave_queue(
    state: Rc<RefCell<OpState>>,
    #[string] name: &str,
    #[smi] ticket: u32,
) {
    ThreadDatabases::of(&state)
        .participant
        .leave_queue(name, Ticket(ticket));
}

#[op2]
#[serde]
pub(super) fn op_indexed_db_connect(
    state: Rc<RefCell<OpState>>,
    #[string] name: &str,
) -> Result<Opened, OpError> {
    let (connection, schema) = ThreadDatabases::of(&state).connect(name)?;
    Ok(Opened {
        connection: connection.0,
        schema,
    })
}

#[op2(fast)]
pub(super) fn op_indexed_db_disconnect(
    state: Rc<RefCell<OpState>>,
    #[smi] connection: u32,
) -> Result<(), OpError> {
    ThreadDatabases::of(&state).disconnect(ConnectionId(connection))
}

/// `own` is the requester's connection, zero when it deletes; `new_version` is negative then.
#[op2(fast)]
pub(super) fn op_indexed_db_announce_version_change(
    state: Rc<RefCell<OpState>>,
    #[string] name: &str,
    #[smi] ticket: u32,
    #[smi] own: u32,
    #[number] old_version: i64,
    #[number] new_version: i64,
) {
    let own = (own != 0).then_some(ConnectionId(own));
    let new_version = (new_version >= 0).then_some(new_version);
    let databases = ThreadDatabases::of(&state);
    databases.participant.announce_version_change(
        name,
        Ticket(ticket),
        own,
        (old_version, new_version),
    );
}

#[op2(fast)]
pub(super) fn op_indexed_db_acknowledge_version_change(
    state: Rc<RefCell<OpState>>,
    #[string] name: &str,
    #[smi] ticket: u32,
    #[smi] connection: u32,
) {
    let databases = ThreadDatabases::of(&state);
    databases.participant.acknowledge_version_change(
        name,
        Ticket(ticket),
        ConnectionId(connection),
    );
}

/// Zero: there is no such database.
#[op2(fast)]
#[number]
pub(super) fn op_indexed_db_database_version(
    state: Rc<RefCell<OpState>>,
    #[string] name: &str,
) -> Result<i64, OpError> {
    Ok(ThreadDatabases::of(&state).version_of(name)?)
}

/// To be called when no connection is open.
#[op2(fast)]
pub(super) fn op_indexed_db_delete_database(
    state: Rc<RefCell<OpState>>,
    #[string] name: &str,
) -> Result<(), OpError> {
    Ok(ThreadDatabases::of(&state).delete(name)?)
}

#[op2]
#[serde]
pub(super) fn op_indexed_db_list_databases(
    state: Rc<RefCell<OpState>>,
) -> Result<Vec<DatabaseInfo>, OpError> {
    Ok(list_databases(ThreadDatabases::of(&state).folder())?)
}
