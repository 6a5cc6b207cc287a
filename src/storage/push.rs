//! Push subscriptions, and the messages that were taken for them.
//! A message is here until its event has ended, so that a restart delivers it.

use rusqlite::{Row, params};

use crate::clock::Timestamp;
use crate::push::{AcceptedPush, PushOptions, PushSubscription, QueuedPush, SubscriptionKeys};
use crate::service_worker::RegistrationId;
use crate::storage::Storage;
use crate::storage::column::Word;
use crate::storage::error::StorageError;

impl Storage {
    /// Keeps the subscription of a registration, in the place of one that it has.
    pub fn save_push_subscription(
        &self,
        registration: RegistrationId,
        subscription: &PushSubscription,
    ) -> Result<(), StorageError> {
        self.database.run("save a push subscription", |connection| {
            connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO push_subscription
                       (registration_id, endpoint, private_key, auth, user_visible_only, application_server_key)
                     VALUES (?, ?, ?, ?, ?, ?)",
                )?
                .execute(params![
                    registration.0,
                    Word(&subscription.endpoint),
                    subscription.keys.private_bytes(),
                    subscription.keys.auth(),
                    subscription.options.user_visible_only,
                    subscription.options.application_server_key,
                ])
        })?;
        Ok(())
    }

    /// Forgets the subscription of a registration and what was sent to it.
    pub fn remove_push_subscription(
        &self,
        registration: RegistrationId,
    ) -> Result<(), StorageError> {
        self.database
            .transaction("remove a push subscription", |transaction| {
                for statement in [
                    "DELETE FROM push_subscription WHERE registration_id = ?",
                    "DELETE FROM push_message WHERE registration_id = ?",
                ] {
                    transaction
                        .prepare_cached(statement)?
                        .execute([registration.0])?;
                }
                Ok(())
            })
    }

    /// Every push subscription with its registration.
    pub fn load_push_subscriptions(
        &self,
    ) -> Result<Vec<(RegistrationId, PushSubscription)>, StorageError> {
        self.database.run("read the push subscriptions", |connection| {
            connection
                .prepare_cached(
                    "SELECT registration_id, endpoint, private_key, auth, user_visible_only, application_server_key
                     FROM push_subscription",
                )?
                .query_map([], read_subscription)?
                .collect()
        })
    }

    /// Keeps a message for a registration, in the place of one with the same topic whose delivery has not begun.
    pub fn queue_push(
        &self,
        registration: RegistrationId,
        message: &AcceptedPush,
        expires_at: Timestamp,
    ) -> Result<i64, StorageError> {
        self.database
            .transaction("keep a push message", |transaction| {
                if message.topic.is_some() {
                    transaction
                        .prepare_cached(
                            "DELETE FROM push_message
                             WHERE registration_id = ? AND topic = ? AND deliveries = 0",
                        )?
                        .execute(params![registration.0, message.topic])?;
                }
                transaction
                    .prepare_cached(
                        "INSERT INTO push_message (registration_id, topic, data, expires_at_ms, deliveries)
                         VALUES (?, ?, ?, ?, 0)",
                    )?
                    .execute(params![
                        registration.0,
                        message.topic,
                        message.data,
                        expires_at.as_millis(),
                    ])?;
                Ok(transaction.last_insert_rowid())
            })
    }

    /// The message that is to be delivered next to a registration.
    pub fn next_push(
        &self,
        registration: RegistrationId,
    ) -> Result<Option<QueuedPush>, StorageError> {
        self.database
            .run("read the next push message", |connection| {
                connection
                    .prepare_cached(
                        "SELECT id, data, deliveries FROM push_message
                         WHERE registration_id = ? ORDER BY id LIMIT 1",
                    )?
                    .query_map([registration.0], |row| {
                        Ok(QueuedPush {
                            id: row.get(0)?,
                            data: row.get(1)?,
                            deliveries: row.get(2)?,
                        })
                    })?
                    .next()
                    .transpose()
            })
    }

    /// The delivery of a message begins.
    pub fn begin_push(&self, id: i64) -> Result<(), StorageError> {
        self.change_push(
            id,
            "UPDATE push_message SET deliveries = deliveries + 1 WHERE id = ?",
        )
    }

    /// The delivery of a message did not come about after all.
    pub fn undo_begin_push(&self, id: i64) -> Result<(), StorageError> {
        self.change_push(
            id,
            "UPDATE push_message SET deliveries = deliveries - 1 WHERE id = ?",
        )
    }

    /// A message was delivered, or will not be.
    pub fn remove_push(&self, id: i64) -> Result<(), StorageError> {
        self.change_push(id, "DELETE FROM push_message WHERE id = ?")
    }

    /// Forgets the messages whose time is over; gives whose they were, one entry for each.
    pub fn remove_expired_pushes(
        &self,
        now: Timestamp,
    ) -> Result<Vec<RegistrationId>, StorageError> {
        self.database
            .run("remove expired push messages", |connection| {
                connection
                    .prepare_cached(
                        "DELETE FROM push_message WHERE expires_at_ms <= ? RETURNING registration_id",
                    )?
                    .query_map([now.as_millis()], |row| Ok(RegistrationId(row.get(0)?)))?
                    .collect()
            })
    }

    /// The registrations that messages wait for, and how many for each.
    pub fn waiting_pushes(&self) -> Result<Vec<(RegistrationId, u32)>, StorageError> {
        self.database.run("count the push messages", |connection| {
            connection
                .prepare_cached(
                    "SELECT registration_id, COUNT(*) FROM push_message GROUP BY registration_id",
                )?
                .query_map([], |row| Ok((RegistrationId(row.get(0)?), row.get(1)?)))?
                .collect()
        })
    }

    fn change_push(&self, id: i64, statement: &str) -> Result<(), StorageError> {
        self.database.run("change a push message", |connection| {
            connection.prepare_cached(statement)?.execute([id])
        })?;
        Ok(())
    }
}

fn read_subscription(row: &Row<'_>) -> rusqlite::Result<(RegistrationId, PushSubscription)> {
    let Word(endpoint) = row.get(1)?;
    let (private, auth): (Vec<u8>, Vec<u8>) = (row.get(2)?, row.get(3)?);
    let keys =
        SubscriptionKeys::from_bytes(&private, &auth).ok_or(rusqlite::Error::InvalidColumnType(
            2,
            "private_key".to_owned(),
            rusqlite::types::Type::Blob,
        ))?;
    let subscription = PushSubscription {
        endpoint,
        keys,
        options: PushOptions {
            user_visible_only: row.get(4)?,
            application_server_key: row.get(5)?,
        },
    };
    Ok((RegistrationId(row.get(0)?), subscription))
}
