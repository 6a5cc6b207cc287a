//! Everything durable, in SQLite.
pub mod indexed_db;
