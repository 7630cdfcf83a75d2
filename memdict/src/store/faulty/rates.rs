//! The chances of faults. Whether an operation has one is drawn from a seed, its key and how many
//! operations on that key there were. So the draw does not depend on what other threads do with
//! other keys.

use std::{fmt, str::FromStr, time::Duration};

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::fault::{Fate, Fault};

/// How much later a late answer comes, unless that is set.
const DELAY: Duration = Duration::from_millis(20);

/// How often a store fails by chance, for [`FaultyStore`](super::FaultyStore) and for the options of
/// a `memory:` URL, which have the same names.
///
/// Each rate is the chance of a single operation, a load or a change, from 0 (the default) to 1. A
/// number outside of that counts as the nearer end, and one that is not a number as 0. An operation
/// may be late and fail as well. Of several other faults it has the first, in the order `fail`,
/// `refuse`, `unanswered`, `lose`.
///
/// **The same seed gives the same faults**: the n-th operation on a key has the same fate in every
/// run, whatever other threads do with other keys. If several threads use one key, their order
/// decides which of them meets the fault.
///
#[cfg_attr(feature = "testing", doc = "```")]
#[cfg_attr(not(feature = "testing"), doc = "```ignore")]
/// use std::time::Duration;
/// use memdict::testing::Rates;
///
/// let rates = Rates::seeded(1).lose(0.05).fail(0.01).late(0.1, Duration::from_millis(5));
/// # let _ = rates;
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rates {
    pub(crate) seed: Option<u64>,
    pub(crate) lose: Rate,
    pub(crate) refuse: Rate,
    pub(crate) fail: Rate,
    pub(crate) unanswered: Rate,
    pub(crate) late: Rate,
    pub(crate) delay: Option<Duration>,
}

impl Rates {
    /// Makes rates of 0, whose faults are drawn from this seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self { seed: Some(seed), ..Self::default() }
    }

    /// Sets how often a value is forgotten just before an operation on its key.
    #[must_use]
    pub fn lose(mut self, rate: f64) -> Self {
        self.lose = Rate::of(rate);
        self
    }

    /// Sets how often a change is [refused](crate::StoreError::Refused). Loads are not.
    #[must_use]
    pub fn refuse(mut self, rate: f64) -> Self {
        self.refuse = Rate::of(rate);
        self
    }

    /// Sets how often an operation does not reach the store, which is then
    /// [down](crate::StoreError::Down).
    #[must_use]
    pub fn fail(mut self, rate: f64) -> Self {
        self.fail = Rate::of(rate);
        self
    }

    /// Sets how often an operation has no answer: a load is down, and the outcome of a change is
    /// [unknown](crate::StoreError::Unknown). Half of these changes were made.
    #[must_use]
    pub fn unanswered(mut self, rate: f64) -> Self {
        self.unanswered = Rate::of(rate);
        self
    }

    /// Sets how often an answer is late, and by how much. If a session has a
    /// [deadline](crate::Session::deadline) that ends before it, a load is down, and the outcome of
    /// a change is unknown.
    #[must_use]
    pub fn late(mut self, rate: f64, delay: Duration) -> Self {
        (self.late, self.delay) = (Rate::of(rate), Some(delay));
        self
    }

    /// Returns whether any fault can happen.
    pub(crate) fn any(&self) -> bool {
        [self.lose, self.refuse, self.fail, self.unanswered, self.late].iter().any(|it| it.0 > 0)
    }

    /// Returns the number under which operations on a key are counted.
    pub(super) fn of_key(&self, key: &[u8]) -> u64 {
        xxh3_64_with_seed(key, self.seed.unwrap_or_default())
    }

    /// Returns what happens to the operation number `nth` on the key of that number.
    pub(super) fn fate(&self, of_key: u64, nth: u64, is_change: bool) -> Fate {
        let draw = |rate: Rate, salt: u8| {
            let mut drawn = [salt; 9];
            drawn[..8].copy_from_slice(&nth.to_le_bytes());
            rate.has(xxh3_64_with_seed(&drawn, of_key))
        };
        let late = draw(self.late, 0).then(|| self.delay.unwrap_or(DELAY));
        let fault = if draw(self.fail, 1) {
            Some(Fault::Down)
        } else if is_change && draw(self.refuse, 2) {
            Some(Fault::Refused)
        } else if draw(self.unanswered, 3) {
            Some(if draw(Rate::of(0.5), 4) { Fault::AckLost } else { Fault::SentAndLost })
        } else {
            draw(self.lose, 5).then_some(Fault::Evicted)
        };
        Fate { late, fault }
    }
}

