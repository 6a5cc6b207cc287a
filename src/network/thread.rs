//! The thread "landfall-network" and its runtime.
//!
//! Work is handed in as futures; what they do is no business of this file.

use std::future::Future;
use std::thread;

use tokio::runtime::{self, Handle};
use tokio::sync::oneshot;
use tokio_util::task::AbortOnDropHandle;

use crate::network::error::NetworkError;

/// Runs futures until dropped; what is under way then is cancelled.
#[derive(Debug)]
pub(crate) struct NetworkThread {
    runtime: Handle,
    /// Never sent to: dropping it is the signal to end.
    _stop: oneshot::Sender<()>,
}

impl NetworkThread {
    pub(crate) fn start() -> Result<Self, NetworkError> {
        let failed = |error: std::io::Error| NetworkError::Start(error.to_string());
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(failed)?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        thread::Builder::new()
            .name("landfall-network".to_owned())
            .spawn(move || {
                // An error means that the sender is gone, which is the only signal there is.
                let _ = runtime.block_on(stopped);
                // A name look-up under way must not hold up the end of the process.
                runtime.shutdown_background();
            })
            .map_err(failed)?;
        Ok(Self {
            runtime: handle,
            _stop: stop,
        })
    }

    /// Runs `work` on the network thread; dropping the returned future cancels it.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, NetworkError>> + Send + 'static,
    ) -> Result<T, NetworkError> {
        match AbortOnDropHandle::new(self.runtime.spawn(work)).await {
            Ok(result) => result,
            Err(ended) if ended.is_cancelled() => Err(NetworkError::ShutDown),
            // An embedder's handler may panic; that is a failed request, not a failed host.
            Err(panicked) => Err(NetworkError::Handler(panicked.to_string())),
        }
    }
}
