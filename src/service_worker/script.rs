//! The scripts of a worker: what was read once and is used for every later start.
//! It does not fetch or run them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use url::Url;

/// How a script is to be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScriptType {
    /// A classic script: sloppy mode, `importScripts()`.
    #[default]
    Classic,
    /// A module: strict mode, `import`.
    Module,
}

impl ScriptType {
    /// The value of the option `type` of `register()`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Classic => "classic",
            Self::Module => "module",
        }
    }
}

/// One script as it came from the network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScriptResource {
    /// Where it came from in the end, after redirects.
    pub url: Url,
    /// The MIME type it was served with.
    pub mime_type: String,
    /// The header `Referrer-Policy` that it was served with. That of the main script holds for the worker's requests.
    #[serde(default)]
    pub referrer_policy: String,
    /// Its text, byte for byte, as update checks compare it.
    pub body: Arc<[u8]>,
}

/// All scripts of one worker, the main script included, by the URL they were asked for with.
/// <https://w3c.github.io/ServiceWorker/#dfn-script-resource-map>
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ScriptMap(BTreeMap<Url, ScriptResource>);

impl ScriptMap {
    /// No scripts yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The script that was asked for as `url`.
    pub fn get(&self, url: &Url) -> Option<&ScriptResource> {
        self.0.get(url)
    }

    /// Adds what `url` gave. What a script was once it stays, so a second answer is ignored.
    pub fn insert(&mut self, url: Url, script: ScriptResource) {
        self.0.entry(url).or_insert(script);
    }

    /// Every script, with the URL it was asked for with.
    pub fn iter(&self) -> impl Iterator<Item = (&Url, &ScriptResource)> {
        self.0.iter()
    }

    /// The scripts that the main script imported.
    pub fn imported<'a>(
        &'a self,
        main: &'a Url,
    ) -> impl Iterator<Item = (&'a Url, &'a ScriptResource)> {
        self.0.iter().filter(move |(url, _)| *url != main)
    }
}

/// The scripts of a worker that is not installed yet. What it has not used until then is not kept.
#[derive(Debug, Clone, Default)]
pub struct NewScripts {
    /// Those that it has.
    pub used: ScriptMap,
    /// Imports of its predecessor, as the update check found them; `None` for what could not be had.
    pub checked: BTreeMap<Url, Option<ScriptResource>>,
    /// What it imports must be asked for at its server, past the HTTP cache.
    pub bypass_cache: bool,
}

impl NewScripts {
    /// The worker asks for a script that the update check has fetched already: that answer is its answer.
    pub fn take_checked(&mut self, url: &Url) -> Option<Option<ScriptResource>> {
        self.checked.remove(url)
    }
}

impl FromIterator<(Url, ScriptResource)> for ScriptMap {
    fn from_iter<I: IntoIterator<Item = (Url, ScriptResource)>>(scripts: I) -> Self {
        Self(scripts.into_iter().collect())
    }
}
