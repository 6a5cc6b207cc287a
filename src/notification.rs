//! A notification: what a script gave to be shown. Showing it is the embedder's part.
//! <https://notifications.spec.whatwg.org/>

use serde::{Deserialize, Serialize};

/// The value of `Notification.dir`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// As the text says itself.
    #[default]
    Auto,
    /// Left to right.
    Ltr,
    /// Right to left.
    Rtl,
}

/// A button of a notification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotificationAction {
    /// Its name: `event.action` when it is clicked.
    pub action: String,
    /// What is written on it.
    pub title: String,
    /// The address of its picture.
    pub icon: Option<String>,
}

/// Everything that is worth showing. Addresses are absolute.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Notification {
    /// The headline.
    pub title: String,
    /// Which way the text runs.
    pub dir: Direction,
    /// The language of the text, as given; may be empty.
    pub lang: String,
    /// The text.
    pub body: String,
    /// A notification takes the place of one of the same origin with the same tag. Empty for none.
    pub tag: String,
    /// The address of a picture to show.
    pub image: Option<String>,
    /// The address of a picture of who tells it.
    pub icon: Option<String>,
    /// The address of a small picture for where there is no room.
    pub badge: Option<String>,
    /// Milliseconds of vibration and pause in turn.
    pub vibrate: Vec<u32>,
    /// The moment that it is about, in milliseconds since the epoch.
    pub timestamp: u64,
    /// Whether to alert again when it takes the place of another one.
    pub renotify: bool,
    /// `true`: no sound and no vibration.
    pub silent: Option<bool>,
    /// Whether it stays until somebody acts on it.
    pub require_interaction: bool,
    /// Its buttons.
    pub actions: Vec<NotificationAction>,
}

impl Notification {
    /// Whether it takes the place of `shown`, a notification of the same origin.
    /// <https://notifications.spec.whatwg.org/#notification-show-steps>
    pub fn replaces(&self, shown: &Self) -> bool {
        !self.tag.is_empty() && self.tag == shown.tag
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notification_replaces_the_one_with_its_tag_and_none_without() {
        let tagged = |tag: &str| Notification {
            tag: tag.to_owned(),
            ..Notification::default()
        };
        assert!(tagged("mail").replaces(&tagged("mail")));
        assert!(!tagged("mail").replaces(&tagged("chat")));
        assert!(!tagged("").replaces(&tagged("")));
    }
}
