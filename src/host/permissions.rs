//! What an origin may do of that for which a browser asks its user. There is nobody to ask here: it is set beforehand.

use std::collections::HashMap;

use crate::sync::SyncKind;

/// Something that an origin may or may not do. The names are those of the Permissions registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Permission {
    /// `background-sync`: `registration.sync.register()`. Granted by default.
    BackgroundSync,
    /// `periodic-background-sync`: `registration.periodicSync.register()`. Granted by default.
    PeriodicBackgroundSync,
    /// `notifications`. It may give a sync more attempts, by policy. Denied by default.
    Notifications,
}

/// Whether it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PermissionState {
    /// It may.
    Granted,
    /// It may not.
    Denied,
}

impl Permission {
    fn default_state(self) -> PermissionState {
        match self {
            Self::BackgroundSync | Self::PeriodicBackgroundSync => PermissionState::Granted,
            Self::Notifications => PermissionState::Denied,
        }
    }
}

impl From<SyncKind> for Permission {
    fn from(kind: SyncKind) -> Self {
        match kind {
            SyncKind::OneShot => Self::BackgroundSync,
            SyncKind::Periodic => Self::PeriodicBackgroundSync,
        }
    }
}

/// The permissions of every origin.
#[derive(Debug, Clone, Default)]
pub(super) struct Permissions(HashMap<(String, Permission), PermissionState>);

impl Permissions {
    pub(super) fn set(&mut self, origin: String, permission: Permission, state: PermissionState) {
        self.0.insert((origin, permission), state);
    }

    pub(super) fn is_granted(&self, origin: &str, permission: Permission) -> bool {
        let set = self.0.get(&(origin.to_owned(), permission)).copied();
        set.unwrap_or_else(|| permission.default_state()) == PermissionState::Granted
    }
}
