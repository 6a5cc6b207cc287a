//! An origin answered from files.
//!
//! Reads below its root and nothing else: no dot files, no way out, no writing.

use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use percent_encoding::percent_decode_str;
use tokio::io::AsyncReadExt;
use tokio_util::io::ReaderStream;
use url::Url;

use crate::network::body::Body;
use crate::network::error::NetworkError;
use crate::network::response::Response;

/// Files up to this size are read at once, larger ones are streamed.
const READ_AT_ONCE_BYTES: u64 = 256 * 1024;

/// Answers as a plain file server would.
pub(super) async fn answer(root: &Path, accept: &[String], method: &str, url: &Url) -> Response {
    let path = url.path();
    if !matches!(method, "GET" | "HEAD") {
        return answer_upload(accept, method, path);
    }
    let response = match open_file(root, path).await {
        Some(Target::File(file)) => serve(file).await,
        Some(Target::Folder) => redirect_into(url),
        None => {
            tracing::info!(%method, path, "not found in the origin's folder");
            plain(404, "Not Found")
        }
    };
    if method == "HEAD" {
        Response {
            body: Body::Empty,
            ..response
        }
    } else {
        response
    }
}

fn answer_upload(accept: &[String], method: &str, path: &str) -> Response {
    if accept
        .iter()
        .any(|prefix| path.starts_with(prefix.as_str()))
    {
        tracing::info!(%method, path, "accepted by the origin's folder");
        return plain(204, "No Content");
    }
    tracing::info!(%method, path, "the origin's folder takes only GET and HEAD here");
    let mut response = plain(405, "Method Not Allowed");
    response
        .headers
        .push(("Allow".to_owned(), b"GET, HEAD".to_vec()));
    response
}

enum Target {
    File(PathBuf),
    /// A folder named without its final slash.
    Folder,
}

/// The file that a path names, if there is one that may be seen.
async fn open_file(root: &Path, url_path: &str) -> Option<Target> {
    let relative = safe_relative_path(url_path)?;
    let candidate = root.join(relative);
    let found = tokio::fs::metadata(&candidate).await.ok()?;
    let file = match (found.is_dir(), url_path.ends_with('/')) {
        (true, false) => return Some(Target::Folder),
        (true, true) => candidate.join("index.html"),
        (false, true) => return None,
        (false, false) => candidate,
    };
    // Symbolic links may not lead out either.
    let real = tokio::fs::canonicalize(&file).await.ok()?;
    let real_root = tokio::fs::canonicalize(root).await.ok()?;
    real.starts_with(real_root).then_some(Target::File(real))
}

/// The path below the root; `None` for anything that might leave it or names a hidden file.
///
/// The URL parser has resolved `..` already; what is decoded here may contain it again.
pub(super) fn safe_relative_path(url_path: &str) -> Option<PathBuf> {
    let decoded = percent_decode_str(url_path).decode_utf8().ok()?;
    let mut path = PathBuf::new();
    for segment in decoded.split('/').filter(|segment| !segment.is_empty()) {
        let is_well_known = path.as_os_str().is_empty() && segment == ".well-known";
        if (segment.starts_with('.') && !is_well_known) || segment.contains(['\\', ':', '\0']) {
            return None;
        }
        path.push(segment);
    }
    Some(path)
}

async fn serve(file: PathBuf) -> Response {
    match read(&file).await {
        Ok((length, body)) => {
            let mut response = plain(200, "OK");
            response.headers = vec![
                ("Content-Type".to_owned(), content_type(&file).into_bytes()),
                ("Content-Length".to_owned(), length.to_string().into_bytes()),
            ];
            response.body = body;
            response
        }
        Err(error) => {
            tracing::warn!(file = %file.display(), %error, "cannot read a file of the origin's folder");
            plain(
                if error.kind() == io::ErrorKind::NotFound {
                    404
                } else {
                    500
                },
                "",
            )
        }
    }
}

async fn read(file: &Path) -> io::Result<(u64, Body)> {
    let mut opened = tokio::fs::File::open(file).await?;
    let length = opened.metadata().await?.len();
    if length <= READ_AT_ONCE_BYTES {
        let mut content = Vec::new();
        opened.read_to_end(&mut content).await?;
        return Ok((content.len() as u64, Body::Bytes(Bytes::from(content))));
    }
    let chunks = futures::TryStreamExt::map_err(ReaderStream::new(opened), |error: io::Error| {
        NetworkError::Transfer(error.to_string())
    });
    Ok((length, Body::stream(chunks)))
}

/// The type by the file's name, with the character set that web tools write in.
fn content_type(file: &Path) -> String {
    let extension = file
        .extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default();
    let guessed = match extension.to_ascii_lowercase().as_str() {
        "js" | "mjs" | "cjs" => "text/javascript".to_owned(),
        "webmanifest" => "application/manifest+json".to_owned(),
        _ => mime_guess::from_path(file)
            .first_or_octet_stream()
            .essence_str()
            .to_owned(),
    };
    if guessed.starts_with("text/") {
        format!("{guessed}; charset=utf-8")
    } else {
        guessed
    }
}

/// `/docs` becomes `/docs/`, so that relative addresses in its index work.
fn redirect_into(url: &Url) -> Response {
    let query = url
        .query()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    let mut response = plain(301, "Moved Permanently");
    let location = format!("{}/{query}", url.path());
    response
        .headers
        .push(("Location".to_owned(), location.into_bytes()));
    response
}

fn plain(status: u16, status_text: &str) -> Response {
    let mut response = Response::new(status);
    response.status_text = status_text.to_owned();
    response
}
