//! How a scope is stopped: from another thread, or because it took too much memory.

use std::sync::{Arc, OnceLock};

use deno_core::{JsRuntime, v8};

/// Why a scope was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StopReason {
    /// Somebody asked for it.
    Terminated,
    /// Its script used up its heap.
    OutOfMemory,
}

/// Stops a scope, whatever its script is doing. Clones stop the same one.
#[derive(Clone)]
pub(crate) struct StopHandle {
    isolate: v8::IsolateHandle,
    reason: Arc<OnceLock<StopReason>>,
}

impl StopHandle {
    /// The handle for a new runtime, whose heap it watches from now on.
    pub(super) fn new(js: &mut JsRuntime) -> Self {
        let handle = Self {
            isolate: js.v8_isolate().thread_safe_handle(),
            reason: Arc::default(),
        };
        let watched = handle.clone();
        js.add_near_heap_limit_callback(move |current, _initial| {
            watched.stop(StopReason::OutOfMemory);
            // V8 aborts the process when it gets no more: it has as much as it asks for until the script is unwound.
            current.saturating_mul(2)
        });
        handle
    }

    /// Ends the scope: its script throws where it is and runs no more.
    pub(crate) fn stop(&self, reason: StopReason) {
        // The first reason is the true one.
        let _ = self.reason.set(reason);
        self.isolate.terminate_execution();
    }

    /// Why the scope was stopped, if it was.
    pub(crate) fn reason(&self) -> Option<StopReason> {
        self.reason.get().copied()
    }
}
