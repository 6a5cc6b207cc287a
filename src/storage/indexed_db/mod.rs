//! IndexedDB's rows and rules: keys, records, one SQLite file per database, and who may touch it when.
//! Nothing here is visible to scripts; what they see is in `web::indexed_db` and `js/indexed_db`.

mod attachments;
mod blob_folder;
mod catalog;
mod coordinator;
mod file;
mod key;
mod key_range;
mod records;
mod scan;
mod scheduler;
mod schema;

pub(in crate::storage) use blob_folder::EXTENSION as BLOBS_EXTENSION;

pub use attachments::{Attachment, NewAttachment};
pub use catalog::{DatabaseInfo, database_version, delete_database, file_path, list_databases};
pub use coordinator::{ConnectionId, Coordinator, Message, Participant, Ticket};
pub use file::DatabaseFile;
pub use key::{Key, MalformedKey};
pub use key_range::KeyRange;
pub use records::{IndexKey, NewRecord, PutOutcome};
pub use scan::{Direction, ScannedRecord, Selection, Source, Start};
pub use scheduler::{TransactionId, TransactionMode};
pub use schema::{Index, KeyPath, ObjectStore, Schema};

/// The folder of an origin's databases, inside the origin's folder.
pub const FOLDER_NAME: &str = "indexed_db";

#[cfg(test)]
mod tests;
