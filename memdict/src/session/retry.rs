//! When work is tried again, and after how long.

use std::time::Duration;

use crate::error::Error;

/// How often a [transaction](crate::Cache::transaction) or an [update](crate::Cache::update) is
/// tried, and how long it waits between two attempts.
///
/// Work is tried again only if that [may help](crate::Error::is_transient), and only if nothing of
/// the attempt landed or may have: a second run never applies a part twice.
///
/// Make one from the default, because later versions may add fields:
///
/// ```
/// use std::time::Duration;
/// use memdict::{Cache, Retry};
///
/// let patient = Retry { attempts: 100, ceiling: Duration::from_secs(1), ..Retry::default() };
/// let cache = Cache::open("memory:")?.with_retry(patient);
/// # Ok::<_, memdict::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// How often the work runs at most; 0 counts as 1. The default is 10.
    pub attempts: u32,
    /// The pause before the second attempt. It doubles with each further one. The default is 1
    /// millisecond.
    pub backoff: Duration,
    /// The longest pause between two attempts. The default is 50 milliseconds. A `backoff` that is
    /// longer counts as the ceiling.
    pub ceiling: Duration,
    /// Whether each pause is a random part of that, from nothing to all of it, so that those who
    /// met in one conflict do not meet again. The default is `true`.
    pub jitter: bool,
    /// Keeps others from listing all fields, so that there may be more of them one day.
    #[doc(hidden)]
    pub more: (),
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 10,
            backoff: Duration::from_millis(1),
            ceiling: Duration::from_millis(50),
            jitter: true,
            more: (),
        }
    }
}

impl Retry {
    /// Returns whether there is another attempt after this one. They are counted from 1.
    pub(crate) fn goes_on(&self, attempt: u32) -> bool {
        attempt < self.attempts
    }

    /// Returns the longest pause between two attempts.
    pub(crate) fn longest_pause(&self) -> Duration {
        self.ceiling.max(self.backoff)
    }

    /// Returns how long to wait after an attempt failed with this error, if another one may help.
    /// `random` is where the jitter comes from.
    pub(crate) fn pause(&self, attempt: u32, error: &Error, random: u64) -> Option<Duration> {
        error.is_transient().then(|| self.pause_after(attempt, random)).flatten()
    }

    /// Returns how long to wait after an attempt, if there is another one.
    pub(crate) fn pause_after(&self, attempt: u32, random: u64) -> Option<Duration> {
        self.goes_on(attempt).then(|| {
            let doublings = attempt.saturating_sub(1).min(31);
            let pause = self.backoff.saturating_mul(1 << doublings).min(self.longest_pause());
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
    fn pauses_begin_small_and_double_up_to_the_ceiling() {
        let retry = Retry { jitter: false, ..Retry::default() };
        let pause = |attempt| retry.pause(attempt, &conflict(), 0).map(|pause| pause.as_millis());
        assert_eq!(
            [1, 2, 3, 6, 7, 9, 10].map(pause).map(|pause| pause.unwrap_or(0)),
            [1, 2, 4, 32, 50, 50, 0]
        );
        let retry = Retry { attempts: u32::MAX, ceiling: Duration::MAX, ..retry };
        assert_eq!(retry.pause(u32::MAX - 1, &conflict(), 0), Some(Duration::from_millis(1 << 31)));
        let retry = Retry { backoff: Duration::from_secs(1), ceiling: Duration::ZERO, ..retry };
        assert_eq!(retry.pause(5, &conflict(), 0), Some(Duration::from_secs(1)));
    }

    #[test]
    fn jitter_takes_any_part_of_the_pause() {
        let retry = Retry::default();
        let pause = |random| retry.pause(3, &conflict(), random);
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
