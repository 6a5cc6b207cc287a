//! IndexedDB ops: plain values between `js/indexed_db` and the files of [`crate::storage::indexed_db`].
//! What a script can observe, such as exceptions and the order of events, is decided on the JavaScript side.

mod clone;
mod error;
mod factory;
mod keys;
mod records;
mod scans;
mod schema;
mod serialized;
mod stored_blob;
mod thread;
mod transaction;

use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use crate::storage::Durability;
use crate::storage::indexed_db::Coordinator;

use thread::ThreadDatabases;

/// What the databases of one scope need to know.
pub struct IndexedDbOptions {
    /// The origin, serialised. Opaque origins have no IndexedDB and must not get here.
    pub origin: String,
    /// The folder of the origin's databases; created when the first one is.
    pub folder: PathBuf,
    /// What transactions survive that have no wish of their own.
    pub durability: Durability,
    /// Shared by all scopes of the host.
    pub coordinator: Arc<Coordinator>,
}

deno_core::extension!(
    sw_indexed_db,
    deps = [landfall_platform],
    ops = [
        factory::op_indexed_db_attach,
        factory::op_indexed_db_next_message,
        factory::op_indexed_db_enter_queue,
        factory::op_indexed_db_leave_queue,
        factory::op_indexed_db_connect,
        factory::op_indexed_db_disconnect,
        factory::op_indexed_db_announce_version_change,
        factory::op_indexed_db_acknowledge_version_change,
        factory::op_indexed_db_database_version,
        factory::op_indexed_db_delete_database,
        factory::op_indexed_db_list_databases,
        transaction::op_indexed_db_create_transaction,
        transaction::op_indexed_db_start_transaction,
        transaction::op_indexed_db_commit_transaction,
        transaction::op_indexed_db_abort_transaction,
        schema::op_indexed_db_set_version,
        schema::op_indexed_db_create_object_store,
        schema::op_indexed_db_delete_object_store,
        schema::op_indexed_db_rename_object_store,
        schema::op_indexed_db_create_index,
        schema::op_indexed_db_delete_index,
        schema::op_indexed_db_rename_index,
        records::op_indexed_db_next_key,
        records::op_indexed_db_put,
        records::op_indexed_db_index_record,
        records::op_indexed_db_delete,
        scans::op_indexed_db_get,
        scans::op_indexed_db_get_all,
        scans::op_indexed_db_count,
        scans::op_indexed_db_step,
        keys::op_indexed_db_compare_keys,
        clone::op_indexed_db_serialize,
        clone::op_indexed_db_forget_value,
        clone::op_indexed_db_deserialize,
    ],
    esm = [
        dir "js/indexed_db",
        "checks.js",
        "clone.js",
        "connection.js",
        "create_index.js",
        "cursor.js",
        "cursor_with_value.js",
        "database.js",
        "delete_database.js",
        "dispatch.js",
        "dom_string_list.js",
        "event_handler.js",
        "factory.js",
        "index.js",
        "index_keys.js",
        "key_path.js",
        "key_range.js",
        "messages.js",
        "mod.js",
        "names.js",
        "object_store.js",
        "open_cursor.js",
        "open_database.js",
        "open_request.js",
        "put.js",
        "query.js",
        "queue.js",
        "record.js",
        "request.js",
        "schema.js",
        "source.js",
        "tasks.js",
        "transaction.js",
        "transaction_lifetime.js",
        "uncloneable.js",
        "value_to_key.js",
        "version_change.js",
        "version_change_event.js",
    ],
    options = { indexed_db: IndexedDbOptions },
    state = |state, options| {
        state.put(Rc::new(ThreadDatabases::new(options.indexed_db)));
    },
);
