//! Background fetches: a row for each, and one for each of its requests.
//! A fetch is here until its last event has ended, so that a restart goes on with it.

use rusqlite::{Connection, Row, params};

use crate::background_fetch::{BackgroundFetch, Record, StoredResponse};
use crate::service_worker::RegistrationId;
use crate::storage::Storage;
use crate::storage::column::{Json, Word};
use crate::storage::error::StorageError;

impl Storage {
    /// Keeps a new fetch of a registration, with all its requests or not at all.
    pub fn add_background_fetch(
        &self,
        registration: RegistrationId,
        fetch: &BackgroundFetch,
    ) -> Result<(), StorageError> {
        self.database
            .transaction("keep a background fetch", |transaction| {
                transaction
                    .prepare_cached(
                        "INSERT INTO background_fetch
                           (id, registration_id, name, display, download_total, result, failure_reason, deliveries)
                         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    )?
                    .execute(params![
                        fetch.number,
                        registration.0,
                        fetch.id,
                        Json(&fetch.display),
                        stored(fetch.download_total),
                        Word(fetch.result),
                        Word(fetch.failure_reason),
                        fetch.deliveries,
                    ])?;
                save_records(transaction, fetch.number, &fetch.records)
            })
    }

    /// What has become of a fetch and all of its requests.
    pub fn save_background_fetch(&self, fetch: &BackgroundFetch) -> Result<(), StorageError> {
        self.database
            .transaction("save a background fetch", |transaction| {
                transaction
                    .prepare_cached(
                        "UPDATE background_fetch
                         SET display = ?, result = ?, failure_reason = ?, deliveries = ? WHERE id = ?",
                    )?
                    .execute(params![
                        Json(&fetch.display),
                        Word(fetch.result),
                        Word(fetch.failure_reason),
                        fetch.deliveries,
                        fetch.number,
                    ])?;
                save_records(transaction, fetch.number, &fetch.records)
            })
    }

    /// What has become of one request of a fetch.
    pub fn save_fetch_record(&self, fetch: i64, record: &Record) -> Result<(), StorageError> {
        self.database.run("save a fetch record", |connection| {
            save_records(connection, fetch, std::slice::from_ref(record))
        })
    }

    /// Forgets a fetch with its requests. Their files are to be removed afterwards.
    pub fn remove_background_fetch(&self, number: i64) -> Result<(), StorageError> {
        self.database
            .run("remove a background fetch", |connection| {
                connection
                    .prepare_cached("DELETE FROM background_fetch WHERE id = ?")?
                    .execute([number])
            })?;
        Ok(())
    }

    /// Every fetch with its registration, the oldest first. How much there is of responses, their files say.
    pub fn load_background_fetches(
        &self,
    ) -> Result<Vec<(RegistrationId, BackgroundFetch)>, StorageError> {
        self.database
            .run("read the background fetches", |connection| {
                let mut fetches: Vec<_> = connection
                    .prepare_cached(
                        "SELECT registration_id, id, name, display, download_total, result, failure_reason,
                                deliveries
                         FROM background_fetch ORDER BY id",
                    )?
                    .query_map([], read_fetch)?
                    .collect::<rusqlite::Result<_>>()?;
                let mut records = connection.prepare_cached(
                    "SELECT id, request, upload, uploaded, is_sent, response, response_file, result
                     FROM background_fetch_record WHERE background_fetch_id = ? ORDER BY id",
                )?;
                for (_, fetch) in &mut fetches {
                    fetch.records = records
                        .query_map([fetch.number], read_record)?
                        .collect::<rusqlite::Result<_>>()?;
                }
                Ok(fetches)
            })
    }
}

fn save_records(connection: &Connection, fetch: i64, records: &[Record]) -> rusqlite::Result<()> {
    let mut save = connection.prepare_cached(
        "INSERT OR REPLACE INTO background_fetch_record
           (id, background_fetch_id, request, upload, uploaded, is_sent, response, response_file, result)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    for record in records {
        let response = record.response.as_ref();
        save.execute(params![
            record.number,
            fetch,
            Json(&record.request),
            record.upload.map(stored),
            stored(record.uploaded),
            record.is_sent,
            response.map(|response| Json(&response.head)),
            response.map(|response| response.file),
            Json(record.result),
        ])?;
    }
    Ok(())
}

fn read_fetch(row: &Row<'_>) -> rusqlite::Result<(RegistrationId, BackgroundFetch)> {
    let (Json(display), Word(result)) = (row.get(3)?, row.get(5)?);
    let Word(failure_reason) = row.get(6)?;
    let fetch = BackgroundFetch {
        number: row.get(1)?,
        id: row.get(2)?,
        display,
        download_total: read(row, 4)?,
        records: Vec::new(),
        result,
        failure_reason,
        deliveries: row.get(7)?,
    };
    Ok((RegistrationId(row.get(0)?), fetch))
}

fn read_record(row: &Row<'_>) -> rusqlite::Result<Record> {
    let (Json(request), Json(result)) = (row.get(1)?, row.get(7)?);
    let head: Option<Json<_>> = row.get(5)?;
    let file: Option<i64> = row.get(6)?;
    let upload: Option<i64> = row.get(2)?;
    Ok(Record {
        number: row.get(0)?,
        request,
        upload: upload.map(i64::unsigned_abs),
        uploaded: read(row, 3)?,
        is_sent: row.get(4)?,
        response: head.zip(file).map(|(Json(head), file)| StoredResponse {
            head,
            file,
            length: 0,
        }),
        result,
    })
}

/// SQLite's numbers have a sign.
fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn read(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(row.get::<_, i64>(column)?.unsigned_abs())
}
