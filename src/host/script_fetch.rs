//! Fetches the scripts of workers, with the headers and checks that the specification asks for.

use std::cell::Cell;
use std::fmt::Display;

use http::header::ACCEPT;
use url::Url;

use crate::header_list::combined_value;
use crate::host::core::Core;
use crate::network::{
    CacheMode, CacheState, CredentialsMode, NetworkError, RedirectMode, ReferrerPolicy, Request,
    RequestMode, Response,
};
use crate::service_worker::job::{Job, JobKind};
use crate::service_worker::scope::check_max_scope;
use crate::service_worker::{RegistrationId, ScriptResource, ScriptType};
use crate::web::error::WebError;

/// <https://mimesniff.spec.whatwg.org/#javascript-mime-type>
const JAVASCRIPT_MIME_TYPES: [&str; 16] = [
    "application/ecmascript",
    "application/javascript",
    "application/x-ecmascript",
    "application/x-javascript",
    "text/ecmascript",
    "text/javascript",
    "text/javascript1.0",
    "text/javascript1.1",
    "text/javascript1.2",
    "text/javascript1.3",
    "text/javascript1.4",
    "text/javascript1.5",
    "text/jscript",
    "text/livescript",
    "text/x-ecmascript",
    "text/x-javascript",
];

/// How a script is imported.
#[derive(Debug, Clone, Copy)]
pub(super) enum Import {
    /// By `importScripts()`, or as the script of a page.
    Script,
    /// As a module of a service worker.
    ModuleOfWorker,
    /// As a module of a page.
    Module,
}

impl Import {
    pub(super) fn of_worker(script_type: ScriptType) -> Self {
        match script_type {
            ScriptType::Classic => Self::Script,
            ScriptType::Module => Self::ModuleOfWorker,
        }
    }
}

/// A script as it was fetched.
pub(super) struct Fetched {
    pub script: ScriptResource,
    cache_state: CacheState,
}

impl Core {
    /// Fetches the main script of a worker for a job and checks that it may control the job's scope.
    /// <https://w3c.github.io/ServiceWorker/#update-algorithm>
    pub(super) async fn fetch_main_script(
        &self,
        job: &Job,
        script_url: &Url,
        bypass_cache: bool,
    ) -> Result<Fetched, WebError> {
        let mut request = script_request(script_url, script_url, bypass_cache);
        let client_url = job.client_url.as_ref();
        request.client_url = client_url.map(Url::to_string).unwrap_or_default();
        request.mode = RequestMode::SameOrigin;
        request.redirect = RedirectMode::Error;
        request.destination = "serviceworker".to_owned();
        request.headers.push(service_worker_header());
        let _fetching = Fetching::begin(&self.fetching);
        let is_registered = matches!(job.kind, JobKind::Register(_));
        let response = match self.request_script(request, script_url).await {
            // Differs from the spec, which has a TypeError for `register()` too: browsers agree on this.
            Err(error @ NetworkError::UnexpectedRedirect(_)) if is_registered => {
                return Err(WebError::Security(not_fetched(script_url, &error)));
            }
            response => check_status(response, script_url)?,
        };
        // Differs from the spec: it looks at the type first, so that a page that says 404 is a SecurityError. Browsers
        // say what matters, as this does.
        check_mime_type(&response, script_url).map_err(WebError::Security)?;
        let allowed = response
            .header("Service-Worker-Allowed")
            .map(|value| String::from_utf8_lossy(value).into_owned());
        check_max_scope(script_url, &job.scope, allowed.as_deref())?;
        read_script(response, script_url).await
    }

    /// Fetches a script that a worker or a client imports, with its referrer policy.
    pub(super) async fn fetch_imported_script(
        &self,
        url: &Url,
        import: Import,
        client_url: &Url,
        referrer_policy: ReferrerPolicy,
        bypass_cache: bool,
    ) -> Result<Fetched, WebError> {
        let mut request = script_request(url, client_url, bypass_cache);
        request.referrer_policy = referrer_policy;
        match import {
            Import::Script => {
                request.mode = RequestMode::NoCors;
                request.credentials = CredentialsMode::Include;
            }
            // Differs from the spec: another origin, which would have to allow the header, is not sent it.
            Import::ModuleOfWorker if request.is_same_origin() => {
                request.headers.push(service_worker_header());
            }
            Import::ModuleOfWorker | Import::Module => {}
        }
        request.destination = "script".to_owned();
        let _fetching = Fetching::begin(&self.fetching);
        let response = check_status(self.request_script(request, url).await, url)?;
        check_mime_type(&response, url).map_err(WebError::Network)?;
        read_script(response, url).await
    }

