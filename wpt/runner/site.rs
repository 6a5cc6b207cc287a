//! What answers for the test's site without a server: files of the suite, and the generated workers.
//!
//! Everything else needs wptserve: handlers, substitution, pipes, other hosts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Result;
use landfall::network::{Body, Intercepted, NetworkError, Request, Response};
use percent_encoding::percent_decode_str;
use url::Url;

use crate::manifest::{Scope, Script, Test};
use crate::ports::Ports;
use crate::server::Server;
use crate::suite::Suite;

/// One test's view of its site.
pub(crate) struct Site {
    suite: Suite,
    /// Its root.
    url: Url,
    /// The address of the generated worker, and what it is.
    worker: Option<(String, String)>,
    has_server: bool,
    wants_server: AtomicBool,
}

impl Site {
    pub(crate) fn new(suite: Suite, test: &Test, server: Option<&Server>) -> Result<Arc<Self>> {
        let worker =
            (test.scope != Scope::Window).then(|| (worker_path(test), worker_source(test)));
        Ok(Arc::new(Self {
            suite,
            url: server.map_or(Ports::USUAL, Server::ports).site()?,
            worker,
            has_server: server.is_some(),
            wants_server: AtomicBool::new(false),
        }))
    }

    /// An address of the site, by its path and query.
    pub(crate) fn address(&self, path: &str) -> Result<Url> {
        Ok(self.url.join(path)?)
    }

    /// Whether something was asked for that only wptserve has, and there is none.
    pub(crate) fn wants_server(&self) -> bool {
        self.wants_server.load(Ordering::Relaxed)
    }

    /// Answers a request, or passes it on to wptserve.
    pub(crate) fn take(&self, request: Request) -> Result<Intercepted, NetworkError> {
        let is_read = request.method == "GET" || request.method == "HEAD";
        let is_here = request.url.origin() == self.url.origin();
        if is_here
            && is_read
            && request.header("range").is_none()
            && let Some(response) = self.answer(&request.url)
        {
            return Ok(Intercepted::Answered(response));
        }
        if !self.has_server {
            self.wants_server.store(true, Ordering::Relaxed);
            return Err(NetworkError::Handler(format!(
                "only wptserve can answer `{}`",
                request.url
            )));
        }
        Ok(Intercepted::PassedOn(request))
    }

    /// `None` for what only wptserve can answer.
    fn answer(&self, url: &Url) -> Option<Response> {
        if let Some((path, source)) = &self.worker
            && url.path() == path
        {
            return Some(ok("text/javascript", source.clone().into_bytes()));
        }
        if needs_server(url) {
            return None;
        }
        let path = percent_decode_str(url.path()).decode_utf8().ok()?;
        if path.split('/').any(|part| part == "..") {
            return None;
        }
        let file = self.suite.file(&path);
        let Ok(content) = std::fs::read(&file) else {
            // A folder's listing, or a route that only the server knows; a file that is not there is not there.
            return (!file.is_dir() && !self.has_server).then(|| Response::new(404));
        };
        let kind = mime_guess::from_path(&file).first_or_octet_stream();
        let mut response = ok(kind.essence_str(), content);
        add_headers(&mut response, &file)?;
        Some(response)
    }

    /// The text of a script that a window loads, if it needs no server.
    pub(crate) fn script(&self, address: &str) -> Option<Vec<u8>> {
        let url = self.url.join(address).ok()?;
        match self.answer(&url)?.body {
            Body::Bytes(bytes) => Some(bytes.to_vec()),
            _ => None,
        }
    }
}

/// Whether a request on the site is for more than a plain file.
fn needs_server(url: &Url) -> bool {
    let path = url.path();
    let name = path.rsplit('/').next().unwrap_or_default();
    let is_computed = name.ends_with(".py") || name.ends_with(".asis") || name.contains(".sub.");
    is_computed || url.query().is_some_and(|query| query.contains("pipe="))
}

/// Takes the headers that stand beside a file; `None` if they have to be computed.
fn add_headers(response: &mut Response, file: &std::path::Path) -> Option<()> {
    let beside = |suffix: &str| {
        let mut name = file.as_os_str().to_owned();
        name.push(suffix);
        std::path::PathBuf::from(name)
    };
    let of_folder = file.with_file_name("__dir__.headers");
    if beside(".sub.headers").exists() || file.with_file_name("__dir__.sub.headers").exists() {
        return None;
    }
    for source in [of_folder, beside(".headers")] {
        let Ok(text) = std::fs::read_to_string(source) else {
            continue;
        };
        for (name, value) in text.lines().filter_map(|line| line.split_once(':')) {
            let (name, value) = (name.trim(), value.trim().as_bytes().to_vec());
            let headers = &mut response.headers;
            if name.eq_ignore_ascii_case("content-type") {
                headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
            }
            headers.push((name.to_owned(), value));
        }
    }
    Some(())
}

fn ok(content_type: &str, body: Vec<u8>) -> Response {
    let mut response = Response::new(200);
    response.status_text = "OK".to_owned();
    response.headers = vec![("Content-Type".to_owned(), content_type.as_bytes().to_vec())];
    response.body = Body::Bytes(body.into());
    response
}

/// The path of the generated worker.
pub(crate) fn worker_path(test: &Test) -> String {
    let stem = test.path.strip_suffix(".js").unwrap_or(&test.path);
    format!("{stem}.worker.js")
}

/// <https://web-platform-tests.org/writing-tests/testharness.html#multi-global-tests>
fn worker_source(test: &Test) -> String {
    let mut source = String::new();
    if let Some(title) = &test.title {
        source += &format!("self.META_TITLE = {};\n", quoted(title));
    }
    source += "self.GLOBAL = { isWindow: () => false, isWorker: () => true, isShadowRealm: () => false };\n";
    source += "importScripts(\"/resources/testharness.js\");\n";
    source += REPORT;
    // A worker that ends first is rid of its deadline.
    source += "landfallDeadline().then(() => self.timeout(), () => {});\n";
    for script in &test.scripts {
        match script {
            Script::At(address) => source += &format!("importScripts({});\n", quoted(address)),
            Script::Inline(text) => source += text,
        }
    }
    if test.scope == Scope::DeclaredWorker {
        source += "done();\n";
    }
    source
}

/// Sends results out as they come.
pub(crate) const REPORT: &str = include_str!("report.js");

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
