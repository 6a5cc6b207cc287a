//! The notifications that registrations show. They stay until they are closed, or their registration goes.

use rusqlite::params;

use crate::notification::Notification;
use crate::service_worker::RegistrationId;
use crate::storage::Storage;
use crate::storage::column::Json;
use crate::storage::error::StorageError;

/// A notification that is shown for a registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredNotification {
    /// Its number.
    pub id: i64,
    /// The registration that shows it.
    pub registration: RegistrationId,
    /// What is shown.
    pub content: Notification,
    /// `Notification.data`, a structured clone.
    pub data: Vec<u8>,
}

impl Storage {
    /// Keeps a notification, and forgets the ones in whose place it comes: both or neither.
    pub fn save_notification(
        &self,
        notification: &StoredNotification,
        replaced: &[i64],
    ) -> Result<(), StorageError> {
        self.database
            .transaction("save a notification", |transaction| {
                for id in replaced {
                    transaction
                        .prepare_cached("DELETE FROM notification WHERE id = ?")?
                        .execute([id])?;
                }
                transaction
                    .prepare_cached(
                        "INSERT INTO notification (id, registration_id, content, data)
                         VALUES (?, ?, ?, ?)",
                    )?
                    .execute(params![
                        notification.id,
                        notification.registration.0,
                        Json(&notification.content),
                        notification.data,
                    ])?;
                Ok(())
            })
    }

    /// Forgets a notification.
    pub fn remove_notification(&self, id: i64) -> Result<(), StorageError> {
        self.database.run("remove a notification", |connection| {
            connection
                .prepare_cached("DELETE FROM notification WHERE id = ?")?
                .execute([id])
        })?;
        Ok(())
    }

    /// Every notification that is shown, the oldest first.
    pub fn load_notifications(&self) -> Result<Vec<StoredNotification>, StorageError> {
        self.database.run("read the notifications", |connection| {
            connection
                .prepare_cached(
                    "SELECT id, registration_id, content, data FROM notification ORDER BY id",
                )?
                .query_map([], |row| {
                    let Json(content) = row.get(2)?;
                    Ok(StoredNotification {
                        id: row.get(0)?,
                        registration: RegistrationId(row.get(1)?),
                        content,
                        data: row.get(3)?,
                    })
                })?
                .collect()
        })
    }
}
