//! `caches`: names, entries and bodies, straight from the origin's database.
//!
//! SQLite runs on the scope's own thread, so a call that has returned is on disk.

use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use deno_core::error::ResourceError;
use deno_core::serde_v8::U16String;
use deno_core::{AsyncResult, BufView, OpState, Resource, ResourceId, ToJsBuffer, op2};
use deno_error::JsErrorBox;
use serde::{Deserialize, Serialize};

use crate::dom_string::{from_units, to_units};
use crate::storage::cache_storage::{
    BodyReader, BodyWriter, CacheId, CachePins, CacheQuery, CacheStorage, CachedRequest,
    CachedResponse, Found, NewEntry, PutError,
};
use crate::storage::{Durability, OriginFiles, StorageError};
use crate::web::buffers::ScriptBuffers;

deno_core::extension!(
    sw_cache,
    deps = [landfall_platform, sw_fetch],
    ops = [
        op_cache_open,
        op_cache_has,
        op_cache_delete,
        op_cache_names,
        op_cache_match_anywhere,
        op_cache_match,
        op_cache_match_all,
        op_cache_requests,
        op_cache_delete_entries,
        op_cache_body_open,
        op_cache_body_write,
        op_cache_body_copy,
        op_cache_put,
    ],
    esm = [dir "js/cache", "entry.js", "query.js", "cache.js", "cache_storage.js"],
    options = { caches: CacheOptions },
    state = |state, options| {
        state.put(LazyCaches::new(options.caches));
    },
);

/// A body up to this size is handed to the script at once, a longer one as a stream.
const INLINE_BYTES: u64 = 64 * 1024;

/// How much is copied at once.
const COPY_BYTES: usize = 256 * 1024;

/// Where a scope's caches are.
#[derive(Debug, Clone)]
pub struct CacheOptions {
    /// The files of the origin. Its folder is made when the first cache is asked for.
    pub files: Arc<OriginFiles>,
    /// What a resolved `put` has survived.
    pub durability: Durability,
    /// What is in use; the same for all scopes of a host.
    pub pins: CachePins,
}

/// The database, opened when a script first asks for it: most scopes never do.
struct LazyCaches {
    options: CacheOptions,
    opened: Option<Rc<CacheStorage>>,
}

impl LazyCaches {
    fn new(options: CacheOptions) -> Self {
        Self {
            options,
            opened: None,
        }
    }

    fn of(state: &mut OpState) -> Result<Rc<CacheStorage>, CacheError> {
        let caches = state.borrow_mut::<Self>();
        if let Some(opened) = &caches.opened {
            return Ok(opened.clone());
        }
        let CacheOptions {
            files,
            durability,
            pins,
        } = &caches.options;
        let opened = Rc::new(CacheStorage::open_for(files, *durability, pins)?);
        caches.opened = Some(opened.clone());
        Ok(opened)
    }
}

