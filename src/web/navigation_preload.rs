//! registration.navigationPreload, and the response that a `fetch` event has from it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use deno_core::{OpState, op2};
use deno_error::JsErrorBox;
use serde::Serialize;

use crate::service_worker::navigation_preload::NavigationPreload;
use crate::web::error::WebError;
use crate::web::fetch_bridge::NativeResponse;
use crate::web::fetch_event::Preload;
use crate::web::host_port::{HostPort, HostRequest, Reply};

/// The preloads of `fetch` events that have not ended, until a script asks for them. Kept in the scope's op state.
#[derive(Default)]
pub(crate) struct Preloads(pub(crate) BTreeMap<u32, Preload>);

/// What `registration.navigationPreload` asks, of the registration with the number.
pub enum NavigationPreloadRequest {
    /// `enable()` and `disable()`
    Enable(i64, bool, Reply<()>),
    /// `setHeaderValue()`
    SetHeader(i64, String, Reply<()>),
    /// `getState()`
    GetState(i64, Reply<NavigationPreload>),
}

/// <https://w3c.github.io/ServiceWorker/#dictdef-navigationpreloadstate>
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NavigationPreloadState {
    enabled: bool,
    header_value: String,
}

impl From<NavigationPreload> for NavigationPreloadState {
    fn from(preload: NavigationPreload) -> Self {
        Self {
            enabled: preload.is_enabled,
            header_value: preload.header_value,
        }
    }
}

#[op2]
pub(crate) async fn op_navigation_preload_enable(
    state: Rc<RefCell<OpState>>,
    #[number] registration: i64,
    is_enabled: bool,
) -> Result<(), WebError> {
    let ask = |reply| NavigationPreloadRequest::Enable(registration, is_enabled, reply);
    let host = HostPort::of(&state.borrow());
    host.ask(|reply| HostRequest::NavigationPreload(ask(reply)))
        .await
}

#[op2]
pub(crate) async fn op_navigation_preload_set_header(
    state: Rc<RefCell<OpState>>,
    #[number] registration: i64,
    #[string] value: String,
) -> Result<(), WebError> {
    let ask = |reply| NavigationPreloadRequest::SetHeader(registration, value, reply);
    let host = HostPort::of(&state.borrow());
    host.ask(|reply| HostRequest::NavigationPreload(ask(reply)))
        .await
}

#[op2]
#[serde]
pub(crate) async fn op_navigation_preload_state(
    state: Rc<RefCell<OpState>>,
    #[number] registration: i64,
) -> Result<NavigationPreloadState, WebError> {
    let ask = |reply| NavigationPreloadRequest::GetState(registration, reply);
    let host = HostPort::of(&state.borrow());
    let preload = host
        .ask(|reply| HostRequest::NavigationPreload(ask(reply)))
        .await?;
    Ok(preload.into())
}

/// The response that was preloaded for an event; none if the event has ended.
#[op2]
#[serde]
pub(crate) async fn op_fetch_event_preload(
    state: Rc<RefCell<OpState>>,
    #[smi] id: u32,
) -> Result<Option<NativeResponse>, JsErrorBox> {
    let preload = state.borrow_mut().borrow_mut::<Preloads>().0.remove(&id);
    let Some(preload) = preload else {
        return Ok(None);
    };
    match preload.response.await {
        Ok(Ok(response)) => {
            let mut state = state.borrow_mut();
            Ok(Some(NativeResponse::put(response, &mut state)))
        }
        Ok(Err(error)) => Err(JsErrorBox::type_error(format!(
            "the navigation preload failed: {error}"
        ))),
        Err(_) => Err(JsErrorBox::type_error("the host is shutting down")),
    }
}
