//! Is there a network?
//!
//! Says what is known and tells who asks; what follows from it is decided above.

mod duration;
mod hold;
mod links;
mod monitor;
#[cfg(target_os = "linux")]
mod netlink;
mod probe;
mod simulated;
mod state;
mod system;
mod timeline;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, watch};

use crate::clock::Clock;

use self::probe::Prober;

pub use duration::parse_duration;
pub use hold::OfflineHold;
pub use probe::{Probe, ProbeError};
pub use simulated::SimulatedNetwork;
pub use state::{NetworkReason, NetworkState};
pub use timeline::{Timeline, TimelineError};

/// A cheap handle on the one answer to "are we online?"; clones share it.
#[derive(Clone)]
pub struct Connectivity {
    shared: Arc<Shared>,
}

struct Shared {
    /// What the source says and what the host says over it.
    layers: Mutex<Layers>,
    /// What holds, for everyone who waits.
    effective: watch::Sender<NetworkState>,
    /// Wakes the source to look again.
    doubt: Arc<Notify>,
    /// Taken by [`Connectivity::start`].
    source: Mutex<Option<Source>>,
}

struct Layers {
    source: NetworkState,
    forced: Option<bool>,
    /// How many hold the host offline, whatever else is said.
    holds: usize,
}

/// Where the state comes from.
enum Source {
    System(Option<Prober>),
    Timeline(Timeline),
}

impl Connectivity {
    /// The machine's interfaces and routes; online until [`Self::start`] has looked.
    pub fn system() -> Self {
        let assumed = NetworkState::online(NetworkReason::Assumed);
        Self::from_source(assumed, Some(Source::System(None)))
    }

    /// Like [`Self::system`], but online only while a probe is answered as it should be.
    pub fn probing(probe: Probe) -> Self {
        let assumed = NetworkState::offline(NetworkReason::Assumed);
        Self::from_source(assumed, Some(Source::System(Some(Prober::new(probe)))))
    }

    /// A state that only the handle changes.
    pub fn simulated(online: bool) -> (Self, SimulatedNetwork) {
        let state = NetworkState::new(online, NetworkReason::Simulated);
        let connectivity = Self::from_source(state, None);
        let handle = SimulatedNetwork::new(connectivity.clone());
        (connectivity, handle)
    }

    /// A state that always holds, unless the host overrides it.
    pub fn always(online: bool) -> Self {
        Self::from_source(NetworkState::new(online, NetworkReason::Configured), None)
    }

    /// States that follow one another as planned, from the moment of [`Self::start`].
    pub fn timeline(timeline: Timeline) -> Self {
        let first = NetworkState::new(timeline.starts_online(), NetworkReason::Timeline);
        Self::from_source(first, Some(Source::Timeline(timeline)))
    }

    fn from_source(first: NetworkState, source: Option<Source>) -> Self {
        let (effective, _) = watch::channel(first.clone());
        let layers = Layers {
            source: first,
            forced: None,
            holds: 0,
        };
        Self {
            shared: Arc::new(Shared {
                layers: Mutex::new(layers),
                effective,
                doubt: Arc::default(),
                source: Mutex::new(source),
            }),
        }
    }

    /// Looks for the first time, then keeps looking on the current tokio runtime until the last handle is gone.
    ///
    /// With a probe this takes until it is answered or its time is up. A second call does nothing.
    pub async fn start(&self, clock: Arc<dyn Clock>) {
        let source = lock(&self.shared.source).take();
        let feed = SourceFeed {
            shared: Arc::downgrade(&self.shared),
            doubt: Arc::clone(&self.shared.doubt),
        };
        match source {
            Some(Source::System(prober)) => system::start(feed, clock, prober).await,
            Some(Source::Timeline(timeline)) => {
                tokio::spawn(timeline::play(timeline, feed, clock));
            }
            None => {}
        }
    }

    /// What holds now.
    pub fn state(&self) -> NetworkState {
        self.shared.effective.borrow().clone()
    }

    /// Shorthand for `state().online`.
    pub fn is_online(&self) -> bool {
        self.shared.effective.borrow().online
    }

    /// Whether it is certain that the state will change by itself: a timeline has steps to come.
    pub fn expects_change(&self) -> bool {
        self.shared.effective.borrow().reason == NetworkReason::Timeline
    }

    /// Every change from now on; the current state counts as seen.
    pub fn subscribe(&self) -> watch::Receiver<NetworkState> {
        self.shared.effective.subscribe()
    }

    /// The host's switch: offline whatever the source says.
    pub fn go_offline(&self) {
        self.shared.update(|layers| layers.forced = Some(false));
    }

    /// The host's switch: online from now on.
    ///
    /// The answer is the source's again as soon as that says online too, so that what it notices later counts.
    pub fn go_online(&self) {
        self.shared
            .update(|layers| layers.forced = (!layers.source.online).then_some(true));
    }

    /// Gives the answer back to the source.
    pub fn release(&self) {
        self.shared.update(|layers| layers.forced = None);
    }

    /// A request got no answer: the source may look whether the network is still there.
    pub fn doubt(&self) {
        self.shared.doubt.notify_one();
    }

    /// What the source says, heard or not.
    pub(self) fn set_source(&self, state: NetworkState) {
        self.shared.update(|layers| layers.hear(state));
    }
}

impl fmt::Debug for Connectivity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("Connectivity")
            .field(&self.state())
            .finish()
    }
}

impl Layers {
    /// The source says what it sees; once it is online by itself, nothing has to be forced for that.
    fn hear(&mut self, state: NetworkState) {
        if state.online && self.forced == Some(true) {
            self.forced = None;
        }
        self.source = state;
    }
}

impl Shared {
    fn update(&self, change: impl FnOnce(&mut Layers)) {
        let mut layers = lock(&self.layers);
        change(&mut layers);
        let now = match layers.forced {
            _ if layers.holds > 0 => NetworkState::offline(NetworkReason::Host),
            Some(online) => NetworkState::new(online, NetworkReason::Host),
            None => layers.source.clone(),
        };
        // Sent under the lock: two updates must not overtake each other.
        self.effective.send_if_modified(|held| {
            let changed = *held != now;
            *held = now;
            changed
        });
    }
}

/// Where a source reports to; knows when nobody listens any more.
#[derive(Clone)]
struct SourceFeed {
    shared: std::sync::Weak<Shared>,
    doubt: Arc<Notify>,
}

impl SourceFeed {
    /// Reports a state; `false` when the last handle is gone.
    fn report(&self, state: NetworkState) -> bool {
        let Some(shared) = self.shared.upgrade() else {
            return false;
        };
        shared.update(|layers| layers.hear(state));
        true
    }

    /// Ends when somebody has a reason to doubt what was reported.
    async fn doubted(&self) {
        self.doubt.notified().await;
    }
}

/// A poisoned lock still holds whole values: every change here is one assignment.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
