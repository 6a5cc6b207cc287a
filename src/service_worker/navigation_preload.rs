//! Navigation preload: whether a page load asks the network while its worker starts, and what it says then.

use serde::{Deserialize, Serialize};

/// What a registration's pages may do before its worker answers.
/// <https://w3c.github.io/ServiceWorker/#navigation-preload-manager>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NavigationPreload {
    /// The "navigation preload enabled flag".
    pub is_enabled: bool,
    /// The value of the header `Service-Worker-Navigation-Preload`, each character one byte.
    pub header_value: String,
}

impl Default for NavigationPreload {
    fn default() -> Self {
        Self {
            is_enabled: false,
            header_value: "true".to_owned(),
        }
    }
}
