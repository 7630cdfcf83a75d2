//! Ends of life on the wire.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::store::{
    expiry::{End, Expiry},
    limits,
};

/// The longest lifetime that memcached counts from now. It reads a larger number as a point in
/// time, which would lie in 1970.
const MAX_RELATIVE: u32 = 30 * 24 * 60 * 60;

/// 2038-01-19, the last point in time that memcached 1.6 knows. Some versions acknowledge a store
/// with a later one and drop the value.
const LAST: u32 = i32::MAX as u32;

/// The number of a value that does not expire.
pub(in crate::store) const NEVER: u32 = 0;

/// The number of a value that has expired: a point in time in January 1970. memcached knows a
/// negative number as well, but other servers of its protocol take that for a mistake.
pub(in crate::store) const OVER: u32 = MAX_RELATIVE + 1;

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

/// Returns the number that makes memcached keep an item until it expires, and not less.
///
/// memcached counts in its own whole seconds. A lifetime of `n` seconds ends when it has begun `n`
/// more of them, so up to a second too early. So a second is added, unless the number of the
/// server's seconds is known.
///
/// A lifetime of more than 30 days is sent as a point in time, by the server's clock, or by this
/// machine's if the server's is not known. One that ends after 2038-01-19 is cut to that day, and the
/// log says so once.
pub(in crate::store) fn wire(expiry: Expiry, clock: Option<ServerClock>) -> u32 {
    let known = clock.is_some();
    wire_at(expiry, SystemTime::now(), Instant::now(), known, || match clock {
        Some(clock) => clock.at(Instant::now()),
        None => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            limits::whole_seconds(now.unwrap_or_default())
        }
    })
}

fn wire_at(
    expiry: Expiry,
    today: SystemTime,
    instant: Instant,
    known: bool,
    now: impl FnOnce() -> u64,
) -> u32 {
    let added = |ttl| limits::whole_seconds(ttl).saturating_add(1);
    let seconds = match expiry {
        Expiry::Never => return NEVER,
        Expiry::After(ttl) => added(ttl),
        Expiry::At(end) => match end.duration_since(today) {
            Ok(left) if !left.is_zero() => added(left),
            _ => return OVER,
        },
        Expiry::With(life) => match life.end() {
            End::Never => return NEVER,
            End::Ticks { mark: Some(end), .. } => return end,
            End::Ticks { left, told, mark: None } => {
                match left.saturating_sub(instant.saturating_duration_since(told).as_secs()) {
                    0 => return OVER,
                    left if known => return at_time(now().saturating_add(left)).unwrap_or(OVER),
                    left => left,
                }
            }
            // Another store's clock says nothing here, but what was left does.
            End::ByClock(_) => added(life.left().unwrap_or_default()),
        },
    };
    match u32::try_from(seconds) {
        Ok(seconds) if seconds <= MAX_RELATIVE => return seconds,
        _ => {}
    }
    let now = now();
    match at_time(now.saturating_add(seconds)) {
        Some(end) => end,
        None => {
            log_shortened(seconds);
            // Near that day, a lifetime that memcached counts from now lasts longest.
            let near = now.saturating_add(u64::from(MAX_RELATIVE)) > u64::from(LAST);
            if near { MAX_RELATIVE } else { LAST }
        }
    }
}

/// Returns the number of a point in time, if memcached knows it.
fn at_time(end: u64) -> Option<u32> {
    u32::try_from(end).ok().filter(|end| (OVER + 1..=LAST).contains(end))
}

/// Returns the number by which a value is marked with the end of its life, if that is the end of one
/// that was loaded. So the next writer that keeps the end sends the same number. Otherwise the end would
/// move each time that one of the server's seconds begins between a load and the write.
#[cfg_attr(not(unix), allow(dead_code))] // Only the engine is told lives.
pub(in crate::store) fn mark(expiry: Expiry, sent: u32) -> Option<u32> {
    match expiry {
        Expiry::With(life) if matches!(life.end(), End::Ticks { .. }) => at_time(sent.into()),
        _ => None,
    }
}

/// Returns the end of life that a value is marked with, if that can be the one that ends when the
/// server has begun `left` more seconds. It is none after a touch.
#[cfg_attr(not(unix), allow(dead_code))] // Only the engine is told lives.
pub(in crate::store) fn marked(mark: u64, left: u64, clock: Option<ServerClock>) -> Option<u32> {
    /// What the server's clock may be off, as far as it is known here.
    const OFF: u64 = 2;
    let end = clock?.at(Instant::now()).saturating_add(left);
    at_time(mark).filter(|&mark| u64::from(mark).abs_diff(end) <= OFF)
}

/// Returns the number that asks memcached for a right to renew if less life than this is left. It is
/// compared with a number of its own seconds, of which one has begun.
#[cfg_attr(not(unix), allow(dead_code))] // Only the engine asks for it.
pub(in crate::store) fn less_than(left: Duration) -> u32 {
    let seconds = limits::whole_seconds(left).saturating_add(1);
    u32::try_from(seconds).unwrap_or(MAX_RELATIVE).min(MAX_RELATIVE)
}

#[cfg(feature = "tracing")]
fn log_shortened(seconds: u64) {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        tracing::warn!(
            ttl_secs = seconds,
            "memcached keeps nothing after 2038-01-19; longer lifetimes end on that day"
        );
    });
}

