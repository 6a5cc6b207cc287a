//! What of a checkout is run when nobody names a folder: suites.toml.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

/// One checkout, as suites.toml describes it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pinned {
    /// The commit that the expectations were written for.
    pub(crate) revision: String,
    /// Where it can be had, and what it is.
    pub(crate) source: String,
    /// The folders that apply.
    pub(crate) folders: Vec<String>,
}

/// Reads the part of suites.toml that is called `name`.
pub(crate) fn read(own: &Path, name: &str) -> Result<Pinned> {
    let path = own.join("suites.toml");
    let place = || path.display().to_string();
    let text = std::fs::read_to_string(&path).with_context(place)?;
    let mut suites: BTreeMap<String, Pinned> = toml::from_str(&text).with_context(place)?;
    let known: Vec<String> = suites.keys().cloned().collect();
    suites.remove(name).with_context(|| {
        format!(
            "`{}` has no part `{name}`: there are {}",
            path.display(),
            known.join(", ")
        )
    })
}
