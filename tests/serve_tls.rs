//! `landfall serve` over TLS.

use std::io::Read;
use std::net::TcpStream;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Certificate, Client, ClientBuilder, Version};

use crate::support::program::{DONE, FAILED, Folder, Running, USAGE};

const WORKER: &str = "addEventListener('install', () => skipWaiting());
const hundreds = Array.from({ length: 300 }, (_, number) => [`x-${number}`, 'answered']);
addEventListener('fetch', (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (pathname === '/hello') event.respondWith(new Response(`hello from ${origin}`));
  if (pathname === '/echo') event.respondWith(new Response(null, { headers: event.request.headers }));
  if (pathname === '/hundreds') event.respondWith(new Response(null, { headers: hundreds }));
  if (pathname === '/late') {
    console.log('late asked');
    event.respondWith(new Promise((resolve) => setTimeout(() => resolve(new Response('late')), 300)));
  }
});";

/// A running server, its address, and a client that trusts the certificate.
fn serve(folder: &Folder, options: &[&str]) -> (Running, String, ClientBuilder) {
    let words = ["serve", "sw.js", "--listen", "127.0.0.1:0"];
    let server = folder.start(&[&words, options].concat());
    let line = server.expect_line("serving https://localhost:");
    let told = line.split(" at ").nth(1).expect("an address");
    let (address, file) = told.split_once(", with TLS as `").expect("a certificate");
    let pem = std::fs::read(folder.path(file.trim_end_matches('`'))).expect("the file");
    server.expect_line("activated");
    let trusted = Certificate::from_pem(&pem).expect("a certificate");
    let client = Client::builder().tls_certs_only([trusted]);
    (server, address.to_owned(), client)
}

fn folder() -> Folder {
    Folder::with(&[("sw.js", WORKER)])
}

/// Writes a certificate and its key below these names.
fn write_certificate(folder: &Folder, certificate: &str, key: &str) {
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
    std::fs::write(folder.path(certificate), made.cert.pem()).expect("it is written");
    std::fs::write(folder.path(key), made.signing_key.serialize_pem()).expect("it is written");
}

#[tokio::test]
async fn clients_speak_either_version_of_http_over_tls() {
    let folder = folder();
    write_certificate(&folder, "site.crt", "site.key");
    let (_server, address, client) = serve(&folder, &["--cert", "site.crt", "--key", "site.key"]);
    let port = address
        .trim_end_matches('/')
        .rsplit(':')
        .next()
        .expect("a port");
    let origin = format!("https://localhost:{port}");
    let client_of_1 = Client::builder().http1_only();
    let pem = std::fs::read(folder.path("site.crt")).expect("the file");
    let trusted = Certificate::from_pem(&pem).expect("a certificate");
    let client_of_1 = client_of_1.tls_certs_only([trusted]);
    for (client, version) in [(client, Version::HTTP_2), (client_of_1, Version::HTTP_11)] {
        let client = client.build().expect("a client");
        let answer = client.get(format!("{address}hello")).send().await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.version(), version);
        let text = answer.text().await.expect("text");
        assert_eq!(text, format!("hello from {origin}"));
    }
}

#[tokio::test]
async fn answers_have_hundreds_of_headers_and_over_http_2_requests_too() {
    let headers: HeaderMap = (0..300)
        .map(|number| {
            let name: HeaderName = format!("x-{number}").parse().expect("a name");
            let value = "more than 16 KiB in all, where others have a limit";
            (name, HeaderValue::from_static(value))
        })
        .collect();
    let folder = folder();
    let (_server, address, client) = serve(&folder, &["--self-signed"]);
    let client = client
        .http2_max_header_list_size(1 << 18)
        .build()
        .expect("a client");
    let request = client
        .get(format!("{address}echo"))
        .headers(headers.clone());
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.version(), Version::HTTP_2);
    let mut names = headers.keys();
    assert!(names.all(|name| answer.headers().contains_key(name)));
}

