//! What answers for an origin: a folder, another server, an embedder, or the network.
//!
//! Every request passes here, redirects too; the gate stands before it.

mod folder;
mod upstream;

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use futures::future::BoxFuture;
use url::Url;

use crate::network::error::NetworkError;
use crate::network::request::Request;
use crate::network::response::Response;
use crate::network::transport::Transport;

/// An embedder's answer to a request.
pub type Handler =
    Arc<dyn Fn(Request) -> BoxFuture<'static, Result<Response, NetworkError>> + Send + Sync>;

/// Who answers requests to one origin.
#[derive(Clone)]
pub enum OriginServer {
    /// Files of a folder.
    Folder {
        /// `/` of the origin.
        root: PathBuf,
        /// Path prefixes under which anything but GET and HEAD is answered with 204.
        accept: Vec<String>,
    },
    /// The same path and query at another address.
    Upstream(Url),
    /// A function of the embedder.
    Handler(Handler),
    /// The real one, at the origin's own address.
    Network,
}

impl fmt::Debug for OriginServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder { root, accept } => formatter
                .debug_struct("Folder")
                .field("root", root)
                .field("accept", accept)
                .finish(),
            Self::Upstream(url) => formatter
                .debug_tuple("Upstream")
                .field(&url.as_str())
                .finish(),
            Self::Handler(_) => formatter.write_str("Handler"),
            Self::Network => formatter.write_str("Network"),
        }
    }
}

/// Which origin is answered by whom; the real network where nothing is said.
#[derive(Debug, Default)]
pub(crate) struct OriginServers {
    by_origin: RwLock<HashMap<String, OriginServer>>,
}

impl OriginServers {
    pub(crate) fn serve(&self, origin: &str, server: OriginServer) {
        let mut by_origin = self
            .by_origin
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        by_origin.insert(origin.to_owned(), server);
    }

    pub(crate) fn server_of(&self, url: &Url) -> OriginServer {
        let by_origin = self
            .by_origin
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        by_origin
            .get(&url.origin().ascii_serialization())
            .cloned()
            .unwrap_or(OriginServer::Network)
    }
}

impl OriginServer {
    /// Where cookies of `url` belong: an upstream sets them for its own host.
    pub(crate) fn cookie_url(&self, url: &Url) -> Url {
        match self {
            Self::Upstream(base) => upstream::address_at(base, url),
            _ => url.clone(),
        }
    }

    /// One request, one response, no redirects followed.
    pub(crate) async fn answer(
        &self,
        request: Request,
        transport: &Transport,
    ) -> Result<Response, NetworkError> {
        let url = request.url.clone();
        let mut response = match self {
            Self::Folder { root, accept } => {
                folder::answer(root, accept, &request.method, &url).await
            }
            Self::Upstream(base) => upstream::answer(base, request, transport).await?,
            Self::Handler(handler) => handler(request).await?,
            Self::Network => transport.exchange(request).await?,
        };
        response.url_list = vec![url];
        Ok(response)
    }
}
