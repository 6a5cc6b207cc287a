//! What happens to notifications and push messages, told in lines.

use crate::cli::story::{BLUE, GREEN, Line, Weight, YELLOW, failure, reason, told};
use crate::host::{NotificationEnd, NotificationEvent, NotificationStatus, PushEvent};
use crate::service_worker::EventOutcome;

/// The line for something that happened to a notification.
pub(super) fn notification(event: &NotificationEvent) -> Line {
    match event {
        NotificationEvent::Shown(shown) => notification_shown(shown),
        NotificationEvent::Clicked {
            id, title, action, ..
        } => {
            let button = match action.as_str() {
                "" => String::new(),
                action => format!(", `{action}`"),
            };
            told("clicked", BLUE, format!("{id} {title:?}{button}"))
        }
        NotificationEvent::Closed { id, title, by, .. } => {
            told("closed", BLUE, format!("{id} {title:?} {}", ended(*by)))
        }
    }
}

/// The line for something that happened to a push subscription or message.
pub(super) fn push(event: &PushEvent) -> Line {
    match event {
        PushEvent::Subscribed { endpoint, .. } => told("subscribed", BLUE, endpoint.to_string()),
        PushEvent::Unsubscribed { endpoint, .. } => {
            told("unsubscribed", BLUE, endpoint.to_string())
        }
        PushEvent::Queued { scope } => told("push waits", BLUE, format!("for {scope}")),
        PushEvent::Expired { scope } => failure(
            "push dropped",
            format!("for {scope}: it waited longer than its TTL"),
        ),
        PushEvent::GivenUp { scope, deliveries } => failure(
            "push dropped",
            format!("for {scope}: the process ended {deliveries} times while it was delivered"),
        ),
        PushEvent::Started { scope, bytes } => {
            let size = bytes.map_or("without data".to_owned(), |bytes| format!("{bytes} bytes"));
            told("push", BLUE, format!("{size} for {scope}"))
        }
        PushEvent::Ended {
            outcome,
            is_broken_promise,
            ..
        } => push_ended(outcome, *is_broken_promise),
    }
}

fn notification_shown(shown: &NotificationStatus) -> Line {
    let NotificationStatus { id, content, .. } = shown;
    let mut text = format!("{id} {:?}", content.title);
    if !content.body.is_empty() {
        text = format!("{text} {:?}", content.body);
    }
    for action in &content.actions {
        text = format!("{text} [{}: {:?}]", action.action, action.title);
    }
    told("notification", GREEN, text)
}

fn ended(by: NotificationEnd) -> &'static str {
    match by {
        NotificationEnd::Script => "by the script",
        NotificationEnd::User => "by the user",
        NotificationEnd::Replaced => "by one with the same tag",
        NotificationEnd::Unregistered => "with its registration",
        NotificationEnd::PageClosed => "with its page",
    }
}

fn push_ended(outcome: &EventOutcome, is_broken_promise: bool) -> Line {
    let text = format!("`push` {}", reason(outcome));
    if !outcome.is_success() {
        failure("failed", text)
    } else if is_broken_promise {
        let text = format!(
            "{text}, but it showed no notification: the subscription is `userVisibleOnly`, and a browser would show one"
        );
        Line {
            weight: Weight::Always,
            ..told("done", YELLOW, text)
        }
    } else {
        told("done", GREEN, text)
    }
}
