//! Which failures are known, and why: small TOML files, one for each top folder of a suite.
//!
//! A test without an entry must pass. An entry needs a reason, and one that holds no more fails the run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::results::{FileStatus, Outcome, Subtest};

/// What is known to fail in one test.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expectation {
    /// How the file as a whole ends, if not well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<FileStatus>,
    /// Every subtest that does not pass, by its name.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) fails: BTreeSet<String>,
    /// Subtests that sometimes pass, or that are sometimes not reached.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) unstable: BTreeSet<String>,
    /// It is not run at all.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) out_of_scope: bool,
    /// Why.
    pub(crate) reason: String,
}

/// One file of expectations: what is known of each test, by its address below the folder.
type Entries = BTreeMap<String, Expectation>;

/// The expectations of a suite.
pub(crate) struct Expectations {
    folder: PathBuf,
    files: BTreeMap<String, Entries>,
    /// Files that cannot be read, with what is wrong. They excuse nothing, and are not written.
    malformed: BTreeMap<String, anyhow::Error>,
}

/// Something that is not as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Surprise {
    /// The file ended otherwise than expected.
    File {
        expected: FileStatus,
        came: FileStatus,
        message: Option<String>,
    },
    /// A subtest failed that should not.
    Failed(Subtest),
    /// A subtest passed although an entry says that it fails: the entry has to go.
    Passed(String),
    /// An entry names a subtest that there is not.
    Unknown(String),
}

impl Expectations {
    /// Reads every file of `folder`, which may be missing.
    pub(crate) fn read(folder: &Path) -> Self {
        let mut expectations = Self {
            folder: folder.to_owned(),
            files: BTreeMap::new(),
            malformed: BTreeMap::new(),
        };
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let paths = entries.map(|entry| entry.path());
        for path in paths.filter(|path| path.extension().is_some_and(|kind| kind == "toml")) {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            match read_file(&path) {
                Ok(entries) => _ = expectations.files.insert(name.into_owned(), entries),
                Err(error) => _ = expectations.malformed.insert(name.into_owned(), error),
            }
        }
        expectations
    }

    /// What is wrong with the files that cannot be read.
    pub(crate) fn malformed(&self) -> impl Iterator<Item = &anyhow::Error> {
        self.malformed.values()
    }

    /// What is known of a test.
    pub(crate) fn of(&self, id: &str) -> Option<&Expectation> {
        let (file, key) = split(id);
        self.files.get(file)?.get(key)
    }

    /// Entries below `folders` whose test is not there any more.
    pub(crate) fn strays(
        &self,
        folders: &[String],
        is_there: impl Fn(&str) -> bool,
    ) -> Vec<String> {
        let ids = self
            .files
            .iter()
            .flat_map(|(file, entries)| entries.keys().map(move |key| format!("/{file}/{key}")));
        let is_below = |id: &str, folder: &String| {
            let folder = folder.trim_matches('/');
            let rest = id.strip_prefix('/').and_then(|id| id.strip_prefix(folder));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        ids.filter(|id| folders.iter().any(|folder| is_below(id, folder)) && !is_there(id))
            .collect()
    }

    /// Forgets what is known of a test.
    pub(crate) fn remove(&mut self, id: &str) {
        let (file, key) = split(id);
        if let Some(entries) = self.files.get_mut(file) {
            entries.remove(key);
        }
    }

    /// Sets what is known of a test to what it came to. An entry that is new, or that excuses more than before, takes
    /// `reason`; gives `false` if there is none.
    pub(crate) fn update(&mut self, id: &str, outcome: &Outcome, reason: Option<&str>) -> bool {
        let (file, key) = split(id);
        if self.malformed.contains_key(file) {
            return true;
        }
        let known = self.of(id).cloned();
        let unstable = known.as_ref().map(|known| known.unstable.clone());
        let seen = Seen::of(outcome, unstable.unwrap_or_default());
        if seen.is_clean() {
            self.remove(id);
            return true;
        }
        let is_excused = known.as_ref().is_some_and(|known| seen.is_within(known));
        let reason = match (known, reason) {
            (Some(known), _) if is_excused => known.reason,
            (_, Some(reason)) => reason.to_owned(),
            _ => return false,
        };
        let entry = Expectation {
            status: seen.status,
            fails: seen.fails,
            unstable: seen.unstable,
            out_of_scope: false,
            reason,
        };
        let entries = self.files.entry(file.to_owned()).or_default();
        entries.insert(key.to_owned(), entry);
        true
    }

    /// Writes every file that has entries, and removes those that have none.
    pub(crate) fn write(&self) -> Result<()> {
        for (name, entries) in &self.files {
            let path = self.folder.join(format!("{name}.toml"));
            if entries.is_empty() {
                if path.exists() {
                    std::fs::remove_file(&path).with_context(|| path.display().to_string())?;
                }
                continue;
            }
            std::fs::create_dir_all(&self.folder)
                .with_context(|| self.folder.display().to_string())?;
            let text = toml::to_string_pretty(entries)?;
            let is_same = std::fs::read_to_string(&path).is_ok_and(|known| known == text);
            if !is_same {
                std::fs::write(&path, text).with_context(|| path.display().to_string())?;
            }
        }
        Ok(())
    }
}

/// What a run saw of a test, as an entry would say it.
struct Seen {
    status: Option<FileStatus>,
    fails: BTreeSet<String>,
    unstable: BTreeSet<String>,
}

impl Seen {
    fn of(outcome: &Outcome, unstable: BTreeSet<String>) -> Self {
        let fails = outcome.subtests.iter().filter(|subtest| !subtest.is_fine());
        let names = fails.map(|subtest| subtest.name.clone());
        Self {
            status: (!outcome.status.is_whole()).then_some(outcome.status),
            fails: names.filter(|name| !unstable.contains(name)).collect(),
            unstable,
        }
    }

