//! registration.backgroundFetch: fetches, their progress and their records as scripts see them.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use deno_core::error::ResourceError;
use deno_core::serde_v8::U16String;
use deno_core::{ByteString, OpState, Resource, ResourceId, op2};
use deno_error::JsErrorBox;
use serde::{Deserialize, Serialize, Serializer};
use tokio::sync::oneshot;

use crate::background_fetch::{
    BackgroundFetch, FailureReason, FetchRefusal, FetchResult, Icon, RecordQuery,
};
use crate::dom_string::{from_units, to_units};
use crate::network::{Request, Response};
use crate::web::body::NativeBody;
use crate::web::error::WebError;
use crate::web::fetch_bridge::{FetchClient, NativeRequest, NativeResponse, ScriptRequest};
use crate::web::host_port::{HostPort, HostRequest, Reply};

deno_core::extension!(
    sw_background_fetch,
    deps = [landfall_platform, sw_fetch, sw_cache],
    ops = [
        op_background_fetch_abort,
        op_background_fetch_acknowledge,
        op_background_fetch_fetch,
        op_background_fetch_get,
        op_background_fetch_get_ids,
        op_background_fetch_match,
        op_background_fetch_response,
        op_background_fetch_update_ui,
    ],
    esm = [
        dir "js/background_fetch",
        "background_fetch_event.js",
        "background_fetch_manager.js",
        "background_fetch_record.js",
        "background_fetch_registration.js",
        "background_fetch_update_ui_event.js",
        "mod.js",
        "ui_options.js",
    ],
);

/// What a scope asks about background fetches. Fetches go by their numbers, registrations too.
pub enum BackgroundFetchRequest {
    /// `backgroundFetch.fetch()`
    Fetch(Box<NewBackgroundFetch>, Reply<BackgroundFetchView>),
    /// The promise of `backgroundFetch.fetch()` has been resolved.
    Acknowledge(i64),
    /// `backgroundFetch.get()`
    Get(i64, String, Reply<Option<BackgroundFetchView>>),
    /// `backgroundFetch.getIds()`
    GetIds(i64, Reply<Vec<String>>),
    /// `BackgroundFetchRegistration.abort()`
    Abort(i64, Reply<bool>),
    /// `match()` and `matchAll()`; everything without a query.
    Match(i64, Option<RecordQuery>, Reply<Vec<MatchedRecord>>),
    /// `updateUI()`
    UpdateUi(i64, UiOptions, Reply<()>),
}

/// The arguments of `backgroundFetch.fetch()`.
pub struct NewBackgroundFetch {
    /// The registration's number.
    pub registration: i64,
    /// The name of the fetch.
    pub id: String,
    /// What is to be fetched.
    pub requests: Vec<Request>,
    /// Bytes of all responses at most; 0 if nobody said.
    pub download_total: u64,
    /// What is to be shown.
    pub ui: UiOptions,
}

/// <https://wicg.github.io/background-fetch/#dictdef-backgroundfetchuioptions>
#[derive(Debug, Clone, Default, Deserialize)]
pub struct UiOptions {
    /// The headline, if there is to be another one.
    pub title: Option<String>,
    /// The pictures, if there are to be others.
    pub icons: Option<Vec<Icon>>,
}

/// A record that was asked for.
pub struct MatchedRecord {
    /// `BackgroundFetchRecord.request`
    pub request: Request,
    /// `BackgroundFetchRecord.responseReady`, when it is.
    pub response: oneshot::Receiver<Result<Response, WebError>>,
}

/// A `BackgroundFetchRegistration` object's values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BackgroundFetchView {
    number: i64,
    #[serde(serialize_with = "as_units")]
    id: String,
    upload_total: u64,
    uploaded: u64,
    download_total: u64,
    downloaded: u64,
    result: FetchResult,
    failure_reason: FailureReason,
    records_available: bool,
}

impl BackgroundFetchView {
    /// The values of a fetch as it is now.
    pub fn new(fetch: &BackgroundFetch, records_available: bool) -> Self {
        let progress = fetch.progress();
        Self {
            number: fetch.number,
            id: fetch.id.clone(),
            upload_total: fetch.upload_total(),
            uploaded: progress.uploaded,
            download_total: fetch.download_total,
            downloaded: progress.downloaded,
            result: progress.result,
            failure_reason: progress.failure_reason,
            records_available,
        }
    }
}

fn as_units<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    U16String::from(to_units(text)).serialize(serializer)
}

impl From<FetchRefusal> for WebError {
    fn from(refusal: FetchRefusal) -> Self {
        let message = refusal.to_string();
        match refusal {
            FetchRefusal::PermissionDenied => Self::NotAllowed(message),
            FetchRefusal::QuotaExceeded => Self::QuotaExceeded(message),
            FetchRefusal::NoActiveWorker
            | FetchRefusal::IdTaken
            | FetchRefusal::TooMany
            | FetchRefusal::Address { .. }
            | FetchRefusal::Body(_) => Self::Type(message),
        }
    }
}

