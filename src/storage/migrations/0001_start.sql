-- Registrations, their workers and scripts, and the sync queue of one host.

CREATE TABLE registration (
  id INTEGER PRIMARY KEY,
  origin TEXT NOT NULL,
  scope TEXT NOT NULL UNIQUE,
  update_via_cache TEXT NOT NULL,
  last_update_check_ms INTEGER
);

CREATE TABLE worker (
  id INTEGER PRIMARY KEY,
  registration_id INTEGER NOT NULL REFERENCES registration (id) ON DELETE CASCADE,
  slot TEXT NOT NULL,
  script_url TEXT NOT NULL,
  script_type TEXT NOT NULL,
  state TEXT NOT NULL,
  skip_waiting INTEGER NOT NULL,
  -- a JSON list of event types
  handled_events TEXT NOT NULL,
  UNIQUE (registration_id, slot)
);

CREATE TABLE script (
  worker_id INTEGER NOT NULL REFERENCES worker (id) ON DELETE CASCADE,
  -- the URL it was asked for with, and the one that answered in the end
  url TEXT NOT NULL,
  response_url TEXT NOT NULL,
  mime_type TEXT NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (worker_id, url)
);

CREATE TABLE sync_registration (
  registration_id INTEGER NOT NULL REFERENCES registration (id) ON DELETE CASCADE,
  tag TEXT NOT NULL,
  origin TEXT NOT NULL,
  state TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  max_attempts INTEGER NOT NULL,
  retry_at_ms INTEGER,
  interruptions INTEGER NOT NULL,
  PRIMARY KEY (registration_id, tag)
) WITHOUT ROWID;

-- The next number for a registration or worker. Numbers are never used twice.
CREATE TABLE next_id (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  value INTEGER NOT NULL
);
INSERT INTO next_id (only_row, value) VALUES (1, 1);
