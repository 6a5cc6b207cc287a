//! What an embedder changes on the way to a server: requests it answers itself, names, certificates.
//!
//! Everything here comes after the gate: an offline host neither intercepts nor resolves.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures::future::BoxFuture;

use crate::network::error::NetworkError;
use crate::network::request::Request;
use crate::network::response::Response;

/// What an embedder does with a request that is about to go out.
#[derive(Debug)]
pub enum Intercepted {
    /// It answers itself.
    Answered(Response),
    /// Whoever else answers for the origin shall do so, for this request.
    PassedOn(Request),
}

/// An embedder's look at every request on its way out, redirects and preflights too.
pub type Interceptor =
    Arc<dyn Fn(Request) -> BoxFuture<'static, Result<Intercepted, NetworkError>> + Send + Sync>;

/// The changes an embedder asks for; none by default.
#[derive(Clone, Default)]
pub struct Route {
    /// Sees every request first.
    pub interceptor: Option<Interceptor>,
    /// Host names that are not looked up: they have this address.
    pub hosts: HashMap<String, IpAddr>,
    /// Root certificates to trust besides the machine's own, each in PEM.
    pub certificates: Vec<Vec<u8>>,
}

impl Route {
    /// A client that knows the names.
    pub(crate) fn resolve(&self, client: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
        // The port is the one of the URL, whatever stands in the address.
        let names = self.hosts.iter();
        names.fold(client, |client, (name, address)| {
            client.resolve(name, SocketAddr::new(*address, 0))
        })
    }

    /// The certificates, read.
    pub(crate) fn trusted(&self) -> Result<Vec<reqwest::Certificate>, NetworkError> {
        let mut trusted = Vec::new();
        for pem in &self.certificates {
            let read = reqwest::Certificate::from_pem_bundle(pem).unwrap_or_default();
            if read.is_empty() {
                return Err(NetworkError::InvalidCertificate);
            }
            trusted.extend(read);
        }
        Ok(trusted)
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Route")
            .field("hosts", &self.hosts)
            .field("certificates", &self.certificates.len())
            .finish_non_exhaustive()
    }
}
