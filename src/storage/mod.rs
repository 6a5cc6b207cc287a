//! Everything durable, in SQLite.
