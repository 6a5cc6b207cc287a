//! May this `register()` go ahead? The checks in their order, and the exception for each.
//! Whether a window is open or a permission granted is told to it.

use crate::dom_string::utf8_length;
use crate::sync::policy::{CheckOrder, SyncPolicy};

/// What a call of `register()` finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admission<'a> {
    /// The tag asked for.
    pub tag: &'a str,
    /// The service worker registration has an active worker.
    pub has_active_worker: bool,
    /// The origin has a top-level window.
    pub has_window: bool,
    /// The permission for the kind of sync is granted.
    pub has_permission: bool,
}

/// Why `register()` rejects. The messages are Chromium's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SyncRefusal {
    /// Nobody would get the event.
    #[error("Registration failed - no active Service Worker")]
    NoActiveWorker,
    /// The origin has no window, or the tag is too long.
    #[error("Attempted to register a sync event without a window or registration tag too long.")]
    NoWindowOrLongTag,
    /// The permission is denied.
    #[error("Permission denied.")]
    PermissionDenied,
    /// It could not be stored, or there is no background sync by policy.
    ///
    /// Differs from Chromium, whose periodic sync says no more than "Unknown error.".
    #[error("Background Sync is disabled.")]
    Disabled,
}

impl Admission<'_> {
    /// Whether the call may go ahead.
    /// <https://wicg.github.io/background-sync/spec/#dom-syncmanager-register>
    pub fn check(&self, policy: &SyncPolicy) -> Result<(), SyncRefusal> {
        if !self.has_active_worker {
            return Err(SyncRefusal::NoActiveWorker);
        }
        if policy.disabled {
            return Err(SyncRefusal::Disabled);
        }
        match policy.check_order {
            CheckOrder::PermissionFirst => {
                self.check_permission()?;
                self.check_window_and_tag(policy)
            }
            CheckOrder::WindowFirst => {
                self.check_window_and_tag(policy)?;
                self.check_permission()
            }
        }
    }

    fn check_permission(&self) -> Result<(), SyncRefusal> {
        if self.has_permission {
            Ok(())
        } else {
            Err(SyncRefusal::PermissionDenied)
        }
    }

    fn check_window_and_tag(&self, policy: &SyncPolicy) -> Result<(), SyncRefusal> {
        let has_window = self.has_window || !policy.window_required;
        let is_short = policy
            .max_tag_bytes
            .is_none_or(|limit| utf8_length(self.tag) <= limit);
        if has_window && is_short {
            Ok(())
        } else {
            Err(SyncRefusal::NoWindowOrLongTag)
        }
    }
}
