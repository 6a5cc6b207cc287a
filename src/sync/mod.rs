//! Background sync rules: what a tag's registration becomes, what fires now, when to look again.
//! It never touches a disk, a network, a clock or a script: time, connectivity and chance are arguments.
//!
//! A host works in this order, and every step that changes a [`SyncRegistration`] is stored before the
//! next: [`register`](SyncRegistration::reregister), [`plan`](SyncQueue::plan),
//! [`start`](SyncRegistration::start), the event, [`settle`](SyncRegistration::settle).

pub mod admission;
mod due;
pub mod history;
pub mod kind;
pub mod periodic;
pub mod policy;
pub mod register_loop;
pub mod registration;
pub mod retry;
pub mod schedule;
pub mod state;

#[cfg(test)]
mod tests;

pub use admission::{Admission, SyncRefusal};
pub use history::{Circumstances, DispatchReason, HistoryLimits};
pub use kind::SyncKind;
pub use periodic::{Engagement, PeriodicPolicy};
pub use policy::{CheckOrder, PolicyError, Preset, ReregisterInBackoff, SyncPolicy};
pub use register_loop::RegisterLoop;
pub use registration::{OwnerId, Recovery, Removal, Step, SyncKey, SyncRegistration};
pub use retry::RetryPolicy;
pub use schedule::{Plan, SyncQueue};
pub use state::{Outcome, SyncState};
