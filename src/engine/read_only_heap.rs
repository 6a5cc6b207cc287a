//! The part of V8's heap that never changes. All scopes of the process share it.
//!
//! V8 reads it from the snapshot for one scope and frees it with the last. Where scopes come and go one at a time, each
//! would have it read again: a tenth of its start.

use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use deno_core::{JsRuntime, RuntimeOptions};

use crate::web;

/// A scope's use of the read-only heap.
pub(super) struct ReadOnlyHeap;

/// How many scopes use it now.
static USERS: AtomicUsize = AtomicUsize::new(0);
/// Whether a scope has ended.
static HAS_ENDED: AtomicBool = AtomicBool::new(false);

impl ReadOnlyHeap {
    /// A scope begins. If it is the first one after the last one ended, others will do so too: the heap is kept from now
    /// on.
    pub(super) fn begin_use(snapshot: &'static [u8]) -> Self {
        let is_alone = USERS.fetch_add(1, Ordering::Relaxed) == 0;
        if is_alone && HAS_ENDED.load(Ordering::Relaxed) {
            static KEEP: Once = Once::new();
            KEEP.call_once(|| keep(snapshot));
        }
        Self
    }
}

impl Drop for ReadOnlyHeap {
    fn drop(&mut self) {
        HAS_ENDED.store(true, Ordering::Relaxed);
        USERS.fetch_sub(1, Ordering::Relaxed);
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
    // A runtime belongs to its thread, and is the innermost one there. Without it, starts only take longer.
    if let Ok(thread) = std::thread::Builder::new().spawn(make) {
        let _ = thread.join();
    }
}
