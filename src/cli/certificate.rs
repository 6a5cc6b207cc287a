//! The certificates that this program shows those who connect to it: of files, or made once for a data folder.
//! Whoever connects to one that was made here has to trust it.

use std::fs;
use std::io::Write;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::{Error as PemError, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{Error as TlsError, ServerConfig};

/// Names of this machine for itself.
const OWN_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// A certificate and its key, on disk.
#[derive(Debug)]
pub(super) struct Certificate {
    /// The certificate, those that vouch for it after it, in PEM.
    pub(super) path: PathBuf,
    key: PathBuf,
}

impl Certificate {
    /// One that somebody else has made.
    pub(super) fn of_files(path: &Path, key: &Path) -> Self {
        Self {
            path: path.to_owned(),
            key: key.to_owned(),
        }
    }

    /// The one of this data folder that `what` shows at this address, made if need be.
    pub(super) fn own(data: &Path, what: &str, address: IpAddr) -> anyhow::Result<Self> {
        let file = |ending: &str| data.join(format!("{what}-{address}.{ending}").replace(':', "_"));
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
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        write_secret(&self.key, &made.signing_key.serialize_pem())?;
        fs::write(&self.path, made.cert.pem())?;
        Ok(())
    }

    /// What takes connections with it, and offers these protocols.
    pub(super) fn acceptor(&self, protocols: &[&str]) -> anyhow::Result<TlsAcceptor> {
        let chain = self.chain()?;
        let key = self.private_key()?;
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key);
        let mut config = match config {
            Err(TlsError::InconsistentKeys(_)) => bail!(
                "the key in `{}` is not that of the certificate in `{}`: give the two that were made together, the \
                 certificate before those that vouch for it",
                self.key.display(),
                self.path.display()
            ),
            config => config.with_context(|| {
                format!(
                    "the certificate in `{}` cannot be used",
                    self.path.display()
                )
            })?,
        };
        config.alpn_protocols = protocols
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect();
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    fn chain(&self) -> anyhow::Result<Vec<CertificateDer<'static>>> {
        let path = self.path.display();
        let read = CertificateDer::pem_file_iter(&self.path);
        let chain: Result<Vec<_>, _> = read.and_then(Iterator::collect);
        let chain = chain
            .map_err(plainly)
            .with_context(|| format!("cannot read `{path}`"))?;
        if chain.is_empty() {
            bail!(
                "`{path}` holds no certificate: it must be PEM, with a line `-----BEGIN CERTIFICATE-----`"
            );
        }
        Ok(chain)
    }

    fn private_key(&self) -> anyhow::Result<PrivateKeyDer<'static>> {
        let path = self.key.display();
        match PrivateKeyDer::from_pem_file(&self.key) {
            Err(PemError::NoItemsFound) => bail!(
                "`{path}` holds no private key: it must be PEM, with a line `-----BEGIN PRIVATE KEY-----`, and not \
                 encrypted"
            ),
            read => read
                .map_err(plainly)
                .with_context(|| format!("cannot read `{path}`")),
        }
    }
}

fn plainly(error: PemError) -> anyhow::Error {
    match error {
        PemError::Io(error) => error.into(),
        error => error.into(),
    }
}

/// Only the owner may read it, whoever might read the one that was there.
fn write_secret(path: &Path, text: &str) -> std::io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}
