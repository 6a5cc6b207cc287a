//! Stops a worker from outside, as a browser's developer tools can.

use url::Url;

use crate::host::Host;
use crate::host::error::Error;

impl Host {
    /// Stops the running worker in charge of a scope and waits until it is gone; `false` if none runs.
    ///
    /// Events under way are cut off. The next event starts the worker again.
    pub async fn stop_worker(&self, scope: &Url) -> Result<bool, Error> {
        let scope = scope.clone();
        self.call(move |core| async move {
            let registration = core.require_scope(&scope)?;
            let running = registration
                .active
                .and_then(|worker| core.scopes.borrow().worker(worker.id));
            let Some(context) = running else {
                return Ok(false);
            };
            core.stop_scope(context);
            core.wait_for(|core| core.scopes.borrow().get(context).is_none().then_some(()))
                .await;
            Ok(true)
        })
        .await
    }
}
