use std::time::Duration;

use super::*;

fn request(method: &str, url: &str) -> RecordRequest {
    RecordRequest {
        method: method.to_owned(),
        url: url.parse().unwrap(),
        headers: Vec::new(),
        mode: "cors".to_owned(),
        credentials: "same-origin".to_owned(),
        redirect: "follow".to_owned(),
        cache: "default".to_owned(),
        referrer: "client".to_owned(),
        referrer_policy: String::new(),
        integrity: String::new(),
        client_url: String::new(),
    }
}

fn record(method: &str) -> Record {
    Record::new(1, request(method, "https://app.example/film?a=1#top"), None)
}

fn head(status: u16, headers: &[(&str, &str)]) -> ResponseHead {
    let headers = headers.iter();
    ResponseHead {
        kind: "basic".to_owned(),
        url_list: Vec::new(),
        status,
        status_text: String::new(),
        headers: headers
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
    }
}

/// A record whose response was cut off after so many bytes.
fn cut_off(method: &str, head: ResponseHead, length: u64) -> Record {
    let mut record = record(method);
    record.response = Some(StoredResponse {
        head,
        file: 2,
        length,
    });
    record
}

fn fetch(results: &[RecordResult]) -> BackgroundFetch {
    let records = results.iter().map(|result| Record {
        result: *result,
        ..record("GET")
    });
    BackgroundFetch {
        number: 1,
        id: "films".to_owned(),
        display: Display::default(),
        download_total: 0,
        records: records.collect(),
        result: FetchResult::Pending,
        failure_reason: FailureReason::None,
        deliveries: 0,
    }
}

const FAILED: fn(FailureReason) -> RecordResult = RecordResult::Failed;

#[test]
fn the_rest_is_asked_for_only_where_it_can_be_told_from_something_else() {
    let rows: &[(&[(&str, &str)], u64)] = &[
        (&[("ETag", "\"a\"")], 5),
        (&[("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")], 5),
        (&[], 0),
        (&[("ETag", "W/\"a\"")], 0),
        (&[("ETag", "\"a\""), ("Accept-Ranges", "none")], 0),
        (&[("ETag", "\"a\""), ("Accept-Ranges", "bytes")], 5),
        (&[("ETag", "\"a\""), ("Content-Encoding", "gzip")], 0),
    ];
    for (headers, start) in rows {
        let cut_off = cut_off("GET", head(200, headers), 5);
        assert_eq!(cut_off.range_start(), *start, "{headers:?}");
    }
    let tagged = || head(200, &[("ETag", "\"a\"")]);
    assert_eq!(cut_off("POST", tagged(), 5).range_start(), 0);
    let foreign = ResponseHead {
        kind: "cors".to_owned(),
        ..tagged()
    };
    assert_eq!(cut_off("GET", foreign, 5).range_start(), 0);
    let partial = head(206, &[("Content-Range", "bytes 0-4/10")]);
    assert_eq!(cut_off("GET", partial, 5).range_start(), 5);
    assert_eq!(record("GET").range_start(), 0);
}

#[test]
fn a_partial_response_must_go_on_where_the_one_before_was_cut_off() {
    let before = || cut_off("GET", head(200, &[("ETag", "\"a\"")]), 5);
    let rows: &[(&[(&str, &str)], Received)] = &[
        (
            &[("Content-Range", "bytes 5-9/10"), ("ETag", "\"a\"")],
            Received::Continue,
        ),
        (
            &[("Content-Range", "bytes 5-9/*"), ("ETag", "\"a\"")],
            Received::Continue,
        ),
        (
            &[("Content-Range", "bytes 4-9/10"), ("ETag", "\"a\"")],
            Received::Invalid,
        ),
        (
            &[("Content-Range", "bytes 5-9/10"), ("ETag", "\"b\"")],
            Received::Invalid,
        ),
        (&[("Content-Range", "bytes 5-9/10")], Received::Invalid),
        (
            &[("Content-Range", "bytes +5-9/10"), ("ETag", "\"a\"")],
            Received::Invalid,
        ),
        (&[("ETag", "\"a\"")], Received::Invalid),
    ];
    for (headers, expected) in rows {
        assert_eq!(
            before().receive(&head(206, headers)),
            *expected,
            "{headers:?}"
        );
    }
    assert_eq!(before().receive(&head(200, &[])), Received::Begin);
    assert_eq!(before().receive(&head(404, &[])), Received::Begin);
    assert_eq!(before().receive(&head(416, &[])), Received::StartOver);
    assert_eq!(record("GET").receive(&head(416, &[])), Received::Begin);
}

#[test]
fn the_length_of_the_whole_must_not_change_between_parts() {
    let part = |range: &str| head(206, &[("Content-Range", range)]);
    let before = cut_off("GET", part("bytes 0-4/10"), 5);
    assert_eq!(before.receive(&part("bytes 5-9/10")), Received::Continue);
    assert_eq!(before.receive(&part("bytes 5-10/11")), Received::Invalid);
    let first = record("GET");
    assert_eq!(first.receive(&part("bytes 0-4/10")), Received::Begin);
    assert_eq!(first.receive(&part("bytes 1-4/10")), Received::Invalid);
}

#[test]
fn a_body_that_ended_is_the_whole_one_or_a_part_of_it() {
    let part = || head(206, &[("Content-Range", "bytes 0-4/10")]);
    let ended = |head, length| cut_off("GET", head, length).end_of_body();
    assert_eq!(ended(head(200, &[]), 5), RecordResult::Success);
    assert_eq!(ended(head(204, &[]), 0), RecordResult::Success);
    assert_eq!(ended(part(), 5), RecordResult::Pending);
    assert_eq!(ended(part(), 10), RecordResult::Success);
    for status in [302, 404, 500] {
        assert_eq!(
            ended(head(status, &[]), 5),
            FAILED(FailureReason::BadStatus)
        );
    }
}