/// What a script is told when something about its fetches does not work.
#[derive(Debug, thiserror::Error, deno_error::JsError)]
enum BackgroundFetchError {
    #[class(inherit)]
    #[error(transparent)]
    Host(#[from] WebError),
    #[class(inherit)]
    #[error(transparent)]
    Body(#[from] JsErrorBox),
    #[class(inherit)]
    #[error(transparent)]
    Response(#[from] ResourceError),
}

/// What `fetch()` in js/background_fetch/background_fetch_manager.js hands over.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FetchArguments {
    registration: i64,
    id: U16String,
    requests: Vec<ScriptRequest>,
    download_total: f64,
    ui: UiOptions,
}

/// A record for js/background_fetch/background_fetch_record.js.
#[derive(Serialize)]
struct ScriptRecord {
    /// As `requestFromNative` in js/fetch/bridge.js takes it.
    head: ByteString,
    integrity: String,
    body: Option<NativeBody>,
    /// For `op_background_fetch_response`.
    response: ResourceId,
}

/// A response that a script waits for.
struct AwaitedResponse(Cell<Option<oneshot::Receiver<Result<Response, WebError>>>>);

impl Resource for AwaitedResponse {
    fn name(&self) -> Cow<'_, str> {
        "backgroundFetchResponse".into()
    }
}

#[op2]
#[serde]
async fn op_background_fetch_fetch(
    state: Rc<RefCell<OpState>>,
    #[serde] arguments: FetchArguments,
) -> Result<BackgroundFetchView, BackgroundFetchError> {
    let (host, new) = {
        let mut state = state.borrow_mut();
        let requests = arguments.requests.into_iter();
        let client = state.borrow::<FetchClient>().clone();
        let requests: Result<_, _> = requests
            .map(|request| request.take(client.clone(), &mut state))
            .collect();
        let new = NewBackgroundFetch {
            registration: arguments.registration,
            id: from_units(&arguments.id),
            requests: requests?,
            // Web IDL has made it a number from 0 to 2^64 - 1.
            download_total: arguments.download_total as u64,
            ui: arguments.ui,
        };
        (HostPort::of(&state), Box::new(new))
    };
    let ask = |reply| HostRequest::BackgroundFetch(BackgroundFetchRequest::Fetch(new, reply));
    Ok(host.ask(ask).await?)
}

#[op2(fast)]
fn op_background_fetch_acknowledge(state: &OpState, #[number] number: i64) {
    let acknowledged = BackgroundFetchRequest::Acknowledge(number);
    HostPort::of(state).tell(HostRequest::BackgroundFetch(acknowledged));
}

#[op2]
#[serde]
async fn op_background_fetch_get(
    state: Rc<RefCell<OpState>>,
    #[number] registration: i64,
    #[serde] id: U16String,
) -> Result<Option<BackgroundFetchView>, WebError> {
    let host = HostPort::of(&state.borrow());
    let id = from_units(&id);
    host.ask(|reply| {
        HostRequest::BackgroundFetch(BackgroundFetchRequest::Get(registration, id, reply))
    })
    .await
}

#[op2]
#[serde]
async fn op_background_fetch_get_ids(
    state: Rc<RefCell<OpState>>,
    #[number] registration: i64,
) -> Result<Vec<U16String>, WebError> {
    let host = HostPort::of(&state.borrow());
    let ids = host
        .ask(|reply| {
            HostRequest::BackgroundFetch(BackgroundFetchRequest::GetIds(registration, reply))
        })
        .await?;
    Ok(ids.iter().map(|id| to_units(id).into()).collect())
}

#[op2]
async fn op_background_fetch_abort(
    state: Rc<RefCell<OpState>>,
    #[number] number: i64,
) -> Result<bool, WebError> {
    let host = HostPort::of(&state.borrow());
    host.ask(|reply| HostRequest::BackgroundFetch(BackgroundFetchRequest::Abort(number, reply)))
        .await
}

#[op2]
async fn op_background_fetch_update_ui(
    state: Rc<RefCell<OpState>>,
    #[number] number: i64,
    #[serde] options: UiOptions,
) -> Result<(), WebError> {
    let host = HostPort::of(&state.borrow());
    host.ask(|reply| {
        HostRequest::BackgroundFetch(BackgroundFetchRequest::UpdateUi(number, options, reply))
    })
    .await
}

#[op2]
#[serde]
async fn op_background_fetch_match(
    state: Rc<RefCell<OpState>>,
    #[number] number: i64,
    #[serde] query: Option<RecordQuery>,
) -> Result<Vec<ScriptRecord>, WebError> {
    let host = HostPort::of(&state.borrow());
    let records = host
        .ask(|reply| {
            HostRequest::BackgroundFetch(BackgroundFetchRequest::Match(number, query, reply))
        })
        .await?;
    let state = &mut *state.borrow_mut();
    Ok(records
        .into_iter()
        .map(|record| {
            let request = NativeRequest::put(record.request, state);
            let response = AwaitedResponse(Cell::new(Some(record.response)));
            ScriptRecord {
                head: request.head.into(),
                integrity: request.integrity,
                body: request.body,
                response: state.resource_table.add(response),
            }
        })
        .collect())
}

#[op2]
#[serde]
async fn op_background_fetch_response(
    state: Rc<RefCell<OpState>>,
    #[smi] rid: ResourceId,
) -> Result<NativeResponse, BackgroundFetchError> {
    let awaited = {
        let table = &mut state.borrow_mut().resource_table;
        table.take::<AwaitedResponse>(rid)?
    };
    let receiver = awaited.0.take().ok_or(ResourceError::Unavailable)?;
    // The host drops its end when it ends.
    let response = receiver.await.unwrap_or(Err(WebError::ShuttingDown))?;
    Ok(NativeResponse::put(response, &mut state.borrow_mut()))
}
