//! Time as scripts see it: the clock of the host behind Date, performance and timers.
//!
//! By the computer's clock the platform's own timers do the waiting; the ones here are for a clock that moves by hand.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use deno_core::{OpState, op2};

use crate::clock::{Clock, Timestamp};

deno_core::extension!(
    sw_time,
    ops = [
        op_time_now,
        op_time_elapsed,
        op_time_write_elapsed,
        op_time_write_origin,
        op_time_start_timer,
        op_time_cancel_timer,
    ],
    esm = [dir "js/time", "date.js", "host_clock.js", "timers.js"],
    options = { clock: Arc<dyn Clock> },
    state = |state, options| {
        state.put(ScopeTime::new(options.clock));
    },
);

/// A timer that was set in a timer of this depth or deeper waits for [`SHORTEST_NESTED`] at least.
/// <https://html.spec.whatwg.org/#timer-initialisation-steps>
const DEEPEST_UNCLAMPED: u32 = 5;

/// How long a deeply nested timer waits at least.
const SHORTEST_NESTED: Duration = Duration::from_millis(4);

/// The clock of one scope, and its timers. Kept in the scope's op state.
pub struct ScopeTime {
    clock: Arc<dyn Clock>,
    /// What the clock said had elapsed when the scope began.
    began: Duration,
    /// What the clock showed then.
    origin: Timestamp,
    timers: Timers,
}

/// The timers of a scope, in the order in which they fire: by their time, and of one time the one that was set first.
#[derive(Default)]
struct Timers {
    due: BTreeSet<Timer>,
    by_id: HashMap<u32, Timer>,
    last_set: u64,
    /// The depth of the timer whose task runs, 0 outside of any.
    depth: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Timer {
    at: Duration,
    set: u64,
    id: u32,
    /// How many timers were set one inside the other.
    depth: u32,
}

impl ScopeTime {
    fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            began: clock.elapsed(),
            origin: clock.now(),
            clock,
            timers: Timers::default(),
        }
    }

    /// The clock that the scope lives by.
    pub fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    /// When the next timer is due, in the elapsed time of the clock.
    pub fn next_timer(&self) -> Option<Duration> {
        self.timers.due.first().map(|timer| timer.at)
    }

    /// Takes the timer that is next; until [`end_timer`](Self::end_timer), timers that are set are nested in it.
    pub fn begin_timer(&mut self) -> Option<u32> {
        self.timers.begin()
    }

    /// The task of a timer is over, its microtasks too.
    pub fn end_timer(&mut self) {
        self.timers.depth = 0;
    }

    fn elapsed(&self) -> Duration {
        self.clock.elapsed().saturating_sub(self.began)
    }
}

impl Timers {
    fn set(&mut self, id: u32, now: Duration, delay: Duration) {
        let delay = if self.depth > DEEPEST_UNCLAMPED {
            delay.max(SHORTEST_NESTED)
        } else {
            delay
        };
        self.last_set += 1;
        let timer = Timer {
            at: now.saturating_add(delay),
            set: self.last_set,
            id,
            depth: self.depth + 1,
        };
        self.due.insert(timer);
        self.by_id.insert(id, timer);
    }

    fn cancel(&mut self, id: u32) {
        if let Some(timer) = self.by_id.remove(&id) {
            self.due.remove(&timer);
        }
    }

    fn begin(&mut self) -> Option<u32> {
        let timer = self.due.pop_first()?;
        self.by_id.remove(&timer.id);
        self.depth = timer.depth;
        Some(timer.id)
    }
}

/// Milliseconds since the epoch.
#[op2(fast)]
fn op_time_now(state: &OpState) -> f64 {
    state.borrow::<ScopeTime>().clock.now().as_millis() as f64
}

/// Milliseconds since the scope began; 0 while the snapshot is made.
#[op2(fast)]
fn op_time_elapsed(state: &OpState) -> f64 {
    state
        .try_borrow::<ScopeTime>()
        .map_or(0.0, |time| time.elapsed().as_secs_f64() * 1000.0)
}

/// Stands in for deno_web's `op_now`.
#[op2(fast)]
fn op_time_write_elapsed(state: &OpState, #[buffer] out: &mut [u8]) {
    write(state.borrow::<ScopeTime>().elapsed(), out);
}

/// Stands in for deno_web's `op_time_origin`.
#[op2(fast)]
fn op_time_write_origin(state: &OpState, #[buffer] out: &mut [u8]) {
    let origin = state.borrow::<ScopeTime>().origin;
    write(origin.saturating_since(Timestamp(0)), out);
}

/// Seconds, then nanoseconds, as deno_web reads them.
fn write(duration: Duration, out: &mut [u8]) {
    let seconds = u32::try_from(duration.as_secs()).unwrap_or(u32::MAX);
    let parts = [seconds, duration.subsec_nanos()].map(u32::to_ne_bytes);
    for (place, byte) in out.iter_mut().zip(parts.concat()) {
        *place = byte;
    }
}

/// Sets a timer, which may have been set before and have fired.
#[op2(fast)]
fn op_time_start_timer(state: &mut OpState, id: u32, delay: f64) {
    let time = state.borrow_mut::<ScopeTime>();
    let now = time.clock.elapsed();
    // Less than nothing, and what is no number, is no delay. The cast stops at the largest number that there is.
    let delay = Duration::from_millis(delay as u64);
    time.timers.set(id, now, delay);
}

#[op2(fast)]
fn op_time_cancel_timer(state: &mut OpState, id: u32) {
    state.borrow_mut::<ScopeTime>().timers.cancel(id);
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn timers_of_one_time_fire_in_the_order_in_which_they_were_set() {
        let mut timers = Timers::default();
        timers.set(1, ms(0), ms(20));
        timers.set(2, ms(0), ms(10));
        timers.set(3, ms(10), ms(10));
        timers.set(4, ms(5), ms(15));
        timers.cancel(3);
        let order: Vec<_> = std::iter::from_fn(|| timers.begin()).collect();
        assert_eq!(order, [2, 1, 4]);
    }

    #[test]
    fn deeply_nested_timers_wait_for_four_milliseconds() {
        let mut timers = Timers::default();
        timers.set(1, ms(0), ms(0));
        let mut times = Vec::new();
        for _ in 0..8 {
            let next = timers.due.first().copied().unwrap();
            times.push(next.at.as_millis());
            timers.begin();
            timers.set(next.id, next.at, ms(0));
            timers.depth = 0;
        }
        assert_eq!(times, [0, 0, 0, 0, 0, 0, 4, 8]);
    }
}
