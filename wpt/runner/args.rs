//! The command line.

use std::path::PathBuf;

use clap::Parser;

/// Runs web-platform-tests in landfall: the project's own suite, or a checkout of web-platform-tests.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Args {
    /// Folders or files of tests, from the suite's root; everything if there is none.
    pub(crate) paths: Vec<String>,

    /// A checkout of web-platform-tests; without it the own suite is run.
    #[arg(long, value_name = "DIR")]
    pub(crate) checkout: Option<PathBuf>,

    /// The own suite's folder.
    #[arg(long, value_name = "DIR", default_value = "wpt")]
    pub(crate) suite: PathBuf,

    /// Only tests whose address contains this.
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,

    /// How many tests run at the same time; as many as there are processors if not said.
    #[arg(long, short, value_name = "N")]
    pub(crate) jobs: Option<usize>,

    /// Multiplies every time limit: for slow machines and builds.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    pub(crate) timeout_multiplier: f64,

    /// Says the names of all subtests, not only of those that failed.
    #[arg(long, short)]
    pub(crate) verbose: bool,
}
