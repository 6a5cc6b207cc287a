//! Linux says at once when a link or an address changes, a pulled cable included.
//!
//! That something was said is all that is used of it: what holds now is read afresh.

use std::io;

use futures::FutureExt;
use netlink_sys::protocols::NETLINK_ROUTE;
use netlink_sys::{AsyncSocket, AsyncSocketExt, SocketAddr, TokioSocket};

/// `RTMGRP_LINK`, `RTMGRP_IPV4_IFADDR` and `RTMGRP_IPV6_IFADDR` of `linux/rtnetlink.h`.
const GROUPS: u32 = 0x1 | 0x10 | 0x100;

/// Ends a wait whenever a link or an address has changed.
pub(super) struct LinkChanges(Option<TokioSocket>);

impl LinkChanges {
    /// Listens from now on. Where that is not permitted, changes are found out more slowly.
    pub(super) fn listen() -> Self {
        match listen() {
            Ok(socket) => Self(Some(socket)),
            Err(error) => {
                tracing::warn!(%error, "the system does not tell of changed links at once");
                Self(None)
            }
        }
    }

    /// Ends when something has changed since the last call; what came at the same time is one change.
    pub(super) async fn next(&mut self) {
        let Some(socket) = &self.0 else {
            return std::future::pending().await;
        };
        // The rest of a longer message is dropped with it.
        let mut begin = [0; 16];
        let mut received = socket.recv(&mut begin.as_mut_slice()).await;
        while received.is_ok() {
            match socket.recv(&mut begin.as_mut_slice()).now_or_never() {
                Some(further) => received = further,
                None => return,
            }
        }
        tracing::warn!("the system stopped telling of changed links");
        self.0 = None;
    }
}

fn listen() -> io::Result<TokioSocket> {
    let mut socket = TokioSocket::new(NETLINK_ROUTE)?;
    let inner = socket.socket_mut();
    // A message that found no room is not missed: the ones before it wait to be received.
    inner.set_no_enobufs(true)?;
    inner.bind(&SocketAddr::new(0, GROUPS))?;
    Ok(socket)
}