    /// "If response's cache state is not `local`, set registration's last update check time to the current time."
    pub(super) fn note_update_check(&self, id: RegistrationId, fetched: &Fetched) {
        if fetched.cache_state != CacheState::Local {
            let now = self.clock.now();
            self.update_registration(id, |registration| {
                registration.last_update_check = Some(now);
            });
        }
    }

    async fn request_script(&self, request: Request, url: &Url) -> Result<Response, NetworkError> {
        let origin = url.origin().ascii_serialization();
        // Differs from the spec: a folder on this machine can be read without a network, so that a worker can be
        // registered and tried out offline.
        if self.settings.serves_folder(&origin) {
            self.network.fetch_while_offline(request).await
        } else {
            self.network.fetch(request).await
        }
    }
}

/// Something is being fetched: the network will bring something, whatever the clock does.
pub(super) struct Fetching<'a>(&'a Cell<usize>);

impl<'a> Fetching<'a> {
    pub(super) fn begin(count: &'a Cell<usize>) -> Self {
        count.set(count.get() + 1);
        Self(count)
    }
}

impl Drop for Fetching<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

fn script_request(url: &Url, client_url: &Url, bypass_cache: bool) -> Request {
    let origin = client_url.origin().ascii_serialization();
    let mut request = Request::new("GET", url.clone(), &origin);
    request.client_url = client_url.to_string();
    request.headers.push((ACCEPT.to_string(), b"*/*".to_vec()));
    if bypass_cache {
        request.cache = CacheMode::NoCache;
    }
    request
}

/// <https://w3c.github.io/ServiceWorker/#service-worker-script-request>
fn service_worker_header() -> (String, Vec<u8>) {
    ("Service-Worker".to_owned(), b"script".to_vec())
}

fn check_status(response: Result<Response, NetworkError>, url: &Url) -> Result<Response, WebError> {
    let response = response.map_err(|error| WebError::Type(not_fetched(url, &error)))?;
    if response.is_ok() {
        return Ok(response);
    }
    let answer = format!("the server answered {}", response.status);
    Err(WebError::Type(not_fetched(url, &answer)))
}

fn not_fetched(url: &Url, reason: &dyn Display) -> String {
    format!("the script `{url}` could not be fetched: {reason}")
}

fn mime_type(response: &Response) -> String {
    let header = response.header("Content-Type").unwrap_or_default();
    let text = String::from_utf8_lossy(header);
    let essence = text.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

fn check_mime_type(response: &Response, url: &Url) -> Result<(), String> {
    let mime_type = mime_type(response);
    if JAVASCRIPT_MIME_TYPES.contains(&mime_type.as_str()) {
        return Ok(());
    }
    Err(format!(
        "the script `{url}` has the MIME type `{mime_type}`, which is not a JavaScript type: serve it as `text/javascript`"
    ))
}

async fn read_script(response: Response, url: &Url) -> Result<Fetched, WebError> {
    let cache_state = response.cache_state;
    let mime_type = mime_type(&response);
    let referrer_policy = combined_value(&response.headers, "Referrer-Policy").unwrap_or_default();
    let referrer_policy = String::from_utf8_lossy(&referrer_policy).into_owned();
    let final_url = response.url().unwrap_or(url).clone();
    let body = response
        .body
        .collect()
        .await
        .map_err(|error| WebError::Type(not_fetched(url, &error)))?;
    let script = ScriptResource {
        url: final_url,
        mime_type,
        referrer_policy,
        body: body.as_ref().into(),
    };
    Ok(Fetched {
        script,
        cache_state,
    })
}
