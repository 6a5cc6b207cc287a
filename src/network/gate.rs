//! The gate: closed while offline, and it falls on what is under way.
//!
//! Whether the network is up is decided in `connectivity`'s band; the gate only obeys.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{StreamExt, stream};
use tokio::sync::watch;

use crate::network::body::{Body, BodyStream};
use crate::network::error::NetworkError;

/// A cheap handle on the gate that requests pass.
#[derive(Clone)]
pub struct Gate {
    /// `None` for a gate that never closes.
    source: Option<Arc<dyn GateSource>>,
}

/// What the gate asks: is it closed, and when will it be?
trait GateSource: Send + Sync {
    fn state(&self) -> Result<(), String>;
    fn closed(&self) -> BoxFuture<'static, String>;
}

/// Any watched state together with what it means for the gate.
struct Watched<S, J> {
    states: watch::Receiver<S>,
    judge: Arc<J>,
}

impl Gate {
    /// A gate that closes whenever `judge` finds a reason in the state watched.
    pub fn following<S, J>(states: watch::Receiver<S>, judge: J) -> Self
    where
        S: Send + Sync + 'static,
        J: Fn(&S) -> Result<(), String> + Send + Sync + 'static,
    {
        Self {
            source: Some(Arc::new(Watched {
                states,
                judge: Arc::new(judge),
            })),
        }
    }

    /// A gate that never closes.
    pub fn open() -> Self {
        Self { source: None }
    }

    /// Refuses while closed.
    pub fn check(&self) -> Result<(), NetworkError> {
        match &self.source {
            Some(source) => source.state().map_err(offline),
            None => Ok(()),
        }
    }

    /// Ends when the gate closes, with the error for whatever was under way.
    pub async fn closed(&self) -> NetworkError {
        match &self.source {
            Some(source) => offline(source.closed().await),
            None => std::future::pending().await,
        }
    }

    /// Runs `work` unless the gate is closed, and gives up when it closes meanwhile.
    pub async fn guard<T>(
        &self,
        work: impl Future<Output = Result<T, NetworkError>>,
    ) -> Result<T, NetworkError> {
        self.check()?;
        tokio::select! {
            done = work => done,
            error = self.closed() => Err(error),
        }
    }

    /// The same body, cut off when the gate closes.
    pub fn guard_body(&self, body: Body) -> Body {
        match body {
            Body::Stream(chunks) if self.source.is_some() => Body::stream(stream::unfold(
                Some((chunks, self.clone())),
                next_unless_closed,
            )),
            body => body,
        }
    }
}

type Guarded = Option<(BodyStream, Gate)>;

async fn next_unless_closed(guarded: Guarded) -> Option<(Result<Bytes, NetworkError>, Guarded)> {
    let (mut chunks, gate) = guarded?;
    let next = tokio::select! {
        next = chunks.next() => next,
        error = gate.closed() => Some(Err(error)),
    };
    match next? {
        Ok(chunk) => Some((Ok(chunk), Some((chunks, gate)))),
        // Dropping the stream here closes the connection behind it.
        Err(error) => Some((Err(error), None)),
    }
}

fn offline(reason: String) -> NetworkError {
    NetworkError::Offline { reason }
}

impl<S, J> GateSource for Watched<S, J>
where
    S: Send + Sync + 'static,
    J: Fn(&S) -> Result<(), String> + Send + Sync + 'static,
{
    fn state(&self) -> Result<(), String> {
        (self.judge)(&self.states.borrow())
    }

    fn closed(&self) -> BoxFuture<'static, String> {
        let mut states = self.states.clone();
        let judge = self.judge.clone();
        Box::pin(async move {
            let mut reason = None;
            let found = states
                .wait_for(|state| {
                    reason = judge(state).err();
                    reason.is_some()
                })
                .await
                .is_ok();
            match reason.filter(|_| found) {
                Some(reason) => reason,
                // Whoever switched the gate is gone: it stays as it is.
                None => std::future::pending().await,
            }
        })
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Gate").field(&self.check()).finish()
    }
}
