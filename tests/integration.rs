//! The stories: what the product promises, told against real hosts, real files and real servers.
//!
//! One program, because every further one would link V8 again.

/// The program: words in, words and exit codes out.
mod cli;
/// Real libraries from npm, unmodified.
mod real_scripts;
