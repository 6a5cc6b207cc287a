//! The flags of `landfall serve`, with their help.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use crate::cli::args::RunArgs;
use crate::cli::values::parse_listen;

/// `landfall serve`
#[derive(Debug, Args)]
#[command(
    after_long_help = SERVE_AFTER_HELP,
    mut_arg("exit_when_idle", |flag| flag.hide(true)),
    mut_arg("origin", |origin| origin.help(ORIGIN_HELP))
)]
pub(super) struct ServeArgs {
    #[command(flatten)]
    pub(super) place: ListenArgs,

    #[command(flatten)]
    pub(super) run: RunArgs,
}

/// Where `landfall serve` listens, and how it is spoken to.
#[derive(Debug, Args)]
pub(super) struct ListenArgs {
    /// Where to listen; port 0 takes a free one
    #[arg(
        long,
        value_name = "ADDRESS",
        value_parser = parse_listen,
        default_value = "127.0.0.1:8080",
        help_heading = "Site"
    )]
    pub(super) listen: SocketAddr,

    /// Speak HTTPS with this certificate, in PEM, those that vouch for it after it
    #[arg(long, value_name = "FILE", requires = "key", help_heading = "Site")]
    pub(super) cert: Option<PathBuf>,

    /// The private key of the certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "cert", help_heading = "Site")]
    pub(super) key: Option<PathBuf>,

    /// Speak HTTPS with a certificate for localhost, made once and kept in the data folder
    #[arg(long, conflicts_with_all = ["cert", "ephemeral"], help_heading = "Site")]
    pub(super) self_signed: bool,
}

const ORIGIN_HELP: &str = "The origin that the worker belongs to [default: of SCRIPT if that is an address, \
    or http://localhost, with TLS https://localhost, and the port of --listen]";

const SERVE_AFTER_HELP: &str = "\
Each request becomes a `fetch` event of the worker in whose scope it is; what the worker leaves
alone is answered by the folder or the upstream.
A request without Sec-Fetch headers counts as a page load if it is a GET that accepts text/html.
HTTP/1.1 and HTTP/2 are spoken, without TLS or with it: over TLS a client chooses, without it
HTTP/2 has to be known beforehand. The first Ctrl-C lets requests under way end, for at most
10 seconds.

All clients are one user to the worker: it has one set of cookies, caches and databases.

Examples:
  landfall serve public/sw.js
  landfall serve /sw.js --upstream http://localhost:3000 --listen 127.0.0.1:8080
  landfall serve public/sw.js --self-signed
  curl --cacert .landfall/serve-127.0.0.1.crt https://localhost:8080/";