    fn is_clean(&self) -> bool {
        self.status.is_none() && self.fails.is_empty() && self.unstable.is_empty()
    }

    /// Whether an entry excuses all of it already.
    fn is_within(&self, known: &Expectation) -> bool {
        (self.status.is_none() || self.status == known.status) && self.fails.is_subset(&known.fails)
    }
}

/// Compares an outcome with what is known.
pub(crate) fn compare(outcome: &Outcome, known: Option<&Expectation>) -> Vec<Surprise> {
    let nothing = Expectation::default();
    let known = known.unwrap_or(&nothing);
    let mut surprises = Vec::new();
    let expected = known.status.unwrap_or(FileStatus::Ok);
    let is_as_expected =
        outcome.status == expected || (expected.is_whole() && outcome.status.is_whole());
    if !is_as_expected {
        surprises.push(Surprise::File {
            expected,
            came: outcome.status,
            message: outcome.message.clone(),
        });
    }
    // Names may repeat: a name is fine if each of its subtests is.
    let mut fine: BTreeMap<&str, bool> = BTreeMap::new();
    for subtest in &outcome.subtests {
        *fine.entry(&subtest.name).or_insert(true) &= subtest.is_fine();
    }
    for subtest in &outcome.subtests {
        let name = &subtest.name;
        if !subtest.is_fine() && !known.fails.contains(name) && !known.unstable.contains(name) {
            surprises.push(Surprise::Failed(subtest.clone()));
        }
    }
    for name in &known.fails {
        match fine.get(name.as_str()) {
            Some(true) => surprises.push(Surprise::Passed(name.clone())),
            Some(false) => {}
            None => surprises.push(Surprise::Unknown(name.clone())),
        }
    }
    surprises
}

/// `/dom/events/x.html` is `events/x.html` in `dom.toml`.
fn split(id: &str) -> (&str, &str) {
    let id = id.trim_start_matches('/');
    id.split_once('/').unwrap_or(("", id))
}

fn read_file(path: &Path) -> Result<Entries> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let entries: Entries = toml::from_str(&text)
        .with_context(|| format!("`{}` is no file of expectations", path.display()))?;
    for (test, entry) in &entries {
        let place = format!("`{}`, [\"{test}\"]", path.display());
        ensure!(
            !entry.reason.trim().is_empty(),
            "{place}: the reason is empty"
        );
        let says_something = entry.out_of_scope
            || entry.status.is_some()
            || !entry.fails.is_empty()
            || !entry.unstable.is_empty();
        ensure!(
            says_something,
            "{place}: it excuses nothing; there are `fails`, `unstable`, `status` and `out_of_scope`"
        );
    }
    Ok(entries)
}
