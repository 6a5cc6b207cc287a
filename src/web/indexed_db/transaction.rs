//! Ops behind `IDBTransaction`: create, start, commit, abort.

use std::cell::RefCell;
use std::rc::Rc;

use deno_core::{OpState, op2};

use crate::storage::Durability;
use crate::storage::indexed_db::{ConnectionId, TransactionMode};

use super::error::OpError;
use super::thread::ThreadDatabases;

/// Gives the transaction's number, and whether it may start at once.
#[op2]
#[serde]
pub(super) fn op_indexed_db_create_transaction(
    state: Rc<RefCell<OpState>>,
    #[smi] connection: u32,
    #[string] mode: &str,
    #[string] durability: &str,
    #[serde] scope: Vec<i32>,
) -> Result<(u32, bool), OpError> {
    let mode = match mode {
        "readonly" => TransactionMode::ReadOnly,
        "readwrite" => TransactionMode::ReadWrite,
        _ => TransactionMode::VersionChange,
    };
    let scope = scope.into_iter().map(i64::from).collect();
    let databases = ThreadDatabases::of(&state);
    let durability = match durability {
        "strict" => Durability::Strict,
        "relaxed" => Durability::Relaxed,
        _ => databases.durability,
    };
    let (id, may_start) =
        databases.create_transaction(ConnectionId(connection), mode, durability, scope)?;
    Ok((id.0, may_start))
}

#[op2(fast)]
pub(super) fn op_indexed_db_start_transaction(
    state: Rc<RefCell<OpState>>,
    #[smi] transaction: u32,
) -> Result<(), OpError> {
    ThreadDatabases::of(&state)
        .transaction(transaction)?
        .start()
}

/// When this returns, the transaction's changes survive the death of the process. When it fails, none is kept.
#[op2(fast)]
pub(super) fn op_indexed_db_commit_transaction(
    state: Rc<RefCell<OpState>>,
    #[smi] transaction: u32,
) -> Result<(), OpError> {
    let databases = ThreadDatabases::of(&state);
    let running = databases.transaction(transaction)?;
    let committed = if running.is_writing() {
        running.file.commit()
    } else {
        Ok(())
    };
    drop(running);
    databases.finish(transaction)?;
    Ok(committed?)
}

/// `is_started` is false for a transaction that was given up before its turn came.
#[op2(fast)]
pub(super) fn op_indexed_db_abort_transaction(
    state: Rc<RefCell<OpState>>,
    #[smi] transaction: u32,
    is_started: bool,
) -> Result<(), OpError> {
    let databases = ThreadDatabases::of(&state);
    let running = databases.transaction(transaction)?;
    let rolled_back = if is_started && running.is_writing() {
        running.file.roll_back()
    } else {
        Ok(())
    };
    drop(running);
    databases.finish(transaction)?;
    Ok(rolled_back?)
}
