//! The bodies of background fetches, each a file in a folder of its origin, named by number.
//! Which request and which response has which file is written in the database of the host.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::background_fetch::BackgroundFetch;
use crate::storage::Durability;
use crate::storage::error::StorageError;
use crate::storage::folder::{make_folder, sync_folder};
use crate::storage::origin_files::OriginFiles;
use crate::storage::usage::{ORIGINS, entries};

/// The name of the folder in an origin's folder.
pub(super) const FOLDER_NAME: &str = "background_fetch";

/// The bodies of one origin.
#[derive(Debug)]
pub struct FetchFiles {
    origin: Arc<OriginFiles>,
    folder: PathBuf,
    durability: Durability,
}

/// A body that is being written.
#[derive(Debug)]
pub struct BodyFile {
    file: File,
    path: PathBuf,
    origin: Arc<OriginFiles>,
    durability: Durability,
}

impl FetchFiles {
    /// The bodies of an origin. Their folder is made when it is needed.
    pub fn new(origin: Arc<OriginFiles>, durability: Durability) -> Self {
        let folder = origin.folder().join(FOLDER_NAME);
        Self {
            origin,
            folder,
            durability,
        }
    }

    /// Whether so many bytes more are within the origin's quota.
    pub fn has_room(&self, bytes: u64) -> bool {
        bytes == 0 || bytes <= self.origin.quota().saturating_sub(self.origin.usage())
    }

    /// Begins a body, or goes on at the end of one.
    pub fn write(&self, number: i64) -> Result<BodyFile, StorageError> {
        let path = self.path(number);
        let open = || {
            make_folder(&self.folder)?;
            OpenOptions::new().create(true).append(true).open(&path)
        };
        Ok(BodyFile {
            file: open().map_err(|source| StorageError::from_io(&path, source))?,
            origin: Arc::clone(&self.origin),
            durability: self.durability,
            path,
        })
    }

    /// Opens a body to read it. It can be read to its end even if it is removed meanwhile.
    pub fn open(&self, number: i64) -> Result<File, StorageError> {
        let path = self.path(number);
        File::open(&path).map_err(|source| StorageError::from_io(&path, source))
    }

    /// Reads a short body.
    pub fn read(&self, number: i64) -> Result<Vec<u8>, StorageError> {
        let path = self.path(number);
        fs::read(&path).map_err(|source| StorageError::from_io(&path, source))
    }

    /// Removes a body. One that cannot be removed is a leftover for the next start.
    pub fn remove(&self, number: i64) {
        remove_file(&self.path(number));
    }

    /// Removes every body of the fetch.
    pub fn remove_all(&self, fetch: &BackgroundFetch) {
        for number in numbers(fetch) {
            self.remove(number);
        }
    }

    fn path(&self, number: i64) -> PathBuf {
        self.folder.join(number.to_string())
    }
}

/// Removes what a killed process left behind, of all origins: every body that none of these fetches has.
pub fn remove_leftover_bodies<'a>(
    data_folder: &Path,
    fetches: impl IntoIterator<Item = &'a BackgroundFetch>,
) -> Result<(), StorageError> {
    let needed: HashSet<i64> = fetches.into_iter().flat_map(numbers).collect();
    let is_needed = |name: &OsStr| {
        let number = name.to_str().and_then(|name| name.parse().ok());
        number.is_some_and(|number| needed.contains(&number))
    };
    for origin in entries(&data_folder.join(ORIGINS))? {
        for body in entries(&origin.path().join(FOLDER_NAME))? {
            if !is_needed(&body.file_name()) {
                remove_file(&body.path());
            }
        }
    }
    Ok(())
}

fn remove_file(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != ErrorKind::NotFound
    {
        tracing::debug!(path = %path.display(), %error, "the body of a fetch stays for now");
    }
}

/// Fills in how much there is of the responses of a fetch; `origin` is the folder of the origin.
pub fn measure_bodies(origin: &Path, fetch: &mut BackgroundFetch) {
    let folder = origin.join(FOLDER_NAME);
    for record in &mut fetch.records {
        if let Some(response) = &mut record.response {
            let file = folder.join(response.file.to_string());
            response.length = fs::metadata(file).map_or(0, |metadata| metadata.len());
        }
    }
}

/// The numbers of the files that a fetch has.
fn numbers(fetch: &BackgroundFetch) -> impl Iterator<Item = i64> {
    fetch.records.iter().flat_map(|record| {
        let upload = record.upload.map(|_| record.number);
        let download = record.response.as_ref().map(|response| response.file);
        upload.into_iter().chain(download)
    })
}

