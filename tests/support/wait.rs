//! Waiting for events that happen by themselves.

use std::{
    thread,
    time::{Duration, Instant},
};

/// The longest time that a value with a lifetime of one second may exist. memcached's clock ticks
/// once a second, and such a lifetime ends at the next tick or the one after.
pub const ONE_SECOND_LIFE: Duration = Duration::from_millis(2_300);

/// Checks the condition again and again until it holds.
///
/// # Panics
///
/// If it does not hold within `limit`.
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
