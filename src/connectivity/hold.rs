//! Holding the host offline: as long as anybody does, it is.

use crate::connectivity::Connectivity;

/// Keeps the host offline, whatever the source and the host's switch say, until it is dropped.
#[derive(Debug)]
#[must_use = "the host is offline for as long as this is kept"]
pub struct OfflineHold(Connectivity);

impl Connectivity {
    /// Offline until the hold, and every other one, is dropped.
    pub fn hold_offline(&self) -> OfflineHold {
        self.shared.update(|layers| layers.holds += 1);
        OfflineHold(self.clone())
    }
}

impl Drop for OfflineHold {
    fn drop(&mut self) {
        self.0.shared.update(|layers| layers.holds -= 1);
    }
}
