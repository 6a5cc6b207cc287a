//! HTTP for scripts: the one gate every request passes.
//!
//! What a service worker may do with a request is not decided here.

mod body;
mod error;
mod request;
mod response;

pub use body::{Body, BodyStream};
pub use error::NetworkError;
pub use request::{
    CacheMode, CredentialsMode, HeaderList, RedirectMode, ReferrerPolicy, Request, RequestMode,
};
pub use response::{Response, ResponseType};
