//! navigator: facts about the host, connectivity, storage, permissions.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use deno_core::{OpState, op2};
use serde::Serialize;

use crate::connectivity::Connectivity;
use crate::storage::OriginFiles;
use crate::web::error::WebError;
use crate::web::host_port::{HostPort, HostRequest};

deno_core::extension!(
    sw_navigator,
    deps = [landfall_platform],
    ops = [
        op_navigator_facts,
        op_navigator_is_online,
        op_permissions_query,
        op_storage_estimate,
    ],
    esm = [dir "js/navigator", "lock_manager.js", "navigator.js", "permissions.js", "storage_manager.js"],
    options = { navigator: NavigatorOptions },
    state = |state, options| {
        state.put(options.navigator);
    },
);

/// What navigator tells, and where from.
#[derive(Clone)]
pub struct NavigatorOptions {
    /// `navigator.userAgent`, also the request header.
    pub user_agent: String,
    /// `navigator.languages`, the preferred one first; never empty.
    pub languages: Vec<String>,
    /// Whether there is a network.
    pub connectivity: Connectivity,
    /// What the origin stores, and may store.
    pub files: Arc<OriginFiles>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Facts {
    user_agent: String,
    languages: Vec<String>,
    platform: &'static str,
    hardware_concurrency: usize,
}

#[derive(Serialize)]
struct StorageEstimate {
    usage: u64,
    quota: u64,
}

#[op2]
#[serde]
fn op_navigator_facts(state: &OpState) -> Facts {
    let options = state.borrow::<NavigatorOptions>();
    Facts {
        user_agent: options.user_agent.clone(),
        languages: options.languages.clone(),
        platform: platform(),
        hardware_concurrency: std::thread::available_parallelism().map_or(1, usize::from),
    }
}

/// The values that browsers give.
fn platform() -> &'static str {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("windows", _) => "Win32",
        ("macos", _) => "MacIntel",
        ("linux", "x86_64") => "Linux x86_64",
        ("linux", "aarch64") => "Linux aarch64",
        _ => "",
    }
}

#[op2(fast)]
fn op_navigator_is_online(state: &OpState) -> bool {
    state.borrow::<NavigatorOptions>().connectivity.is_online()
}

#[op2]
#[string]
async fn op_permissions_query(
    state: Rc<RefCell<OpState>>,
    #[string] name: String,
) -> Result<&'static str, WebError> {
    let host = HostPort::of(&state.borrow());
    host.ask(|reply| HostRequest::QueryPermission(name, reply))
        .await
}

#[op2]
#[serde]
fn op_storage_estimate(state: &OpState) -> StorageEstimate {
    let files = &state.borrow::<NavigatorOptions>().files;
    StorageEstimate {
        usage: files.usage(),
        quota: files.quota(),
    }
}
