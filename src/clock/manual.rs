//! A clock that moves only by hand, and knows who waits for what.
//!
//! It can be moved to where it should be, or step by step: each step stops at the next moment that somebody waits for
//! and wakes that one alone, so that everything happens in order and at its own time.

use std::collections::{BTreeMap, HashSet};
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use crate::clock::{Clock, Sleep, Timestamp};

/// A clock that moves only by hand. Clones share the time.
#[derive(Debug, Clone)]
pub struct ManualClock {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Told whenever nobody is left who was woken and has not looked.
    settled: Notify,
    set_back: watch::Sender<()>,
}

#[derive(Debug)]
struct State {
    now: Timestamp,
    elapsed: Duration,
    /// Who waits for what the clock shows.
    for_moment: BTreeMap<(Timestamp, u64), Option<Waker>>,
    /// Who waits for time to pass.
    for_elapsed: BTreeMap<(Duration, u64), Option<Waker>>,
    /// Sleepers that were woken and still hold their wait.
    woken: HashSet<u64>,
    last_sleeper: u64,
}

/// What a sleeper waits for, and its number.
#[derive(Debug, Clone, Copy)]
enum Key {
    Moment(Timestamp, u64),
    Elapsed(Duration, u64),
}

impl ManualClock {
    /// A clock that stands at `start`.
    pub fn new(start: Timestamp) -> Self {
        let state = State {
            now: start,
            elapsed: Duration::ZERO,
            for_moment: BTreeMap::new(),
            for_elapsed: BTreeMap::new(),
            woken: HashSet::new(),
            last_sleeper: 0,
        };
        Self {
            shared: Arc::new(Shared {
                state: Mutex::new(state),
                settled: Notify::new(),
                set_back: watch::Sender::new(()),
            }),
        }
    }

    /// Time passes, all at once, in whole milliseconds; wakes everyone whose moment has come.
    ///
    /// `Host::advance` lets everything in between happen at its own time.
    pub fn advance(&self, duration: Duration) {
        let mut state = self.lock();
        state.pass(duration);
        state.wake_due();
    }

    /// Somebody sets the clock, forwards or back: it shows another time, and none has passed.
    /// Wakes everyone whose moment has come.
    pub fn set(&self, to: Timestamp) {
        let is_back = {
            let mut state = self.lock();
            let is_back = to < state.now;
            state.now = to;
            state.wake_due();
            is_back
        };
        if is_back {
            self.shared.set_back.send_replace(());
        }
    }

    /// Moves to the next moment that somebody waits for, at most by `limit`, and wakes the one who has waited longest
    /// for it. Gives how far that was; `None` after it has moved by `limit` and nobody was left to wake.
    pub fn step(&self, limit: Duration) -> Option<Duration> {
        let mut state = self.lock();
        match state.next() {
            Some((wait, key)) if wait <= limit => {
                state.pass(wait);
                state.wake(key);
                Some(wait)
            }
            _ => {
                state.pass(limit);
                None
            }
        }
    }

    /// Whether everyone who was woken has looked at the clock since.
    pub fn is_settled(&self) -> bool {
        self.lock().woken.is_empty()
    }

