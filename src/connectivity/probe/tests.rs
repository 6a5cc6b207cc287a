//! What is asked for, and what an answer means.

use super::*;

#[test]
fn a_probe_is_read_from_words() {
    let probe = Probe::parse("http://check.example/,status=200,body=ok=1,timeout=250ms").unwrap();
    assert_eq!(probe.url.as_str(), "http://check.example/");
    assert_eq!((probe.status, probe.body.as_deref()), (200, Some("ok=1")));
    assert_eq!(probe.time_limit, Duration::from_millis(250));
    let plain = Probe::parse("https://check.example/204").unwrap();
    assert_eq!(plain, Probe::new(plain.url.clone()));
}

#[test]
fn a_bad_probe_names_the_piece() {
    let error = |text: &str| Probe::parse(text).unwrap_err();
    for address in ["", "check.example", "ftp://check.example/"] {
        assert_eq!(error(address), ProbeError::BadAddress(address.to_owned()));
    }
    for piece in ["stauts=204", "204", ""] {
        let expected = ProbeError::UnknownSetting(piece.to_owned());
        assert_eq!(error(&format!("http://a/,{piece}")), expected);
    }
    for piece in ["status=99", "status=ok", "timeout=5", "timeout=0s", "body="] {
        let expected = ProbeError::BadValue(piece.to_owned());
        assert_eq!(error(&format!("http://a/,{piece}")), expected);
    }
}

#[test]
fn only_the_expected_answer_means_online() {
    let probe = Probe::parse("http://check.example/,status=200").unwrap();
    let says = |status, location: Option<&str>, has_body| {
        let answer = Answer {
            status,
            location: location.map(str::to_owned),
            has_body,
        };
        match probe.judge(&answer) {
            Ok(reason) | Err(reason) => reason.to_string(),
        }
    };
    assert_eq!(says(200, None, true), "http://check.example/ answers");
    assert_eq!(
        says(302, Some("http://login.hotel/"), true),
        "captive portal: http://check.example/ redirects to http://login.hotel/"
    );
    assert_eq!(
        says(511, None, true),
        "captive portal: http://check.example/ answers 511 instead of 200"
    );
    assert_eq!(
        says(200, None, false),
        "captive portal: http://check.example/ does not contain what it should"
    );
}
