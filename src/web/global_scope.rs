//! What every scope has: console, error reports, evaluation for the embedder.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use deno_core::OpState;
use deno_core::error::JsError;
use deno_core::op2;
use deno_core::v8;
use tokio::sync::oneshot;

use crate::web::error::WebError;
use crate::web::host_port::{ConsoleLevel, HostPort, HostRequest};
use crate::web::script_error::{ScriptError, ScriptSources};

deno_core::extension!(
    sw_global_scope,
    deps = [
        landfall_platform,
        sw_broadcast_channel,
        sw_fetch,
        sw_indexed_db,
        sw_navigator,
        sw_notifications,
        sw_push,
        sw_service_worker,
        sw_sync,
        sw_window
    ],
    ops = [
        op_scope_is_handled,
        op_scope_print,
        op_scope_report_busy,
        op_scope_report_error,
        op_scope_evaluation_settled,
        op_scope_call_embedder,
    ],
    esm_entry_point = "ext:sw_global_scope/bootstrap.js",
    esm = [
        dir "js/global_scope",
        "bootstrap.js",
        "console.js",
        "define.js",
        "embedder.js",
        "exposed.js",
        "reporting.js",
    ],
    state = |state| {
        state.put(PendingEvaluations::default());
    },
);

/// What an evaluation for the embedder came to: JSON text, or what was thrown.
pub type EvaluationResult = Result<String, ScriptError>;

/// Evaluations whose promise has not settled. Kept in the scope's op state.
#[derive(Default)]
pub struct PendingEvaluations {
    results: HashMap<u32, oneshot::Sender<EvaluationResult>>,
    last_id: u32,
}

impl PendingEvaluations {
    /// A number for an evaluation whose result goes to `result`.
    pub fn begin(&mut self, result: oneshot::Sender<EvaluationResult>) -> u32 {
        self.last_id = self.last_id.wrapping_add(1);
        self.results.insert(self.last_id, result);
        self.last_id
    }
}

#[op2(fast)]
fn op_scope_print(state: &OpState, #[string] text: &str, #[smi] level: i32) {
    let level = match level {
        0 => ConsoleLevel::Debug,
        1 => ConsoleLevel::Log,
        2 => ConsoleLevel::Warn,
        _ => ConsoleLevel::Error,
    };
    HostPort::of(state).tell(HostRequest::Print(
        level,
        text.trim_end_matches('\n').to_owned(),
    ));
}

/// Something came from another scope.
#[op2(fast)]
fn op_scope_report_busy(state: &OpState) {
    HostPort::of(state).tell(HostRequest::Busy);
}

#[op2]
fn op_scope_report_error(state: &OpState, #[serde] error: JsError, is_rejection: bool) {
    let described = state
        .borrow::<ScriptSources>()
        .describe(&error, is_rejection);
    HostPort::of(state).tell(HostRequest::ReportError(described));
}

/// Whether somebody waits for what a promise comes to: its `[[PromiseIsHandled]]`.
#[op2(fast)]
fn op_scope_is_handled(promise: v8::Local<'_, v8::Promise>) -> bool {
    promise.has_handler()
}

#[op2]
#[string]
async fn op_scope_call_embedder(
    state: Rc<RefCell<OpState>>,
    #[string] name: String,
    #[string] arguments: String,
) -> Result<String, WebError> {
    let host = HostPort::of(&state.borrow());
    host.ask(|reply| HostRequest::CallEmbedder(name, arguments, reply))
        .await
}

#[op2]
fn op_scope_evaluation_settled(
    state: &mut OpState,
    #[smi] id: u32,
    #[string] json: Option<String>,
    #[serde] error: Option<JsError>,
) {
    let result = match (json, error) {
        (_, Some(error)) => Err(state.borrow::<ScriptSources>().describe(&error, false)),
        (json, None) => Ok(json.unwrap_or_else(|| "null".to_owned())),
    };
    let pending = state.borrow_mut::<PendingEvaluations>();
    if let Some(waiting) = pending.results.remove(&id) {
        // The embedder may have stopped waiting.
        let _ = waiting.send(result);
    }
}
