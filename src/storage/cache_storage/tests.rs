//! Caches of an origin as several threads use them, with real files.

use std::path::Path;
use std::rc::Rc;

use tempfile::TempDir;
use url::Url;

use crate::storage::Durability;
use crate::storage::cache_storage::{
    BodyWriter, CacheId, CachePins, CacheQuery, CacheStorage, CachedRequest, CachedResponse, Found,
    NewEntry, PutError,
};

const SOME_CACHE: &str = "\"v1\"";

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder can be made")
}

fn open(folder: &Path, pins: &CachePins) -> Rc<CacheStorage> {
    let caches = CacheStorage::open(folder, Durability::Relaxed, pins);
    Rc::new(caches.expect("the caches can be opened"))
}

fn url(text: &str) -> Url {
    Url::parse(text).expect("tests use well-formed addresses")
}

fn pairs(headers: &[(&str, &str)]) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn request(address: &str, headers: &[(&str, &str)]) -> CachedRequest {
    CachedRequest {
        url: url(address),
        headers: pairs(headers),
        mode: None,
        credentials: None,
        cache: None,
        redirect: None,
        referrer: None,
        referrer_policy: None,
        integrity: None,
        keepalive: None,
    }
}

fn response(headers: &[(&str, &str)]) -> CachedResponse {
    CachedResponse {
        kind: "default".to_owned(),
        url_list: vec!["https://shop.example/".to_owned()],
        status: 200,
        status_text: "OK".to_owned(),
        headers: pairs(headers),
        is_decoded: false,
    }
}

fn entry(caches: &Rc<CacheStorage>, address: &str, body: &[u8]) -> NewEntry {
    let writer = BodyWriter::new(caches.clone());
    writer.write(body).expect("it can be written");
    NewEntry {
        request: request(address, &[]),
        response: response(&[]),
        body: Some(writer),
    }
}

fn put(caches: &Rc<CacheStorage>, cache: CacheId, address: &str, body: &[u8]) {
    caches
        .put(cache, &[entry(caches, address, body)])
        .expect("it can be put");
}

fn query(address: &str) -> CacheQuery {
    CacheQuery::exactly(&request(address, &[]))
}

fn body_of(found: Option<Found>) -> Option<Vec<u8>> {
    let body = found?.body.expect("the test put a body");
    Some(body.read_to_end().expect("it can be read"))
}

fn count(caches: &CacheStorage, table: &str) -> i64 {
    caches
        .database
        .run("count", |connection| {
            connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
                row.get(0)
            })
        })
        .expect("it can be counted")
}

#[test]
fn caches_are_listed_in_the_order_of_creation() {
    let folder = folder();
    let caches = open(folder.path(), &CachePins::new());
    for name in ["\"b\"", "\"\"", "\"a\"", "\"b\"", "\"\\ud800\""] {
        caches.open_cache(name).unwrap();
    }
    assert!(caches.delete_cache("\"b\"").unwrap());
    assert!(!caches.delete_cache("\"b\"").unwrap());
    caches.open_cache("\"b\"").unwrap();
    assert_eq!(
        caches.cache_names().unwrap(),
        ["\"\"", "\"a\"", "\"\\ud800\"", "\"b\""]
    );
    assert!(caches.has_cache("\"\"").unwrap());
    assert!(!caches.has_cache("\"c\"").unwrap());
}

#[test]
fn what_was_put_survives_the_process() {
    let folder = folder();
    let caches = open(folder.path(), &CachePins::new());
    let cache = caches.open_cache(SOME_CACHE).unwrap();
    put(&caches, cache, "https://shop.example/a", b"hello");
    drop(caches);
    let caches = open(folder.path(), &CachePins::new());
    let found = caches
        .match_first(cache, &query("https://shop.example/a#top"))
        .unwrap();
    assert_eq!(found.as_ref().unwrap().response, response(&[]));
    assert_eq!(body_of(found).unwrap(), b"hello");
}

#[test]
fn an_address_is_compared_without_fragment_and_on_request_without_query() {
    let folder = folder();
    let caches = open(folder.path(), &CachePins::new());
    let cache = caches.open_cache(SOME_CACHE).unwrap();
    put(&caches, cache, "https://shop.example/a?page=1#x", b"1");
    put(&caches, cache, "https://shop.example/a?page=2", b"2");
    let found = |address: &str, ignore_search| {
        let query = CacheQuery {
            ignore_search,
            ..query(address)
        };
        body_of(caches.match_first(cache, &query).unwrap())
    };
    assert_eq!(
        found("https://shop.example/a?page=2#y", false).unwrap(),
        b"2"
    );
    assert_eq!(found("https://shop.example/a", false), None);
    assert_eq!(found("https://shop.example/a?page=9", true).unwrap(), b"1");
    assert_eq!(found("https://shop.example/b", true), None);
    let stored = caches.requests(cache, None).unwrap();
    assert_eq!(
        stored[0].url.fragment(),
        Some("x"),
        "the request itself keeps its fragment"
    );
}

