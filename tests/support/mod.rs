//! What the stories share: the test language and a real HTTP server.

pub mod scenario;
pub mod server;
