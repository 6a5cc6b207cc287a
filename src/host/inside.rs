//! Work on the host's own thread: a request that is made there reaches its worker without a detour.

use std::future::Future;
use std::rc::Rc;

use tokio::sync::oneshot;

use crate::host::Host;
use crate::host::core::Core;
use crate::network::{NetworkError, Request, Response};

/// A host, for whoever runs on its thread.
#[derive(Clone)]
pub(crate) struct HostInside(Rc<Core>);

impl HostInside {
    /// Like [`Host::fetch`].
    pub(crate) async fn fetch(&self, request: Request) -> Result<Response, NetworkError> {
        self.0.fetch_from_outside(request).await
    }
}

impl Host {
    /// Runs a task on the host's thread and waits for its end, or for the host's.
    pub(crate) async fn run_inside<F>(&self, task: impl FnOnce(HostInside) -> F + Send + 'static)
    where
        F: Future<Output = ()> + 'static,
    {
        let (running, has_ended) = oneshot::channel::<()>();
        self.thread.run(Box::new(move |core| {
            let task = task(HostInside(core));
            tokio::task::spawn_local(async move {
                task.await;
                drop(running);
            });
        }));
        // Fails when the sender is dropped, which is what is waited for.
        let _ = has_ended.await;
    }
}
