//! The part of V8's heap that never changes. All scopes of the process share it.
//!
//! V8 reads it from the snapshot for one scope and frees it with the last. Where scopes come and go one at a time, each
//! would have it read again: 2 million instructions, and half the page faults of a start.

use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use deno_core::{JsRuntime, RuntimeOptions};

use crate::web;

/// A scope's use of the read-only heap.
pub(super) struct ReadOnlyHeap;

/// Whether a scope has ended: then others will begin and end too.
static HAS_ENDED: AtomicBool = AtomicBool::new(false);

impl ReadOnlyHeap {
    /// A scope begins. From the first one on that does so after another has ended the heap is kept.
    pub(super) fn begin_use(snapshot: &'static [u8]) -> Self {
        static KEEP: Once = Once::new();
        if HAS_ENDED.load(Ordering::Relaxed) {
            KEEP.call_once(|| keep(snapshot));
        }
        Self
    }
}

impl Drop for ReadOnlyHeap {
    fn drop(&mut self) {
        HAS_ENDED.store(true, Ordering::Relaxed);
    }
}

/// Makes a runtime that stays to the end of the process and never runs anything.
fn keep(snapshot: &'static [u8]) {
    let make = move || {
        let kept = JsRuntime::try_new(RuntimeOptions {
            startup_snapshot: Some(snapshot),
            extensions: web::extensions(),
            skip_op_registration: true,
            ..Default::default()
        });
        // Dropped, it would take the heap with it.
        std::mem::forget(kept);
    };
    // V8 enters a runtime on its thread, which must not be a scope's. Without it, starts only take longer.
    if let Ok(thread) = std::thread::Builder::new().spawn(make) {
        let _ = thread.join();
    }
}