    /// Waits until everyone who was woken has looked at the clock.
    pub async fn settled(&self) {
        loop {
            let mut settled = pin!(self.shared.settled.notified());
            settled.as_mut().enable();
            if self.is_settled() {
                return;
            }
            settled.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that is done under the lock can fail half way.
        self.shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// A wait that ends when the key's time has come.
    fn wait_for(&self, key: impl FnOnce(u64) -> Key) -> Sleep {
        let mut state = self.lock();
        state.last_sleeper += 1;
        let key = key(state.last_sleeper);
        if state.wait(key).is_zero() {
            return Box::pin(std::future::ready(()));
        }
        match key {
            Key::Moment(at, sleeper) => state.for_moment.insert((at, sleeper), None),
            Key::Elapsed(at, sleeper) => state.for_elapsed.insert((at, sleeper), None),
        };
        Box::pin(Sleeper {
            clock: self.clone(),
            key,
        })
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.lock().now
    }

    fn sleep_until(&self, at: Timestamp) -> Sleep {
        self.wait_for(|sleeper| Key::Moment(at, sleeper))
    }

    fn set_back(&self) -> Sleep {
        let mut set_back = self.shared.set_back.subscribe();
        Box::pin(async move {
            if set_back.changed().await.is_err() {
                // The clock is gone, so its time stands still for ever.
                std::future::pending::<()>().await;
            }
        })
    }

    fn elapsed(&self) -> Duration {
        self.lock().elapsed
    }

    fn sleep_until_elapsed(&self, at: Duration) -> Sleep {
        self.wait_for(|sleeper| Key::Elapsed(at, sleeper))
    }

    fn manual(&self) -> Option<&ManualClock> {
        Some(self)
    }
}

impl State {
    fn pass(&mut self, duration: Duration) {
        self.now = self.now.plus(duration);
        self.elapsed = self.elapsed.saturating_add(whole_millis(duration));
    }

    /// How long it is until a key's time has come.
    fn wait(&self, key: Key) -> Duration {
        match key {
            Key::Moment(at, _) => at.saturating_since(self.now),
            Key::Elapsed(at, _) => at.saturating_sub(self.elapsed),
        }
    }

    /// The sleeper whose time comes next, of several the one who has waited longest.
    fn next(&self) -> Option<(Duration, Key)> {
        let moment = self.for_moment.first_key_value();
        let elapsed = self.for_elapsed.first_key_value();
        [
            moment.map(|((at, sleeper), _)| (Key::Moment(*at, *sleeper), *sleeper)),
            elapsed.map(|((at, sleeper), _)| (Key::Elapsed(*at, *sleeper), *sleeper)),
        ]
        .into_iter()
        .flatten()
        .map(|(key, sleeper)| (self.wait(key), sleeper, key))
        .min_by_key(|(wait, sleeper, _)| (*wait, *sleeper))
        .map(|(wait, _, key)| (wait, key))
    }

    fn wake_due(&mut self) {
        while let Some((Duration::ZERO, key)) = self.next() {
            self.wake(key);
        }
    }

    fn wake(&mut self, key: Key) {
        let (waker, sleeper) = match key {
            Key::Moment(at, sleeper) => (self.for_moment.remove(&(at, sleeper)), sleeper),
            Key::Elapsed(at, sleeper) => (self.for_elapsed.remove(&(at, sleeper)), sleeper),
        };
        self.woken.insert(sleeper);
        if let Some(Some(waker)) = waker {
            waker.wake();
        }
    }
}

/// Somebody who waits. Counts as not having looked until it is dropped.
struct Sleeper {
    clock: ManualClock,
    key: Key,
}

impl Key {
    fn sleeper(self) -> u64 {
        match self {
            Self::Moment(_, sleeper) | Self::Elapsed(_, sleeper) => sleeper,
        }
    }
}

impl Future for Sleeper {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.clock.lock();
        let waiting = match self.key {
            Key::Moment(at, sleeper) => state.for_moment.get_mut(&(at, sleeper)),
            Key::Elapsed(at, sleeper) => state.for_elapsed.get_mut(&(at, sleeper)),
        };
        match waiting {
            Some(waker) => {
                *waker = Some(context.waker().clone());
                Poll::Pending
            }
            None => Poll::Ready(()),
        }
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let is_settled = {
            let mut state = self.clock.lock();
            match self.key {
                Key::Moment(at, sleeper) => state.for_moment.remove(&(at, sleeper)),
                Key::Elapsed(at, sleeper) => state.for_elapsed.remove(&(at, sleeper)),
            };
            state.woken.remove(&self.key.sleeper()) && state.woken.is_empty()
        };
        if is_settled {
            self.clock.shared.settled.notify_waiters();
        }
    }
}

/// The clock shows whole milliseconds, and no time is lost between what it shows and what has passed.
fn whole_millis(duration: Duration) -> Duration {
    Duration::from_millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test]
    async fn it_wakes_its_sleepers_when_it_is_moved() {
        let clock = ManualClock::new(Timestamp(1_000));
        let sleeper = tokio::spawn(clock.sleep_until(Timestamp(301_000)));
        clock.advance(299 * SECOND);
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        clock.advance(SECOND);
        sleeper.await.unwrap();
        assert_eq!(clock.now(), Timestamp(301_000));
    }

    #[tokio::test]
    async fn what_has_passed_is_not_waited_for() {
        let clock = ManualClock::new(Timestamp(5));
        clock.sleep_until(Timestamp(4)).await;
        clock.sleep(Duration::ZERO).await;
        assert!(clock.is_settled());
    }

    #[tokio::test]
    async fn it_can_be_set_back() {
        let clock = ManualClock::new(Timestamp(100));
        let set_back = tokio::spawn(clock.set_back());
        clock.advance(Duration::from_millis(5));
        tokio::task::yield_now().await;
        assert!(!set_back.is_finished());
        clock.set(Timestamp(10));
        set_back.await.unwrap();
        assert_eq!(clock.now(), Timestamp(10));
    }

    #[test]
    fn setting_it_lets_no_time_pass() {
        let clock = ManualClock::new(Timestamp(0));
        let mut stored = clock.sleep_until(Timestamp(60_000));
        let mut measured = clock.sleep(60 * SECOND);
        clock.set(Timestamp(86_400_000));
        assert_eq!(clock.elapsed(), Duration::ZERO);
        assert!((&mut stored).now_or_never().is_some());
        assert!((&mut measured).now_or_never().is_none());
        clock.advance(60 * SECOND);
        assert!(measured.now_or_never().is_some());
    }

    #[test]
    fn a_step_wakes_one_sleeper_at_its_own_time() {
        let clock = ManualClock::new(Timestamp(0));
        let mut late = clock.sleep(3 * SECOND);
        let mut first = clock.sleep_until(Timestamp(1_000));
        let mut second = clock.sleep(SECOND);
        assert_eq!(clock.step(10 * SECOND), Some(SECOND));
        assert!((&mut first).now_or_never().is_some());
        assert!((&mut second).now_or_never().is_none());
        assert_eq!(clock.step(9 * SECOND), Some(Duration::ZERO));
        assert!((&mut second).now_or_never().is_some());
        assert_eq!(clock.step(SECOND), None);
        assert_eq!(clock.now(), Timestamp(2_000));
        assert!((&mut late).now_or_never().is_none());
        assert_eq!(clock.step(8 * SECOND), Some(SECOND));
        assert!((&mut late).now_or_never().is_some());
        assert_eq!(clock.step(7 * SECOND), None);
        assert_eq!(clock.elapsed(), 10 * SECOND);
    }

    #[tokio::test]
    async fn it_is_settled_when_everyone_who_was_woken_has_gone_on() {
        let clock = ManualClock::new(Timestamp(0));
        let woken = clock.sleep(SECOND);
        let unwanted = clock.sleep(SECOND);
        clock.advance(SECOND);
        assert!(!clock.is_settled());
        drop(unwanted);
        let settled = tokio::spawn({
            let clock = clock.clone();
            async move { clock.settled().await }
        });
        tokio::task::yield_now().await;
        assert!(!settled.is_finished());
        woken.await;
        settled.await.unwrap();
    }
}
