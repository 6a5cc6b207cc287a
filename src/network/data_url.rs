//! `data:` addresses, which answer themselves, online or not.
//!
//! <https://fetch.spec.whatwg.org/#scheme-fetch>

use data_url::DataUrl;

use crate::network::body::Body;
use crate::network::error::NetworkError;
use crate::network::request::Request;
use crate::network::response::{Response, ResponseType};

/// Decodes a `data:` address into a response.
pub fn fetch(request: &Request) -> Result<Response, NetworkError> {
    let invalid = || NetworkError::InvalidRequest("invalid `data:` address".to_owned());
    let address = request.url.as_str();
    let parsed = DataUrl::process(address).map_err(|_| invalid())?;
    let (bytes, _fragment) = parsed.decode_to_vec().map_err(|_| invalid())?;
    let mut response = Response::new(200);
    response.status_text = "OK".to_owned();
    // "request's current URL's scheme is `data`": its tainting is basic in every mode.
    response.kind = ResponseType::Basic;
    response.headers = vec![(
        "Content-Type".to_owned(),
        parsed.mime_type().to_string().into_bytes(),
    )];
    response.url_list = vec![request.url.clone()];
    if request.method != "HEAD" {
        response.body = Body::from(bytes);
    }
    Ok(response)
}
