//! HTTP for scripts: the one gate every request passes.
