//! How long operations took, in buckets that grow with the time.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// How many buckets there are for each doubling of the time.
const PARTS: u64 = 4;

/// The number of buckets. The last one is for everything from 67 seconds.
const BUCKETS: usize = 106;

/// How long operations took: the number of those in each of 106 buckets, from a microsecond to
/// over a minute. A bucket ends at most a quarter later than it begins.
///
/// ```
/// use memdict::{Cache, MemoryStore};
///
/// let cache = Cache::open("memory:")?;
/// cache.session().dict::<u64>("hits").get("a")?;
/// // The embedded store answers at once, so nothing is measured.
/// assert_eq!(cache.latencies().loads.count(), 0);
/// # Ok::<_, memdict::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Latency {
    buckets: [u64; BUCKETS],
    sum: Duration,
}

/// How long the loads and the commits of a cache or a dictionary took, as returned by
/// [`Cache::latencies`](crate::Cache::latencies).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Latencies {
    /// The batches of loads.
    pub loads: Latency,
    /// The commits that sent or looked at something, from there to their end.
    pub commits: Latency,
}

impl Latency {
    /// Returns how many operations there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// Returns how long all of them took together.
    #[must_use]
    pub fn sum(&self) -> Duration {
        self.sum
    }

    /// Returns a time within which this part of the operations ended: half of them for 0.5, all of
    /// them for 1.0. It is the end of a bucket, so it is up to a quarter too long. Returns `None` if
    /// there were no operations.
    #[must_use]
    pub fn quantile(&self, part: f64) -> Option<Duration> {
        let count = self.count();
        let wanted = ((count as f64 * part.clamp(0.0, 1.0)).ceil() as u64).max(1);
        let mut seen = 0;
        self.buckets().find_map(|(end, many)| {
            seen += many;
            (seen >= wanted).then_some(end)
        })
    }

    /// Returns the end of each bucket that has operations, and how many it has. The last bucket has
    /// no end; [`Duration::MAX`] stands for it.
    pub fn buckets(&self) -> impl Iterator<Item = (Duration, u64)> + '_ {
        let used = self.buckets.iter().enumerate().filter(|(_, many)| **many > 0);
        used.map(|(index, &many)| (end(index), many))
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.buckets.iter_mut().zip(other.buckets).for_each(|(all, more)| *all += more);
        self.sum += other.sum;
    }
}

impl Default for Latency {
    fn default() -> Self {
        Self { buckets: [0; BUCKETS], sum: Duration::ZERO }
    }
}

impl fmt::Debug for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.buckets()).finish()
    }
}

/// Counts how long operations take.
#[derive(Debug)]
pub(crate) struct Timing {
    buckets: [AtomicU64; BUCKETS],
    nanos: AtomicU64,
}

impl Default for Timing {
    fn default() -> Self {
        Self { buckets: [const { AtomicU64::new(0) }; BUCKETS], nanos: AtomicU64::new(0) }
    }
}

impl Timing {
    pub(crate) fn record(&self, took: Duration) {
        self.buckets[bucket(took)].fetch_add(1, Ordering::Relaxed);
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Latency {
        let mut latency = Latency::default();
        for (all, counted) in latency.buckets.iter_mut().zip(&self.buckets) {
            *all = counted.load(Ordering::Relaxed);
        }
        latency.sum = Duration::from_nanos(self.nanos.load(Ordering::Relaxed));
        latency
    }
}

/// Returns the bucket of a time. The first has all times below a microsecond; then there are
/// [`PARTS`] of equal width for each doubling.
fn bucket(took: Duration) -> usize {
    let nanos = took.as_nanos();
    let Some(doublings) = (nanos / 1_000).checked_ilog2() else { return 0 };
    let begin = 1_000 << doublings;
    let part = (nanos - begin) * u128::from(PARTS) / begin;
    (1 + doublings as usize * PARTS as usize + part as usize).min(BUCKETS - 1)
}

/// Returns where a bucket ends.
fn end(bucket: usize) -> Duration {
    if bucket == BUCKETS - 1 {
        return Duration::MAX;
    }
    let (doublings, part) = (bucket as u64 / PARTS, bucket as u64 % PARTS);
    // Bucket 0 ends at 1 µs, bucket 1 at 1.25 µs, and so on.
    Duration::from_nanos((1_000 << doublings) + ((1_000 * part) << doublings) / PARTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_time_is_in_a_bucket_that_ends_at_most_a_quarter_later() {
        for nanos in (0..38).map(|n| 1_u64 << n).flat_map(|it| [it - 1, it, it + it / 3]) {
            let took = Duration::from_nanos(nanos);
            let index = bucket(took);
            if index == BUCKETS - 1 {
                assert!(took >= Duration::from_secs(67), "{took:?}");
                continue;
            }
            assert!(took < end(index), "{took:?} {:?}", end(index));
            let begin = if index == 0 { Duration::ZERO } else { end(index - 1) };
            assert!(took >= begin, "{took:?} {begin:?}");
            if index > 0 {
                assert!(end(index) - begin <= begin / 4 + Duration::from_nanos(1), "{took:?}");
            }
        }
        assert_eq!(bucket(Duration::MAX), BUCKETS - 1);
    }

    #[test]
    fn quantiles_are_ends_of_buckets() {
        let timing = Timing::default();
        assert_eq!(timing.read().quantile(0.5), None);
        for millis in 1..=100 {
            timing.record(Duration::from_millis(millis));
        }
        let latency = timing.read();
        assert_eq!((latency.count(), latency.sum()), (100, Duration::from_millis(5_050)));
        for (part, millis) in [(0.0, 1), (0.5, 50), (0.99, 99), (1.0, 100)] {
            let found = latency.quantile(part).expect("there are operations");
            let exact = Duration::from_millis(millis);
            assert!(exact < found && found <= exact + exact / 3, "{part}: {found:?}");
        }
    }
}
