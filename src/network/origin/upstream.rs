//! An origin that is really somewhere else.
//!
//! The upstream sees requests as if its own pages had made them; nobody else sees the upstream.

use url::Url;

use crate::header_list::HeaderList;
use crate::network::error::NetworkError;
use crate::network::request::Request;
use crate::network::response::Response;
use crate::network::transport::Transport;

/// Sends `request` to the same path and query at `base`, and maps redirects back.
pub(super) async fn answer(
    base: &Url,
    mut request: Request,
    transport: &Transport,
) -> Result<Response, NetworkError> {
    let public = request.url.clone();
    request.url = address_at(base, &public);
    map_request_headers(&mut request.headers, &public, base);
    let mut response = transport.exchange(request).await?;
    map_location(&mut response.headers, &public, base);
    Ok(response)
}

/// The address at the upstream; a path in `base` is put before the request's path.
pub(super) fn address_at(base: &Url, public: &Url) -> Url {
    let mut url = base.clone();
    let prefix = base.path().trim_end_matches('/');
    url.set_path(&format!("{prefix}{}", public.path()));
    url.set_query(public.query());
    url.set_fragment(None);
    url
}

/// `Origin` and `Referer` name the upstream where they named the public origin.
fn map_request_headers(headers: &mut HeaderList, public: &Url, base: &Url) {
    let public_origin = public.origin().ascii_serialization();
    let base_origin = base.origin().ascii_serialization();
    for (name, value) in headers {
        let is_mapped = name.eq_ignore_ascii_case("origin") || name.eq_ignore_ascii_case("referer");
        let Some(rest) = value
            .strip_prefix(public_origin.as_bytes())
            .filter(|_| is_mapped)
        else {
            continue;
        };
        // `http://a.example:80` begins with `http://a.example:8`, which is another origin.
        if rest.is_empty() || rest.starts_with(b"/") {
            *value = [base_origin.as_bytes(), rest].concat();
        }
    }
}

/// A redirect to the upstream itself is a redirect to the public origin.
fn map_location(headers: &mut HeaderList, public: &Url, base: &Url) {
    let prefix = base.path().trim_end_matches('/');
    for (name, value) in headers {
        if !name.eq_ignore_ascii_case("location") {
            continue;
        }
        let Ok(text) = std::str::from_utf8(value) else {
            continue;
        };
        let Ok(target) = address_at(base, public).join(text) else {
            continue;
        };
        if target.origin() != base.origin() {
            continue;
        }
        let mut mapped = public.clone();
        mapped.set_path(target.path().strip_prefix(prefix).unwrap_or(target.path()));
        mapped.set_query(target.query());
        mapped.set_fragment(target.fragment());
        *value = mapped.as_str().as_bytes().to_vec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn path_and_query_are_kept_behind_the_prefix_of_the_upstream() {
        let public = url("http://localhost:8080/api/items?page=2#top");
        let at = |base: &str| address_at(&url(base), &public).to_string();
        assert_eq!(
            at("http://backend.example/"),
            "http://backend.example/api/items?page=2"
        );
        assert_eq!(
            at("http://backend.example/v1/"),
            "http://backend.example/v1/api/items?page=2"
        );
    }

    #[test]
    fn redirects_of_the_upstream_itself_point_to_the_public_origin() {
        let public = url("http://localhost:8080/old");
        let mapped = |location: &str| {
            let mut headers = vec![("Location".to_owned(), location.as_bytes().to_vec())];
            map_location(&mut headers, &public, &url("http://backend.example/v1/"));
            String::from_utf8(headers.remove(0).1).unwrap()
        };
        assert_eq!(
            mapped("http://backend.example/v1/new?a=1"),
            "http://localhost:8080/new?a=1"
        );
        assert_eq!(mapped("/v1/new"), "http://localhost:8080/new");
        assert_eq!(
            mapped("http://elsewhere.example/x"),
            "http://elsewhere.example/x"
        );
    }

    #[test]
    fn origin_and_referer_name_the_upstream() {
        let mut headers = vec![
            ("Origin".to_owned(), b"http://localhost:80800".to_vec()),
            ("Referer".to_owned(), b"http://localhost:8080/page".to_vec()),
        ];
        map_request_headers(
            &mut headers,
            &url("http://localhost:8080/"),
            &url("http://backend.example/"),
        );
        assert_eq!(
            headers[0].1, b"http://localhost:80800",
            "another origin stays"
        );
        assert_eq!(headers[1].1, b"http://backend.example/page");
    }
}
