//! The asking half, used by every command but `run`.

use std::io;
use std::path::Path;

use anyhow::{Context, bail};
use interprocess::local_socket::tokio::{Stream, prelude::*};
use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use crate::cli::control::address;
use crate::cli::control::{Answer, Request};
use crate::storage::Storage;

/// A connection to a running host.
pub(in crate::cli) struct Connection {
    stream: BufReader<Stream>,
}

impl Connection {
    /// Connects to the host of a data folder; `None` if none runs.
    pub(in crate::cli) async fn open(data: &Path) -> anyhow::Result<Option<Self>> {
        if !data.join(Storage::FILE_NAME).is_file() {
            bail!(
                "there is no data folder `{}`; name one with --data",
                data.display()
            );
        }
        let found =
            address::find(data).with_context(|| format!("cannot read `{}`", data.display()))?;
        let Some(name) = found else { return Ok(None) };
        match Stream::connect(name).await {
            Ok(stream) => Ok(Some(Self {
                stream: BufReader::new(stream),
            })),
            Err(error) if is_nobody_there(&error) => Ok(None),
            Err(error) => {
                Err(error).with_context(|| format!("cannot reach the host of `{}`", data.display()))
            }
        }
    }

    /// Connects to a host that must be running.
    pub(in crate::cli) async fn require(data: &Path) -> anyhow::Result<Self> {
        let connection = Self::open(data).await?;
        connection.with_context(|| {
            let data = data.display();
            format!("no host runs on `{data}`; start one with `landfall run SCRIPT --data {data}`")
        })
    }

    /// Sends a request and waits for its result.
    pub(in crate::cli) async fn ask<T: DeserializeOwned>(
        &mut self,
        request: &Request,
    ) -> anyhow::Result<T> {
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        self.stream
            .get_mut()
            .write_all(&line)
            .await
            .context("the host went away")?;
        let mut answer = String::new();
        self.stream
            .read_line(&mut answer)
            .await
            .context("the host went away")?;
        if answer.is_empty() {
            bail!("the host ended before it answered");
        }
        match serde_json::from_str(&answer).context("the host's answer is of another version")? {
            Answer::Done(result) => {
                serde_json::from_value(result).context("the host's answer is of another version")
            }
            Answer::Failed(reason) => bail!(reason),
        }
    }
}

/// No socket, or one that a killed process left behind.
fn is_nobody_there(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
    )
}
