//! Which tests are run, and how many files are not, and why.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};

use crate::expectations::Expectations;
use crate::manifest::{self, LeftOut, Script, Test};
use crate::suite::Suite;

/// What only wptserve can give, as a test writes it.
const SERVER_WORDS: [&str; 6] = [".py", "pipe=", ".sub.", "get_host_info", "{{", ".asis"];

/// The tests that were asked for.
pub(crate) struct Selection {
    pub(crate) tests: Vec<Test>,
    /// How many files do not run here.
    pub(crate) left_out: BTreeMap<LeftOut, usize>,
}

impl Selection {
    pub(crate) fn read(suite: &Suite, folders: &[String], filter: Option<&str>) -> Result<Self> {
        let mut selection = Self {
            tests: Vec::new(),
            left_out: BTreeMap::new(),
        };
        for folder in folders {
            for path in suite.files(folder)? {
                selection.take(suite, &path);
            }
        }
        if let Some(wanted) = filter {
            selection.tests.retain(|test| test.id.contains(wanted));
        }
        ensure!(
            !selection.tests.is_empty(),
            "no test that runs here is in {}{}",
            folders.join(", "),
            filter.map_or_else(String::new, |filter| format!(
                " with `{filter}` in its address"
            ))
        );
        Ok(selection)
    }

    fn take(&mut self, suite: &Suite, path: &str) {
        match manifest::tests(path, |path| suite.text(path)) {
            Ok(tests) => self.tests.extend(tests),
            Err(LeftOut::NoTest) => {}
            Err(reason) => *self.left_out.entry(reason).or_default() += 1,
        }
    }

    /// Leaves out what the expectations say is not to be run.
    pub(crate) fn leave_out_of_scope(&mut self, expectations: &Expectations) {
        let before = self.tests.len();
        self.tests.retain(|test| {
            !expectations
                .of(&test.id)
                .is_some_and(|known| known.out_of_scope)
        });
        let count = before - self.tests.len();
        if count > 0 {
            self.left_out.insert(LeftOut::OutOfScope, count);
        }
    }
}

/// Whether a test looks as if it needs wptserve. One that does without saying so is found out when it runs.
pub(crate) fn mentions_server(suite: &Suite, test: &Test) -> bool {
    let text = suite.text(&test.path);
    let addresses = test.scripts.iter().map(|script| match script {
        Script::At(address) => address.as_str(),
        Script::Inline(_) => "",
    });
    addresses
        .chain([text.as_str()])
        .any(|text| SERVER_WORDS.iter().any(|word| text.contains(word)))
}
