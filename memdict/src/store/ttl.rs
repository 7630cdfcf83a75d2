//! Lifetimes on the wire.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::store::limits;

/// The longest lifetime that memcached counts from now. It reads a larger number as a point in
/// time, which would lie in 1970.
const MAX_RELATIVE: u32 = 30 * 24 * 60 * 60;

/// 2038-01-19, the last point in time that memcached 1.6 knows. Some versions acknowledge a store
/// with a later one and drop the value.
const LAST: u32 = i32::MAX as u32;

/// A server's clock, as the server told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct ServerClock {
    /// The server's time in seconds since 1970, and when it was asked for it. What passes since
    /// then is measured here by a clock that nobody sets.
    told: u64,
    asked: Instant,
}

/// The moment at which a server is asked for its time.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Asked(Instant);

impl Asked {
    pub(in crate::store) fn now() -> Self {
        Self(Instant::now())
    }

    /// Makes the clock of a server that answers with this time, in seconds since 1970.
    pub(in crate::store) fn told(self, told: u64) -> ServerClock {
        ServerClock { told, asked: self.0 }
    }
}

impl ServerClock {
    /// Returns the server's time, or a later one by up to the time that its answer took.
    fn at(self, now: Instant) -> u64 {
        let passed = now.saturating_duration_since(self.asked);
        self.told.saturating_add(limits::whole_seconds(passed))
    }
}

/// Returns the number that makes memcached keep an item for at least `ttl`.
///
/// memcached counts in its own whole seconds. A lifetime of `n` seconds ends when it has begun `n`
/// more of them, so up to a second too early. So a second is added.
///
/// A lifetime of more than 30 days is sent as a point in time, by the server's clock, or by this
/// machine's if the server's is not known. One that ends after 2038-01-19 is cut to that day, and the
/// log says so once.
pub(in crate::store) fn wire(ttl: Duration, clock: Option<ServerClock>) -> u32 {
    wire_at(ttl, || match clock {
        Some(clock) => clock.at(Instant::now()),
        None => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            limits::whole_seconds(now.unwrap_or_default())
        }
    })
}

fn wire_at(ttl: Duration, now: impl FnOnce() -> u64) -> u32 {
    let seconds = limits::whole_seconds(ttl).saturating_add(1);
    match u32::try_from(seconds) {
        Ok(seconds) if seconds <= MAX_RELATIVE => return seconds,
        _ => {}
    }
    let now = now();
    match u32::try_from(now.saturating_add(seconds)) {
        Ok(end) if end <= LAST => end,
        _ => {
            log_shortened(ttl);
            // Near that day, a lifetime that memcached counts from now lasts longest.
            let near = now.saturating_add(u64::from(MAX_RELATIVE)) > u64::from(LAST);
            if near { MAX_RELATIVE } else { LAST }
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
        u64::from(wire_at(Duration::from_secs(seconds), || NOW))
    }

    /// Returns how long memcached keeps an item, if it is stored `part` of a second after one of the
    /// server's seconds began.
    fn kept(ttl: Duration, part: Duration) -> Duration {
        let sent = u64::from(wire_at(ttl, || NOW));
        let end = if sent <= u64::from(MAX_RELATIVE) { NOW + sent } else { sent };
        Duration::from_secs(end - NOW) - part
    }

    #[test]
    fn a_lifetime_is_never_shorter_than_asked_and_at_most_about_a_second_longer() {
        let days_30 = u64::from(MAX_RELATIVE);
        let of = [1, 2, 59, 3_600, days_30 - 2, days_30 - 1, days_30, days_30 + 1, 2 * days_30];
        let ttls = of.map(Duration::from_secs).into_iter();
        for ttl in ttls.chain([1, 999, 1_001, 2_500].map(Duration::from_millis)) {
            for part in [0, 1, 500, 984, 999].map(Duration::from_millis) {
                let whole = Duration::from_secs(limits::whole_seconds(ttl));
                let kept = kept(ttl, part);
                assert!(kept > ttl && kept <= whole + Duration::from_secs(1), "{ttl:?} {kept:?}");
            }
        }
    }

    #[test]
    fn lifetimes_below_30_days_count_from_now_and_longer_ones_are_points_in_time() {
        let days_30 = u64::from(MAX_RELATIVE);
        assert_eq!(wire(0), 2);
        assert_eq!(wire(days_30 - 1), days_30);
        assert_eq!(wire(days_30), NOW + days_30 + 1);
        assert_eq!(wire(days_30 + 1), NOW + days_30 + 2);
    }

    #[test]
    fn points_in_time_are_reckoned_by_the_servers_clock() {
        let now = Instant::now();
        let days_40 = 40 * 24 * 60 * 60;
        let days_31 = Duration::from_secs(31 * 24 * 60 * 60);
        for told in [NOW - days_40, NOW, NOW + days_40] {
            let clock = Asked(now).told(told);
            assert!((told..told + 2).contains(&clock.at(now)));
            let later = clock.at(now + Duration::from_millis(10_300));
            assert_eq!(later, told + 11);
            let end = u64::from(super::wire(days_31, Some(clock)));
            assert!((31 * 86_400 + 1..31 * 86_400 + 10).contains(&(end - told)), "{end} {told}");
        }
        assert_eq!(Asked(now).told(u64::MAX).at(now), u64::MAX);
        let hostile = super::wire(days_31, Some(Asked(now).told(u64::MAX)));
        assert_eq!(hostile, MAX_RELATIVE);
    }

    #[test]
    fn lifetimes_that_end_after_2038_end_then_and_not_at_once() {
        let last = u64::from(LAST);
        assert_eq!(wire(last - NOW - 1), last);
        assert_eq!(wire(last - NOW + 1), last);
        assert_eq!(wire(u64::MAX), last);
        let after = wire_at(Duration::from_secs(u64::MAX), || last + 1);
        assert_eq!(after, MAX_RELATIVE);
    }
}
