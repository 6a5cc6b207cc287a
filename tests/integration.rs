//! The stories: what the product promises, told on its public interface.

#![cfg(feature = "v8")]

mod cli;
mod real_scripts;
