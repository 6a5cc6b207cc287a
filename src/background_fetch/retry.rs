//! How long to wait after a connection was lost although there is a network.

use std::time::Duration;

/// The wait after the first loss; each further one is twice as long.
const FIRST_DELAY: Duration = Duration::from_secs(1);

/// So many losses in a row are forgiven while something of the response is there. Chromium's download service has the
/// same limit.
const MOST_RETRIES: u32 = 5;

/// So many are forgiven before anything has come: whoever looks whether there is a network needs a moment.
const MOST_RETRIES_OF_NOTHING: u32 = 2;

/// How long to wait before the next attempt, after `losses` in a row without a byte in between; `None` if there is none.
///
/// The specification leaves it to the user agent when it believes that a resource will be available again.
pub fn retry_delay(losses: u32, has_response: bool) -> Option<Duration> {
    let most = if has_response {
        MOST_RETRIES
    } else {
        MOST_RETRIES_OF_NOTHING
    };
    let doublings = losses.checked_sub(1)?;
    (losses <= most).then(|| FIRST_DELAY * 2_u32.pow(doublings))
}
