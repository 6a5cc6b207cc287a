//! The buffers that scripts get out of storage, and when those that they have dropped are collected.
//!
//! V8 by itself lets 64 MiB of dropped buffers stand before it looks for any.

use std::cell::Cell;
use std::rc::Rc;

use deno_core::{OpState, v8};

/// After so many bytes the garbage is collected. A collection takes some milliseconds, so that less would be slow.
const COLLECTED_AT_ONCE: usize = 4 << 20;

/// What one scope's script has got out of storage.
#[derive(Debug, Default)]
pub struct ScriptBuffers {
    /// Bytes since the last collection.
    given: Cell<usize>,
    /// Bytes of all buffers that the last collection left.
    kept: Cell<usize>,
}

impl ScriptBuffers {
    /// Those of the scope that the state belongs to.
    pub fn of(state: &OpState) -> Rc<Self> {
        Rc::clone(state.borrow())
    }

    /// The script gets so many bytes.
    pub fn give(&self, bytes: usize) {
        self.given.update(|given| given + bytes);
    }

    /// Collects garbage if much was given and has become buffers of the script.
    pub fn collect(&self, isolate: &mut v8::Isolate) {
        // A script that keeps much does not pay for all of it again and again.
        let due = COLLECTED_AT_ONCE.max(self.kept.get() / 2);
        if self.given.get() < due {
            return;
        }
        self.given.set(0);
        let bytes = bytes_of_buffers(isolate);
        // V8 may have collected by itself.
        self.kept.update(|kept| kept.min(bytes));
        if bytes < self.kept.get() + due / 2 {
            return;
        }
        isolate.memory_pressure_notification(v8::MemoryPressureLevel::Critical);
        self.kept.set(bytes_of_buffers(isolate));
    }
}

fn bytes_of_buffers(isolate: &mut v8::Isolate) -> usize {
    // A change of nothing gives what there is.
    let bytes = isolate.adjust_amount_of_external_allocated_memory(0);
    usize::try_from(bytes).unwrap_or(0)
}
