//! How a background fetch and each of its requests ended, in the words of the specification.

use serde::{Deserialize, Serialize};

/// <https://wicg.github.io/background-fetch/#enumdef-backgroundfetchresult>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FetchResult {
    /// It has not ended.
    #[default]
    #[serde(rename = "")]
    Pending,
    /// Everything is there.
    Success,
    /// Something is not; the failure reason says why.
    Failure,
}

/// <https://wicg.github.io/background-fetch/#enumdef-backgroundfetchfailurereason>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureReason {
    /// It has not ended, or ended well.
    #[default]
    #[serde(rename = "")]
    None,
    /// A user or a script aborted it.
    Aborted,
    /// A response has a status that is not ok.
    BadStatus,
    /// There is no response, or none that a script may see.
    FetchError,
    /// The origin may not store so much.
    QuotaExceeded,
    /// More came than the script had said.
    DownloadTotalExceeded,
}

impl FailureReason {
    /// The spelling of the specification.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Aborted => "aborted",
            Self::BadStatus => "bad-status",
            Self::FetchError => "fetch-error",
            Self::QuotaExceeded => "quota-exceeded",
            Self::DownloadTotalExceeded => "download-total-exceeded",
        }
    }
}

/// How one request ended. <https://wicg.github.io/background-fetch/#background-fetch-response-result>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RecordResult {
    /// It has not ended.
    #[default]
    Pending,
    /// The whole response is there.
    Success,
    /// It is not, or it is not what was hoped for.
    Failed(FailureReason),
}

impl RecordResult {
    /// Whether a script may see the response.
    /// <https://wicg.github.io/background-fetch/#background-fetch-response-exposed>
    pub fn is_exposed(self) -> bool {
        matches!(
            self,
            Self::Pending | Self::Success | Self::Failed(FailureReason::BadStatus)
        )
    }

    /// Why it failed, if it did.
    pub fn failure(self) -> Option<FailureReason> {
        match self {
            Self::Failed(reason) => Some(reason),
            Self::Pending | Self::Success => None,
        }
    }
}
