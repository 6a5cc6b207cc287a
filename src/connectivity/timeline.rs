//! A planned course of the network, such as `offline:3s,online`.
//!
//! Parsing is pure; playing asks the clock and nothing else.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::connectivity::SourceFeed;
use crate::connectivity::duration::parse_duration;
use crate::connectivity::state::{NetworkReason, NetworkState};

/// States and how long each holds; the last one stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Step {
    online: bool,
    /// `None` only for the last step: it holds for ever.
    lasts: Option<Duration>,
}

/// What is wrong with the text of a timeline, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimelineError {
    /// Nothing between two commas, or nothing at all.
    #[error(
        "timeline: piece {position} is empty, expected `online` or `offline`, e.g. `offline:3s,online`"
    )]
    Empty {
        /// Counted from 1.
        position: usize,
    },
    /// A word that is no state.
    #[error("timeline: `{piece}` does not start with `online` or `offline`")]
    UnknownState {
        /// The piece as written.
        piece: String,
    },
    /// Something after the colon that is no duration.
    #[error(
        "timeline: `{piece}` has no valid duration after `:`, expected a number and a unit: `250ms`, `3s`, `5m` or `2h`"
    )]
    BadDuration {
        /// The piece as written.
        piece: String,
    },
    /// A state without end in the middle.
    #[error(
        "timeline: `{piece}` needs a duration such as `{piece}:3s`, only the last piece may hold for ever"
    )]
    MissingDuration {
        /// The piece as written.
        piece: String,
    },
}

impl Timeline {
    /// Reads pieces `online` or `offline`, each but the last with `:DURATION`, separated by commas.
    pub fn parse(text: &str) -> Result<Self, TimelineError> {
        let pieces: Vec<&str> = text.split(',').map(str::trim).collect();
        let last = pieces.len() - 1;
        let mut steps = Vec::with_capacity(pieces.len());
        for (index, piece) in pieces.into_iter().enumerate() {
            let step = Step::parse(piece, index + 1)?;
            if step.lasts.is_none() && index != last {
                return Err(TimelineError::MissingDuration {
                    piece: piece.to_owned(),
                });
            }
            steps.push(step);
        }
        Ok(Self { steps })
    }

    /// The first state.
    pub fn starts_online(&self) -> bool {
        self.steps.first().is_none_or(|step| step.online)
    }
}

impl FromStr for Timeline {
    type Err = TimelineError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl Step {
    fn parse(piece: &str, position: usize) -> Result<Self, TimelineError> {
        let (state, duration) = match piece.split_once(':') {
            Some((state, duration)) => (state.trim(), Some(duration.trim())),
            None => (piece, None),
        };
        let online = match state {
            "online" => true,
            "offline" => false,
            "" if duration.is_none() => return Err(TimelineError::Empty { position }),
            _ => {
                return Err(TimelineError::UnknownState {
                    piece: piece.to_owned(),
                });
            }
        };
        let lasts = match duration {
            Some(text) => Some(
                parse_duration(text).ok_or_else(|| TimelineError::BadDuration {
                    piece: piece.to_owned(),
                })?,
            ),
            None => None,
        };
        Ok(Self { online, lasts })
    }
}

/// Reports each step when its time comes; ends with the last step or the last listener.
pub(super) async fn play(timeline: Timeline, feed: SourceFeed, clock: Arc<dyn Clock>) {
    let mut until = clock.now();
    let mut online = timeline.starts_online();
    for step in timeline.steps {
        online = step.online;
        let Some(lasts) = step.lasts else { break };
        if !feed.report(NetworkState::new(online, NetworkReason::Timeline)) {
            return;
        }
        // Reckoned from the start, so that late wake-ups do not add up.
        until = until.plus(lasts);
        clock.sleep_until(until).await;
    }
    feed.report(NetworkState::new(online, NetworkReason::TimelineEnded));
}
