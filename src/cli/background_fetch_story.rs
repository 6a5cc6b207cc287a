//! What happens to background fetches, told in lines.

use crate::background_fetch::{Display, FailureReason};
use crate::cli::story::{BLUE, GREEN, Line, Weight, YELLOW, failure, reason, told};
use crate::cli::values::spoken_size;
use crate::host::BackgroundFetchEvent;
use crate::service_worker::{EventKind, EventOutcome};

/// The line for something that happened to a background fetch.
pub(super) fn background_fetch(event: &BackgroundFetchEvent) -> Line {
    use BackgroundFetchEvent as Event;
    match event {
        Event::Registered {
            id,
            display,
            requests,
            ..
        } => registered(id, display, *requests),
        Event::Resumed { id, downloaded, .. } => {
            let there = spoken_size(*downloaded);
            told("fetching", BLUE, format!("`{id}` again, {there} are there"))
        }
        Event::Progress {
            id,
            uploaded,
            downloaded,
            ..
        } => Line {
            weight: Weight::Detail,
            ..told("progress", BLUE, so_far(id, *uploaded, *downloaded))
        },
        Event::RequestEnded {
            method,
            address,
            status,
            bytes,
            failure_reason,
            ..
        } => {
            let status = status.map_or("no answer".to_owned(), |status| status.to_string());
            let text = format!("{method} {address}: {status}, {}", spoken_size(*bytes));
            request_ended(text, *failure_reason)
        }
        Event::Ended {
            id,
            failure_reason,
            uploaded,
            downloaded,
            ..
        } => ended(so_far(id, *uploaded, *downloaded), *failure_reason),
        Event::Updated { id, display, .. } => told("shown", GREEN, named(id, display)),
        Event::Clicked { id, .. } => told("clicked", BLUE, format!("`{id}`")),
        Event::EventEnded {
            id, kind, outcome, ..
        } => event_ended(id, *kind, outcome),
        Event::GivenUp { id, deliveries, .. } => failure(
            "dropped",
            format!("the last event of `{id}`: the process ended {deliveries} times during it"),
        ),
    }
}

fn registered(id: &str, display: &Display, requests: usize) -> Line {
    let requests = match requests {
        1 => "1 request".to_owned(),
        several => format!("{several} requests"),
    };
    let text = format!("{}, {requests}", named(id, display));
    told("fetching", BLUE, text)
}

fn request_ended(text: String, why: FailureReason) -> Line {
    match why {
        FailureReason::None => told("fetched", BLUE, text),
        why => told("not fetched", YELLOW, format!("{text}, {}", why.as_str())),
    }
}

fn ended(text: String, why: FailureReason) -> Line {
    match why {
        FailureReason::None => told("fetched", GREEN, text),
        why => failure("not fetched", format!("{text}, {}", why.as_str())),
    }
}

fn event_ended(id: &str, kind: EventKind, outcome: &EventOutcome) -> Line {
    let text = format!("`{}` of `{id}` {}", kind.name(), reason(outcome));
    if outcome.is_success() {
        told("done", GREEN, text)
    } else {
        failure("failed", text)
    }
}

fn named(id: &str, display: &Display) -> String {
    match display.title.as_str() {
        "" => format!("`{id}`"),
        title => format!("`{id}` {title:?}"),
    }
}

fn so_far(id: &str, uploaded: u64, downloaded: u64) -> String {
    let received = format!("{} received", spoken_size(downloaded));
    match uploaded {
        0 => format!("`{id}` {received}"),
        uploaded => format!("`{id}` {} sent, {received}", spoken_size(uploaded)),
    }
}
