//! Updates: is a check due, may the HTTP cache answer it, did the script change.
//! It compares bytes and times; fetching is the host's part.

use std::time::Duration;

use url::Url;

use crate::clock::Timestamp;
use crate::service_worker::registration::{ServiceWorkerRegistration, UpdateViaCache};
use crate::service_worker::script::{ScriptMap, ScriptType};
use crate::service_worker::worker::ServiceWorker;

/// After this time a registration wants an update check, and the HTTP cache is not trusted.
pub const STALE_AFTER: Duration = Duration::from_secs(86_400);

/// Which script of a worker is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScriptRole {
    /// The one that was registered.
    Main,
    /// One that it imports.
    Imported,
}

/// Whether a check is due. <https://w3c.github.io/ServiceWorker/#dfn-service-worker-registration-stale>
pub fn is_stale(registration: &ServiceWorkerRegistration, now: Timestamp) -> bool {
    registration
        .last_update_check
        .is_some_and(|checked| now.saturating_since(checked) > STALE_AFTER)
}

/// Whether the script must be asked for at its server, past the HTTP cache.
pub fn should_bypass_cache(
    role: ScriptRole,
    update_via_cache: UpdateViaCache,
    is_forced_or_stale: bool,
) -> bool {
    let may_use_cache = match role {
        ScriptRole::Main => update_via_cache == UpdateViaCache::All,
        ScriptRole::Imported => update_via_cache != UpdateViaCache::None,
    };
    is_forced_or_stale || !may_use_cache
}

/// A main script that was just fetched.
#[derive(Debug, Clone, Copy)]
pub struct FetchedScript<'a> {
    /// Where from.
    pub url: &'a Url,
    /// Classic script or module.
    pub script_type: ScriptType,
    /// Its bytes.
    pub body: &'a [u8],
}

/// Whether the main script alone makes a new worker necessary. If not, the imported scripts decide:
/// see [`has_import_changed`].
pub fn has_main_script_changed(
    newest: Option<(&ServiceWorker, &ScriptMap)>,
    fetched: FetchedScript<'_>,
) -> bool {
    let Some((worker, scripts)) = newest else {
        return true;
    };
    worker.script_url != *fetched.url
        || worker.script_type != fetched.script_type
        || scripts
            .get(&worker.script_url)
            .is_none_or(|known| *known.body != *fetched.body)
}

/// Whether an imported script makes a new worker necessary. `fetched` is `None` when it could not be had
/// (an error, a status that is not ok, a wrong MIME type): that counts as unchanged.
pub fn has_import_changed(scripts: &ScriptMap, url: &Url, fetched: Option<&[u8]>) -> bool {
    match (scripts.get(url), fetched) {
        (Some(known), Some(body)) => *known.body != *body,
        _ => false,
    }
}
