-- What became of sync registrations: kept beyond their end, for people who ask.

CREATE TABLE sync_history (
  -- the order in which it happened
  id INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  scope TEXT NOT NULL,
  kind TEXT NOT NULL,
  tag TEXT NOT NULL,
  -- an event was sent, and nothing is known of its end
  is_open INTEGER NOT NULL,
  -- what happened, as JSON
  entry TEXT NOT NULL
);
CREATE INDEX sync_history_of_tag ON sync_history (tag, kind, scope, id);
CREATE INDEX sync_history_open ON sync_history (id) WHERE is_open;
