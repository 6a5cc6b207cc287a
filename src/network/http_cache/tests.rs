//! The rules of the cache, with headers and times handed in.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, stream};
use url::Url;

use super::freshness::{Freshness, is_storable};
use super::{Arrival, CacheKey, HttpCache, StoredResponse, Verdict};
use crate::clock::Timestamp;
use crate::header_list::HeaderList;
use crate::network::body::Body;
use crate::network::request::Request;
use crate::network::response::{CacheState, Response};

const DATE: &str = "Thu, 01 Jan 2026 00:00:00 GMT";
const HOUR_LATER: &str = "Thu, 01 Jan 2026 01:00:00 GMT";
const TEN_HOURS_BEFORE: &str = "Wed, 31 Dec 2025 14:00:00 GMT";

const ON_TIME: Arrival = Arrival {
    now: Timestamp(1_767_225_600_000),
    elapsed: Duration::ZERO,
    delay: Duration::ZERO,
};

fn headers(pairs: &[(&str, &str)]) -> HeaderList {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
        .collect()
}

/// What becomes of a response with these headers after some seconds, for a request with these.
fn verdict(response: &[(&str, &str)], request: &[(&str, &str)], seconds: u64) -> Verdict {
    Freshness::of(200, &headers(response), ON_TIME.now, ON_TIME.delay)
        .verdict(Duration::from_secs(seconds), &headers(request))
}

#[test]
fn what_is_kept_follows_from_status_and_headers() {
    for (status, response, is_kept) in [
        (200, &[][..], true),
        (299, &[], false),
        (299, &[("cache-control", "max-age=1")], true),
        (299, &[("expires", DATE)], true),
        (404, &[], true),
        (500, &[("cache-control", "public")], true),
        (206, &[("cache-control", "max-age=1")], false),
        (304, &[("cache-control", "max-age=1")], false),
        (416, &[("cache-control", "max-age=1")], false),
        (200, &[("cache-control", "max-age=1, no-store")], false),
        (200, &[("cache-control", "private")], true),
        (
            299,
            &[("cache-control", "max-age=1, must-understand")],
            false,
        ),
    ] {
        let kept = is_storable(&headers(&[]), status, &headers(response));
        assert_eq!(kept, is_kept, "{status} {response:?}");
    }
    let secret = headers(&[("Cache-Control", "no-store")]);
    assert!(!is_storable(&secret, 200, &headers(&[])));
}

#[test]
fn the_lifetime_is_what_the_server_says_or_a_tenth_of_the_last_change() {
    use Verdict::{Fresh, Stale};
    for (response, seconds, expected) in [
        (&[("cache-control", "max-age=60")][..], 59, Fresh),
        (&[("cache-control", "max-age=60")], 60, Stale),
        (&[("cache-control", "s-maxage=60")], 0, Stale),
        (&[("cache-control", "max-age=60"), ("age", "50")], 10, Stale),
        (
            &[("cache-control", "max-age=60"), ("expires", "0")],
            59,
            Fresh,
        ),
        (
            &[("cache-control", "max-age=0"), ("expires", HOUR_LATER)],
            0,
            Stale,
        ),
        (&[("date", DATE), ("expires", HOUR_LATER)], 3599, Fresh),
        (&[("date", DATE), ("expires", HOUR_LATER)], 3600, Stale),
        (&[("date", HOUR_LATER), ("expires", HOUR_LATER)], 0, Stale),
        (&[("expires", "0")], 0, Stale),
        (&[("last-modified", TEN_HOURS_BEFORE)], 3599, Fresh),
        (&[("last-modified", TEN_HOURS_BEFORE)], 3600, Stale),
        (&[("cache-control", "max-age=60, no-cache")], 0, Stale),
        (&[], 0, Stale),
    ] {
        assert_eq!(
            verdict(response, &[], seconds),
            expected,
            "{response:?} {seconds}"
        );
    }
    let delayed = Freshness::of(
        200,
        &headers(&[("cache-control", "max-age=60")]),
        ON_TIME.now,
        Duration::from_secs(60),
    );
    assert_eq!(delayed.verdict(Duration::ZERO, &headers(&[])), Stale);
}