#[tokio::test]
async fn over_http_1_answers_have_hundreds_of_headers_and_requests_a_hundred() {
    let folder = folder();
    let (_server, address, client) = serve(&folder, &["--self-signed"]);
    let client = client.http1_only().http1_max_headers(1000);
    let client = client.build().expect("a client");
    let answer = client.get(format!("{address}hundreds")).send().await;
    let answer = answer.expect("an answer");
    assert_eq!(answer.version(), Version::HTTP_11);
    assert!((0..300).all(|number| answer.headers().contains_key(format!("x-{number}"))));
    let mut request = client.get(format!("{address}hello"));
    for number in 0..101 {
        request = request.header(format!("x-{number}"), "one too many");
    }
    let refused = request.send().await.expect("an answer");
    assert_eq!(refused.status(), 431);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_was_made_stays_the_same() {
    let folder = folder();
    let (mut server, address, client) = serve(&folder, &["--self-signed"]);
    let client = client.build().expect("a client");
    let answer = client.get(format!("{address}hello")).send().await;
    assert_eq!(answer.expect("an answer").status(), 200);
    let stranger = Client::builder()
        .tls_certs_only([])
        .build()
        .expect("a client");
    let refused = stranger.get(format!("{address}hello")).send().await;
    refused.expect_err("nobody vouches for the certificate");
    server.terminate();
    assert_eq!(server.code(), DONE);
    let (_server, address, _) = serve(&folder, &["--self-signed"]);
    let answer = client.get(format!("{address}hello")).send().await;
    assert_eq!(answer.expect("an answer").status(), 200);
}

#[cfg(unix)]
#[test]
fn a_new_key_is_the_owners_alone_even_where_an_old_one_was_not() {
    use std::os::unix::fs::PermissionsExt;

    let folder = folder();
    let key = folder.path(".landfall/serve-127.0.0.1.key");
    std::fs::create_dir_all(folder.path(".landfall")).expect("a folder");
    std::fs::write(&key, "old").expect("a file");
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o644)).expect("its mode");
    let (_server, _, _) = serve(&folder, &["--self-signed"]);
    let mode = std::fs::metadata(&key)
        .expect("the file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_file_that_is_no_help_is_named_with_what_to_do() {
    let folder = folder();
    write_certificate(&folder, "site.crt", "site.key");
    write_certificate(&folder, "other.crt", "other.key");
    std::fs::write(folder.path("empty"), "").expect("it is written");
    for (certificate, key, parts) in [
        ("no.crt", "site.key", ["`no.crt`", "cannot read"]),
        ("site.crt", "no.key", ["`no.key`", "cannot read"]),
        (
            "empty",
            "site.key",
            ["`empty` holds no certificate", "BEGIN CERTIFICATE"],
        ),
        (
            "site.crt",
            "empty",
            ["`empty` holds no private key", "BEGIN PRIVATE KEY"],
        ),
        (
            "site.crt",
            "site.crt",
            ["`site.crt` holds no private key", "BEGIN PRIVATE KEY"],
        ),
        (
            "site.crt",
            "other.key",
            ["the key in `other.key` is not", "`site.crt`"],
        ),
    ] {
        folder
            .landfall(&["serve", "sw.js", "--cert", certificate, "--key", key])
            .expect_error(FAILED, &parts);
    }
    folder
        .landfall(&["serve", "sw.js", "--cert", "site.crt"])
        .expect_error(USAGE, &["--key"]);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_server_ends_when_what_was_asked_over_tls_is_answered() {
    let folder = folder();
    let (mut server, address, client) = serve(&folder, &["--self-signed"]);
    let client = client.build().expect("a client");
    // One client that never says a word, and one that waits for its answer.
    let place = address.trim_start_matches("https://").trim_end_matches('/');
    let mut silent = TcpStream::connect(place).expect("a connection");
    let late = tokio::spawn(async move {
        let answer = client.get(format!("{address}late")).send().await;
        answer.expect("an answer").text().await
    });
    server.expect_line("late asked");
    server.terminate();
    let text = tokio::time::timeout(Duration::from_secs(20), late).await;
    let text = text.expect("in time").expect("it ran").expect("text");
    assert_eq!(text, "late");
    assert_eq!(server.code(), DONE);
    assert_eq!(silent.read(&mut [0]).expect("the end"), 0);
}
