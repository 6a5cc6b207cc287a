//! registration.sync and registration.periodicSync: what their managers ask of the host.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use deno_core::serde_v8::U16String;
use deno_core::{OpState, op2};
use tokio::sync::Mutex;

use crate::dom_string::{from_units, to_units};
use crate::sync::SyncKind;
use crate::web::error::WebError;
use crate::web::host_port::{HostPort, HostRequest, Reply};

deno_core::extension!(
    sw_sync,
    deps = [landfall_platform],
    ops = [
        op_sync_register,
        op_sync_acknowledge,
        op_sync_get_tags,
        op_periodic_sync_register,
        op_periodic_sync_get_tags,
        op_periodic_sync_unregister,
    ],
    esm = [
        dir "js/sync",
        "sync_manager.js",
        "sync_event.js",
        "periodic_sync_manager.js",
        "periodic_sync_event.js",
    ],
    state = |state| state.put(Turns::default()),
);

/// Who waits for an answer about syncs, in the order in which the script asked.
#[derive(Clone, Default)]
struct Turns(Rc<Mutex<()>>);

/// Asks the host, and gives its answer after those to earlier questions. The host answers in that order too, but this
/// thread may hear of a later answer first.
async fn ask<T>(
    state: &Rc<RefCell<OpState>>,
    request: impl FnOnce(Reply<T>) -> HostRequest,
) -> Result<T, WebError> {
    let (Turns(turns), answer) = {
        let state = state.borrow();
        (
            state.borrow::<Turns>().clone(),
            HostPort::of(&state).ask(request),
        )
    };
    let _turn = turns.lock().await;
    answer.await
}

#[op2]
async fn op_sync_register(
    state: Rc<RefCell<OpState>>,
    #[number] registration: i64,
    #[serde] tag: U16String,
) -> Result<(), WebError> {
    ask(&state, |reply| {
        HostRequest::RegisterSync(registration, from_units(&tag), reply)
    })
    .await
}

#[op2]
fn op_sync_acknowledge(state: &OpState, #[number] registration: i64, #[serde] tag: U16String) {
    HostPort::of(state).tell(HostRequest::AcknowledgeSync(registration, from_units(&tag)));
}

#[op2]
#[serde]
async fn op_sync_get_tags(
    state: Rc<RefCell<OpState>>,
    #[number] registration: i64,
) -> Result<Vec<U16String>, WebError> {
    get_tags(state, registration, SyncKind::OneShot).await
}

#[op2]
async fn op_periodic_sync_register(
    state: Rc<RefCell<OpState>>,
    #[number] registration: i64,
    #[serde] tag: U16String,
    #[number] min_interval_ms: u64,
) -> Result<(), WebError> {
    let min_interval = Duration::from_millis(min_interval_ms);
    ask(&state, |reply| {
        HostRequest::RegisterPeriodicSync(registration, from_units(&tag), min_interval, reply)
    })
    .await
}

#[op2]
#[serde]
async fn op_periodic_sync_get_tags(
    state: Rc<RefCell<OpState>>,
    #[number] registration: i64,
) -> Result<Vec<U16String>, WebError> {
    get_tags(state, registration, SyncKind::Periodic).await
}

async fn get_tags(
    state: Rc<RefCell<OpState>>,
    registration: i64,
    kind: SyncKind,
) -> Result<Vec<U16String>, WebError> {
    let request = |reply| HostRequest::GetSyncTags(registration, kind, reply);
    let tags = ask(&state, request).await?;
    Ok(tags.iter().map(|tag| to_units(tag).into()).collect())
}

#[op2]
async fn op_periodic_sync_unregister(
    state: Rc<RefCell<OpState>>,
    #[number] registration: i64,
    #[serde] tag: U16String,
) -> Result<(), WebError> {
    ask(&state, |reply| {
        HostRequest::UnregisterPeriodicSync(registration, from_units(&tag), reply)
    })
    .await
}
