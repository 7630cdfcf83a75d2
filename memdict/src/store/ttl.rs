//! Lifetimes on the wire.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::store::limits;

/// The longest lifetime that memcached counts from now. It reads a larger number as a point in
/// time, which would lie in 1970.
const MAX_RELATIVE: u32 = 30 * 24 * 60 * 60;

/// 2038-01-19, the last point in time that memcached 1.6 knows. Some versions acknowledge a store
/// with a later one and drop the value.
const LAST: u32 = i32::MAX as u32;

/// Returns the number that makes memcached keep an item for `ttl`.
///
/// A lifetime of more than 30 days is sent as a point in time, by this machine's clock. One that
/// ends after 2038-01-19 is cut to that day, and the log says so once.
pub(in crate::store) fn wire(ttl: Duration) -> u32 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    wire_at(ttl, now.unwrap_or_default().as_secs())
}

fn wire_at(ttl: Duration, now: u64) -> u32 {
    let seconds = limits::whole_seconds(ttl);
    match u32::try_from(seconds) {
        Ok(seconds) if seconds <= MAX_RELATIVE => return seconds,
        _ => {}
    }
    match u32::try_from(now.saturating_add(seconds)) {
        Ok(end) if end <= LAST => end,
        _ => {
            log_shortened(ttl);
            // Near that day, a lifetime that memcached counts from now lasts longest.
            if now + u64::from(MAX_RELATIVE) > u64::from(LAST) { MAX_RELATIVE } else { LAST }
        }
    }
}

#[cfg(feature = "tracing")]
fn log_shortened(ttl: Duration) {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        tracing::warn!(
            ttl_secs = ttl.as_secs(),
            "memcached keeps nothing after 2038-01-19; longer lifetimes end on that day"
        );
    });
}

#[cfg(not(feature = "tracing"))]
fn log_shortened(_ttl: Duration) {}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn wire(seconds: u64) -> u64 {
        u64::from(wire_at(Duration::from_secs(seconds), NOW))
    }

    #[test]
    fn lifetimes_of_up_to_30_days_count_from_now_and_longer_ones_are_points_in_time() {
        let days_30 = u64::from(MAX_RELATIVE);
        assert_eq!(wire(0), 1);
        assert_eq!(wire(days_30 - 1), days_30 - 1);
        assert_eq!(wire(days_30), days_30);
        assert_eq!(wire(days_30 + 1), NOW + days_30 + 1);
    }

    #[test]
    fn lifetimes_that_end_after_2038_end_then_and_not_at_once() {
        let last = u64::from(LAST);
        assert_eq!(wire(last - NOW), last);
        assert_eq!(wire(last - NOW + 1), last);
        assert_eq!(wire(u64::MAX), last);
        let after = wire_at(Duration::from_secs(u64::MAX), last + 1);
        assert_eq!(after, MAX_RELATIVE);
    }
}
