//! When work is tried again, and after how long.

use std::time::Duration;

use crate::error::Error;

/// The longest pause between two attempts.
const LONGEST: Duration = Duration::from_secs(1);

/// How often a [transaction](crate::Cache::transaction) is tried, and how long it waits between
/// two attempts.
///
/// Only what the commit returned is tried again, and only if it
/// [may help](crate::Error::is_transient) and nothing of the attempt landed or may have: a second
/// run never applies a part twice.
///
/// ```
/// use memdict::{Cache, Retry};
///
/// let cache = Cache::open("memory:")?.with_retry(Retry { attempts: 10, ..Retry::default() });
/// # Ok::<_, memdict::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// How often the work is run at most; 0 counts as 1. Without another word, 3.
    pub attempts: u32,
    /// The pause before the second attempt, 2 milliseconds unless another is said. It doubles
    /// with each further one, up to a second.
    pub backoff: Duration,
    /// Whether each pause is a random part of that, so that those who met in one conflict do not
    /// meet again. On, unless it is turned off.
    pub jitter: bool,
}

impl Default for Retry {
    fn default() -> Self {
        Self { attempts: 3, backoff: Duration::from_millis(2), jitter: true }
    }
}

impl Retry {
    /// Whether there is another attempt after this one; they are counted from 1.
    pub(crate) fn goes_on(&self, attempt: u32) -> bool {
        attempt < self.attempts
    }

    /// How long to wait after an attempt failed with this error, if it is worth another one.
    /// `random` is where the jitter comes from.
    pub(crate) fn pause(&self, attempt: u32, error: &Error, random: u64) -> Option<Duration> {
        (self.goes_on(attempt) && error.is_transient()).then(|| {
            let doublings = attempt.saturating_sub(1).min(31);
            let pause = self.backoff.saturating_mul(1 << doublings).min(LONGEST.max(self.backoff));
            // The upper 32 bits, as a fraction.
            let part = (random >> 32) as f64 / f64::from(u32::MAX);
            if self.jitter { pause.mul_f64(part.min(1.0)) } else { pause }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conflict() -> Error {
        Error::Conflict { conflicts: Vec::new(), attempts: 1, report: Box::default() }
    }

    #[test]
    fn pauses_double_up_to_a_second() {
        let retry = Retry { attempts: 100, jitter: false, ..Retry::default() };
        let pause = |attempt| retry.pause(attempt, &conflict(), 0).map(|pause| pause.as_millis());
        assert_eq!([pause(1), pause(2), pause(3), pause(9)], [2, 4, 8, 512].map(Some));
        assert_eq!(
            [pause(10), pause(40), pause(99), pause(100)],
            [Some(1000), Some(1000), Some(1000), None]
        );
    }

    #[test]
    fn jitter_takes_a_part_of_the_pause() {
        let retry = Retry::default();
        let pause = |random| retry.pause(2, &conflict(), random);
        assert_eq!(pause(0), Some(Duration::ZERO));
        assert_eq!(pause(u64::MAX), Some(Duration::from_millis(4)));
        assert!(pause(u64::MAX / 2).is_some_and(|pause| pause < Duration::from_millis(3)));
    }

    #[test]
    fn what_is_not_transient_is_not_tried_again() {
        assert_eq!(Retry::default().pause(1, &Error::Doomed, 0), None);
        assert_eq!(Retry { attempts: 0, ..Retry::default() }.pause(1, &conflict(), 0), None);
    }
}
