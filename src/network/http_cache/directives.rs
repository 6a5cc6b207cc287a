//! The directives of `Cache-Control`, of requests and responses alike.

use std::time::Duration;

use crate::header_list::{HeaderList, combined_value, first_value};

/// Longer than this is for ever: <https://httpwg.org/specs/rfc9111.html#delta-seconds>
const LONGEST_SECONDS: u64 = 1 << 31;

/// Directives in their order; names in lower case, values without quotes.
#[derive(Debug, Default)]
pub(super) struct Directives(Vec<(String, Option<String>)>);

impl Directives {
    /// Those of a message. `Pragma: no-cache` counts where there is no `Cache-Control`.
    pub(super) fn of(headers: &HeaderList) -> Self {
        if let Some(value) = combined_value(headers, "cache-control") {
            return Self::parse(&String::from_utf8_lossy(&value));
        }
        match first_value(headers, "pragma") {
            Some(value) => {
                let pragma = Self::parse(&String::from_utf8_lossy(value));
                let kept = pragma.0.into_iter().filter(|(name, _)| name == "no-cache");
                Self(kept.collect())
            }
            None => Self::default(),
        }
    }

    fn parse(text: &str) -> Self {
        let mut is_quoted = false;
        let items = text.split(|char| {
            is_quoted ^= char == '"';
            char == ',' && !is_quoted
        });
        let directives = items.map(|item| match item.split_once('=') {
            Some((name, value)) => {
                let value = value.trim().trim_matches('"').to_owned();
                (name.trim().to_ascii_lowercase(), Some(value))
            }
            None => (item.trim().to_ascii_lowercase(), None),
        });
        Self(directives.filter(|(name, _)| !name.is_empty()).collect())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Whether it stands there without a value.
    pub(super) fn is_bare(&self, name: &str) -> bool {
        self.find(name).is_some_and(|value| value.is_none())
    }

    /// The time that a directive names; none at all if what it says is no number. Of several the first holds.
    pub(super) fn seconds(&self, name: &str) -> Option<Duration> {
        let seconds = parse_seconds(self.find(name)?.as_deref().unwrap_or_default());
        Some(seconds.unwrap_or_default())
    }

    fn find(&self, name: &str) -> Option<&Option<String>> {
        let found = self.0.iter().find(|(candidate, _)| candidate == name);
        found.map(|(_, value)| value)
    }
}

/// <https://httpwg.org/specs/rfc9111.html#delta-seconds>
pub(super) fn parse_seconds(text: &str) -> Option<Duration> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = text.parse().unwrap_or(LONGEST_SECONDS);
    is_number.then(|| Duration::from_secs(seconds.min(LONGEST_SECONDS)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directives(name: &str, value: &str) -> Directives {
        Directives::of(&vec![(name.to_owned(), value.as_bytes().to_vec())])
    }

    #[test]
    fn directives_are_read_whatever_their_case_and_quotes() {
        let read = directives(
            "cache-control",
            "Private=\"a, max-age=1\", MAX-AGE=\"60\" ,,no-store",
        );
        assert_eq!(read.seconds("max-age"), Some(Duration::from_secs(60)));
        assert!(read.has("no-store") && read.has("private") && !read.has("no-cache"));
        assert!(read.is_bare("no-store") && !read.is_bare("private"));
    }

    #[test]
    fn a_time_that_is_no_number_is_none_and_a_huge_one_is_for_ever() {
        let seconds = |value: &str| directives("Cache-Control", value).seconds("max-age");
        assert_eq!(seconds("max-age=soon"), Some(Duration::ZERO));
        assert_eq!(seconds("max-age=-1"), Some(Duration::ZERO));
        assert_eq!(
            seconds("max-age=5, max-age=9"),
            Some(Duration::from_secs(5))
        );
        assert_eq!(
            seconds("max-age=99999999999999999999999"),
            Some(Duration::from_secs(LONGEST_SECONDS))
        );
        assert_eq!(seconds("public"), None);
    }

    #[test]
    fn pragma_counts_for_what_it_means_only() {
        assert!(directives("pragma", "no-cache").has("no-cache"));
        assert!(!directives("pragma", "no-store").has("no-store"));
    }
}