impl BodyFile {
    /// Adds to the end of the body.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), StorageError> {
        self.origin.take(bytes.len() as u64)?;
        let written = self.file.write_all(bytes);
        written.map_err(|source| StorageError::from_io(&self.path, source))
    }

    /// The body is whole: it has survived what is to be survived.
    pub fn finish(self) -> Result<(), StorageError> {
        if self.durability == Durability::Relaxed {
            return Ok(());
        }
        let folder = self.path.parent().unwrap_or(&self.path);
        let synced = self.file.sync_all().and_then(|()| sync_folder(folder));
        synced.map_err(|source| StorageError::from_io(&self.path, source))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::background_fetch::{
        Display, FailureReason, FetchResult, Record, RecordRequest, RecordResult, ResponseHead,
        StoredResponse,
    };
    use crate::service_worker::{RegistrationId, ServiceWorkerRegistration, UpdateViaCache};
    use crate::storage::Storage;

    fn record(number: i64, response: Option<i64>) -> Record {
        let url: url::Url = "https://shop.example/film".parse().unwrap();
        let head = ResponseHead {
            kind: "basic".to_owned(),
            url_list: vec![url.clone()],
            status: 200,
            status_text: "OK".to_owned(),
            headers: vec![("etag".to_owned(), "\"\u{e9}\"".to_owned())],
        };
        let request = RecordRequest {
            method: "POST".to_owned(),
            url,
            headers: vec![("accept".to_owned(), "video/webm".to_owned())],
            mode: "cors".to_owned(),
            credentials: "include".to_owned(),
            redirect: "follow".to_owned(),
            cache: "default".to_owned(),
            referrer: "client".to_owned(),
            referrer_policy: String::new(),
            integrity: String::new(),
            client_url: "https://shop.example/".to_owned(),
        };
        let mut record = Record::new(number, request, Some(3));
        record.response = response.map(|file| StoredResponse {
            head,
            file,
            length: 0,
        });
        record
    }

    fn fetch(records: Vec<Record>) -> BackgroundFetch {
        BackgroundFetch {
            number: 20,
            id: "films".to_owned(),
            display: Display {
                title: "Films".to_owned(),
                icons: Vec::new(),
            },
            download_total: 100,
            records,
            result: FetchResult::Pending,
            failure_reason: FailureReason::None,
            deliveries: 0,
        }
    }

    #[test]
    fn a_fetch_comes_back_as_it_was_saved_and_goes_with_its_registration() {
        let folder = tempfile::tempdir().unwrap();
        let id = RegistrationId(1);
        let mut fetch = fetch(vec![record(21, None), record(22, Some(23))]);
        {
            let storage = Storage::open(folder.path(), Durability::Relaxed).unwrap();
            let scope = "https://shop.example/".parse().unwrap();
            let registration = ServiceWorkerRegistration::new(id, scope, UpdateViaCache::None);
            storage.save_registration(&registration, &[]).unwrap();
            storage.add_background_fetch(id, &fetch).unwrap();
            fetch.records[0].is_sent = true;
            fetch.records[0].result = RecordResult::Failed(FailureReason::BadStatus);
            storage.save_fetch_record(20, &fetch.records[0]).unwrap();
        }
        let storage = Storage::open(folder.path(), Durability::Relaxed).unwrap();
        let loaded = storage.load_background_fetches().unwrap();
        assert_eq!(loaded, [(id, fetch.clone())]);
        fetch.abort();
        fetch.deliveries = 1;
        storage.save_background_fetch(&fetch).unwrap();
        let loaded = storage.load_background_fetches().unwrap();
        assert_eq!(loaded, [(id, fetch)]);
        storage.delete_registration(id).unwrap();
        assert_eq!(storage.load_background_fetches().unwrap(), []);
    }

    #[test]
    fn bodies_are_measured_and_those_of_nobody_removed() {
        let folder = tempfile::tempdir().unwrap();
        let origin_folder = folder.path().join(ORIGINS).join("https_shop.example");
        let origin = OriginFiles::new(origin_folder.clone(), 20, Arc::new(drop));
        let files = FetchFiles::new(origin, Durability::Strict);
        for (number, text) in [(21, "abc"), (22, "abcdef"), (23, "left")] {
            let mut body = files.write(number).unwrap();
            body.write(text.as_bytes()).unwrap();
            body.finish().unwrap();
        }
        files.write(22).unwrap().write(b"ghi").unwrap();
        assert!(!files.has_room(10));
        assert!(matches!(
            files.write(22).unwrap().write(&[0; 10]),
            Err(StorageError::QuotaExceeded { .. })
        ));
        let mut fetch = fetch(vec![record(21, Some(22))]);
        remove_leftover_bodies(folder.path(), [&fetch]).unwrap();
        measure_bodies(&origin_folder, &mut fetch);
        assert_eq!(fetch.progress().downloaded, 9);
        assert!(matches!(files.open(23), Err(StorageError::Folder { .. })));

        let mut reading = files.open(22).unwrap();
        files.remove_all(&fetch);
        let mut text = String::new();
        reading.read_to_string(&mut text).unwrap();
        assert_eq!(text, "abcdefghi", "who reads it reads it to its end");
        assert!(files.open(21).is_err() && files.has_room(20));
    }
}
