//! Which caches and bodies are in use by the scripts of an origin, over all its threads.
//! What is deleted while in use disappears for those who look for it and stays for those who have it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The pins of every origin of a host. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct CachePins {
    origins: Arc<Mutex<HashMap<PathBuf, Arc<OriginPins>>>>,
}

impl CachePins {
    /// Nothing is in use.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether anybody has the database at `path` open.
    pub(super) fn are_shared(&self, path: &Path) -> bool {
        let origins = unpoisoned(&self.origins);
        // One reference is the table's own.
        origins
            .get(path)
            .is_some_and(|pins| Arc::strong_count(pins) > 1)
    }

    /// The pins of the database at `path`, and whether this process opens it for the first time.
    pub(super) fn of(&self, path: &Path) -> (Arc<OriginPins>, bool) {
        let mut origins = unpoisoned(&self.origins);
        if let Some(pins) = origins.get(path) {
            return (pins.clone(), false);
        }
        let pins = Arc::new(OriginPins::default());
        origins.insert(path.to_owned(), pins.clone());
        (pins, true)
    }
}

/// Something in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Pinned {
    Cache(i64),
    Body(i64),
}

#[derive(Debug, Default)]
struct Pin {
    users: usize,
    /// Nobody can find it any more: it goes with its last user.
    is_doomed: bool,
}

/// The pins of one origin.
#[derive(Debug, Default)]
pub(super) struct OriginPins {
    pins: Mutex<HashMap<Pinned, Pin>>,
}

impl OriginPins {
    /// Nobody pins or unpins anything while this is held. Taken before a write to the database, never
    /// during one.
    pub(super) fn lock(&self) -> PinTable<'_> {
        PinTable(unpoisoned(&self.pins))
    }
}

/// The pins of one origin, held still.
#[derive(Debug)]
pub(super) struct PinTable<'a>(MutexGuard<'a, HashMap<Pinned, Pin>>);

impl PinTable<'_> {
    /// One more user.
    pub(super) fn pin(&mut self, what: Pinned) {
        self.0.entry(what).or_default().users += 1;
    }

    /// One user less. True if it was doomed and this was the last: delete it.
    pub(super) fn unpin(&mut self, what: Pinned) -> bool {
        let Some(pin) = self.0.get_mut(&what) else {
            return false;
        };
        pin.users -= 1;
        if pin.users > 0 {
            return false;
        }
        self.0.remove(&what).is_some_and(|pin| pin.is_doomed)
    }

    /// Whether anybody uses it.
    pub(super) fn is_used(&self, what: Pinned) -> bool {
        self.0.contains_key(&what)
    }

    /// Nobody can find it any more: its last user is told to delete it.
    pub(super) fn doom(&mut self, what: Pinned) {
        if let Some(pin) = self.0.get_mut(&what) {
            pin.is_doomed = true;
        }
    }

    /// Nobody can find these any more.
    pub(super) fn doom_all(&mut self, all: impl IntoIterator<Item = Pinned>) {
        all.into_iter().for_each(|what| self.doom(what));
    }

    /// It can be found now, so it stays when its last user goes.
    pub(super) fn keep(&mut self, what: Pinned) {
        if let Some(pin) = self.0.get_mut(&what) {
            pin.is_doomed = false;
        }
    }
}

/// A table of numbers cannot be left half changed, so a panic elsewhere does not spoil it.
fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
