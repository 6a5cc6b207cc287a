-- Periodic sync: a tag may be registered once for each kind.

CREATE TABLE sync (
  registration_id INTEGER NOT NULL REFERENCES registration (id) ON DELETE CASCADE,
  -- the type of the event: sync or periodicsync
  kind TEXT NOT NULL,
  tag TEXT NOT NULL,
  origin TEXT NOT NULL,
  state TEXT NOT NULL,
  min_interval_ms INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  max_attempts INTEGER NOT NULL,
  not_before_ms INTEGER,
  interruptions INTEGER NOT NULL,
  PRIMARY KEY (registration_id, kind, tag)
) WITHOUT ROWID;

INSERT INTO sync
  SELECT registration_id, 'sync', tag, origin, state, 0, attempts, max_attempts, retry_at_ms, interruptions
  FROM sync_registration;

DROP TABLE sync_registration;
ALTER TABLE sync RENAME TO sync_registration;
