//! Where the control socket of a data folder is.
//!
//! On Unix a file in the folder. The system limits the length of such a path, so where the folder's own
//! is too long the socket is in a temporary folder of the owner, and a file in the data folder says which.
//! On Windows a named pipe, named after the folder.

use std::io;
use std::path::Path;

use interprocess::local_socket::Name;

#[cfg(unix)]
pub(super) use unix::{Place, find};
#[cfg(windows)]
pub(super) use windows::{Place, find};

#[cfg(unix)]
mod unix {
    use std::path::PathBuf;

    use interprocess::local_socket::{GenericFilePath, ToFsName};
    use tempfile::TempDir;

    use super::*;

    const SOCKET: &str = "host.sock";
    /// Holds the path of the socket if that is elsewhere.
    const SOCKET_ELSEWHERE: &str = "host.sock.path";
    /// What every Unix takes for a socket's path; Linux takes 107 bytes.
    const LONGEST_PATH_BYTES: usize = 103;

    /// Where a host listens. Dropping it removes what was made elsewhere.
    pub(in super::super) struct Place {
        socket: PathBuf,
        _elsewhere: Option<Elsewhere>,
    }

    struct Elsewhere {
        _folder: TempDir,
        pointer: PathBuf,
    }

    impl Drop for Elsewhere {
        fn drop(&mut self) {
            // A pointer that stays leads nowhere, which reads like no host.
            let _ = std::fs::remove_file(&self.pointer);
        }
    }

    impl Place {
        /// A place for the host of this folder.
        pub(in super::super) fn make(data: &Path) -> io::Result<Self> {
            let socket = data.canonicalize()?.join(SOCKET);
            if fits(&socket) {
                return Ok(Self {
                    socket,
                    _elsewhere: None,
                });
            }
            // Made with access for the owner only.
            let folder = tempfile::Builder::new().prefix("landfall-").tempdir()?;
            let socket = folder.path().join(SOCKET);
            let pointer = data.join(SOCKET_ELSEWHERE);
            std::fs::write(&pointer, socket.as_os_str().as_encoded_bytes())?;
            Ok(Self {
                socket,
                _elsewhere: Some(Elsewhere {
                    _folder: folder,
                    pointer,
                }),
            })
        }

        /// The name to listen at.
        pub(in super::super) fn name(&self) -> io::Result<Name<'static>> {
            self.socket.clone().to_fs_name::<GenericFilePath>()
        }
    }

    /// The name to connect to; `None` if no host can be listening.
    pub(in super::super) fn find(data: &Path) -> io::Result<Option<Name<'static>>> {
        let own = data.canonicalize()?.join(SOCKET);
        let socket = if fits(&own) {
            own
        } else {
            match std::fs::read_to_string(data.join(SOCKET_ELSEWHERE)) {
                Ok(path) => PathBuf::from(path),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error),
            }
        };
        socket.to_fs_name::<GenericFilePath>().map(Some)
    }

    fn fits(socket: &Path) -> bool {
        socket.as_os_str().len() <= LONGEST_PATH_BYTES
    }
}

#[cfg(windows)]
mod windows {
    use interprocess::local_socket::{GenericNamespaced, ToNsName};
    use sha2::{Digest, Sha256};

    use super::*;

    /// Where a host listens.
    pub(in super::super) struct Place {
        name: String,
    }

    impl Place {
        /// A place for the host of this folder.
        pub(in super::super) fn make(data: &Path) -> io::Result<Self> {
            Ok(Self {
                name: pipe_name(data)?,
            })
        }

        /// The name to listen at.
        pub(in super::super) fn name(&self) -> io::Result<Name<'static>> {
            self.name.clone().to_ns_name::<GenericNamespaced>()
        }
    }

    /// The name to connect to.
    pub(in super::super) fn find(data: &Path) -> io::Result<Option<Name<'static>>> {
        pipe_name(data)?.to_ns_name::<GenericNamespaced>().map(Some)
    }

    fn pipe_name(data: &Path) -> io::Result<String> {
        let folder = data.canonicalize()?;
        let hash = Sha256::digest(folder.as_os_str().as_encoded_bytes());
        let hash: String = hash
            .iter()
            .take(16)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Ok(format!("landfall-{hash}"))
    }
}
