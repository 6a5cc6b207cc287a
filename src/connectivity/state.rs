//! The answer, and where it comes from.
//!
//! Values only; nothing here looks at the machine.

use std::fmt;

/// Online or not, and why we think so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkState {
    /// Are requests let through?
    pub online: bool,
    /// Who or what says so.
    pub reason: NetworkReason,
}

impl NetworkState {
    /// A state and its reason.
    pub fn new(online: bool, reason: NetworkReason) -> Self {
        Self { online, reason }
    }

    /// Online, because of `reason`.
    pub fn online(reason: NetworkReason) -> Self {
        Self::new(true, reason)
    }

    /// Offline, because of `reason`.
    pub fn offline(reason: NetworkReason) -> Self {
        Self::new(false, reason)
    }
}

/// Reads as `online (wlan0 has a route)`.
impl fmt::Display for NetworkState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.online { "online" } else { "offline" };
        write!(formatter, "{word} ({})", self.reason)
    }
}

/// Why a [`NetworkState`] holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NetworkReason {
    /// Nobody has looked yet.
    Assumed,
    /// The host was told to.
    Host,
    /// Set once, when the host was built.
    Configured,
    /// A test or a simulation switched it.
    Simulated,
    /// A step of a timeline, with more to come.
    Timeline,
    /// The last step of a timeline, which stays.
    TimelineEnded,
    /// This interface is up and has a default route.
    Interface(String),
    /// No interface but loopback is up with an address.
    NoInterface,
    /// This interface is up and has an address, but its cable is pulled or its access point is gone.
    NoLink(String),
    /// Interfaces are up, but none leads anywhere.
    NoRoute,
    /// A probe of this address is under way for the first time since the link came up.
    Probing(String),
    /// The probe of this address was answered as it should be.
    Answered(String),
    /// The probe got no answer, for this reason.
    NoAnswer(String),
    /// Something else answered the probe than it should have, as a captive portal does; says what.
    UnexpectedAnswer(String),
    /// The system does not say; online is assumed.
    Unknown(String),
}

impl fmt::Display for NetworkReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Assumed => formatter.write_str("assumed, not checked yet"),
            Self::Host => formatter.write_str("set by the host"),
            Self::Configured => formatter.write_str("as configured"),
            Self::Simulated => formatter.write_str("simulated"),
            Self::Timeline | Self::TimelineEnded => formatter.write_str("timeline"),
            Self::Interface(name) => write!(formatter, "{name} has a route"),
            Self::NoInterface => formatter.write_str("no interface is up"),
            Self::NoLink(name) => write!(formatter, "{name} has no link"),
            Self::NoRoute => formatter.write_str("no interface has a route"),
            Self::Probing(address) => write!(formatter, "waiting for {address}"),
            Self::Answered(address) => write!(formatter, "{address} answers"),
            Self::NoAnswer(why) => formatter.write_str(why),
            Self::UnexpectedAnswer(what) => write!(formatter, "captive portal: {what}"),
            Self::Unknown(why) => write!(formatter, "the system does not say: {why}"),
        }
    }
}