#[test]
fn vary_tells_entries_of_one_address_apart() {
    let folder = folder();
    let caches = open(folder.path(), &CachePins::new());
    let cache = caches.open_cache(SOME_CACHE).unwrap();
    let varied = |shape: &[(&str, &str)], body: &[u8]| NewEntry {
        request: request("https://shop.example/shape", shape),
        response: response(&[("Vary", "Accept, X-Shape")]),
        ..entry(&caches, "https://shop.example/shape", body)
    };
    let both = [
        varied(&[("x-shape", "round")], b"round"),
        varied(&[], b"any"),
    ];
    caches.put(cache, &both).unwrap();
    let found = |headers: &[(&str, &str)], ignore_vary| {
        let query = CacheQuery {
            headers: pairs(headers),
            ignore_vary,
            ..query("https://shop.example/shape")
        };
        body_of(caches.match_first(cache, &query).unwrap())
    };
    assert_eq!(found(&[("X-SHAPE", "round")], false).unwrap(), b"round");
    assert_eq!(found(&[], false).unwrap(), b"any");
    assert_eq!(found(&[("x-shape", "square")], false), None);
    assert_eq!(found(&[("x-shape", "square")], true).unwrap(), b"round");
}

#[test]
fn putting_again_replaces_and_comes_last() {
    let folder = folder();
    let caches = open(folder.path(), &CachePins::new());
    let cache = caches.open_cache(SOME_CACHE).unwrap();
    for (address, body) in [("/a", b"1"), ("/b", b"2"), ("/a", b"3")] {
        put(
            &caches,
            cache,
            &format!("https://shop.example{address}"),
            body,
        );
    }
    let paths: Vec<String> = caches
        .requests(cache, None)
        .unwrap()
        .iter()
        .map(|request| request.url.path().to_owned())
        .collect();
    assert_eq!(paths, ["/b", "/a"]);
    let bodies: Vec<_> = caches
        .match_all(cache, None)
        .unwrap()
        .into_iter()
        .map(Some)
        .map(body_of)
        .collect();
    assert_eq!(bodies, [Some(b"2".to_vec()), Some(b"3".to_vec())]);
    assert_eq!(count(&caches, "body"), 2, "the replaced body is gone");
}

#[test]
fn entries_that_would_replace_one_another_are_refused_together() {
    let folder = folder();
    let caches = open(folder.path(), &CachePins::new());
    let cache = caches.open_cache(SOME_CACHE).unwrap();
    let entries = ["/a", "/b", "/a#again"]
        .map(|path| entry(&caches, &format!("https://shop.example{path}"), b"x"));
    let refused = caches.put(cache, &entries).unwrap_err();
    assert!(matches!(refused, PutError::Duplicate(url) if url.fragment() == Some("again")));
    drop(entries);
    assert_eq!((count(&caches, "entry"), count(&caches, "body")), (0, 0));
}

#[test]
fn one_entry_that_answers_for_another_is_refused_in_either_order() {
    let folder = folder();
    let caches = open(folder.path(), &CachePins::new());
    let cache = caches.open_cache(SOME_CACHE).unwrap();
    let address = "https://shop.example/shape";
    let varied = |shape: &str, vary: &str| NewEntry {
        request: request(address, &[("x-shape", shape), ("x-size", "big")]),
        response: response(&[("vary", vary)]),
        ..entry(&caches, address, b"")
    };
    let by_shape = || varied("round", "x-shape");
    let by_size = || varied("square", "x-size");
    for both in [[by_shape(), by_size()], [by_size(), by_shape()]] {
        let refused = caches.put(cache, &both).unwrap_err();
        assert!(matches!(refused, PutError::Duplicate(_)));
    }
}

#[test]
fn a_deleted_entry_can_be_read_to_its_end() {
    let folder = folder();
    let pins = CachePins::new();
    let (reader, deleter) = (open(folder.path(), &pins), open(folder.path(), &pins));
    let cache = reader.open_cache(SOME_CACHE).unwrap();
    let large = vec![7; 1_000_000];
    put(&reader, cache, "https://shop.example/a", &large);
    let address = query("https://shop.example/a");
    let found = reader.match_first(cache, &address).unwrap();
    assert!(deleter.delete_entries(cache, &address).unwrap());
    assert!(!deleter.delete_entries(cache, &address).unwrap());
    assert!(reader.match_first(cache, &address).unwrap().is_none());
    assert_eq!(body_of(found).unwrap(), large);
    assert_eq!(count(&reader, "body"), 0, "it went with its last reader");
}

