//! Where tests, their helpers and the harness are: our own suite, or a checkout of web-platform-tests.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

/// Folders in which no test lies, wherever they are.
const NEVER_TESTS: [&str; 6] = [
    "resources",
    "support",
    "tools",
    "node_modules",
    "runner",
    "judge",
];

/// A folder of tests with what they load.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Suite {
    /// `/` of the site.
    pub(crate) root: PathBuf,
    /// The npm package `wpt-runner`, if testharness.js comes from there.
    harness: Option<PathBuf>,
    /// Whether its tests may use the driver: only our own do.
    pub(crate) has_driver: bool,
}

impl Suite {
    /// Our own tests in `folder`, with the harness from npm.
    pub(crate) fn own(folder: &Path) -> Result<Self> {
        Ok(Self {
            root: absolute(folder)?,
            harness: Some(npm_harness(folder)?),
            has_driver: true,
        })
    }

    /// A checkout; `own` is our suite's folder, for a checkout that has no harness of its own.
    pub(crate) fn checkout(folder: &Path, own: &Path) -> Result<Self> {
        let root = absolute(folder)?;
        let has_harness = root.join("resources/testharness.js").is_file();
        ensure!(
            has_harness || root.join("interfaces").is_dir(),
            "`{}` is no checkout of web-platform-tests: neither resources/testharness.js nor interfaces/ is there (wpt/README.md says how to get one)",
            folder.display()
        );
        Ok(Self {
            harness: (!has_harness).then(|| npm_harness(own)).transpose()?,
            root,
            has_driver: false,
        })
    }

    /// Whether the checkout brings wptserve.
    pub(crate) fn has_server(&self) -> bool {
        self.root.join("tools/serve").is_dir()
    }

    /// The text of a file of the site. One that cannot be read is empty, and is reported when it is run.
    pub(crate) fn text(&self, path: &str) -> String {
        let content = std::fs::read(self.file(path)).unwrap_or_default();
        String::from_utf8_lossy(&content).into_owned()
    }

    /// The file behind a path of the site, whether or not it exists.
    pub(crate) fn file(&self, path: &str) -> PathBuf {
        let relative = path.trim_start_matches('/');
        let renamed = match relative {
            "resources/WebIDLParser.js" => "resources/webidl2/lib/webidl2.js",
            other => other,
        };
        let from_npm = self.harness.as_ref().and_then(|package| {
            let file = match renamed {
                "resources/testharness.js" => "testharness/testharness.js",
                "resources/idlharness.js" => "testharness/idlharness.js",
                "resources/webidl2/lib/webidl2.js" => "testharness/webidl2/lib/webidl2.js",
                "common/gc.js" => "common/gc.js",
                _ => return None,
            };
            Some(package.join(file))
        });
        from_npm.unwrap_or_else(|| self.root.join(renamed))
    }

    /// Every file below `folder` that may be a test, as paths of the site, in a stable order.
    pub(crate) fn files(&self, folder: &str) -> Result<Vec<String>> {
        let start = self.root.join(folder.trim_matches('/'));
        let mut found = Vec::new();
        if start.is_file() {
            found.push(start);
        } else if start.is_dir() {
            collect(&start, &mut found)?;
        } else {
            bail!(
                "`{folder}` is not in `{}`: the folders there are {}",
                self.root.display(),
                test_folders(&self.root).join(", ")
            );
        }
        let mut paths: Vec<String> = found.iter().filter_map(|file| self.path_of(file)).collect();
        paths.retain(|path| !path.starts_with("/common/"));
        paths.sort();
        Ok(paths)
    }

    fn path_of(&self, file: &Path) -> Option<String> {
        let relative = file.strip_prefix(&self.root).ok()?.to_str()?;
        Some(format!("/{}", relative.replace('\\', "/")))
    }
}

fn absolute(folder: &Path) -> Result<PathBuf> {
    ensure!(folder.is_dir(), "`{}` is no folder", folder.display());
    std::path::absolute(folder).with_context(|| folder.display().to_string())
}

fn npm_harness(own: &Path) -> Result<PathBuf> {
    let package = own.join("node_modules/wpt-runner");
    ensure!(
        package.join("testharness/testharness.js").is_file(),
        "testharness.js is not in `{}`: run `npm ci` in `{}`, or say with --suite where that folder is",
        package.display(),
        own.display()
    );
    std::path::absolute(&package).with_context(|| package.display().to_string())
}

/// The folders of a suite that may hold tests.
pub(crate) fn test_folders(root: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter(|entry| entry.path().is_dir())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| {
            may_hold_tests(name)
                && !["common", "expectations", "interfaces"].contains(&name.as_str())
        })
        .collect();
    names.sort();
    names
}

fn may_hold_tests(name: &str) -> bool {
    !name.starts_with('.') && !NEVER_TESTS.contains(&name)
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    for entry in entries {
        let path = entry.with_context(|| folder.display().to_string())?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if !path.is_dir() {
            found.push(path);
        } else if may_hold_tests(&name) {
            collect(&path, found)?;
        }
    }
    Ok(())
}
