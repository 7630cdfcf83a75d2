//! The clock of tasks.

use std::time::Instant;

use tokio::time;

/// Returns the time of tokio's clock, which tests may pause.
pub(in crate::store::memcached) fn now() -> Instant {
    time::Instant::now().into_std()
}
