//! Mistakes in workers that no browser tells of: when an event's end deserves a warning, and its words.
//! Whether a warning is given is the host's business.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::service_worker::activity::{EventActivity, RequestRecord, ScriptPlace, WorkKind};
use crate::service_worker::event::{EventKind, EventOutcome};

/// What a warning is about. The names are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum WarningName {
    /// An event was fulfilled although a request during it failed, or its listener threw.
    FalseSuccess,
    /// A sync event was sent and the worker listens to none.
    NoListener,
    /// Work that goes on after the event has ended, because `waitUntil()` was not called.
    NoWaitUntil,
    /// The listener did nothing with this tag.
    UnmatchedTag,
    /// A message that nobody listened to.
    UnheardMessage,
    /// A tag that is registered again in each of its events.
    RegisterLoop,
    /// Navigation preload asked for a page, and the worker did not look at it.
    UnusedPreload,
}

impl WarningName {
    /// Every name there is.
    pub const ALL: [Self; 7] = [
        Self::FalseSuccess,
        Self::NoListener,
        Self::NoWaitUntil,
        Self::UnmatchedTag,
        Self::UnheardMessage,
        Self::RegisterLoop,
        Self::UnusedPreload,
    ];

    /// The name in JSON and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FalseSuccess => "false-success",
            Self::NoListener => "no-listener",
            Self::NoWaitUntil => "no-wait-until",
            Self::UnmatchedTag => "unmatched-tag",
            Self::UnheardMessage => "unheard-message",
            Self::RegisterLoop => "register-loop",
            Self::UnusedPreload => "unused-preload",
        }
    }
}

impl fmt::Display for WarningName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// Text that is the name of no warning.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no warning is called `{0}`; there are {known}", known = WarningName::ALL.map(WarningName::as_str).join(", "))]
pub struct UnknownWarning(String);

impl FromStr for WarningName {
    type Err = UnknownWarning;

    fn from_str(text: &str) -> Result<Self, UnknownWarning> {
        let found = Self::ALL.into_iter().find(|name| name.as_str() == text);
        found.ok_or_else(|| UnknownWarning(text.to_owned()))
    }
}

/// One warning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// What it is about.
    pub name: WarningName,
    /// What happened and what follows, in sentences.
    pub message: String,
    /// Where in the script, if that is known.
    pub place: Option<ScriptPlace>,
}

/// What becomes of the tag whose event ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is gone: no further event will be sent.
    Gone,
    /// Another event will be sent, for example because it was registered again.
    Kept,
    /// It stays, and the next event comes after its interval.
    NextInterval,
    /// The event was sent by hand, which changes no registration.
    ByHand,
}

/// An event that has come to its end.
#[derive(Debug, Clone, Copy)]
pub struct EndedEvent<'a> {
    /// Its kind.
    pub kind: EventKind,
    /// The tag, of a sync event.
    pub tag: Option<(&'a str, Fate)>,
    /// How it ended.
    pub outcome: &'a EventOutcome,
    /// What its script did.
    pub activity: &'a EventActivity,
}

