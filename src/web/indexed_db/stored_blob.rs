//! The bytes of a stored Blob, for Deno's Blob and File objects: read when a script first asks for them.

use std::fs::File;
use std::io::{Read, Seek};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use deno_web::{BlobPart, InMemoryBlobPart};

use crate::storage::indexed_db::Attachment;

use super::error::OpError;
use super::serialized::BlobParts;

/// So many files are kept open for Blobs in a process; the bytes of further ones are read at once.
const MOST_OPEN_FILES: usize = 200;

static OPEN_FILES: AtomicUsize = AtomicUsize::new(0);

/// A file of which nothing has been read yet, or all.
#[derive(Debug)]
struct StoredPart {
    file: File,
    length: usize,
    bytes: OnceLock<Vec<u8>>,
}

/// The parts of a Blob that was stored as an attachment.
pub(super) fn parts(attachment: Attachment) -> Result<BlobParts, OpError> {
    let (file, length) = match attachment {
        Attachment::Bytes(bytes) => return Ok(in_memory(bytes)),
        Attachment::File { file, length } => (file, length),
    };
    let length = usize::try_from(length).map_err(|_| unreadable("it is too long"))?;
    if OPEN_FILES.load(Ordering::Relaxed) >= MOST_OPEN_FILES {
        return read(&file, length).map(in_memory).map_err(unreadable);
    }
    OPEN_FILES.fetch_add(1, Ordering::Relaxed);
    Ok(vec![Arc::new(StoredPart {
        file,
        length,
        bytes: OnceLock::new(),
    })])
}

fn in_memory(bytes: Vec<u8>) -> BlobParts {
    vec![Arc::new(InMemoryBlobPart::from(bytes))]
}

fn unreadable(reason: impl std::fmt::Display) -> OpError {
    OpError::Unknown(format!("a stored Blob cannot be read: {reason}"))
}

fn read(mut file: &File, length: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    file.rewind()?;
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

#[async_trait]
impl BlobPart for StoredPart {
    async fn read<'a>(&'a self) -> &'a [u8] {
        self.bytes.get_or_init(|| {
            read(&self.file, self.length).unwrap_or_else(|error| {
                // Deno's Blobs cannot fail to be read. The file was whole when the record was read.
                tracing::error!(%error, "the bytes of a stored Blob are lost, zeros stand for them");
                vec![0; self.length]
            })
        })
    }

    fn size(&self) -> usize {
        self.length
    }
}

impl Drop for StoredPart {
    fn drop(&mut self) {
        OPEN_FILES.fetch_sub(1, Ordering::Relaxed);
    }
}
