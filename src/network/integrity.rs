//! Subresource integrity: is the body the one the script expects?
//!
//! <https://w3c.github.io/webappsec-subresource-integrity/#does-response-match-metadatalist>

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::network::body::Body;
use crate::network::error::NetworkError;
use crate::network::response::{Response, ResponseType};

/// From weak to strong, so that they compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Algorithm {
    Sha256,
    Sha384,
    Sha512,
}

/// Reads the whole body and compares, if there is anything to compare it with; a script must not see any of it before.
///
/// # Errors
///
/// [`NetworkError::Integrity`], or what ended the body early.
pub async fn verify(mut response: Response, metadata: &str) -> Result<Response, NetworkError> {
    let mismatch = || NetworkError::Integrity(metadata.to_owned());
    let expected = strongest(metadata);
    if expected.is_empty() {
        return Ok(response);
    }
    if matches!(
        response.kind,
        ResponseType::Opaque | ResponseType::OpaqueRedirect
    ) {
        return Err(mismatch());
    }
    let bytes = response.body.collect().await?;
    let is_match = expected
        .iter()
        .any(|(algorithm, hash)| digest(*algorithm, &bytes) == *hash);
    if !is_match {
        return Err(mismatch());
    }
    response.body = Body::Bytes(bytes);
    Ok(response)
}

/// The hashes of the strongest algorithm named; what cannot be read is ignored, as the standard says.
fn strongest(metadata: &str) -> Vec<(Algorithm, Vec<u8>)> {
    let all: Vec<(Algorithm, Vec<u8>)> = metadata
        .split_ascii_whitespace()
        .filter_map(parse_item)
        .collect();
    let Some(best) = all.iter().map(|(algorithm, _)| *algorithm).max() else {
        return all;
    };
    all.into_iter()
        .filter(|(algorithm, _)| *algorithm == best)
        .collect()
}

fn parse_item(item: &str) -> Option<(Algorithm, Vec<u8>)> {
    let item = item.split('?').next()?;
    let (name, value) = item.split_once('-')?;
    let algorithm = match name.to_ascii_lowercase().as_str() {
        "sha256" => Algorithm::Sha256,
        "sha384" => Algorithm::Sha384,
        "sha512" => Algorithm::Sha512,
        _ => return None,
    };
    let hash = STANDARD
        .decode(value)
        .or_else(|_| URL_SAFE.decode(value))
        .ok()?;
    Some((algorithm, hash))
}

fn digest(algorithm: Algorithm, bytes: &[u8]) -> Vec<u8> {
    match algorithm {
        Algorithm::Sha256 => Sha256::digest(bytes).to_vec(),
        Algorithm::Sha384 => Sha384::digest(bytes).to_vec(),
        Algorithm::Sha512 => Sha512::digest(bytes).to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn verified(metadata: &str) -> bool {
        let mut response = Response::new(200);
        response.body = Body::from("alert('Hello, world.');");
        verify(response, metadata).await.is_ok()
    }

    #[tokio::test]
    async fn the_strongest_algorithm_decides() {
        // The example of the specification.
        let right = "sha384-H8BRh8j48O9oYatfu5AZzq6A9RINhZO5H16dQZngK7T62em8MUt1FLm52t+eX6xO";
        let wrong = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        assert!(verified(right).await);
        assert!(!verified(wrong).await);
        assert!(verified(&format!("{wrong} {right}")).await);
        assert!(
            verified("md5-unknown").await,
            "unknown algorithms are no metadata"
        );
    }
}
