-- One row: which database this file is.
CREATE TABLE database (
    name TEXT NOT NULL,
    -- Zero until the first upgrade transaction commits: such a file does not exist for scripts.
    version INTEGER NOT NULL
) STRICT;

CREATE TABLE object_stores (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    -- JSON: null, a string, or an array of strings.
    key_path TEXT NOT NULL,
    -- The current number of the key generator; null for stores without one.
    next_key INTEGER
) STRICT;

CREATE TABLE indexes (
    id INTEGER PRIMARY KEY,
    store_id INTEGER NOT NULL REFERENCES object_stores (id),
    name TEXT NOT NULL,
    -- JSON: a string, or an array of strings.
    key_path TEXT NOT NULL,
    is_unique INTEGER NOT NULL,
    multi_entry INTEGER NOT NULL
) STRICT;

CREATE TABLE records (
    store_id INTEGER NOT NULL,
    -- Order-preserving bytes, see key.rs.
    key BLOB NOT NULL,
    -- V8's structured clone format.
    value BLOB NOT NULL,
    -- How many rows of attachments belong to this record.
    attachments INTEGER NOT NULL,
    PRIMARY KEY (store_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE index_records (
    index_id INTEGER NOT NULL,
    key BLOB NOT NULL,
    primary_key BLOB NOT NULL,
    PRIMARY KEY (index_id, key, primary_key)
) STRICT, WITHOUT ROWID;

-- Finds what a deleted record leaves behind in an index.
CREATE INDEX index_records_of_record ON index_records (index_id, primary_key);

-- The bytes of the Blobs and Files inside a value.
CREATE TABLE attachments (
    store_id INTEGER NOT NULL,
    key BLOB NOT NULL,
    position INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (store_id, key, position)
) STRICT;
