//! What an embedder is told when something does not work, and can act on.

use std::path::PathBuf;

use url::Url;

use crate::network::NetworkError;
use crate::push::PushRefusal;
use crate::storage::StorageError;
use crate::sync::PolicyError;
use crate::web::error::WebError;
use crate::web::script_error::ScriptError;

/// Why a host did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The data folder or a database in it.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The network thread or a request.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// A script failed at its top level, or an evaluation threw.
    #[error("{0}")]
    Script(ScriptError),
    /// A refusal that a script would have got as an exception.
    #[error("{0}")]
    Refused(#[from] WebError),
    /// A script file could not be read.
    #[error("cannot read `{}`: {reason}", path.display())]
    ReadScript {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        reason: String,
    },
    /// No registration has that scope.
    #[error("no registration for `{asked}`; {}", known_scopes(known))]
    UnknownScope {
        /// What was asked for.
        asked: Url,
        /// The scopes that there are.
        known: Vec<Url>,
    },
    /// A tag that is not registered and never was, as far as is known.
    #[error("no sync is registered as `{asked}`; {}", known_tags(known))]
    UnknownTag {
        /// What was asked for.
        asked: String,
        /// The tags that are registered or have been.
        known: Vec<String>,
    },
    /// A strict host ends, and there were warnings.
    #[error("the host is strict, and {count} {} given: put right what they tell of, or turn them off by name", if *count == 1 { "warning was" } else { "warnings were" })]
    Warned {
        /// How many.
        count: usize,
    },
    /// A `sync` or `push` event was to be sent without a network.
    #[error(
        "the host is offline, and no `sync` or `push` event is sent offline; bring it online first"
    )]
    Offline,
    /// A push message that is not for any subscription, or whose sender may not send it.
    #[error(transparent)]
    Push(#[from] PushRefusal),
    /// The registration with that scope has no push subscription.
    #[error("the worker of `{0}` has not subscribed to push messages")]
    NotSubscribed(Url),
    /// No notification has that number.
    #[error("no notification {asked} is shown; {}", known_notifications(known))]
    UnknownNotification {
        /// What was asked for.
        asked: i64,
        /// The notifications that there are.
        known: Vec<i64>,
    },
    /// No background fetch has that name.
    #[error("there is no background fetch `{asked}`; {}", known_fetches(known))]
    UnknownBackgroundFetch {
        /// What was asked for.
        asked: String,
        /// The names of those that there are.
        known: Vec<String>,
    },
    /// The notification has no such button.
    #[error("the notification has no action `{asked}`; {}", known_actions(known))]
    UnknownAction {
        /// What was asked for.
        asked: String,
        /// The actions it has.
        known: Vec<String>,
    },
    /// An origin whose scripts must not be trusted with a service worker.
    #[error("`{0}` is not a secure context: use https, or http on localhost")]
    InsecureOrigin(Url),
    /// No host ever used that data folder.
    #[error("there is no landfall data in `{}`: name the folder that a host was given", .0.display())]
    NoData(PathBuf),
    /// A setting of the builder.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// An evaluation's result that is not JSON.
    #[error("the result is not JSON: {0}")]
    NotJson(#[from] serde_json::Error),
    /// The operating system refused a thread.
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
    /// No temporary folder could be made.
    #[error("cannot make a temporary folder: {0}")]
    TemporaryFolder(std::io::Error),
    /// V8 could not start a scope.
    #[error("the script engine did not start: {0}")]
    Engine(String),
    /// Time was to pass on a clock that nobody can move.
    #[error(
        "the host lives by the computer's clock; to move time by hand, start it with `--clock manual` or build it with a `ManualClock`"
    )]
    ClockNotManual,
    /// The client was closed.
    #[error("the client is closed")]
    ClientClosed,
    /// The host was shut down.
    #[error("the host is shut down")]
    ShutDown,
}

impl Error {
    /// The script's error with its place in the source, if a script failed.
    pub fn script_error(&self) -> Option<&ScriptError> {
        match self {
            Self::Script(error) => Some(error),
            _ => None,
        }
    }
}

fn known_scopes(known: &[Url]) -> String {
    if known.is_empty() {
        return "nothing is registered".to_owned();
    }
    let scopes: Vec<String> = known.iter().map(|scope| format!("`{scope}`")).collect();
    format!("registered are {}", scopes.join(", "))
}

fn known_notifications(known: &[i64]) -> String {
    if known.is_empty() {
        return "none is".to_owned();
    }
    let ids: Vec<String> = known.iter().map(i64::to_string).collect();
    format!("shown are {}", ids.join(", "))
}

fn known_fetches(known: &[String]) -> String {
    if known.is_empty() {
        return "nor is there any other".to_owned();
    }
    let ids: Vec<String> = known.iter().map(|id| format!("`{id}`")).collect();
    format!("there are {}", ids.join(", "))
}

fn known_actions(known: &[String]) -> String {
    if known.is_empty() {
        return "it has none".to_owned();
    }
    let actions: Vec<String> = known.iter().map(|action| format!("`{action}`")).collect();
    format!("it has {}", actions.join(", "))
}

/// So many tags are named; there may be a hundred thousand.
const MOST_NAMED: usize = 20;

fn known_tags(known: &[String]) -> String {
    if known.is_empty() {
        return "nor is any other".to_owned();
    }
    let named: Vec<String> = known
        .iter()
        .take(MOST_NAMED)
        .map(|tag| format!("`{tag}`"))
        .collect();
    let rest = match known.len().saturating_sub(MOST_NAMED) {
        0 => String::new(),
        rest => format!(" and {rest} more"),
    };
    format!("known are {}{rest}", named.join(", "))
}
