//! Stories: what landfall promises, told through its public API. One program, so that V8 is linked once.

mod fetch;

/// What the stories share.
mod support {
    pub(crate) mod server;
}
