//! Waiting for what comes by itself.

use std::{
    thread,
    time::{Duration, Instant},
};

/// The longest that a value with a lifetime of one second may be there: memcached's clock ticks
/// once in a second, and a lifetime of one ends at the next tick or at the one after.
pub const ONE_SECOND_LIFE: Duration = Duration::from_millis(2_300);

/// Looks again and again until it is so.
///
/// # Panics
///
/// If it is not so after `limit`.
pub fn wait_until(limit: Duration, why: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    loop {
        let waited = begun.elapsed();
        if is_so() {
            return;
        }
        assert!(waited < limit, "{why}: not within {limit:?}");
        thread::sleep(Duration::from_millis(10));
    }
}
