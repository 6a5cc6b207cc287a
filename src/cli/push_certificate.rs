//! The certificate of the push service: some application servers send over TLS only.
//! Made once for a data folder; whoever sends has to trust it.

use std::fs;
use std::io::Write;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Names of this machine for itself.
const OWN_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// A certificate for one address, on disk.
pub(super) struct PushCertificate {
    /// The certificate, for application servers to trust.
    pub(super) path: PathBuf,
    key: PathBuf,
}

impl PushCertificate {
    /// The one of this data folder for this address, made if need be.
    pub(super) fn of(data: &Path, address: IpAddr) -> anyhow::Result<Self> {
        let file = |ending: &str| data.join(format!("push-{address}.{ending}").replace(':', "_"));
        let certificate = Self {
            path: file("crt"),
            key: file("key"),
        };
        if !certificate.path.exists() || !certificate.key.exists() {
            certificate
                .make(address)
                .with_context(|| format!("cannot write `{}`", certificate.path.display()))?;
        }
        Ok(certificate)
    }

    fn make(&self, address: IpAddr) -> anyhow::Result<()> {
        let mut names = OWN_NAMES.map(str::to_owned).to_vec();
        if !address.is_unspecified() && !address.is_loopback() {
            names.push(address.to_string());
        }
        let made = rcgen::generate_simple_self_signed(names)?;
        write_secret(&self.key, &made.signing_key.serialize_pem())?;
        fs::write(&self.path, made.cert.pem())?;
        Ok(())
    }

    /// What takes connections with it.
    pub(super) fn acceptor(&self) -> anyhow::Result<TlsAcceptor> {
        let unreadable = || format!("`{}` is damaged; remove it", self.path.display());
        let certificate = CertificateDer::from_pem_file(&self.path).with_context(unreadable)?;
        let key = PrivateKeyDer::from_pem_file(&self.key).with_context(unreadable)?;
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .with_context(unreadable)?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

/// Only the owner may read it.
fn write_secret(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}
