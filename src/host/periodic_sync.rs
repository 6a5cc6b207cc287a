//! Periodic sync: what scripts register and unregister, and what the embedder says about an origin.
//! Its events are fired and settled by the loop of one-shot sync.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::host::core::Core;
use crate::host::event::HostEventKind;
use crate::host::permissions::{Permission, PermissionState};
use crate::host::sync_event::SyncEvent;
use crate::service_worker::RegistrationId;
use crate::storage::{DropCause, StorageError, SyncEntry};
use crate::sync::{Engagement, OwnerId, SyncKey, SyncKind, SyncRefusal, SyncRegistration};
use crate::web::error::WebError;
use crate::web::event::Notice;

impl Core {
    /// `registration.periodicSync.register()`: what it resolves is on disk.
    pub(super) fn register_periodic_sync(
        &self,
        id: RegistrationId,
        tag: String,
        min_interval: Duration,
    ) -> Result<(), WebError> {
        let (registration, key) = self.admit_sync(id, SyncKind::Periodic, tag)?;
        let policy = &self.settings.sync_policy.periodic;
        let origin = registration.origin;
        let engagement = self.engagement(&origin);
        let asked = SyncRegistration {
            min_interval,
            ..SyncRegistration::new(key, origin, policy.max_attempts)
        };
        let now = self.clock.now();
        let row = self
            .syncs
            .borrow()
            .register_periodic(asked, now, engagement, policy);
        self.keep_registered(registration.scope, row)?;
        self.sync_changed.send_replace(());
        Ok(())
    }

    /// `registration.periodicSync.unregister()`. A tag that is not registered is no fault.
    pub(super) fn unregister_periodic_sync(
        &self,
        id: RegistrationId,
        tag: String,
    ) -> Result<(), WebError> {
        let key = SyncKey {
            owner: OwnerId(id.0),
            kind: SyncKind::Periodic,
            tag,
        };
        if self.settings.sync_policy.disabled {
            return Err(SyncRefusal::Disabled.into());
        }
        self.drop_sync(&key, SyncEntry::Unregistered)
            .map_err(|error| {
                self.report_storage(Err(error));
                SyncRefusal::Disabled.into()
            })
    }

    /// A cycle begins at `from`: the registration as it is to be stored.
    pub(super) fn begin_cycle(&self, row: SyncRegistration, from: Timestamp) -> SyncRegistration {
        let engagement = self.engagement(&row.origin);
        let policy = &self.settings.sync_policy.periodic;
        let syncs = self.syncs.borrow();
        syncs.begin_cycle(row, from, engagement, policy)
    }

    /// Another permission for an origin. Without that for periodic sync its periodic registrations are gone.
    /// <https://wicg.github.io/periodic-background-sync/#permissions>
    pub(super) fn set_permission(
        self: &Rc<Self>,
        origin: &str,
        permission: Permission,
        state: PermissionState,
    ) -> Result<(), StorageError> {
        self.permissions
            .borrow_mut()
            .set(origin.to_owned(), permission, state);
        self.notify_origin(origin, || Notice::PermissionChanged {
            name: permission.name(),
            state: state.as_str(),
        });
        self.touch();
        self.review_push_subscriptions()?;
        self.review_periodic_syncs(origin)
    }

    /// Another engagement for an origin: none suspends its periodic registrations, any other revives them.
    pub(super) fn set_engagement(
        &self,
        origin: &str,
        engagement: Engagement,
    ) -> Result<(), StorageError> {
        self.engagements
            .borrow_mut()
            .insert(origin.to_owned(), engagement);
        self.review_periodic_syncs(origin)
    }

    /// Permissions and engagements may be others than when a previous run ended.
    pub(super) fn review_all_periodic_syncs(&self) -> Result<(), StorageError> {
        let mut keys: BTreeMap<String, Vec<SyncKey>> = BTreeMap::new();
        for row in self.syncs.borrow().periodic() {
            let of_origin = keys.entry(row.origin.clone()).or_default();
            of_origin.push(row.key.clone());
        }
        keys.into_iter()
            .try_for_each(|(origin, keys)| self.review(&origin, keys))
    }

    fn review_periodic_syncs(&self, origin: &str) -> Result<(), StorageError> {
        let syncs = self.syncs.borrow();
        let of_origin = syncs.periodic().filter(|row| row.origin == origin);
        let keys: Vec<SyncKey> = of_origin.map(|row| row.key.clone()).collect();
        drop(syncs);
        self.review(origin, keys)
    }

    /// Looks at the periodic registrations of an origin anew.
    fn review(&self, origin: &str, keys: Vec<SyncKey>) -> Result<(), StorageError> {
        let is_permitted = self.is_granted(origin, Permission::PeriodicBackgroundSync);
        let engagement = self.engagement(origin);
        let policy = &self.settings.sync_policy.periodic;
        for key in keys {
            if !is_permitted {
                let cause = DropCause::PermissionWithdrawn;
                self.drop_sync(&key, SyncEntry::Dropped { cause })?;
                continue;
            }
            let changed = {
                let syncs = self.syncs.borrow();
                syncs.follow_engagement(&key, self.clock.now(), engagement, policy)
            };
            if let Some(row) = changed {
                self.store_sync(row)?;
            }
        }
        self.sync_changed.send_replace(());
        Ok(())
    }

    /// Forgets a registration, on disk first. An event of it that runs comes to its end, and nothing follows.
    pub(super) fn drop_sync(&self, key: &SyncKey, entry: SyncEntry) -> Result<(), StorageError> {
        if self.syncs.borrow().get(key).is_none() {
            return Ok(());
        }
        self.record_removed(key, entry)?;
        self.syncs.borrow_mut().remove(key);
        if let Some(registration) = self.registration(RegistrationId(key.owner.0)) {
            self.publish(HostEventKind::Sync(SyncEvent::Unregistered {
                kind: key.kind,
                scope: registration.scope,
                tag: key.tag.clone(),
            }));
        }
        self.sync_changed.send_replace(());
        Ok(())
    }

    fn engagement(&self, origin: &str) -> Engagement {
        let set = self.engagements.borrow().get(origin).copied();
        set.unwrap_or_default()
    }
}
