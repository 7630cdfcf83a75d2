//! Lifetimes on the wire.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::store::limits;

/// The longest lifetime that memcached counts from now. A larger number is a point in time to
/// it: as a lifetime it would lie in 1970.
const MAX_RELATIVE: u32 = 30 * 24 * 60 * 60;

/// 2038-01-19, the last point in time that memcached 1.6 knows. What is later, some versions
/// acknowledge and drop.
const LAST: u32 = i32::MAX as u32;

/// The number that makes memcached keep an item for `ttl`.
///
/// More than 30 days go out as a point in time, by this machine's clock. What ends after
/// 2038-01-19 ends then instead, which the log says once.
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
            // Close to the end of its time, memcached keeps longest what it counts from now.
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
            "memcached keeps nothing beyond 2038-01-19: such lifetimes end there"
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
    fn up_to_30_days_count_from_now_and_more_is_a_point_in_time() {
        let days_30 = u64::from(MAX_RELATIVE);
        assert_eq!(wire(0), 1);
        assert_eq!(wire(days_30 - 1), days_30 - 1);
        assert_eq!(wire(days_30), days_30);
        assert_eq!(wire(days_30 + 1), NOW + days_30 + 1);
    }

    #[test]
    fn what_ends_after_2038_ends_then_and_not_at_once() {
        let last = u64::from(LAST);
        assert_eq!(wire(last - NOW), last);
        assert_eq!(wire(last - NOW + 1), last);
        assert_eq!(wire(u64::MAX), last);
        let after = wire_at(Duration::from_secs(u64::MAX), last + 1);
        assert_eq!(after, MAX_RELATIVE);
    }
}