/// What a script is told when its caches cannot do something.
#[derive(Debug, thiserror::Error, deno_error::JsError)]
enum CacheError {
    /// `addAll()` was given two requests that would replace one another.
    #[class("DOMExceptionInvalidStateError")]
    #[error("{0}")]
    Duplicate(PutError),
    #[class("DOMExceptionQuotaExceededError")]
    #[error("{0}")]
    Full(StorageError),
    #[class("DOMExceptionUnknownError")]
    #[error("{0}")]
    Storage(StorageError),
    #[class(inherit)]
    #[error(transparent)]
    Body(#[from] ResourceError),
    /// The stream that a body was copied from.
    #[class(inherit)]
    #[error(transparent)]
    Source(#[from] JsErrorBox),
}

impl From<StorageError> for CacheError {
    fn from(error: StorageError) -> Self {
        if error.is_full() {
            Self::Full(error)
        } else {
            Self::Storage(error)
        }
    }
}

impl From<PutError> for CacheError {
    fn from(error: PutError) -> Self {
        match error {
            PutError::Duplicate(_) => Self::Duplicate(error),
            PutError::Storage(error) => error.into(),
        }
    }
}

/// An entry for `responseFromEntry` in js/cache/entry.js.
#[derive(Serialize)]
struct ScriptEntry {
    response: CachedResponse,
    body: Option<ScriptBody>,
}

/// The body itself, or where to read it.
#[derive(Serialize)]
struct ScriptBody {
    bytes: Option<ToJsBuffer>,
    rid: Option<ResourceId>,
    length: u64,
}

impl ScriptEntry {
    fn new(state: &mut OpState, found: Found) -> Result<Self, CacheError> {
        let body = match found.body {
            None => None,
            Some(reader) => Some(ScriptBody::new(state, reader)?),
        };
        Ok(Self {
            response: found.response,
            body,
        })
    }
}

impl ScriptBody {
    fn new(state: &mut OpState, reader: BodyReader) -> Result<Self, CacheError> {
        let length = reader.length();
        if length <= INLINE_BYTES {
            return Ok(Self {
                bytes: Some(reader.read_to_end()?.into()),
                rid: None,
                length,
            });
        }
        let resource = ReadBody {
            reader,
            buffers: ScriptBuffers::of(state),
            rest: RefCell::default(),
        };
        Ok(Self {
            bytes: None,
            rid: Some(state.resource_table.add(resource)),
            length,
        })
    }
}

/// A stored body behind a ReadableStream.
struct ReadBody {
    reader: BodyReader,
    /// What is left of the piece that was read last.
    rest: RefCell<bytes::Bytes>,
    buffers: Rc<ScriptBuffers>,
}

impl ReadBody {
    /// At most `limit` bytes; none at the end.
    fn next(&self, limit: usize) -> Result<bytes::Bytes, StorageError> {
        let mut rest = self.rest.borrow_mut();
        if rest.is_empty()
            && let Some(piece) = self.reader.read()?
        {
            *rest = piece.into();
        }
        let length = limit.min(rest.len());
        self.buffers.give(length);
        Ok(rest.split_to(length))
    }
}

impl Resource for ReadBody {
    fn name(&self) -> Cow<'_, str> {
        "cachedBody".into()
    }

    fn read(self: Rc<Self>, limit: usize) -> AsyncResult<BufView> {
        let piece = self
            .next(limit)
            .map(BufView::from)
            .map_err(|error| JsErrorBox::from_err(CacheError::from(error)));
        // A script that reads on and on must not keep its scope from everything else.
        Box::pin(async {
            tokio::task::yield_now().await;
            piece
        })
    }
}

/// A body on its way to the database.
struct WrittenBody(BodyWriter);

impl Resource for WrittenBody {
    fn name(&self) -> Cow<'_, str> {
        "cacheBodyWriter".into()
    }
}

#[op2]
#[number]
fn op_cache_open(state: &mut OpState, #[serde] name: U16String) -> Result<i64, CacheError> {
    Ok(LazyCaches::of(state)?.open_cache(&from_units(&name))?.0)
}

#[op2]
fn op_cache_has(state: &mut OpState, #[serde] name: U16String) -> Result<bool, CacheError> {
    Ok(LazyCaches::of(state)?.has_cache(&from_units(&name))?)
}

#[op2]
fn op_cache_delete(state: &mut OpState, #[serde] name: U16String) -> Result<bool, CacheError> {
    Ok(LazyCaches::of(state)?.delete_cache(&from_units(&name))?)
}

#[op2]
#[serde]
fn op_cache_names(state: &mut OpState) -> Result<Vec<U16String>, CacheError> {
    let names = LazyCaches::of(state)?.cache_names()?;
    Ok(names.iter().map(|name| to_units(name).into()).collect())
}

#[op2]
#[serde]
fn op_cache_match_anywhere(
    state: &mut OpState,
    #[serde] name: Option<U16String>,
    #[serde] query: CacheQuery,
) -> Result<Option<ScriptEntry>, CacheError> {
    let name = name.map(|name| from_units(&name));
    let found = LazyCaches::of(state)?.match_anywhere(name.as_deref(), &query)?;
    found
        .map(|found| ScriptEntry::new(state, found))
        .transpose()
}