/// A chance, in parts of 2^32.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Rate(u64);

impl Rate {
    const ONE: f64 = (1_u64 << 32) as f64;

    fn of(rate: f64) -> Self {
        // Not a number becomes 0.
        Self((rate.clamp(0.0, 1.0) * Self::ONE) as u64)
    }

    fn has(self, random: u64) -> bool {
        random >> 32 < self.0
    }
}

impl FromStr for Rate {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text.parse::<f64>() {
            Ok(rate) if (0.0..=1.0).contains(&rate) => Ok(Self::of(rate)),
            _ => Err(()),
        }
    }
}

impl fmt::Debug for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0 as f64 / Self::ONE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fates(rates: Rates, key: &[u8], is_change: bool) -> Vec<Fate> {
        let of_key = rates.of_key(key);
        (0..10_000).map(|nth| rates.fate(of_key, nth, is_change)).collect()
    }

    #[test]
    fn faults_come_as_often_as_asked_and_not_all_at_once() {
        let rates = Rates::seeded(7).lose(0.05).refuse(0.02).fail(0.1).unanswered(0.2);
        let changes = fates(rates.late(0.3, DELAY), b"k", true);
        let many = |fault| changes.iter().filter(|fate| fate.fault == Some(fault)).count();
        for (fault, expected) in [
            (Fault::Down, 1_000),
            (Fault::Refused, 180),
            (Fault::AckLost, 882),
            (Fault::SentAndLost, 882),
            (Fault::Evicted, 352),
        ] {
            let many = many(fault);
            assert!(many.abs_diff(expected) < expected / 4, "{fault:?}: {many}");
        }
        let late = changes.iter().filter(|fate| fate.late.is_some()).count();
        assert!((2_700..3_300).contains(&late), "{late}");
        let loads = fates(rates, b"k", false);
        assert!(loads.iter().all(|fate| fate.fault != Some(Fault::Refused)));
    }

    #[test]
    fn a_seed_and_a_key_decide_the_faults() {
        let rates = |seed| Rates::seeded(seed).lose(0.5);
        assert_eq!(fates(rates(1), b"a", true), fates(rates(1), b"a", true));
        assert_ne!(fates(rates(1), b"a", true), fates(rates(2), b"a", true));
        assert_ne!(fates(rates(1), b"a", true), fates(rates(1), b"b", true));
    }

    #[test]
    fn a_rate_is_a_number_from_0_to_1() {
        let always = Rates::seeded(1).fail(7.0);
        assert!(fates(always, b"k", true).iter().all(|it| it.fault == Some(Fault::Down)));
        for never in [0.0, -1.0, f64::NAN] {
            let rates = Rates::seeded(1).fail(never);
            assert!(!rates.any() && fates(rates, b"k", true).iter().all(|it| it.fault.is_none()));
        }
        assert_eq!("0.25".parse(), Ok(Rate::of(0.25)));
        assert_eq!(format!("{:?}", Rate::of(0.25)), "0.25");
        for wrong in ["", "x", "1.1", "-0.1", "NaN", "5%", "inf"] {
            assert_eq!(wrong.parse::<Rate>(), Err(()), "{wrong}");
        }
    }
}
