//! The machine's interfaces as the operating system reports them, confirmed by a probe if one is asked for.
//!
//! What follows from them is decided in `monitor`. Nothing is polled.

use std::net::IpAddr;
use std::sync::Arc;

use futures::future::OptionFuture;
use n0_watcher::Watcher;
use netwatch::interfaces::State as Interfaces;
use netwatch::netmon;
use tokio::sync::oneshot;

use crate::clock::Clock;
use crate::connectivity::SourceFeed;
use crate::connectivity::links::{Link, is_routable, judge_links};
use crate::connectivity::monitor::Monitor;
#[cfg(target_os = "linux")]
use crate::connectivity::netlink::LinkChanges;
use crate::connectivity::probe::{Prober, Probing};
use crate::connectivity::state::{NetworkReason, NetworkState};

/// Reports what holds, then spawns the task that waits for changes.
pub(super) async fn start(feed: SourceFeed, clock: Arc<dyn Clock>, prober: Option<Prober>) {
    let links = match Links::watch().await {
        Ok(links) => links,
        Err(error) => {
            tracing::warn!(%error, "cannot watch the network interfaces, assuming online");
            feed.report(NetworkState::online(NetworkReason::Unknown(
                error.to_string(),
            )));
            return;
        }
    };
    let probed = prober.as_ref().map(|prober| prober.address().to_owned());
    let follower = Follower {
        monitor: Monitor::new(read().await, probed, clock.now()),
        links,
        feed,
        clock,
        prober,
        probing: None,
    };
    let (decided, is_decided) = oneshot::channel();
    tokio::spawn(follower.follow(decided));
    // Fails when nobody listens any more, so that nothing is waited for.
    let _ = is_decided.await;
}

/// Turns what happens on the machine into reports.
struct Follower {
    monitor: Monitor,
    links: Links,
    feed: SourceFeed,
    clock: Arc<dyn Clock>,
    prober: Option<Prober>,
    /// The probe under way, and which one it is.
    probing: Option<(u32, Probing)>,
}

impl Follower {
    /// Goes on for as long as anyone listens; says once when enough is known to answer.
    async fn follow(mut self, decided: oneshot::Sender<()>) {
        let mut decided = Some(decided);
        let mut set_back = self.clock.set_back();
        loop {
            let todo = self.monitor.todo(self.clock.now());
            if !self.feed.report(self.monitor.state().clone()) {
                return;
            }
            if self.monitor.is_decided()
                && let Some(decided) = decided.take()
            {
                let _ = decided.send(());
            }
            self.probe(todo.probe);
            let probing = self.probing.as_mut().map(|(_, probing)| probing);
            let wake = todo.wake_at.map(|at| self.clock.sleep_until(at));
            tokio::select! {
                () = self.links.changed() => self.look().await,
                Some(result) = OptionFuture::from(probing) => {
                    self.probing = None;
                    self.monitor.probe_ended(result, self.clock.now());
                }
                () = self.feed.doubted() => {
                    if self.monitor.request_failed(self.clock.now()) {
                        self.look().await;
                    }
                }
                Some(()) = OptionFuture::from(wake) => {}
                () = set_back.as_mut() => {
                    set_back = self.clock.set_back();
                    self.monitor.clock_was_set_back(self.clock.now());
                }
            }
        }
    }

    async fn look(&mut self) {
        let links = read().await;
        self.monitor.links_are(links, self.clock.now());
    }

    /// Sees to it that this probe is under way, and no other.
    fn probe(&mut self, wanted: Option<u32>) {
        if wanted == self.probing.as_ref().map(|(turn, _)| *turn) {
            return;
        }
        self.probing = wanted
            .zip(self.prober.as_ref())
            .map(|(turn, prober)| (turn, prober.probe(self.clock.as_ref())));
    }
}

/// What the operating system tells of changes.
struct Links {
    /// Running as long as it is held.
    _monitor: netmon::Monitor,
    readings: n0_watcher::Direct<Interfaces>,
    #[cfg(target_os = "linux")]
    at_once: LinkChanges,
}

impl Links {
    async fn watch() -> Result<Self, netmon::Error> {
        let monitor = netmon::Monitor::new().await?;
        Ok(Self {
            readings: monitor.interface_state(),
            _monitor: monitor,
            #[cfg(target_os = "linux")]
            at_once: LinkChanges::listen(),
        })
    }

    /// Ends when there may be something new to see.
    async fn changed(&mut self) {
        // Looks a quarter of a second after a change, in case more come, and on Linux not at carriers.
        let readings = async {
            if self.readings.updated().await.is_err() {
                std::future::pending().await
            }
        };
        #[cfg(target_os = "linux")]
        tokio::select! {
            () = readings => {}
            () = self.at_once.next() => {}
        }
        #[cfg(not(target_os = "linux"))]
        readings.await;
    }
}

/// What the links say now.
async fn read() -> NetworkState {
    let default_route = netwatch::interfaces::DefaultRouteDetails::new().await;
    let default_route = default_route.map(|route| route.interface_name);
    let interfaces = netdev::get_interfaces();
    let links: Vec<Link> = interfaces
        .iter()
        .map(|interface| Link {
            name: &interface.name,
            is_up: interface.is_up(),
            has_carrier: interface.is_running(),
            has_address: addresses(interface).any(is_routable),
            has_default_route: default_route.as_ref() == Some(&interface.name),
        })
        .collect();
    judge_links(&links)
}

/// Every address that can be used already.
fn addresses(interface: &netdev::Interface) -> impl Iterator<Item = IpAddr> {
    let v4 = interface.ipv4.iter().map(|net| IpAddr::V4(net.addr()));
    let v6 = interface.ipv6.iter().zip(&interface.ipv6_addr_flags);
    let v6 = v6
        .filter(|(_, flags)| !flags.tentative && !flags.duplicated)
        .map(|(net, _)| IpAddr::V6(net.addr()));
    v4.chain(v6)
}
