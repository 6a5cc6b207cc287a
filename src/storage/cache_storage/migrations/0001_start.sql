-- The caches of one origin.

CREATE TABLE cache (
  -- grows with every cache, so it is the order of creation
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  -- NULL once it was deleted while a script still had it
  name TEXT UNIQUE
);

CREATE TABLE body (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  -- in bytes; NULL while it is being written
  length INTEGER
);

CREATE TABLE body_chunk (
  body_id INTEGER NOT NULL REFERENCES body (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (body_id, number)
);

CREATE TABLE entry (
  -- grows with every entry, so it is the order of insertion
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  cache_id INTEGER NOT NULL REFERENCES cache (id) ON DELETE CASCADE,
  -- the request's URL without fragment, and without query too
  url TEXT NOT NULL,
  url_without_search TEXT NOT NULL,
  -- JSON: what the request and the response are besides the body
  request TEXT NOT NULL,
  response TEXT NOT NULL,
  body_id INTEGER REFERENCES body (id)
);
CREATE INDEX entry_by_url ON entry (cache_id, url_without_search, url);
CREATE INDEX entry_by_body ON entry (body_id);