#[op2]
#[serde]
fn op_cache_match(
    state: &mut OpState,
    #[number] cache: i64,
    #[serde] query: CacheQuery,
) -> Result<Option<ScriptEntry>, CacheError> {
    let found = LazyCaches::of(state)?.match_first(CacheId(cache), &query)?;
    found
        .map(|found| ScriptEntry::new(state, found))
        .transpose()
}

#[op2]
#[serde]
fn op_cache_match_all(
    state: &mut OpState,
    #[number] cache: i64,
    #[serde] query: Option<CacheQuery>,
) -> Result<Vec<ScriptEntry>, CacheError> {
    let found = LazyCaches::of(state)?.match_all(CacheId(cache), query.as_ref())?;
    found
        .into_iter()
        .map(|found| ScriptEntry::new(state, found))
        .collect()
}

#[op2]
#[serde]
fn op_cache_requests(
    state: &mut OpState,
    #[number] cache: i64,
    #[serde] query: Option<CacheQuery>,
) -> Result<Vec<CachedRequest>, CacheError> {
    Ok(LazyCaches::of(state)?.requests(CacheId(cache), query.as_ref())?)
}

#[op2]
fn op_cache_delete_entries(
    state: &mut OpState,
    #[number] cache: i64,
    #[serde] query: CacheQuery,
) -> Result<bool, CacheError> {
    Ok(LazyCaches::of(state)?.delete_entries(CacheId(cache), &query)?)
}

/// Begins a body; closing the resource instead of putting it forgets the body.
#[op2(fast)]
#[smi]
fn op_cache_body_open(state: &mut OpState) -> Result<ResourceId, CacheError> {
    let writer = BodyWriter::new(LazyCaches::of(state)?);
    Ok(state.resource_table.add(WrittenBody(writer)))
}

#[op2(fast)]
fn op_cache_body_write(
    state: &mut OpState,
    #[smi] rid: ResourceId,
    #[buffer] bytes: &[u8],
) -> Result<(), CacheError> {
    let body = state.resource_table.get::<WrittenBody>(rid)?;
    Ok(body.0.write(bytes)?)
}

/// Writes all that another resource gives: a body from the network or another cache need not pass
/// through the script.
#[op2]
async fn op_cache_body_copy(
    state: Rc<RefCell<OpState>>,
    #[smi] rid: ResourceId,
    #[smi] source: ResourceId,
) -> Result<(), CacheError> {
    let (body, source) = {
        let table = &state.borrow().resource_table;
        (table.get::<WrittenBody>(rid)?, table.get_any(source)?)
    };
    loop {
        let piece = source.clone().read(COPY_BYTES).await?;
        if piece.is_empty() {
            return Ok(());
        }
        body.0.write(&piece)?;
        // A source that never waits must not keep the scope from everything else.
        tokio::task::yield_now().await;
    }
}

/// What `entryOf` in js/cache/entry.js makes of a request and a response.
#[derive(Deserialize)]
struct PutEntry {
    request: CachedRequest,
    response: CachedResponse,
    body: Option<ResourceId>,
}

#[op2]
fn op_cache_put(
    state: &mut OpState,
    #[number] cache: i64,
    #[serde] entries: Vec<PutEntry>,
) -> Result<(), CacheError> {
    let caches = LazyCaches::of(state)?;
    // All bodies are taken before anything can fail: what is not kept is forgotten.
    let entries: Vec<_> = entries
        .into_iter()
        .map(|entry| take_entry(state, entry))
        .collect();
    let entries: Vec<NewEntry> = entries.into_iter().collect::<Result<_, _>>()?;
    Ok(caches.put(CacheId(cache), &entries)?)
}

fn take_entry(state: &mut OpState, entry: PutEntry) -> Result<NewEntry, ResourceError> {
    let body = match entry.body {
        None => None,
        Some(rid) => {
            let taken = state.resource_table.take::<WrittenBody>(rid)?;
            Some(Rc::into_inner(taken).ok_or(ResourceError::Unavailable)?.0)
        }
    };
    Ok(NewEntry {
        request: entry.request,
        response: entry.response,
        body,
    })
}
