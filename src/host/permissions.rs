//! What an origin may do of that for which a browser asks its user. It is set beforehand; or a script asks, and the
//! embedder answers.

use std::collections::HashMap;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::host::core::Core;
use crate::host::event::HostEventKind;
use crate::sync::SyncKind;

/// Something that an origin may or may not do. The names are those of the Permissions registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Permission {
    /// `background-sync`: `registration.sync.register()`. Granted by default.
    BackgroundSync,
    /// `periodic-background-sync`: `registration.periodicSync.register()`. Granted by default.
    PeriodicBackgroundSync,
    /// `notifications`: `registration.showNotification()` and `pushManager.subscribe()`. It may give a sync more
    /// attempts, by policy. Denied by default.
    Notifications,
    /// `background-fetch`: `registration.backgroundFetch.fetch()`. Granted by default.
    BackgroundFetch,
}

/// Whether it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PermissionState {
    /// It may.
    Granted,
    /// It may not.
    Denied,
    /// Nobody has said, and it may not: a script that asks for [`Permission::Notifications`] waits until
    /// [`Host::set_permission`](crate::Host::set_permission) has.
    Prompt,
}

impl PermissionState {
    /// The spelling of the specification. <https://w3c.github.io/permissions/#dom-permissionstate>
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Denied => "denied",
            Self::Prompt => "prompt",
        }
    }
}

/// A name that no permission has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no permission; there are {names}", names = Permission::ALL.map(Permission::name).join(", "))]
pub struct UnknownPermission(String);

impl FromStr for Permission {
    type Err = UnknownPermission;

    fn from_str(name: &str) -> Result<Self, UnknownPermission> {
        let named = Self::ALL.into_iter().find(|known| known.name() == name);
        named.ok_or_else(|| UnknownPermission(name.to_owned()))
    }
}

impl Permission {
    /// All there are.
    pub const ALL: [Self; 4] = [
        Self::BackgroundSync,
        Self::PeriodicBackgroundSync,
        Self::Notifications,
        Self::BackgroundFetch,
    ];

    /// Its name in the Permissions registry.
    pub fn name(self) -> &'static str {
        match self {
            Self::BackgroundSync => "background-sync",
            Self::PeriodicBackgroundSync => "periodic-background-sync",
            Self::Notifications => "notifications",
            Self::BackgroundFetch => "background-fetch",
        }
    }

    fn default_state(self) -> PermissionState {
        match self {
            Self::BackgroundSync | Self::PeriodicBackgroundSync | Self::BackgroundFetch => {
                PermissionState::Granted
            }
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

    fn state(&self, origin: &str, permission: Permission) -> PermissionState {
        let set = self.0.get(&(origin.to_owned(), permission)).copied();
        set.unwrap_or_else(|| permission.default_state())
    }
}

impl Core {
    pub(super) fn permission_state(&self, origin: &str, permission: Permission) -> PermissionState {
        self.permissions.borrow().state(origin, permission)
    }

    /// Whether an origin has a permission.
    pub(super) fn is_granted(&self, origin: &str, permission: Permission) -> bool {
        self.permission_state(origin, permission) == PermissionState::Granted
    }

    /// Asks the embedder, unless it has said already, and waits for what it says.
    /// <https://w3c.github.io/permissions/#dfn-request-permission-to-use>
    pub(super) async fn request_permission(
        &self,
        origin: &str,
        permission: Permission,
    ) -> PermissionState {
        if self.permission_state(origin, permission) == PermissionState::Prompt {
            self.publish(HostEventKind::PermissionRequested {
                origin: origin.to_owned(),
                permission,
            });
        }
        self.wait_for(|core| {
            let state = core.permission_state(origin, permission);
            (state != PermissionState::Prompt).then_some(state)
        })
        .await
    }
}
