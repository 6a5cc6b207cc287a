//! The command line.

use std::path::PathBuf;

use clap::Parser;

/// Runs web-platform tests in landfall, each in a host of its own, and compares the results with what is expected.
///
/// Without --checkout it runs the project's own suite. wpt/README.md says how to get a checkout of web-platform-tests.
///
/// Exit codes: 0 everything was as expected, 1 something was not, 2 the run could not be done.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Args {
    /// Folders or files of tests, from the suite's root; those of suites.toml if there is none.
    pub(crate) paths: Vec<String>,

    /// A checkout of web-platform-tests.
    #[arg(long, value_name = "DIR")]
    pub(crate) checkout: Option<PathBuf>,

    /// The folder of the own suite, of suites.toml and of the expectations.
    #[arg(long, value_name = "DIR", default_value = "wpt")]
    pub(crate) suite: PathBuf,

    /// Which part of suites.toml and of expectations/ belongs to the checkout.
    #[arg(long, value_name = "NAME", default_value = "upstream")]
    pub(crate) name: String,

    /// Only tests whose address contains this.
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,

    /// How many tests run at the same time; four for each processor if not said, as most only wait.
    #[arg(long, short, value_name = "N")]
    pub(crate) jobs: Option<usize>,

    /// Multiplies every time limit: for slow machines and builds.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    pub(crate) timeout_multiplier: f64,

    /// Mebibytes of memory that the process of a test may use.
    #[arg(long, value_name = "MIB", default_value_t = 2048)]
    pub(crate) memory: usize,

    /// Leaves out tests that need wptserve.
    #[arg(long)]
    pub(crate) no_server: bool,

    /// Sets the expectations of the tests that were run to what they came to.
    #[arg(long)]
    pub(crate) update: bool,

    /// Why tests fail that have no expectation yet; without it --update adds none.
    #[arg(long, value_name = "TEXT", requires = "update")]
    pub(crate) reason: Option<String>,

    /// Says the result of every subtest.
    #[arg(long, short)]
    pub(crate) verbose: bool,

    /// Prints all results as one JSON object instead of words.
    #[arg(long, conflicts_with = "tap")]
    pub(crate) json: bool,

    /// Prints all results as TAP instead of words.
    #[arg(long)]
    pub(crate) tap: bool,

    /// Writes all results to a file, in the format that wpt.fyi takes.
    #[arg(long, value_name = "FILE")]
    pub(crate) wptreport: Option<PathBuf>,

    /// Writes all results to a file, as JUnit XML.
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,

    /// Puts the table of results into a Markdown file, where `<!-- score NAME -->` stands.
    #[arg(long, value_name = "FILE")]
    pub(crate) readme: Option<PathBuf>,
}
