//! Frames: clients that live inside of a page's scope. What the page asks of the host for them, and for whom it asks.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use deno_core::{OpState, op2};
use serde::Serialize;
use url::Url;

use crate::network::ReferrerPolicy;
use crate::web::error::WebError;
use crate::web::fetch::FetchRoute;
use crate::web::fetch_bridge::FetchClient;
use crate::web::host_port::{ContextId, HostPort, HostRequest, Reply};
use crate::web::view::WorkerView;

/// What a page asks of the host for a frame.
pub enum FrameRequest {
    /// Load what is at an address, and make a client of it.
    Navigate(FrameNavigation, Reply<FrameView>),
    /// The frame that asks is removed.
    Close,
    /// The frame that asks is focused.
    Focus,
}

/// Where a frame goes.
pub struct FrameNavigation {
    /// What it is to show.
    pub url: Url,
    /// The frame that it lies in; `None` if it is the page itself.
    pub around: Option<ContextId>,
    /// The client that it shows until then.
    pub replaced: Option<ContextId>,
    /// It shows the same anew.
    pub is_reload: bool,
    /// That of the client that asks.
    pub referrer_policy: ReferrerPolicy,
}

/// What came of the navigation of a frame.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FrameView {
    /// The number of the new client's environment; 0 if nothing could be loaded, for which there is no client.
    pub number: u64,
    /// The client's name.
    pub id: String,
    /// Where redirects ended.
    pub url: String,
    /// The serialised origin of the client.
    pub origin: String,
    /// The worker that controls the client.
    pub controller: Option<WorkerView>,
    /// The status of the response.
    pub status: u16,
    /// What its header `Referrer-Policy` says of the client's requests.
    #[serde(skip)]
    pub referrer_policy: ReferrerPolicy,
    /// Its header `Content-Type`.
    pub content_type: String,
    /// Its body.
    pub text: String,
}

/// For whom the scope speaks beside itself. Kept in the scope's op state.
#[derive(Default)]
pub struct Frames(HashMap<u64, Frame>);

#[derive(Clone)]
struct Frame {
    port: HostPort,
    client: FetchClient,
}

/// The host as an environment of the scope reaches it; those of frames that are gone reach nobody.
pub fn port_of(state: &OpState, environment: u64) -> HostPort {
    let own = HostPort::of(state);
    if environment == 0 {
        own
    } else {
        own.for_frame(ContextId(environment))
    }
}

/// Whom requests of an environment come from, and where they go. `None` for those of a frame that is gone.
pub fn fetch_of(state: &OpState, environment: u64) -> Option<(FetchClient, FetchRoute)> {
    if environment == 0 {
        let client = state.borrow::<FetchClient>().clone();
        return Some((client, state.borrow::<FetchRoute>().clone()));
    }
    let frame = state.borrow::<Frames>().0.get(&environment)?;
    Some((
        frame.client.clone(),
        FetchRoute::through_host(frame.port.clone()),
    ))
}

#[op2]
#[serde]
pub(crate) async fn op_frame_navigate(
    state: Rc<RefCell<OpState>>,
    #[number] asking: u64,
    #[number] around: u64,
    #[number] replaced: u64,
    #[string] url: String,
    is_reload: bool,
) -> Result<FrameView, WebError> {
    let host = port_of(&state.borrow(), asking);
    let client = fetch_of(&state.borrow(), asking).map(|(client, _)| client);
    let url = Url::parse(&url).map_err(|_| WebError::Type(format!("`{url}` is no URL")))?;
    let frame = |number| (number != 0).then_some(ContextId(number));
    let navigation = FrameNavigation {
        url,
        around: frame(around),
        replaced: frame(replaced),
        is_reload,
        referrer_policy: client.map_or(ReferrerPolicy::Default, |client| client.referrer_policy),
    };
    let view = host
        .ask(|reply| HostRequest::Frame(FrameRequest::Navigate(navigation, reply)))
        .await?;
    if view.number != 0 {
        let mut state = state.borrow_mut();
        let frame = Frame {
            port: port_of(&state, view.number),
            client: FetchClient {
                origin: view.origin.clone(),
                url: view.url.clone(),
                referrer_policy: view.referrer_policy,
            },
        };
        let frames = state.borrow_mut::<Frames>();
        frames.0.remove(&replaced);
        frames.0.insert(view.number, frame);
    }
    Ok(view)
}

#[op2(fast)]
pub(crate) fn op_frame_close(state: &mut OpState, #[number] frame: u64) {
    state.borrow_mut::<Frames>().0.remove(&frame);
    port_of(state, frame).tell(HostRequest::Frame(FrameRequest::Close));
}

#[op2(fast)]
pub(crate) fn op_frame_focus(state: &OpState, #[number] frame: u64) {
    port_of(state, frame).tell(HostRequest::Frame(FrameRequest::Focus));
}
