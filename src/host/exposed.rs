//! Functions of the embedder that scripts can call.

use std::collections::BTreeMap;
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::Value;

use crate::host::builder::HostBuilder;
use crate::host::core::Core;
use crate::host::event::ScriptSource;
use crate::web::error::WebError;
use crate::web::host_port::{ContextId, Reply};

/// A script's call of a function that the embedder exposed.
#[derive(Debug, Clone)]
pub struct FunctionCall {
    /// The worker or client that calls.
    pub source: ScriptSource,
    /// The arguments, as `JSON.stringify` writes them; `undefined` among them is `null`.
    pub arguments: Vec<Value>,
}

type Function =
    Arc<dyn Fn(FunctionCall) -> BoxFuture<'static, Result<Value, String>> + Send + Sync>;

/// The exposed functions, by the name that scripts call.
#[derive(Clone, Default)]
pub(super) struct ExposedFunctions(BTreeMap<String, Function>);

impl ExposedFunctions {
    pub(super) fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}

impl HostBuilder {
    /// Gives every worker and client a global function `name`. It returns a promise of what `function` comes to: a
    /// value that JSON can carry, or an `Error` with the message.
    ///
    /// The function is awaited on the host's thread, so it must not block. It may use the host's handle.
    #[must_use]
    pub fn expose<F, R>(mut self, name: impl Into<String>, function: F) -> Self
    where
        F: Fn(FunctionCall) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Value, String>> + Send + 'static,
    {
        let function: Function = Arc::new(move |call| function(call).boxed());
        self.settings.exposed.0.insert(name.into(), function);
        self
    }
}

impl Core {
    /// Calls an exposed function and sends what it comes to, as JSON.
    pub(super) fn call_embedder(
        self: &Rc<Self>,
        context: ContextId,
        name: &str,
        arguments: &str,
        reply: Reply<String>,
    ) {
        let source = self.source_of(context);
        let function = self.settings.exposed.0.get(name).cloned();
        let (Some(source), Some(function)) = (source, function) else {
            return;
        };
        let arguments = match serde_json::from_str(arguments) {
            Ok(arguments) => arguments,
            Err(error) => {
                let _ = reply.send(Err(WebError::Embedder(error.to_string())));
                return;
            }
        };
        let called = function(FunctionCall { source, arguments });
        tokio::task::spawn_local(async move {
            let result = called.await.map_err(WebError::Embedder);
            // The scope may have ended meanwhile.
            let _ = reply.send(result.map(|value| value.to_string()));
        });
    }
}