#[test]
fn a_request_may_ask_for_fresher_or_take_staler() {
    use Verdict::{Fresh, Stale, WhileRevalidated};
    let minute = &[("cache-control", "max-age=60")][..];
    let strict = &[("cache-control", "max-age=60, must-revalidate")][..];
    let lax = &[("cache-control", "max-age=60, stale-while-revalidate=30")][..];
    for (response, asked, seconds, expected) in [
        (minute, "max-age=10", 10, Fresh),
        (minute, "max-age=10", 11, Stale),
        (minute, "min-fresh=20", 40, Fresh),
        (minute, "min-fresh=20", 41, Stale),
        (minute, "max-stale", 9999, Fresh),
        (minute, "max-stale=5", 65, Fresh),
        (minute, "max-stale=5", 66, Stale),
        (strict, "max-stale=5", 65, Stale),
        (minute, "no-cache", 0, Stale),
        (lax, "", 59, Fresh),
        (lax, "", 60, WhileRevalidated),
        (lax, "", 89, WhileRevalidated),
        (lax, "", 90, Stale),
        (lax, "max-age=100", 60, WhileRevalidated),
    ] {
        let found = verdict(response, &[("Cache-Control", asked)], seconds);
        assert_eq!(found, expected, "{response:?} {asked} {seconds}");
    }
    assert_eq!(verdict(minute, &[("pragma", "no-cache")], 0), Stale);
}

fn address() -> Url {
    Url::parse("https://app.example/data?a#b").unwrap()
}

fn key_of(origin: &str, url: &str) -> CacheKey {
    CacheKey::of(&Request::new("GET", Url::parse(url).unwrap(), origin))
}

fn key() -> CacheKey {
    key_of("https://app.example", address().as_str())
}

fn response(pairs: &[(&str, &str)], body: &'static str) -> Response {
    let mut response = Response::new(200);
    response.headers = headers(pairs);
    response.body = Body::from(body);
    response
}

fn stored(pairs: &[(&str, &str)], body: &'static str) -> StoredResponse {
    let stored = StoredResponse::of(&headers(&[]), &response(pairs, ""), ON_TIME);
    stored
        .unwrap()
        .with_body(Bytes::from_static(body.as_bytes()))
}