impl EndedEvent<'_> {
    /// What to warn of. An event that did not end well needs no warning: it tells of itself.
    pub fn warnings(&self) -> Vec<Warning> {
        let is_watched = !matches!(self.kind, EventKind::Fetch | EventKind::Message);
        if !is_watched || !self.outcome.is_success() {
            return Vec::new();
        }
        let found = match self.tag {
            Some((tag, fate)) => self.about_tag(tag, fate),
            None => self.unawaited(),
        };
        found.into_iter().collect()
    }

    /// At most one of these is true of an event.
    fn about_tag(&self, tag: &str, fate: Fate) -> Option<Warning> {
        if self.activity.listeners == Some(0) {
            return Some(self.no_listener(tag, fate));
        }
        if self.activity.certain(WorkKind::Error).is_some() && self.activity.extensions == 0 {
            return (fate != Fate::Kept).then(|| self.threw(fate));
        }
        self.unawaited()
            .or_else(|| self.ignored(tag, fate))
            .or_else(|| self.false_success(fate))
    }

    fn no_listener(&self, tag: &str, fate: Fate) -> Warning {
        let event = self.kind.name();
        Warning {
            name: WarningName::NoListener,
            message: format!(
                "a `{event}` event was sent for `{tag}`, and the worker has no listener for `{event}`. It counts as fulfilled: {}. Add the listener at the top level of the script, where it runs at every start.",
                consequence(fate)
            ),
            place: None,
        }
    }

    fn threw(&self, fate: Fate) -> Warning {
        let event = self.kind.name();
        let error = self.activity.certain(WorkKind::Error);
        Warning {
            name: WarningName::FalseSuccess,
            message: format!(
                "the listener for `{event}` threw an error, and an event whose listener throws counts as fulfilled: {}. Give the work to `event.waitUntil()` as a promise, so that its failure counts.",
                consequence(fate)
            ),
            place: error.and_then(|error| error.place.clone()),
        }
    }

    /// Nothing waits for what the listener began.
    fn unawaited(&self) -> Option<Warning> {
        if self.activity.extensions > 0 {
            return None;
        }
        let request = self
            .activity
            .requests
            .iter()
            .find(|r| r.maybe_of.is_empty());
        let work = || {
            let kinds = [WorkKind::Storage, WorkKind::Timer];
            kinds.iter().find_map(|kind| self.activity.certain(*kind))
        };
        let (what, place) = match request {
            Some(RequestRecord {
                method, url, place, ..
            }) => (format!("a request ({method} {url})"), place),
            None => {
                let work = work()?;
                let what = match work.kind {
                    WorkKind::Timer => "a timer",
                    _ => "work with IndexedDB or caches",
                };
                (what.to_owned(), &work.place)
            }
        };
        let event = self.kind.name();
        Some(Warning {
            name: WarningName::NoWaitUntil,
            message: format!(
                "the listener for `{event}` began {what} without `event.waitUntil()`, so the event was over before that was. Whatever it comes to counts as fulfilled{}, and the worker may be stopped in the middle of it. Give its promise to `event.waitUntil()`.",
                if self.tag.is_some() {
                    " and is not tried again"
                } else {
                    ""
                },
            ),
            place: place.clone(),
        })
    }

    fn ignored(&self, tag: &str, fate: Fate) -> Option<Warning> {
        let event = self.kind.name();
        self.activity.is_empty().then(|| Warning {
            name: WarningName::UnmatchedTag,
            message: format!(
                "the listener for `{event}` did nothing with the tag `{tag}`: it called no `event.waitUntil()`, sent no request and used no storage. The event counts as fulfilled: {}. Compare the tag with those that the listener looks for.",
                consequence(fate)
            ),
            place: None,
        })
    }

    fn false_success(&self, fate: Fate) -> Option<Warning> {
        if fate == Fate::Kept {
            return None;
        }
        let failed = last_of_each(&self.activity.requests).find(|request| request.has_failed())?;
        let RequestRecord { method, url, .. } = failed;
        let came_to = match (&failed.failure, failed.status) {
            (None, Some(status)) => format!("was answered with {status}"),
            (failure, _) => format!("failed ({})", failure.as_deref().unwrap_or("no answer")),
        };
        let doubt = if failed.maybe_of.is_empty() {
            String::new()
        } else {
            format!(
                " (Other events ran at the same time, and it cannot be told whose request it was: {}.)",
                failed.maybe_of.join(", ")
            )
        };
        Some(Warning {
            name: WarningName::FalseSuccess,
            message: format!(
                "{method} {url} {came_to} during a `{}` event that was fulfilled all the same: {}. Let the promise given to `event.waitUntil()` reject when a request fails; `fetch()` does not reject for an error status, so look at `response.ok`.{doubt}",
                self.kind.name(),
                consequence(fate)
            ),
            place: failed.place.clone(),
        })
    }
}

