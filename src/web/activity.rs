//! What an event of a worker did: counted here as its script does it, read by the host when the event is over.
//! The other half, which knows which event is at work, is js/activity/.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use deno_core::{OpState, op2, v8};

use crate::clock::{Clock, Timestamp};
use crate::service_worker::activity::{EventActivity, RequestRecord, ScriptPlace, Work, WorkKind};

deno_core::extension!(
    sw_activity,
    ops = [
        op_activity_begin,
        op_activity_end,
        op_activity_request,
        op_activity_request_ended,
        op_activity_work,
    ],
    esm = [dir "js/activity", "activity.js"],
    state = |state| {
        state.put(Activities::default());
    },
);

/// How many frames of the stack are looked at for one of the script's own.
const FRAMES: usize = 16;
/// The longest address and reason that are kept, in characters.
const LONGEST_TEXT: usize = 2_000;

/// The activity of one event. The host keeps one end and can read it also when the scope is gone; clones share it.
#[derive(Clone)]
pub struct ActivityLog {
    clock: Arc<dyn Clock>,
    activity: Arc<Mutex<EventActivity>>,
}

impl ActivityLog {
    /// Nothing has happened yet. Durations are measured with `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            activity: Arc::default(),
        }
    }

    /// What has happened so far.
    pub fn read(&self) -> EventActivity {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, EventActivity> {
        // Every change is one assignment: it is whole whatever happened to who held it.
        self.activity.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The events of a scope that run, and the requests that are under way in them. Kept in the scope's op state.
#[derive(Default)]
pub struct Activities {
    /// By the number of the event: its name for people, and its log.
    running: HashMap<u32, (Rc<str>, ActivityLog)>,
    requests: HashMap<u32, OpenRequest>,
    last_request: u32,
}

/// A request that has no answer yet: where it stands in each log.
struct OpenRequest {
    began_at: Timestamp,
    places: Vec<(ActivityLog, usize)>,
}

impl Activities {
    /// Event `id`, called `name` where others are told of it, is about to be dispatched.
    pub fn expect(&mut self, id: u32, name: &str, log: ActivityLog) {
        self.running.insert(id, (name.into(), log));
    }

    fn logs(&self, ids: &[u32]) -> Vec<ActivityLog> {
        let logs = ids.iter().filter_map(|id| self.running.get(id));
        logs.map(|(_, log)| log.clone()).collect()
    }

    /// The names of all of these events but one.
    fn names_but(&self, ids: &[u32], own: u32) -> Vec<String> {
        let others = ids.iter().filter(|id| **id != own);
        others
            .filter_map(|id| self.running.get(id))
            .map(|(name, _)| name.to_string())
            .collect()
    }
}

#[op2(fast)]
fn op_activity_begin(state: &mut OpState, #[smi] id: u32, #[smi] listeners: u32, is_watched: bool) {
    let running = &mut state.borrow_mut::<Activities>().running;
    if let Some((_, log)) = running.get(&id) {
        log.lock().listeners = Some(listeners);
    }
    if !is_watched {
        running.remove(&id);
    }
}

#[op2(fast)]
fn op_activity_end(state: &mut OpState, #[smi] id: u32, #[smi] extensions: u32) {
    if let Some((_, log)) = state.borrow_mut::<Activities>().running.remove(&id) {
        log.lock().extensions = extensions;
    }
}

#[op2]
fn op_activity_work(
    scope: &mut v8::PinScope<'_, '_>,
    state: &OpState,
    #[serde] ids: Vec<u32>,
    is_certain: bool,
    #[serde] kind: WorkKind,
    #[serde] place: Option<ScriptPlace>,
) {
    let logs = state.borrow::<Activities>().logs(&ids);
    let is_known = |log: &ActivityLog| {
        let activity = log.lock();
        let mut alike = activity.work.iter();
        alike.any(|work| work.kind == kind && work.is_certain == is_certain)
    };
    // Looking at the stack costs more than all the rest.
    if logs.iter().all(is_known) {
        return;
    }
    let place = place.or_else(|| place_of_script(scope));
    for log in logs {
        log.lock().begin_work(Work {
            kind,
            place: place.clone(),
            is_certain,
        });
    }
}

#[op2]
#[smi]
fn op_activity_request(
    scope: &mut v8::PinScope<'_, '_>,
    state: &mut OpState,
    #[serde] ids: Vec<u32>,
    is_certain: bool,
    #[string] method: String,
    #[string] url: String,
) -> u32 {
    let place = place_of_script(scope);
    let activities = state.borrow_mut::<Activities>();
    let mut request = OpenRequest {
        began_at: Timestamp::default(),
        places: Vec::new(),
    };
    for id in &ids {
        let Some((_, log)) = activities.running.get(id) else {
            continue;
        };
        request.began_at = log.clock.now();
        let maybe_of = if is_certain {
            Vec::new()
        } else {
            let mut others = activities.names_but(&ids, *id);
            others.push("the script itself".to_owned());
            others
        };
        let record = RequestRecord {
            method: method.clone(),
            url: shortened(&url),
            status: None,
            failure: None,
            aborted: false,
            duration_ms: None,
            place: place.clone(),
            maybe_of,
        };
        if let Some(index) = log.lock().begin_request(record) {
            request.places.push((log.clone(), index));
        }
    }
    activities.last_request = activities.last_request.wrapping_add(1).max(1);
    let number = activities.last_request;
    activities.requests.insert(number, request);
    number
}

#[op2]
fn op_activity_request_ended(
    state: &mut OpState,
    #[smi] number: u32,
    #[smi] status: u16,
    #[string] failure: Option<String>,
    is_aborted: bool,
) {
    let Some(request) = state.borrow_mut::<Activities>().requests.remove(&number) else {
        return;
    };
    for (log, index) in request.places {
        let took = log.clock.now().saturating_since(request.began_at);
        if let Some(record) = log.lock().requests.get_mut(index) {
            record.status = (status != 0).then_some(status);
            record.failure = failure.as_deref().map(shortened);
            record.aborted = is_aborted;
            record.duration_ms = Some(u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
        }
    }
}

/// Where the script is that called into the platform; `None` if none of it is on the stack.
pub fn place_of_script(scope: &mut v8::PinScope<'_, '_>) -> Option<ScriptPlace> {
    let stack = v8::StackTrace::current_stack_trace(scope, FRAMES)?;
    (0..stack.get_frame_count()).find_map(|index| {
        let frame = stack.get_frame(scope, index)?;
        let url = frame.get_script_name(scope)?.to_rust_string_lossy(scope);
        let is_ours = url.starts_with("ext:") || url.is_empty();
        (!is_ours).then(|| ScriptPlace {
            url,
            line: u32::try_from(frame.get_line_number()).unwrap_or_default(),
            column: u32::try_from(frame.get_column()).unwrap_or_default(),
        })
    })
}

fn shortened(text: impl AsRef<str>) -> String {
    text.as_ref().chars().take(LONGEST_TEXT).collect()
}