/// The body that a request with these headers would get.
async fn found(cache: &HttpCache, key: &CacheKey, request: &[(&str, &str)]) -> Option<String> {
    let stored = cache.select(key, &headers(request))?;
    let answer = stored.answer(&address(), CacheState::Local);
    let body = answer.body.collect().await.unwrap();
    Some(String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn each_way_in_which_a_response_varies_is_kept() {
    let cache = Arc::new(HttpCache::new(1 << 20));
    let keep = |request: &[(&str, &str)], vary: &str, body: &'static str| {
        let mut response = response(&[("vary", vary)], body);
        cache.keep(key(), &headers(request), &mut response, ON_TIME);
    };
    keep(&[("Foo", "1")], "foo", "one");
    keep(&[("foo", "2")], "Foo", "two");
    assert_eq!(found(&cache, &key(), &[("FOO", "1")]).await.unwrap(), "one");
    assert_eq!(found(&cache, &key(), &[("foo", "2")]).await.unwrap(), "two");
    assert_eq!(found(&cache, &key(), &[]).await, None);
    keep(&[("Foo", "1")], "foo", "newer");
    assert_eq!(
        found(&cache, &key(), &[("foo", "1")]).await.unwrap(),
        "newer"
    );
    keep(&[("Foo", "1")], "*", "never");
    assert_eq!(
        found(&cache, &key(), &[("foo", "1")]).await,
        None,
        "what it was before is out of date"
    );
}

#[tokio::test]
async fn a_304_changes_headers_and_leaves_the_body() {
    let old = stored(
        &[
            ("etag", "\"1\""),
            ("cache-control", "max-age=1"),
            ("content-type", "text/css"),
            ("x-mark", "old"),
            ("age", "1"),
        ],
        "body",
    );
    assert_eq!(old.validators(), headers(&[("If-None-Match", "\"1\"")]));
    let news = headers(&[
        ("cache-control", "max-age=60"),
        ("content-type", "text/html"),
        ("x-mark", "new"),
        ("x-mark", "newer"),
    ]);
    let fresh = old.freshened(&news, ON_TIME);
    let answer = fresh.answer(&address(), CacheState::Validated);
    assert_eq!(
        answer.headers,
        headers(&[
            ("etag", "\"1\""),
            ("content-type", "text/css"),
            ("cache-control", "max-age=60"),
            ("x-mark", "new"),
            ("x-mark", "newer"),
        ])
    );
    let minute = Duration::from_secs(59);
    assert_eq!(fresh.verdict(&headers(&[]), minute), Verdict::Fresh);
    assert_eq!(answer.body.collect().await.unwrap(), "body");
}

#[tokio::test]
async fn parts_are_cut_from_the_whole() {
    let whole = stored(&[("content-length", "10")], "0123456789");
    for (range, expected) in [
        ("bytes=0-1", Some(("01", "bytes 0-1/10"))),
        ("bytes=7-", Some(("789", "bytes 7-9/10"))),
        ("bytes=-3", Some(("789", "bytes 7-9/10"))),
        ("bytes=-30", Some(("0123456789", "bytes 0-9/10"))),
        ("bytes=8-30", Some(("89", "bytes 8-9/10"))),
        ("bytes=10-", None),
        ("bytes=-0", None),
        ("bytes=3-2", None),
        ("bytes=0-1,4-5", None),
        ("lines=0-1", None),
    ] {
        let part = whole.answer_part(&address(), range.as_bytes());
        let Some((body, content_range)) = expected else {
            assert!(part.is_none(), "{range}");
            continue;
        };
        let part = part.expect(range);
        assert_eq!(part.status, 206);
        assert_eq!(part.header("content-range"), Some(content_range.as_bytes()));
        assert_eq!(
            part.header("content-length"),
            Some(body.len().to_string().as_bytes())
        );
        assert_eq!(part.body.collect().await.unwrap(), body, "{range}");
    }
    let squeezed = stored(&[("content-encoding", "gzip")], "0123456789");
    assert!(squeezed.answer_part(&address(), b"bytes=0-1").is_none());
}

#[tokio::test]
async fn what_is_unused_for_longest_goes_when_there_is_no_room() {
    let body = "0123456789".repeat(100);
    let body: &'static str = Box::leak(body.into_boxed_str());
    let cache = HttpCache::new(16 * 1024);
    let at = |number: usize| key_of("https://a.example", &format!("https://a.example/{number}"));
    for number in 0..10 {
        cache.put(&at(number), stored(&[], body));
    }
    assert!(found(&cache, &at(0), &[]).await.is_some());
    cache.put(&at(10), stored(&[], body));
    assert!(found(&cache, &at(0), &[]).await.is_some(), "just used");
    assert!(found(&cache, &at(1), &[]).await.is_none());
    assert!(found(&cache, &at(10), &[]).await.is_some());
    cache.put(
        &at(0),
        stored(&[], Box::leak(body.repeat(3).into_boxed_str())),
    );
    assert!(
        found(&cache, &at(0), &[]).await.is_none(),
        "too large, and the older one is out of date"
    );
}

#[tokio::test]
async fn addresses_take_room_too() {
    let cache = HttpCache::new(256 * 1024);
    let at = |number: usize| {
        key_of(
            "https://a.example",
            &format!("https://a.example/{number:030000}"),
        )
    };
    for number in 0..10 {
        cache.put(&at(number), stored(&[], "body"));
    }
    assert!(found(&cache, &at(0), &[]).await.is_none());
    assert!(found(&cache, &at(9), &[]).await.is_some());
}

#[tokio::test]
async fn a_body_is_kept_when_it_is_whole_and_nothing_was_cleared_meanwhile() {
    let cache = Arc::new(HttpCache::new(1 << 20));
    let arriving = |pieces: Vec<Result<Bytes, crate::network::NetworkError>>| {
        let mut response = response(&[], "");
        response.body = Body::stream(stream::iter(pieces));
        cache.keep(key(), &headers(&[]), &mut response, ON_TIME);
        response.body.into_stream()
    };
    let piece = |text: &'static str| Ok(Bytes::from_static(text.as_bytes()));
    let mut half_read = arriving(vec![piece("one,"), piece("two")]);
    half_read.next().await;
    drop(half_read);
    assert_eq!(found(&cache, &key(), &[]).await, None);

    let broken = vec![piece("one,"), Err(crate::network::NetworkError::Aborted)];
    arriving(broken).count().await;
    assert_eq!(found(&cache, &key(), &[]).await, None);

    let mut late = arriving(vec![piece("old")]);
    late.next().await;
    cache.clear("https://app.example");
    assert!(late.next().await.is_none());
    assert_eq!(found(&cache, &key(), &[]).await, None);

    let large = "0".repeat(1 << 18);
    let large = arriving(vec![piece("one,"), Ok(Bytes::from(large)), piece("two")]);
    assert_eq!(large.count().await, 3);
    assert_eq!(found(&cache, &key(), &[]).await, None);

    arriving(vec![piece("one,"), piece("two")]).count().await;
    assert_eq!(found(&cache, &key(), &[]).await.unwrap(), "one,two");
}

#[tokio::test]
async fn origins_have_parts_of_their_own() {
    let cache = HttpCache::new(1 << 20);
    let [one, other] = ["https://one.example", "https://other.example"]
        .map(|origin| key_of(origin, "https://cdn.example/a.js#fragment"));
    cache.put(&one, stored(&[], "one"));
    assert_eq!(found(&cache, &other, &[]).await, None);
    cache.put(&other, stored(&[], "other"));
    cache.clear("https://one.example");
    assert_eq!(found(&cache, &one, &[]).await, None);
    assert_eq!(found(&cache, &other, &[]).await.unwrap(), "other");
}