#[test]
fn after_the_end_of_the_process_nothing_is_sent_twice_that_must_not_be() {
    let recovered = |mut record: Record, is_sent| {
        record.is_sent = is_sent;
        record.recover();
        record.result
    };
    let whole = || head(200, &[("Content-Length", "5")]);
    assert_eq!(recovered(record("GET"), false), RecordResult::Pending);
    assert_eq!(recovered(record("POST"), false), RecordResult::Pending);
    let lost = FAILED(FailureReason::FetchError);
    assert_eq!(recovered(record("POST"), true), lost);
    assert_eq!(recovered(cut_off("POST", whole(), 4), true), lost);
    for method in ["GET", "POST"] {
        let all_there = cut_off(method, whole(), 5);
        assert_eq!(
            recovered(all_there, method == "POST"),
            RecordResult::Success
        );
    }
    assert_eq!(
        recovered(cut_off("GET", whole(), 4), false),
        RecordResult::Pending
    );
}

#[test]
fn a_fetch_ends_as_its_requests_did() {
    use FailureReason::{BadStatus, DownloadTotalExceeded, FetchError, QuotaExceeded};
    let rows: &[(&[RecordResult], FailureReason, FetchEnd)] = &[
        (
            &[RecordResult::Success],
            FailureReason::None,
            FetchEnd::Success,
        ),
        (
            &[RecordResult::Success, FAILED(BadStatus), FAILED(FetchError)],
            BadStatus,
            FetchEnd::Fail,
        ),
        (&[FAILED(QuotaExceeded)], QuotaExceeded, FetchEnd::Fail),
        (
            &[
                FAILED(BadStatus),
                FAILED(DownloadTotalExceeded),
                RecordResult::Pending,
            ],
            DownloadTotalExceeded,
            FetchEnd::Fail,
        ),
    ];
    for (results, reason, event) in rows {
        let mut fetch = fetch(results);
        assert_eq!(fetch.last_event(), None);
        fetch.settle();
        assert_eq!(fetch.failure_reason, *reason, "{results:?}");
        assert_eq!(fetch.last_event(), Some(*event));
        assert!(!fetch.is_active());
        assert!(
            fetch
                .records
                .iter()
                .all(|it| it.result != RecordResult::Pending)
        );
    }
    let mut aborted = fetch(&[RecordResult::Success, RecordResult::Pending]);
    aborted.abort();
    assert_eq!(aborted.last_event(), Some(FetchEnd::Abort));
    assert!(aborted.records[0].result.is_exposed());
    assert!(!aborted.records[1].result.is_exposed());
    assert!(FAILED(FailureReason::BadStatus).is_exposed());
}

#[test]
fn no_more_is_taken_than_was_said() {
    let mut fetch = fetch(&[RecordResult::Pending; 2]);
    assert!(fetch.has_room(u64::MAX), "nobody said how much");
    fetch.download_total = 10;
    fetch.records[0] = cut_off("GET", head(200, &[]), 4);
    fetch.records[1] = cut_off("GET", head(200, &[]), 5);
    assert!(fetch.has_room(1));
    assert!(!fetch.has_room(2));
}

#[test]
fn a_record_is_found_by_its_request() {
    let find = |url: &str, change: fn(&mut RecordQuery), record: &Record| {
        let mut query = RecordQuery {
            url: url.parse().unwrap(),
            headers: vec![("Accept".to_owned(), "video/webm".to_owned())],
            ignore_search: false,
            ignore_method: false,
            ignore_vary: false,
        };
        change(&mut query);
        query.matches(record)
    };
    let (same, other) = ("https://app.example/film?a=1", "https://app.example/film");
    let get = record("GET");
    assert!(find(same, |_| {}, &get));
    assert!(!find(other, |_| {}, &get));
    assert!(find(other, |query| query.ignore_search = true, &get));
    assert!(!find(same, |_| {}, &record("PUT")));
    assert!(find(
        same,
        |query| query.ignore_method = true,
        &record("PUT")
    ));
    let varied = cut_off("GET", head(200, &[("Vary", "Accept, Origin")]), 0);
    assert!(!find(same, |_| {}, &varied));
    assert!(find(same, |query| query.ignore_vary = true, &varied));
    assert!(find(same, |query| query.headers.clear(), &varied));
}

#[test]
fn a_lost_connection_is_forgiven_five_times_in_a_row_and_twice_if_nothing_came() {
    let delays = |has_response| -> Vec<_> {
        (0..=6)
            .map(|losses| retry_delay(losses, has_response))
            .collect()
    };
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    let of_nothing = [None, seconds(1), seconds(2), None, None, None, None];
    assert_eq!(delays(false), of_nothing);
    let expected = [
        None,
        seconds(1),
        seconds(2),
        seconds(4),
        seconds(8),
        seconds(16),
        None,
    ];
    assert_eq!(delays(true), expected);
}

#[test]
fn fetch_is_refused_for_one_reason_at_a_time() {
    let check = |has_permission, has_active_worker, is_id_taken, active_fetches| {
        Admission {
            has_permission,
            has_active_worker,
            is_id_taken,
            active_fetches,
        }
        .check()
    };
    assert_eq!(check(true, true, false, 4), Ok(()));
    assert_eq!(
        check(false, false, true, 5),
        Err(FetchRefusal::PermissionDenied)
    );
    assert_eq!(
        check(true, false, true, 5),
        Err(FetchRefusal::NoActiveWorker)
    );
    assert_eq!(check(true, true, true, 5), Err(FetchRefusal::IdTaken));
    assert_eq!(check(true, true, false, 5), Err(FetchRefusal::TooMany));
}