#[cfg(not(feature = "tracing"))]
fn log_shortened(_seconds: u64) {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::expiry::Life;

    const NOW: u64 = 1_800_000_000;

    fn wire_after(ttl: Duration, now: u64) -> u32 {
        wire_at(Expiry::After(ttl), SystemTime::now(), Instant::now(), true, || now)
    }

    fn wire(seconds: u64) -> u64 {
        u64::from(wire_after(Duration::from_secs(seconds), NOW))
    }

    /// Returns how long memcached keeps an item, if it is stored `part` of a second after one of the
    /// server's seconds began.
    fn kept(ttl: Duration, part: Duration) -> Duration {
        let sent = u64::from(wire_after(ttl, NOW));
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
            let end = u64::from(super::wire(Expiry::After(days_31), Some(clock)));
            assert!((31 * 86_400 + 1..31 * 86_400 + 10).contains(&(end - told)), "{end} {told}");
        }
        assert_eq!(Asked(now).told(u64::MAX).at(now), u64::MAX);
        let clock = Some(Asked(now).told(u64::MAX));
        let hostile = super::wire(Expiry::After(days_31), clock);
        assert_eq!(hostile, MAX_RELATIVE);
    }

    #[test]
    fn lifetimes_that_end_after_2038_end_then_and_not_at_once() {
        let last = u64::from(LAST);
        assert_eq!(wire(last - NOW - 1), last);
        assert_eq!(wire(last - NOW + 1), last);
        assert_eq!(wire(u64::MAX), last);
        let after = wire_after(Duration::from_secs(u64::MAX), last + 1);
        assert_eq!(after, MAX_RELATIVE);
    }

    #[test]
    fn a_time_that_has_passed_is_over_and_one_to_come_is_never_early() {
        let (today, instant) = (SystemTime::now(), Instant::now());
        let at = |end: SystemTime| wire_at(Expiry::At(end), today, instant, true, || NOW);
        let second = Duration::from_secs(1);
        assert_eq!(at(today), OVER);
        assert_eq!(at(today - second), OVER);
        assert_eq!(at(UNIX_EPOCH), OVER);
        assert_eq!(at(today + Duration::from_nanos(1)), 2);
        assert_eq!(at(today + 59 * second), 60);
        let days_31 = 31 * 86_400;
        assert_eq!(u64::from(at(today + days_31 * second)), NOW + u64::from(days_31) + 1);
        let never = wire_at(Expiry::Never, today, instant, true, || NOW);
        assert_eq!((never, u64::from(OVER)), (0, 2_592_001));
    }

    #[test]
    fn the_end_of_a_loaded_life_is_counted_in_the_servers_seconds_and_ends_with_them() {
        let told = Life::told(60, None);
        let End::Ticks { left: 60, told: loaded, .. } = told.end() else { panic!("{told:?}") };
        let after = |passed: u64| {
            let later = loaded + Duration::from_millis(passed);
            wire_at(Expiry::With(told), SystemTime::now(), later, false, || NOW)
        };
        assert_eq!(told.left(), Some(Duration::from_secs(59)));
        assert_eq!([0, 999, 1_000, 58_999, 59_500].map(after), [60, 60, 59, 2, 1]);
        assert_eq!([60_000, 900_000].map(after), [OVER, OVER]);
        assert_eq!(super::wire(Expiry::With(Life::FOREVER), None), NEVER);
        let own = Life::until(Duration::from_millis(9_900), Duration::from_secs(2));
        assert_eq!(super::wire(Expiry::With(own), None), 8);
    }

    #[test]
    fn an_end_that_is_kept_is_marked_as_a_time_and_is_the_same_from_then_on() {
        let today = SystemTime::now();
        let sent = |life| wire_at(Expiry::With(life), today, Instant::now(), true, || NOW);
        let first = sent(Life::told(60, None));
        assert_eq!(u64::from(first), NOW + 60);
        assert_eq!(mark(Expiry::With(Life::told(60, None)), first), Some(first));
        let clock = Some(Asked(Instant::now()).told(NOW + 5));
        // Whatever second the server is in, and however long the work takes.
        for left in 54..=56 {
            let mark = marked(first.into(), left, clock);
            assert_eq!((mark, sent(Life::told(left, mark))), (Some(first), first), "{left}");
        }
        // It was touched, or is no mark.
        for (of, left) in [(first, 40), (first, 70), (0, 55), (7, 55), (u32::MAX, 55)] {
            assert_eq!(marked(of.into(), left, clock), None, "{of} {left}");
        }
        assert_eq!(marked(first.into(), 55, None), None);
        for expiry in [Expiry::Never, Expiry::After(Duration::from_secs(60)), Expiry::At(today)] {
            assert_eq!(mark(expiry, first), None);
        }
        assert_eq!(mark(Expiry::With(Life::FOREVER), NEVER), None);
        assert_eq!(mark(Expiry::With(Life::told(0, None)), OVER), None);
    }

    #[test]
    fn the_right_to_renew_is_asked_for_in_the_servers_seconds() {
        assert_eq!(less_than(Duration::from_secs(30)), 31);
        assert_eq!(less_than(Duration::ZERO), 2);
        assert_eq!(less_than(Duration::MAX), MAX_RELATIVE);
    }
}