/// Of requests to the same address the last one: a script may have tried again by itself.
pub fn last_of_each(requests: &[RequestRecord]) -> impl Iterator<Item = &RequestRecord> {
    requests.iter().enumerate().filter_map(|(index, request)| {
        let is_repeated = requests[index + 1..]
            .iter()
            .any(|later| later.method == request.method && later.url == request.url);
        (!is_repeated).then_some(request)
    })
}

fn consequence(fate: Fate) -> &'static str {
    match fate {
        Fate::Gone => "the tag is gone, and nothing will be tried again",
        Fate::Kept => "this attempt will not be repeated",
        Fate::NextInterval => "nothing will be tried again before the next interval",
        Fate::ByHand => {
            "had it not been sent by hand, the tag would be gone and nothing tried again"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service_worker::activity::Work;

    const OUTBOX: &str = "outbox";

    fn place(line: u32) -> Option<ScriptPlace> {
        let url = "https://app.example/sw.js".to_owned();
        Some(ScriptPlace {
            url,
            line,
            column: 1,
        })
    }

    fn request(url: &str, status: Option<u16>, failure: Option<&str>) -> RequestRecord {
        RequestRecord {
            method: "POST".to_owned(),
            url: url.to_owned(),
            status,
            failure: failure.map(str::to_owned),
            aborted: false,
            duration_ms: Some(1),
            place: place(7),
            maybe_of: Vec::new(),
        }
    }

    fn work(kind: WorkKind, is_certain: bool) -> Work {
        Work {
            kind,
            place: place(3),
            is_certain,
        }
    }

    /// An event with a listener that called `waitUntil()` once.
    fn extended(requests: Vec<RequestRecord>) -> EventActivity {
        EventActivity {
            listeners: Some(1),
            extensions: 1,
            requests,
            ..EventActivity::default()
        }
    }

    fn names(activity: &EventActivity, fate: Fate) -> Vec<WarningName> {
        let event = EndedEvent {
            kind: EventKind::Sync,
            tag: Some((OUTBOX, fate)),
            outcome: &EventOutcome::Fulfilled,
            activity,
        };
        event
            .warnings()
            .iter()
            .map(|warning| warning.name)
            .collect()
    }

    #[test]
    fn a_request_that_failed_makes_a_success_false() {
        let failing = [
            (Some(500), None),
            (Some(599), None),
            (Some(408), None),
            (Some(429), None),
            (None, Some("refused")),
        ];
        for (status, failure) in failing {
            let activity = extended(vec![request("https://a.example/", status, failure)]);
            assert_eq!(names(&activity, Fate::Gone), [WarningName::FalseSuccess]);
            assert_eq!(
                names(&activity, Fate::NextInterval),
                [WarningName::FalseSuccess]
            );
            assert_eq!(names(&activity, Fate::Kept), [], "it was registered again");
        }
        for (status, failure) in [(Some(200), None), (Some(404), None), (None, None)] {
            let activity = extended(vec![request("https://a.example/", status, failure)]);
            assert_eq!(names(&activity, Fate::Gone), []);
        }
    }

    #[test]
    fn of_requests_to_one_address_the_last_one_counts() {
        let (bad, good) = (Some(503), Some(200));
        let to = |path: &str, status| request(&format!("https://a.example/{path}"), status, None);
        let repaired = extended(vec![to("a", bad), to("b", good), to("a", good)]);
        assert_eq!(names(&repaired, Fate::Gone), []);
        let broken = extended(vec![to("a", good), to("a", bad)]);
        assert_eq!(names(&broken, Fate::Gone), [WarningName::FalseSuccess]);
        let other = extended(vec![to("a", bad), to("b", good)]);
        assert_eq!(names(&other, Fate::Gone), [WarningName::FalseSuccess]);
    }

    #[test]
    fn a_request_that_the_script_gave_up_has_not_failed() {
        let mut given_up = request("https://a.example/", None, Some("aborted"));
        given_up.aborted = true;
        assert_eq!(names(&extended(vec![given_up]), Fate::Gone), []);
    }

    #[test]
    fn whose_request_it_was_is_said_where_it_is_not_known() {
        let mut shared = request("https://a.example/", Some(500), None);
        shared.maybe_of = vec!["`sync` of `other`".to_owned()];
        let activity = extended(vec![shared]);
        let event = EndedEvent {
            kind: EventKind::Sync,
            tag: Some((OUTBOX, Fate::Gone)),
            outcome: &EventOutcome::Fulfilled,
            activity: &activity,
        };
        let message = &event.warnings()[0].message;
        assert!(message.contains("cannot be told whose request it was: `sync` of `other`"));
    }

    #[test]
    fn an_event_that_did_not_end_well_needs_no_warning() {
        let activity = extended(vec![request("https://a.example/", Some(500), None)]);
        for outcome in [
            EventOutcome::TimedOut,
            EventOutcome::Terminated,
            EventOutcome::Unresponsive,
        ] {
            let event = EndedEvent {
                kind: EventKind::Sync,
                tag: Some((OUTBOX, Fate::Gone)),
                outcome: &outcome,
                activity: &activity,
            };
            assert_eq!(event.warnings(), []);
        }
    }

    #[test]
    fn without_a_listener_nothing_else_is_said() {
        let activity = EventActivity {
            listeners: Some(0),
            ..EventActivity::default()
        };
        assert_eq!(names(&activity, Fate::Gone), [WarningName::NoListener]);
    }

    #[test]
    fn what_was_begun_must_be_waited_for() {
        let with = |work: Vec<Work>, extensions| EventActivity {
            listeners: Some(1),
            extensions,
            work,
            ..EventActivity::default()
        };
        for kind in [WorkKind::Timer, WorkKind::Storage] {
            let begun = with(vec![work(kind, true)], 0);
            assert_eq!(names(&begun, Fate::Gone), [WarningName::NoWaitUntil]);
            assert_eq!(names(&with(vec![work(kind, true)], 1), Fate::Gone), []);
            let uncertain = with(vec![work(kind, false)], 0);
            assert_eq!(names(&uncertain, Fate::Gone), [], "it may be another's");
        }
        let told = with(vec![work(WorkKind::Message, true)], 0);
        assert_eq!(names(&told, Fate::Gone), []);
        let nothing = with(Vec::new(), 0);
        assert_eq!(names(&nothing, Fate::Gone), [WarningName::UnmatchedTag]);
        let thrown = with(vec![work(WorkKind::Error, true)], 0);
        assert_eq!(names(&thrown, Fate::Gone), [WarningName::FalseSuccess]);
        assert_eq!(names(&thrown, Fate::Kept), []);
    }

    #[test]
    fn fetch_and_message_may_leave_work_behind() {
        let activity = EventActivity {
            listeners: Some(1),
            work: vec![work(WorkKind::Storage, true)],
            ..EventActivity::default()
        };
        let warned = |kind| {
            let event = EndedEvent {
                kind,
                tag: None,
                outcome: &EventOutcome::Fulfilled,
                activity: &activity,
            };
            !event.warnings().is_empty()
        };
        assert!(warned(EventKind::Install) && warned(EventKind::Activate));
        assert!(!warned(EventKind::Fetch) && !warned(EventKind::Message));
    }

    #[test]
    fn every_name_is_read_as_it_is_written() {
        for name in WarningName::ALL {
            assert_eq!(name.as_str().parse(), Ok(name));
            let json = serde_json::to_string(&name).expect("a name is a word");
            assert_eq!(json, format!("\"{name}\""));
        }
        let unknown: Result<WarningName, _> = "loud".parse();
        assert!(unknown.is_err_and(|error| error.to_string().contains("register-loop")));
    }
}
