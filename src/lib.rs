//! Runs real, unmodified service workers outside the browser.
//!
//! Read in this order: the rules ([`sync`], [`service_worker`]), what they need from the outside
//! ([`storage`], [`connectivity`], [`network`]).

pub mod clock;

pub mod service_worker;
pub mod sync;

pub mod connectivity;
pub mod network;
pub mod storage;

#[cfg(feature = "v8")]
mod engine;
#[cfg(feature = "v8")]
pub mod web;
