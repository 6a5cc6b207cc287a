//! Ops of upgrade transactions: version, object stores and indexes.

use std::cell::RefCell;
use std::rc::Rc;

use deno_core::{OpState, op2};

use crate::storage::indexed_db::{Index, ObjectStore};

use super::error::OpError;
use super::thread::ThreadDatabases;

#[op2(fast)]
pub(super) fn op_indexed_db_set_version(
    state: Rc<RefCell<OpState>>,
    #[smi] transaction: u32,
    #[number] version: i64,
) -> Result<(), OpError> {
    Ok(ThreadDatabases::of(&state)
        .transaction(transaction)?
        .file
        .set_version(version)?)
}

#[op2]
pub(super) fn op_indexed_db_create_object_store(
    state: Rc<RefCell<OpState>>,
    #[smi] transaction: u32,
    #[serde] store: ObjectStore,
) -> Result<(), OpError> {
    Ok(ThreadDatabases::of(&state)
        .transaction(transaction)?
        .file
        .create_object_store(&store)?)
}

#[op2(fast)]
pub(super) fn op_indexed_db_delete_object_store(
    state: Rc<RefCell<OpState>>,
    #[smi] transaction: u32,
    #[smi] store: i32,
) -> Result<(), OpError> {
    Ok(ThreadDatabases::of(&state)
        .transaction(transaction)?
        .file
        .delete_object_store(store.into())?)
}

#[op2(fast)]
pub(super) fn op_indexed_db_rename_object_store(
    state: Rc<RefCell<OpState>>,
    #[smi] transaction: u32,
    #[smi] store: i32,
    #[string] name: &str,
) -> Result<(), OpError> {
    Ok(ThreadDatabases::of(&state)
        .transaction(transaction)?
        .file
        .rename_object_store(store.into(), name)?)
}

#[op2]
pub(super) fn op_indexed_db_create_index(
    state: Rc<RefCell<OpState>>,
    #[smi] transaction: u32,
    #[smi] store: i32,
    #[serde] index: Index,
) -> Result<(), OpError> {
    Ok(ThreadDatabases::of(&state)
        .transaction(transaction)?
        .file
        .create_index(store.into(), &index)?)
}

#[op2(fast)]
pub(super) fn op_indexed_db_delete_index(
    state: Rc<RefCell<OpState>>,
    #[smi] transaction: u32,
    #[smi] index: i32,
) -> Result<(), OpError> {
    Ok(ThreadDatabases::of(&state)
        .transaction(transaction)?
        .file
        .delete_index(index.into())?)
}

#[op2(fast)]
pub(super) fn op_indexed_db_rename_index(
    state: Rc<RefCell<OpState>>,
    #[smi] transaction: u32,
    #[smi] index: i32,
    #[string] name: &str,
) -> Result<(), OpError> {
    Ok(ThreadDatabases::of(&state)
        .transaction(transaction)?
        .file
        .rename_index(index.into(), name)?)
}
