//! When nothing is left to do but to wait, and letting time pass then.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use futures::task::AtomicWaker;
use tokio::sync::Notify;

use crate::clock::{Clock, SystemClock};
use crate::host::core::Core;
use crate::host::error::Error;

/// So long, by the computer's clock, time on a manual clock waits for what does not come to rest, such as a script in
/// an endless loop: the time limit that ends it must come some day.
const PATIENCE: Duration = Duration::from_secs(5);

impl Core {
    /// Whether nothing runs and nothing will, unless time passes or the network changes.
    fn is_idle(&self) -> bool {
        // By a clock that moves by hand, what is under way in scopes that are idle waits for nothing but time.
        let only_waits = self.clock.manual().is_some()
            || self.under_way.get() == 0 && !self.connectivity.expects_change();
        only_waits
            && self.fetching.get() == 0
            && self.told_network.borrow().online == self.connectivity.is_online()
            && self.scopes.borrow().are_idle()
            && self.has_taken_all_requests()
            && self.planned_at.get() <= self.clock.now()
            && !self.has_due_sync()
            && !(self.connectivity.is_online()
                && self.background_fetches.borrow().wait_for_network())
    }

    /// Waits until nothing runs and nothing will, unless time passes or the network changes.
    pub(super) async fn wait_until_idle(&self) {
        loop {
            self.wait_for(|core| core.is_idle().then_some(())).await;
            let Some(clock) = self.clock.manual() else {
                return;
            };
            // A scope says that it is busy before it lets go of the timer that woke it.
            clock.settled().await;
            // A message from scope to scope is known to the two alone. Asked again, each takes what was sent before.
            let woken = self.woken.get();
            self.scopes.borrow_mut().ask_whether_idle();
            self.wait_for(|core| core.scopes.borrow().are_idle().then_some(()))
                .await;
            // A scope answers before it says that it is idle; this lets whoever waits for the answer go on.
            self.parks.next().await;
            if clock.is_settled() && self.woken.get() == woken && self.is_idle() {
                return;
            }
        }
    }

    /// Lets time pass on the manual clock, from one moment that somebody waits for to the next.
    pub(super) async fn advance(&self, duration: Duration) -> Result<(), Error> {
        let clock = self.clock.manual().ok_or(Error::ClockNotManual)?;
        let mut left = duration;
        self.rest().await;
        while let Some(passed) = clock.step(left) {
            left = left.saturating_sub(passed);
            self.rest().await;
        }
        Ok(())
    }

    async fn rest(&self) {
        tokio::select! {
            biased;
            () = self.wait_until_idle() => {}
            () = SystemClock.sleep(PATIENCE) => {
                tracing::warn!("a script does not come to rest; time passes all the same");
            }
        }
    }
}

/// Tells when everything on a thread waits for something outside of it.
#[derive(Clone, Default)]
pub(super) struct Parks(Arc<Notify>);

impl Parks {
    /// Waits until every task of the thread that can go on has done so.
    async fn next(&self) {
        self.0.notified().await;
    }

    /// Runs the work of a thread.
    pub(super) async fn watch<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        let turn = Arc::new(Turn::default());
        let waker = Waker::from(Arc::clone(&turn));
        poll_fn(|context| {
            turn.waker.register(context.waker());
            turn.is_woken.store(false, Ordering::Release);
            let result = work.as_mut().poll(&mut Context::from_waker(&waker));
            if result.is_pending() && !turn.is_woken.load(Ordering::Acquire) {
                self.0.notify_waiters();
            }
            result
        })
        .await
    }
}

/// Notes whether a turn of the work woke another one.
#[derive(Default)]
struct Turn {
    is_woken: AtomicBool,
    waker: AtomicWaker,
}

impl Wake for Turn {
    fn wake(self: Arc<Self>) {
        self.is_woken.store(true, Ordering::Release);
        self.waker.wake();
    }
}
