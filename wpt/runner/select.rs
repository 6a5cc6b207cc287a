//! Which tests are run, and how many files are not, and why.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};

use crate::args::Args;
use crate::manifest::{self, LeftOut, Test};
use crate::suite::{self, Suite};

/// The tests that were asked for.
pub(crate) struct Selection {
    pub(crate) tests: Vec<Test>,
    /// How many files do not run here.
    pub(crate) left_out: BTreeMap<LeftOut, usize>,
}

impl Selection {
    pub(crate) fn read(suite: &Suite, args: &Args) -> Result<Self> {
        let mut selection = Self {
            tests: Vec::new(),
            left_out: BTreeMap::new(),
        };
        let folders = if args.paths.is_empty() {
            suite::test_folders(&suite.root)
        } else {
            args.paths.clone()
        };
        for folder in &folders {
            for path in suite.files(folder)? {
                selection.take(suite, &path);
            }
        }
        if let Some(wanted) = &args.filter {
            selection.tests.retain(|test| test.id.contains(wanted));
        }
        ensure!(
            !selection.tests.is_empty(),
            "no test that runs here is in {}",
            folders.join(", ")
        );
        Ok(selection)
    }

    fn take(&mut self, suite: &Suite, path: &str) {
        let read = || {
            // A file that cannot be read now is reported when it is to be run.
            let content = std::fs::read(suite.file(path)).unwrap_or_default();
            String::from_utf8_lossy(&content).into_owned()
        };
        match manifest::tests(path, read) {
            Ok(tests) => self.tests.extend(tests),
            Err(LeftOut::NoTest) => {}
            Err(reason) => *self.left_out.entry(reason).or_default() += 1,
        }
    }
}
