//! Registrations, their installed workers, and the scripts of these.
//! A worker that is still installing is not kept: a restart begins without it.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, Row, params};

use crate::clock::Timestamp;
use crate::service_worker::{
    RegistrationId, ScriptMap, ScriptResource, ServiceWorker, ServiceWorkerRegistration, WorkerId,
};
use crate::storage::Storage;
use crate::storage::column::{Json, Word};
use crate::storage::error::StorageError;

const WAITING: &str = "waiting";
const ACTIVE: &str = "active";

impl Storage {
    /// Keeps a registration as it is now, with the scripts of the workers that are new in it.
    /// All of it or nothing: a worker is never kept without its scripts.
    pub fn save_registration(
        &self,
        registration: &ServiceWorkerRegistration,
        scripts: &[(WorkerId, &ScriptMap)],
    ) -> Result<(), StorageError> {
        self.database
            .transaction("save a registration", |transaction| {
                save_row(transaction, registration)?;
                save_workers(transaction, registration)?;
                scripts
                    .iter()
                    .try_for_each(|(worker, scripts)| save_scripts(transaction, *worker, scripts))
            })
    }

    /// Every registration, without the scripts of its workers.
    pub fn load_registrations(&self) -> Result<Vec<ServiceWorkerRegistration>, StorageError> {
        self.database.run("read the registrations", |connection| {
            let mut registrations = connection
                .prepare_cached(
                    "SELECT id, origin, scope, update_via_cache, last_update_check_ms, navigation_preload
                     FROM registration ORDER BY id",
                )?
                .query_map([], read_registration)?
                .collect::<rusqlite::Result<Vec<_>>>()?;
            let mut workers = load_workers(connection)?;
            for registration in &mut registrations {
                registration.waiting = workers.remove(&(registration.id, WAITING.to_owned()));
                registration.active = workers.remove(&(registration.id, ACTIVE.to_owned()));
            }
            Ok(registrations)
        })
    }

    /// The scripts of a worker.
    pub fn load_scripts(&self, worker: WorkerId) -> Result<ScriptMap, StorageError> {
        self.database
            .run("read the scripts of a worker", |connection| {
                connection
                    .prepare_cached(
                        "SELECT url, response_url, mime_type, body, referrer_policy
                         FROM script WHERE worker_id = ?",
                    )?
                    .query_map([worker.0], |row| {
                        let Word(url) = row.get(0)?;
                        let Word(response_url) = row.get(1)?;
                        let script = ScriptResource {
                            url: response_url,
                            mime_type: row.get(2)?,
                            referrer_policy: row.get(4)?,
                            body: Arc::from(row.get_ref(3)?.as_blob()?),
                        };
                        Ok((url, script))
                    })?
                    .collect()
            })
    }

    /// Forgets a registration with its workers, scripts and sync registrations.
    pub fn delete_registration(&self, id: RegistrationId) -> Result<(), StorageError> {
        self.database.run("delete a registration", |connection| {
            connection
                .prepare_cached("DELETE FROM registration WHERE id = ?")?
                .execute([id.0])
        })?;
        Ok(())
    }
}

fn save_row(
    connection: &Connection,
    registration: &ServiceWorkerRegistration,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO registration
               (id, origin, scope, update_via_cache, last_update_check_ms, navigation_preload)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (id) DO UPDATE
               SET update_via_cache = ?4, last_update_check_ms = ?5, navigation_preload = ?6",
        )?
        .execute(params![
            registration.id.0,
            registration.origin,
            Word(&registration.scope),
            Word(registration.update_via_cache),
            registration.last_update_check.map(Timestamp::as_millis),
            Json(&registration.navigation_preload),
        ])?;
    Ok(())
}

/// Workers that are in no place any more go with their scripts. The others keep theirs, so rows are
/// changed and never replaced.
fn save_workers(
    connection: &Connection,
    registration: &ServiceWorkerRegistration,
) -> rusqlite::Result<()> {
    let places = [
        (WAITING, &registration.waiting),
        (ACTIVE, &registration.active),
    ];
    let kept = |place: usize| places[place].1.as_ref().map_or(-1, |worker| worker.id.0);
    connection
        .prepare_cached("DELETE FROM worker WHERE registration_id = ? AND id NOT IN (?, ?)")?
        .execute([registration.id.0, kept(0), kept(1)])?;
    // Two workers may change places, and no two may be in one: so all leave theirs first.
    connection
        .prepare_cached("UPDATE worker SET slot = 'moving ' || id WHERE registration_id = ?")?
        .execute([registration.id.0])?;
    for (slot, worker) in places {
        if let Some(worker) = worker {
            save_worker(connection, registration.id, slot, worker)?;
        }
    }
    Ok(())
}

fn save_worker(
    connection: &Connection,
    registration: RegistrationId,
    slot: &str,
    worker: &ServiceWorker,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO worker
               (id, registration_id, slot, script_url, script_type, state, skip_waiting, handled_events)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (id) DO UPDATE
               SET slot = ?3, state = ?6, skip_waiting = ?7, handled_events = ?8",
        )?
        .execute(params![
            worker.id.0,
            registration.0,
            slot,
            Word(&worker.script_url),
            Word(worker.script_type),
            Word(worker.state),
            worker.skip_waiting,
            Json(&worker.handled_events),
        ])?;
    Ok(())
}

fn save_scripts(
    connection: &Connection,
    worker: WorkerId,
    scripts: &ScriptMap,
) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO script (worker_id, url, response_url, mime_type, body, referrer_policy)
         VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (worker_id, url) DO NOTHING",
    )?;
    for (url, script) in scripts.iter() {
        insert.execute(params![
            worker.0,
            Word(url),
            Word(&script.url),
            script.mime_type,
            &*script.body,
            script.referrer_policy,
        ])?;
    }
    Ok(())
}

fn read_registration(row: &Row<'_>) -> rusqlite::Result<ServiceWorkerRegistration> {
    let Word(scope) = row.get(2)?;
    let Word(update_via_cache) = row.get(3)?;
    let last_update_check: Option<i64> = row.get(4)?;
    let Json(navigation_preload) = row.get(5)?;
    Ok(ServiceWorkerRegistration {
        id: RegistrationId(row.get(0)?),
        origin: row.get(1)?,
        scope,
        update_via_cache,
        installing: None,
        waiting: None,
        active: None,
        last_update_check: last_update_check.map(Timestamp),
        navigation_preload,
    })
}

type PlacedWorkers = HashMap<(RegistrationId, String), ServiceWorker>;

fn load_workers(connection: &Connection) -> rusqlite::Result<PlacedWorkers> {
    connection
        .prepare_cached(
            "SELECT registration_id, slot, id, script_url, script_type, state, skip_waiting, handled_events
             FROM worker",
        )?
        .query_map([], |row| {
            let place = (RegistrationId(row.get(0)?), row.get(1)?);
            let Word(script_url) = row.get(3)?;
            let Word(script_type) = row.get(4)?;
            let Word(state) = row.get(5)?;
            let Json(handled_events) = row.get(7)?;
            let worker = ServiceWorker {
                id: WorkerId(row.get(2)?),
                script_url,
                script_type,
                state,
                skip_waiting: row.get(6)?,
                handled_events,
            };
            Ok((place, worker))
        })?
        .collect()
}
