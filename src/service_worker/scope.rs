//! Scopes: which registration is in charge of a URL, and which scopes a script may claim.
//! It compares URLs; fetching the script and its headers is the host's part.

use std::net::Ipv4Addr;

use url::{Host, Url};

use crate::service_worker::registration::ServiceWorkerRegistration;

/// Why a script cannot be registered for a scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// Not a URL at all.
    #[error("the URL `{0}` is invalid")]
    InvalidUrl(String),
    /// Neither http nor https.
    #[error("the URL protocol of `{0}` is not supported: use http or https")]
    UnsupportedScheme(Url),
    /// `%2f` or `%5c` in a path could hide a folder.
    #[error("the path of `{0}` includes a disallowed escape sequence: `%2f` or `%5c`")]
    EscapedSlash(Url),
    /// Not https and not the own machine.
    #[error(
        "the origin `{0}` is not secure: service workers need https, or http on localhost or 127.0.0.1"
    )]
    InsecureOrigin(String),
    /// The script is somebody else's.
    #[error("the origin of the script `{script_url}` does not match the current origin `{origin}`")]
    ForeignScript {
        /// The script's address.
        script_url: Url,
        /// Who wanted to register it.
        origin: String,
    },
    /// The scope is somebody else's.
    #[error("the origin of the scope `{scope}` does not match the current origin `{origin}`")]
    ForeignScope {
        /// The scope asked for.
        scope: Url,
        /// Who asked.
        origin: String,
    },
    /// The scope is not below the script's folder, and no header widens that.
    #[error(
        "the scope `{scope}` is not under the max scope allowed, `{allowed}`: move the script, or serve it with the header `Service-Worker-Allowed`"
    )]
    OutsideMaxScope {
        /// The path of the scope asked for.
        scope: String,
        /// The path it would have to be below.
        allowed: String,
    },
    /// The header names another origin.
    #[error("the header `Service-Worker-Allowed: {0}` does not name a path of the script's origin")]
    InvalidAllowedHeader(String),
}

/// The exception a script sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScopeException {
    /// `TypeError`
    TypeError,
    /// `DOMException` of that name
    SecurityError,
}

impl ScopeError {
    /// Which exception `register()` rejects with.
    pub fn exception(&self) -> ScopeException {
        match self {
            Self::InvalidUrl(_) | Self::UnsupportedScheme(_) | Self::EscapedSlash(_) => {
                ScopeException::TypeError
            }
            _ => ScopeException::SecurityError,
        }
    }
}

/// The URL that a script meant, against its own address.
pub fn resolve(input: &str, base: &Url) -> Result<Url, ScopeError> {
    let mut url = base
        .join(input)
        .map_err(|_| ScopeError::InvalidUrl(input.to_owned()))?;
    url.set_fragment(None);
    Ok(url)
}

/// The scope of a registration that names none: the script's folder.
pub fn default_scope(script_url: &Url) -> Result<Url, ScopeError> {
    resolve("./", script_url)
}

/// The checks of `register()` that need no network, in the specification's order.
/// <https://w3c.github.io/ServiceWorker/#start-register-algorithm>,
/// <https://w3c.github.io/ServiceWorker/#register-algorithm>
pub fn check_registration(script_url: &Url, scope: &Url, page_url: &Url) -> Result<(), ScopeError> {
    for url in [script_url, scope] {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(ScopeError::UnsupportedScheme(url.clone()));
        }
        if hides_a_slash(url.path()) {
            return Err(ScopeError::EscapedSlash(url.clone()));
        }
    }
    let origin = page_url.origin();
    if !is_potentially_trustworthy(page_url) {
        return Err(ScopeError::InsecureOrigin(origin.ascii_serialization()));
    }
    if script_url.origin() != origin {
        return Err(ScopeError::ForeignScript {
            script_url: script_url.clone(),
            origin: origin.ascii_serialization(),
        });
    }
    if scope.origin() != origin {
        return Err(ScopeError::ForeignScope {
            scope: scope.clone(),
            origin: origin.ascii_serialization(),
        });
    }
    Ok(())
}

fn hides_a_slash(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    path.contains("%2f") || path.contains("%5c")
}

/// The path that every scope of the script must begin with.
/// `allowed` is the value of the script's header `Service-Worker-Allowed`.
pub fn max_scope_path(script_url: &Url, allowed: Option<&str>) -> Result<String, ScopeError> {
    let Some(allowed) = allowed else {
        return Ok(default_scope(script_url)?.path().to_owned());
    };
    match script_url.join(allowed) {
        Ok(widest) if widest.origin() == script_url.origin() => Ok(widest.path().to_owned()),
        _ => Err(ScopeError::InvalidAllowedHeader(allowed.to_owned())),
    }
}

/// Whether the script may claim the scope, once its headers are known.
/// <https://w3c.github.io/ServiceWorker/#update-algorithm>
pub fn check_max_scope(
    script_url: &Url,
    scope: &Url,
    allowed: Option<&str>,
) -> Result<(), ScopeError> {
    let widest = max_scope_path(script_url, allowed)?;
    if scope.path().starts_with(&widest) {
        return Ok(());
    }
    Err(ScopeError::OutsideMaxScope {
        scope: scope.path().to_owned(),
        allowed: widest,
    })
}

/// The registration in charge of `url`: the longest scope that the URL begins with.
/// <https://w3c.github.io/ServiceWorker/#match-service-worker-registration>
pub fn match_registration<'a>(
    registrations: impl IntoIterator<Item = &'a ServiceWorkerRegistration>,
    url: &Url,
) -> Option<&'a ServiceWorkerRegistration> {
    registrations
        .into_iter()
        // A scope's text ends its host with a slash, so the prefix also compares the origins.
        .filter(|registration| url.as_str().starts_with(registration.scope.as_str()))
        .max_by_key(|registration| registration.scope.as_str().len())
}

/// Whether what is served there can be trusted not to have been changed on its way.
/// <https://w3c.github.io/webappsec-secure-contexts/#is-origin-trustworthy>
pub fn is_potentially_trustworthy(url: &Url) -> bool {
    match url.scheme() {
        "https" | "wss" => true,
        "http" | "ws" => match url.host() {
            Some(Host::Ipv4(address)) => Ipv4Addr::is_loopback(&address),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => {
                let name = name.strip_suffix('.').unwrap_or(name);
                name == "localhost" || name.ends_with(".localhost")
            }
            None => false,
        },
        _ => false,
    }
}
