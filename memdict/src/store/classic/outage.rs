//! For how long a server is left alone that could not be reached, or that did not accept the login.
//! Meanwhile each call fails at once, with the same reason.

use std::time::{Duration, Instant};

use crate::{random, store::operation::StoreError};

/// Why a connection could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// The server could not be reached, or did not answer.
    Unreached,
    /// It did not let the user in, which it will not do in a moment either.
    Login,
}

/// What is known of a server that could not be reached.
#[derive(Debug)]
pub(super) struct Outage {
    why: StoreError,
    pause: Duration,
    /// Until then no call tries; then one does.
    until: Instant,
}

impl Outage {
    /// Begins a pause, or one that is longer than the last one. It is random, so that clients do not
    /// return at the same time.
    pub(super) fn after(last: Option<&Self>, cause: Cause, why: StoreError, now: Instant) -> Self {
        let (first, longest) = match cause {
            Cause::Unreached => (Duration::from_millis(50), Duration::from_secs(1)),
            Cause::Login => (Duration::from_secs(5), Duration::from_secs(60)),
        };
        let pause = last.map_or(first, |last| (last.pause * 2).clamp(first, longest));
        let share = 0.5 + 0.5 * (random::bits() >> 11) as f64 / (1_u64 << 53) as f64;
        Self { why, pause, until: now + pause.mul_f64(share) }
    }

    /// Returns why the server is left alone, or lets this caller try. The others then wait for what
    /// becomes of it, but not longer than this.
    pub(super) fn try_again(&mut self, now: Instant, at_most: Duration) -> Result<(), StoreError> {
        if now < self.until {
            return Err(self.why.clone());
        }
        self.until = now + at_most;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_one_caller_ends_each() {
        for (cause, longest) in [(Cause::Unreached, 1), (Cause::Login, 60)] {
            let mut now = Instant::now();
            let why = || StoreError::Down("s:1 is away".into());
            let mut outage = Outage::after(None, cause, why(), now);
            let mut pauses = Vec::new();
            for _ in 0..10 {
                assert!(outage.try_again(now, Duration::MAX / 4).is_err());
                pauses.push(outage.until - now);
                now = outage.until;
                assert_eq!(outage.try_again(now, Duration::from_secs(100)).ok(), Some(()));
                assert!(outage.try_again(now, Duration::ZERO).is_err(), "one tries");
                outage = Outage::after(Some(&outage), cause, why(), now);
            }
            let longest = Duration::from_secs(longest);
            assert!(pauses[0] < longest / 8 && pauses.iter().all(|pause| *pause <= longest));
            assert!(pauses[9] >= longest / 2, "{pauses:?}");
        }
    }
}