#[test]
fn a_deleted_cache_goes_on_for_those_who_have_it() {
    let folder = folder();
    let pins = CachePins::new();
    let (holder, deleter) = (open(folder.path(), &pins), open(folder.path(), &pins));
    let old = holder.open_cache(SOME_CACHE).unwrap();
    put(&holder, old, "https://shop.example/a", b"old");
    assert!(deleter.delete_cache(SOME_CACHE).unwrap());
    assert!(!deleter.has_cache(SOME_CACHE).unwrap());
    put(&holder, old, "https://shop.example/b", b"new");
    assert_eq!(holder.requests(old, None).unwrap().len(), 2);
    let new = deleter.open_cache(SOME_CACHE).unwrap();
    assert_ne!(old, new);
    assert!(deleter.requests(new, None).unwrap().is_empty());
    let everywhere = query("https://shop.example/a");
    assert!(deleter.match_anywhere(None, &everywhere).unwrap().is_none());
    drop(holder);
    assert_eq!((count(&deleter, "cache"), count(&deleter, "body")), (1, 0));
}

#[test]
fn the_first_cache_that_answers_is_the_oldest() {
    let folder = folder();
    let caches = open(folder.path(), &CachePins::new());
    let (first, second) = (
        caches.open_cache("\"1\"").unwrap(),
        caches.open_cache("\"2\"").unwrap(),
    );
    put(&caches, second, "https://shop.example/a", b"second");
    let address = query("https://shop.example/a");
    let anywhere = |name| body_of(caches.match_anywhere(name, &address).unwrap());
    assert_eq!(anywhere(None).unwrap(), b"second");
    put(&caches, first, "https://shop.example/a", b"first");
    assert_eq!(anywhere(None).unwrap(), b"first");
    assert_eq!(anywhere(Some("\"2\"")).unwrap(), b"second");
    assert_eq!(anywhere(Some("\"3\"")), None);
}

#[test]
fn a_large_body_comes_back_piece_by_piece() {
    let folder = folder();
    let caches = open(folder.path(), &CachePins::new());
    let cache = caches.open_cache(SOME_CACHE).unwrap();
    let large: Vec<u8> = (0..3_000_017_u32)
        .map(|number| (number % 251) as u8)
        .collect();
    let writer = BodyWriter::new(caches.clone());
    for piece in large.chunks(70_001) {
        writer.write(piece).unwrap();
    }
    let entry = NewEntry {
        body: Some(writer),
        ..entry(&caches, "https://shop.example/film", b"")
    };
    caches.put(cache, &[entry]).unwrap();
    let found = caches
        .match_first(cache, &query("https://shop.example/film"))
        .unwrap();
    let reader = found.unwrap().body.unwrap();
    assert_eq!(reader.length(), 3_000_017);
    let mut pieces = Vec::new();
    while let Some(piece) = reader.read().unwrap() {
        pieces.push(piece);
    }
    assert_eq!(pieces.len(), 12);
    assert_eq!(pieces.concat(), large);
}

#[test]
fn a_body_without_an_entry_leaves_nothing_behind() {
    let folder = folder();
    let caches = open(folder.path(), &CachePins::new());
    let writer = BodyWriter::new(caches.clone());
    writer.write(&vec![0; 600_000]).unwrap();
    assert_eq!(count(&caches, "body_chunk"), 2);
    drop(writer);
    assert_eq!(
        (count(&caches, "body"), count(&caches, "body_chunk")),
        (0, 0)
    );

    let killed = BodyWriter::new(caches.clone());
    killed.write(&vec![0; 600_000]).unwrap();
    let next_process = open(folder.path(), &CachePins::new());
    assert_eq!(count(&next_process, "body"), 0);
}

#[test]
fn an_empty_body_is_not_the_same_as_none() {
    let folder = folder();
    let caches = open(folder.path(), &CachePins::new());
    let cache = caches.open_cache(SOME_CACHE).unwrap();
    put(&caches, cache, "https://shop.example/empty", b"");
    let without = NewEntry {
        body: None,
        ..entry(&caches, "https://shop.example/none", b"")
    };
    caches.put(cache, &[without]).unwrap();
    let found = |address: &str| caches.match_first(cache, &query(address)).unwrap().unwrap();
    assert_eq!(
        found("https://shop.example/empty")
            .body
            .unwrap()
            .read_to_end()
            .unwrap(),
        b""
    );
    assert!(found("https://shop.example/none").body.is_none());
}

#[test]
fn the_file_becomes_smaller_when_large_entries_are_deleted() {
    let folder = folder();
    let caches = open(folder.path(), &CachePins::new());
    let cache = caches.open_cache(SOME_CACHE).unwrap();
    let large = vec![7; 5_000_000];
    for address in ["https://shop.example/a", "https://shop.example/b"] {
        put(&caches, cache, address, &large);
    }
    put(&caches, cache, "https://shop.example/kept", b"kept");
    let size = || {
        let file = folder.path().join(CacheStorage::FILE_NAME);
        std::fs::metadata(file).unwrap().len()
    };
    // The rest of it is still in the write-ahead log.
    assert!(size() > 5_000_000, "{}", size());
    for address in ["https://shop.example/a", "https://shop.example/b"] {
        assert!(caches.delete_entries(cache, &query(address)).unwrap());
    }
    assert!(size() < 1_000_000, "{}", size());
    let kept = caches.match_first(cache, &query("https://shop.example/kept"));
    assert_eq!(body_of(kept.unwrap()).unwrap(), b"kept");
}
