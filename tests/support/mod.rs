//! What the stories share: the test language and a real HTTP server.

pub mod program;
pub mod scenario;
#[allow(
    dead_code,
    reason = "the tests of src/network use it too, and other parts of it"
)]
pub mod server;
