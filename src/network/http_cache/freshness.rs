//! Whether a response may be kept, and how long it is good: the arithmetic of RFC 9111.
//!
//! Pure: headers and times are handed in.

use std::time::{Duration, UNIX_EPOCH};

use crate::clock::Timestamp;
use crate::header_list::{HeaderList, first_value};
use crate::network::http_cache::directives::{Directives, parse_seconds};

/// "Heuristically cacheable": <https://httpwg.org/specs/rfc9110.html#overview.of.status.codes>
const CACHEABLE_BY_DEFAULT: [u16; 11] = [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501];

/// A guess is a tenth of the time since the last change.
const HEURISTIC_SHARE: u32 = 10;

/// <https://httpwg.org/specs/rfc9111.html#response.cacheability>, for a GET and a cache of one user.
///
/// Parts of a representation are not kept, nor what is said of a part.
pub(super) fn is_storable(request: &HeaderList, status: u16, headers: &HeaderList) -> bool {
    let is_understood = CACHEABLE_BY_DEFAULT.contains(&status);
    let directives = Directives::of(headers);
    let is_final_and_whole = status >= 200 && !matches!(status, 206 | 304 | 416);
    let is_forbidden = directives.has("no-store")
        || Directives::of(request).has("no-store")
        || (directives.has("must-understand") && !is_understood);
    let has_reason = is_understood
        || directives.has("max-age")
        || directives.has("public")
        || first_value(headers, "expires").is_some();
    is_final_and_whole && !is_forbidden && has_reason
}

/// What the headers of a kept response say about its age and its use.
#[derive(Debug, Clone)]
pub(super) struct Freshness {
    lifetime: Duration,
    /// Its age when it came.
    initial_age: Duration,
    is_always_validated: bool,
    is_never_stale: bool,
    /// How long after its lifetime it may be used while it is asked for anew. RFC 5861, section 3.
    while_revalidated: Duration,
}

/// Whether a kept response answers a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Fresh,
    /// It does, and is to be asked for anew meanwhile.
    WhileRevalidated,
    Stale,
}

impl Freshness {
    /// For a response that came at `now`, `delay` after it was asked for.
    ///
    /// The age is what `Age` says and not the distance from `Date`, as RFC 9111 section 4.2.3 allows: the clock may be
    /// one that is moved by hand.
    pub(super) fn of(status: u16, headers: &HeaderList, now: Timestamp, delay: Duration) -> Self {
        let directives = Directives::of(headers);
        let age = text(headers, "age").and_then(|age| parse_seconds(age.trim()));
        Self {
            lifetime: lifetime(status, headers, &directives, now),
            initial_age: age.unwrap_or_default() + delay,
            is_always_validated: directives.has("no-cache"),
            is_never_stale: directives.has("must-revalidate"),
            while_revalidated: directives
                .seconds("stale-while-revalidate")
                .unwrap_or_default(),
        }
    }

    /// Whether it may answer a request with these headers when it has been here for `resident`.
    pub(super) fn verdict(&self, resident: Duration, request: &HeaderList) -> Verdict {
        let asked = Directives::of(request);
        let age = self.initial_age + resident;
        let is_too_old = asked.seconds("max-age").is_some_and(|most| age > most);
        if self.is_always_validated || asked.has("no-cache") || is_too_old {
            return Verdict::Stale;
        }
        if age < self.lifetime {
            let rest = self.lifetime - age;
            return match asked.seconds("min-fresh") {
                Some(least) if rest < least => Verdict::Stale,
                _ => Verdict::Fresh,
            };
        }
        let staleness = age - self.lifetime;
        let is_accepted = asked.is_bare("max-stale")
            || asked
                .seconds("max-stale")
                .is_some_and(|most| staleness <= most);
        if self.is_never_stale || asked.has("min-fresh") {
            Verdict::Stale
        } else if is_accepted {
            Verdict::Fresh
        } else if staleness < self.while_revalidated {
            Verdict::WhileRevalidated
        } else {
            Verdict::Stale
        }
    }
}

/// <https://httpwg.org/specs/rfc9111.html#calculating.freshness.lifetime>
fn lifetime(
    status: u16,
    headers: &HeaderList,
    directives: &Directives,
    now: Timestamp,
) -> Duration {
    if let Some(lifetime) = directives.seconds("max-age") {
        return lifetime;
    }
    let date = date(headers, "date").unwrap_or(now);
    if first_value(headers, "expires").is_some() {
        // A date that cannot be read has passed.
        let expires = self::date(headers, "expires");
        return expires.map_or(Duration::ZERO, |expires| expires.saturating_since(date));
    }
    let may_guess = CACHEABLE_BY_DEFAULT.contains(&status) || directives.has("public");
    match self::date(headers, "last-modified") {
        Some(modified) if may_guess => date.saturating_since(modified) / HEURISTIC_SHARE,
        _ => Duration::ZERO,
    }
}

fn date(headers: &HeaderList, name: &str) -> Option<Timestamp> {
    let date = httpdate::parse_http_date(text(headers, name)?).ok()?;
    let millis = date.duration_since(UNIX_EPOCH).ok()?.as_millis();
    i64::try_from(millis).ok().map(Timestamp)
}

fn text<'h>(headers: &'h HeaderList, name: &str) -> Option<&'h str> {
    std::str::from_utf8(first_value(headers, name)?).ok()
}
