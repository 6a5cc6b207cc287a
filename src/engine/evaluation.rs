//! A module's evaluation, which may take until the host has said something to its scope.

use std::task::{Context, Poll};

use deno_core::error::CoreError;
use deno_core::{ExternalOpsTracker, ModuleId};
use futures::future::{FutureExt, LocalBoxFuture};

/// The top level of a module that runs.
pub(crate) struct ModuleEvaluation {
    module: ModuleId,
    settled: LocalBoxFuture<'static, Result<(), CoreError>>,
    open: ExternalOpsTracker,
}

impl ModuleEvaluation {
    /// Holds the event loop open, which takes a module for stuck when it awaits what only the host can bring.
    pub(super) fn new(
        module: ModuleId,
        settled: LocalBoxFuture<'static, Result<(), CoreError>>,
        open: ExternalOpsTracker,
    ) -> Self {
        open.ref_op();
        Self {
            module,
            settled,
            open,
        }
    }

    pub(super) fn module(&self) -> ModuleId {
        self.module
    }

    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<(), CoreError>> {
        self.settled.poll_unpin(context)
    }
}

impl Drop for ModuleEvaluation {
    fn drop(&mut self) {
        self.open.unref_op();
    }
}
