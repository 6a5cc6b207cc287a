//! What the stories share: the test language, a real HTTP server, programs and packages.

pub mod background_fetch;
pub mod frames;
pub mod npm;
pub mod program;
pub mod push;
pub mod scenario;
#[allow(
    dead_code,
    reason = "the tests of src/network use it too, and other parts of it"
)]
pub mod server;
