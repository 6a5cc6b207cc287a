-- Notifications that are shown, push subscriptions, and messages that wait to be delivered.

CREATE TABLE notification (
  id INTEGER PRIMARY KEY,
  registration_id INTEGER NOT NULL REFERENCES registration (id) ON DELETE CASCADE,
  -- what is shown, as JSON
  content TEXT NOT NULL,
  -- Notification.data, a structured clone
  data BLOB NOT NULL
);

CREATE TABLE push_subscription (
  registration_id INTEGER PRIMARY KEY REFERENCES registration (id) ON DELETE CASCADE,
  endpoint TEXT NOT NULL UNIQUE,
  private_key BLOB NOT NULL,
  auth BLOB NOT NULL,
  user_visible_only INTEGER NOT NULL,
  application_server_key BLOB
);

CREATE TABLE push_message (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  registration_id INTEGER NOT NULL REFERENCES registration (id) ON DELETE CASCADE,
  topic TEXT,
  -- decrypted; null for a message without data
  data BLOB,
  expires_at_ms INTEGER NOT NULL,
  -- how many times its delivery has begun
  deliveries INTEGER NOT NULL
);
CREATE INDEX push_message_by_registration ON push_message (registration_id, id);
