use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use url::Url;

use super::*;
use crate::clock::Timestamp;

/// RFC 8291, appendix A.
const PRIVATE: &str = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94";
const PUBLIC: &str =
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";
const MESSAGE: &str = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";
const TEXT: &str = "When I grow up, I want to be a watermelon";

/// RFC 8292, sections 2.4 and 4.2.
const TOKEN: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5uZXQiLCJleHAiOjE0NTM1MjM3NjgsInN1YiI6Im1haWx0bzpwdXNoQGV4YW1wbGUuY29tIn0.i3CYb7t4xfxCDquptFOepC9GAu_HLGkMlMuCGSK2rpiUfnK9ojFwDXb1JrErtmysazNjjvW2L9OkSSHzvoD1oA";
const TOKEN_KEY: &str =
    "BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs";
const TOKEN_EXPIRES: i64 = 1_453_523_768;

fn bytes(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

fn keys() -> SubscriptionKeys {
    SubscriptionKeys::from_bytes(&bytes(PRIVATE), &bytes(AUTH)).unwrap()
}

/// Bytes that are never the same twice, and the same in every run.
fn chance() -> impl FnMut(&mut [u8]) {
    let mut drawn = 0_u8;
    move |buffer| {
        for byte in buffer {
            drawn = drawn.wrapping_mul(5).wrapping_add(17);
            *byte = drawn;
        }
    }
}

fn service() -> Url {
    Url::parse("https://push.example.net/push/").unwrap()
}

fn subscription(application_server_key: Option<&str>) -> PushSubscription {
    let options = PushOptions {
        user_visible_only: true,
        application_server_key: application_server_key.map(bytes),
    };
    PushSubscription {
        keys: keys(),
        ..PushSubscription::draw(&service(), options, chance())
    }
}

fn request(headers: &[(&str, &str)], body: &[u8]) -> PushRequest {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    PushRequest {
        endpoint: subscription(None).endpoint,
        headers: headers.iter().map(own).collect(),
        body: body.to_vec(),
    }
}

const HEADERS: [(&str, &str); 2] = [("TTL", "60"), ("Content-Encoding", "aes128gcm")];

fn now() -> Timestamp {
    Timestamp((TOKEN_EXPIRES - 60) * 1000)
}

fn status(request: &PushRequest, subscription: &PushSubscription) -> u16 {
    let refusal = request.accept(subscription, now()).unwrap_err();
    refusal.http_status()
}

#[test]
fn the_message_of_rfc_8291_is_read() {
    assert_eq!(keys().public_bytes(), bytes(PUBLIC));
    let text = decrypt(&keys(), &bytes(MESSAGE)).unwrap();
    assert_eq!(String::from_utf8(text).unwrap(), TEXT);
}

#[test]
fn a_message_that_was_changed_anywhere_is_refused() {
    let message = bytes(MESSAGE);
    for place in 0..message.len() {
        let mut changed = message.clone();
        changed[place] ^= 1;
        // A larger record size is still one record.
        if !(16..20).contains(&place) {
            assert!(decrypt(&keys(), &changed).is_err(), "byte {place}");
        }
        assert!(
            decrypt(&keys(), &message[..place]).is_err(),
            "{place} bytes"
        );
    }
}

#[test]
fn a_message_of_several_records_is_refused() {
    let mut message = bytes(MESSAGE);
    message[16..20].copy_from_slice(&25_u32.to_be_bytes());
    let refused = decrypt(&keys(), &message);
    assert_eq!(
        refused,
        Err(EncryptionError::NotOneRecord { record_size: 25 })
    );
}

#[test]
fn keys_are_those_that_were_kept() {
    let drawn = SubscriptionKeys::draw(chance());
    let kept = SubscriptionKeys::from_bytes(&drawn.private_bytes(), drawn.auth());
    assert_eq!(kept.as_ref(), Some(&drawn));
    assert_eq!(drawn.public_bytes().len(), 65);
    assert_ne!(drawn.public_bytes(), keys().public_bytes());
    assert_eq!(SubscriptionKeys::from_bytes(&[0; 32], drawn.auth()), None);
    assert_eq!(SubscriptionKeys::from_bytes(&[1; 31], drawn.auth()), None);
}

#[test]
fn private_keys_do_not_get_into_logs() {
    assert_eq!(format!("{:?}", keys()), "SubscriptionKeys { .. }");
}

#[test]
fn the_token_of_rfc_8292_identifies_its_sender() {
    let authorization = format!("vapid t={TOKEN}, k={TOKEN_KEY}");
    let verify = |at: i64, service: &str, expected: Option<&[u8]>| {
        let service = Url::parse(service).unwrap();
        super::vapid::verify(&authorization, &service, expected, Timestamp(at * 1000))
    };
    let here = "https://push.example.net/push/x";
    let key = bytes(TOKEN_KEY);
    assert_eq!(verify(TOKEN_EXPIRES - 1, here, Some(&key)), Ok(()));
    assert_eq!(verify(TOKEN_EXPIRES - 1, here, None), Ok(()));
    assert_eq!(verify(TOKEN_EXPIRES, here, None), Err(VapidError::Expired));
    assert_eq!(
        verify(TOKEN_EXPIRES - 24 * 60 * 60 - 1, here, None),
        Err(VapidError::ValidTooLong)
    );
    assert_eq!(
        verify(TOKEN_EXPIRES - 1, here, Some(&bytes(PUBLIC))),
        Err(VapidError::OtherKey)
    );
    assert!(matches!(
        verify(TOKEN_EXPIRES - 1, "https://other.example/", None),
        Err(VapidError::Audience { .. })
    ));
}

#[test]
fn credentials_that_prove_nothing_are_refused() {
    let changed = TOKEN.replace(".i3", ".j3");
    let none = format!("{}.e30.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#));
    let cases = [
        ("Bearer x".to_owned(), VapidError::Malformed),
        ("vapid".to_owned(), VapidError::Malformed),
        (format!("vapid t={TOKEN}"), VapidError::Malformed),
        (format!("vapid t={TOKEN},k=AAAA"), VapidError::Key),
        (format!("vapid t={none},k={TOKEN_KEY}"), VapidError::Token),
        (format!("vapid t=x.y,k={TOKEN_KEY}"), VapidError::Token),
        (
            format!("vapid t={changed},k={TOKEN_KEY}"),
            VapidError::Signature,
        ),
        (format!("vapid t={TOKEN},k={PUBLIC}"), VapidError::Signature),
    ];
    for (authorization, expected) in cases {
        let refused = super::vapid::verify(&authorization, &service(), None, now());
        assert_eq!(refused, Err(expected), "{authorization}");
    }
}

/// A token of the key `PRIVATE`.
fn signed(algorithm: &str, audience: &str) -> String {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let header = format!(r#"{{"alg":"{algorithm}"}}"#);
    let claims = format!(r#"{{"aud":{audience},"exp":{TOKEN_EXPIRES}}}"#);
    let signed = format!("{}.{}", part(&header), part(&claims));
    let key = SigningKey::from_slice(&bytes(PRIVATE)).unwrap();
    let signature: Signature = key.sign(signed.as_bytes());
    let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()));
    format!("vapid t={token},k={PUBLIC}")
}

#[test]
fn a_token_may_be_for_several_push_services() {
    let verify = |audience: &str| {
        let authorization = signed("ES256", audience);
        super::vapid::verify(&authorization, &service(), None, now())
    };
    let [here, there] = ["https://push.example.net", "https://other.example"];
    assert_eq!(verify(&format!(r#"["{there}", "{here}"]"#)), Ok(()));
    let refused = verify(&format!(r#"["{there}"]"#));
    assert!(matches!(refused, Err(VapidError::Audience { .. })));
}

#[test]
fn a_token_without_an_algorithm_is_refused_whatever_its_signature() {
    let authorization = signed("none", r#""https://push.example.net""#);
    let refused = super::vapid::verify(&authorization, &service(), None, now());
    assert_eq!(refused, Err(VapidError::Token));
}

#[test]
fn a_request_says_its_text_its_time_and_its_topic() {
    let headers = [
        HEADERS[0],
        HEADERS[1],
        ("topic", "upd-1"),
        ("urgency", "low"),
    ];
    let accepted = request(&headers, &bytes(MESSAGE)).accept(&subscription(None), now());
    let expected = AcceptedPush {
        data: Some(TEXT.as_bytes().to_vec()),
        ttl: Duration::from_secs(60),
        topic: Some("upd-1".to_owned()),
    };
    assert_eq!(accepted, Ok(expected));
}

#[test]
fn a_request_without_a_body_has_no_data() {
    let accepted = request(&[("ttl", "0")], b"").accept(&subscription(None), now());
    assert_eq!(accepted.unwrap().data, None);
}

#[test]
fn nothing_waits_longer_than_four_weeks() {
    let ttl = |value: &str| {
        let accepted = request(&[("ttl", value)], b"").accept(&subscription(None), now());
        accepted.unwrap().ttl
    };
    assert_eq!(ttl("2419199"), MAX_TTL - Duration::from_secs(1));
    assert_eq!(ttl("2419201"), MAX_TTL);
    assert_eq!(ttl("99999999999999999999999999"), MAX_TTL);
}

#[test]
fn malformed_requests_are_refused_with_400() {
    let message = bytes(MESSAGE);
    type Case<'a> = (&'a [(&'a str, &'a str)], &'a [u8]);
    let refused: [Case<'_>; 9] = [
        (&[], b""),
        (&[("ttl", "")], b""),
        (&[("ttl", "-1")], b""),
        (&[("ttl", "soon")], b""),
        (&[("ttl", "1"), ("topic", "has space")], b""),
        (
            &[("ttl", "1"), ("topic", "a23456789b123456789c123456789d123")],
            b"",
        ),
        (&[("ttl", "1"), ("urgency", "extreme")], b""),
        (&[("ttl", "1"), ("content-encoding", "aesgcm")], &message),
        (&HEADERS, b"garbage"),
    ];
    for (headers, body) in refused {
        assert_eq!(
            status(&request(headers, body), &subscription(None)),
            400,
            "{headers:?}"
        );
    }
}

#[test]
fn a_body_of_4096_bytes_is_not_too_large() {
    let at_the_limit = request(&HEADERS, &[0; MAX_BODY_BYTES]);
    assert_eq!(status(&at_the_limit, &subscription(None)), 400);
    let above = request(&HEADERS, &[0; MAX_BODY_BYTES + 1]);
    assert_eq!(status(&above, &subscription(None)), 413);
}

#[test]
fn a_subscription_with_a_key_takes_messages_of_that_server_alone() {
    let of_the_server = format!("vapid t={TOKEN}, k={TOKEN_KEY}");
    let with_token = [HEADERS[0], HEADERS[1], ("Authorization", &*of_the_server)];
    let message = bytes(MESSAGE);
    let own = subscription(Some(TOKEN_KEY));
    assert!(request(&with_token, &message).accept(&own, now()).is_ok());
    assert_eq!(status(&request(&HEADERS, &message), &own), 401);
    let other = subscription(Some(PUBLIC));
    assert_eq!(status(&request(&with_token, &message), &other), 403);
}

#[test]
fn an_endpoint_that_was_one_is_gone_and_any_other_address_is_unknown() {
    let endpoint = subscription(None).endpoint;
    assert!(endpoint.as_str().starts_with(service().as_str()));
    assert_eq!(PushRefusal::of_unknown(&endpoint).http_status(), 410);
    assert_eq!(PushRefusal::of_unknown(&service()).http_status(), 404);
    let short = service().join("abc").unwrap();
    assert_eq!(PushRefusal::of_unknown(&short).http_status(), 404);
}

#[test]
fn a_subscription_knows_its_push_service() {
    let one = subscription(None);
    let at = |service: &str| one.is_at(&Url::parse(service).unwrap());
    assert!(at("https://push.example.net/push/"));
    assert!(at("https://push.example.net/push"));
    assert!(!at("https://push.example.net:444/push/"));
    assert!(!at("https://push.example.net/"));
}

#[test]
fn subscribing_is_refused_in_the_order_of_the_specification() {
    let options = |key: Option<&[u8]>| PushOptions {
        user_visible_only: true,
        application_server_key: key.map(<[u8]>::to_vec),
    };
    let check = |key: Option<&[u8]>, has_active_worker, has_permission| {
        let existing = subscription(Some(TOKEN_KEY));
        let admission = Admission {
            options: &options(key),
            has_active_worker,
            has_permission,
            existing: Some(&existing),
        };
        admission.check()
    };
    let (key, other) = (bytes(TOKEN_KEY), bytes(PUBLIC));
    let compressed = [&[2], &key[1..33]].concat();
    let off_the_curve = [&key[..64], &[key[64] ^ 1]].concat();
    use SubscribeRefusal as Refusal;
    assert_eq!(
        check(Some(&key[1..]), false, false),
        Err(Refusal::InvalidKey)
    );
    assert_eq!(
        check(Some(&compressed), true, true),
        Err(Refusal::InvalidKey)
    );
    assert_eq!(
        check(Some(&off_the_curve), true, true),
        Err(Refusal::InvalidKey)
    );
    assert_eq!(
        check(Some(&key), false, false),
        Err(Refusal::NoActiveWorker)
    );
    assert_eq!(
        check(Some(&key), true, false),
        Err(Refusal::PermissionDenied)
    );
    assert_eq!(check(Some(&other), true, true), Err(Refusal::OtherOptions));
    assert_eq!(check(None, true, true), Err(Refusal::OtherOptions));
    assert_eq!(check(Some(&key), true, true), Ok(()));
}

#[test]
fn a_message_whose_delivery_ends_the_process_again_and_again_is_given_up() {
    let queued = |deliveries| QueuedPush {
        id: 1,
        data: None,
        deliveries,
    };
    assert!(!queued(MAX_DELIVERIES - 1).is_given_up());
    assert!(queued(MAX_DELIVERIES).is_given_up());
}
