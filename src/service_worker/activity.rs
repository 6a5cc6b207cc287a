//! What a worker's script did while one of its events ran: requests, timers, storage, `waitUntil()`.
//! It is counted where scripts run; here is what is counted, and nothing is judged.

use std::fmt;

use serde::{Deserialize, Serialize};

/// So many requests of one event are kept; of the rest only how many they were.
pub const MAX_REQUESTS: usize = 50;

/// A place in a script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScriptPlace {
    /// The script.
    pub url: String,
    /// Counted from 1.
    pub line: u32,
    /// Counted from 1.
    pub column: u32,
}

impl fmt::Display for ScriptPlace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, line, column } = self;
        write!(formatter, "{url}:{line}:{column}")
    }
}

/// One request that a script made during an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestRecord {
    /// The method asked for.
    pub method: String,
    /// The address asked for.
    pub url: String,
    /// The status of the answer, if one came and the script may see it.
    pub status: Option<u16>,
    /// Why no answer came.
    pub failure: Option<String>,
    /// The script gave it up with an `AbortSignal`.
    #[serde(default)]
    pub aborted: bool,
    /// Until the answer began or it failed, in milliseconds; `None` while it is under way.
    pub duration_ms: Option<u64>,
    /// Where the script asked.
    pub place: Option<ScriptPlace>,
    /// The other events that ran when it was made, if it cannot be told which of them made it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub maybe_of: Vec<String>,
}

impl RequestRecord {
    /// Whether the server did not get it or did not do what it says: no answer, a status from 500 up, or one of those
    /// that say "later" (408, 425, 429).
    pub fn has_failed(&self) -> bool {
        let has_no_answer = self.failure.is_some() && !self.aborted;
        has_no_answer || matches!(self.status, Some(408 | 425 | 429 | 500..))
    }
}

/// Kinds of asynchronous work that is no request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkKind {
    /// `setTimeout()`, `setInterval()`
    Timer,
    /// IndexedDB or Cache Storage
    Storage,
    /// A message to anyone, or a question about clients
    Message,
    /// `sync.register()`, `periodicSync.register()`
    Registration,
    /// An error that no script caught
    Error,
}

/// Work of one kind that was begun during an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// Which kind.
    pub kind: WorkKind,
    /// Where it was begun for the first time.
    pub place: Option<ScriptPlace>,
    /// Whether it is certain that this event began it, and no other that ran at the same time.
    pub is_certain: bool,
}

/// What happened during one event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventActivity {
    /// How many listeners the event had; `None` if it was never dispatched.
    pub listeners: Option<u32>,
    /// How many promises extended it.
    pub extensions: u32,
    /// The requests, in the order in which they were made.
    pub requests: Vec<RequestRecord>,
    /// How many more there were than are kept.
    pub requests_left_out: u32,
    /// Other work: the first of each kind that certainly was this event's, and the first that may have been.
    pub work: Vec<Work>,
}

impl EventActivity {
    /// A request begins; gives its place in the list, if there is room.
    pub fn begin_request(&mut self, request: RequestRecord) -> Option<usize> {
        if self.requests.len() >= MAX_REQUESTS {
            self.requests_left_out += 1;
            return None;
        }
        self.requests.push(request);
        Some(self.requests.len() - 1)
    }

    /// Work begins. Of several alike the first is kept.
    pub fn begin_work(&mut self, work: Work) {
        let is_known = self
            .work
            .iter()
            .any(|known| known.kind == work.kind && known.is_certain == work.is_certain);
        if !is_known {
            self.work.push(work);
        }
    }

    /// Work of this kind that this event certainly began.
    pub fn certain(&self, kind: WorkKind) -> Option<&Work> {
        self.work
            .iter()
            .find(|work| work.kind == kind && work.is_certain)
    }

    /// Where a tag was registered, if one was.
    pub fn registration_place(&self) -> Option<ScriptPlace> {
        let mut work = self.work.iter();
        work.find(|work| work.kind == WorkKind::Registration)?
            .place
            .clone()
    }

    /// Whether nothing at all is known to have happened.
    pub fn is_empty(&self) -> bool {
        self.extensions == 0 && self.requests.is_empty() && self.work.is_empty()
    }
}
