-- Background fetches that have not ended, or whose last event has not. Bodies are files in the origin's folder, named by
-- number.

CREATE TABLE background_fetch (
  id INTEGER PRIMARY KEY,
  registration_id INTEGER NOT NULL REFERENCES registration (id) ON DELETE CASCADE,
  -- the name that the script gave it
  name TEXT NOT NULL,
  -- title and icons, as JSON
  display TEXT NOT NULL,
  download_total INTEGER NOT NULL,
  result TEXT NOT NULL,
  failure_reason TEXT NOT NULL,
  -- how many times the delivery of its last event has begun
  deliveries INTEGER NOT NULL
);
CREATE INDEX background_fetch_by_registration ON background_fetch (registration_id);

CREATE TABLE background_fetch_record (
  -- also the number of the file with the request's body
  id INTEGER PRIMARY KEY,
  background_fetch_id INTEGER NOT NULL REFERENCES background_fetch (id) ON DELETE CASCADE,
  -- as JSON
  request TEXT NOT NULL,
  -- bytes of the request's body; null if it has none
  upload INTEGER,
  uploaded INTEGER NOT NULL,
  is_sent INTEGER NOT NULL,
  -- head of the response, as JSON, and the number of the file with its body
  response TEXT,
  response_file INTEGER,
  -- as JSON
  result TEXT NOT NULL
);
CREATE INDEX background_fetch_record_by_fetch ON background_fetch_record (background_fetch_id, id);
