//! Decides how long a call waits for another process that makes a value.

use std::time::{Duration, Instant};

use crate::store::operation::Token;

/// The first pause before the store is asked again, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(50));

/// How much longer than a lease a lock is waited for. It ends by itself, up to two seconds later,
/// because stores count whole seconds.
const AFTER_LOCK: Duration = Duration::from_secs(2);

/// How many leases are waited for, each taken over by another process that then ended as well.
const LEASES: u32 = 3;

/// The patience of a call.
#[derive(Debug)]
pub(super) struct Patience {
    began: Instant,
    /// What the store holds in place of the value, if it has a version, and since when.
    held: Option<Token>,
    since: Instant,
    pauses: u32,
    is_used_up: bool,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// Wait, and ask again.
    Pause(Duration),
    /// End the right of who made the value, which it has had for a whole lease, and ask again.
    TakeOver,
    /// Make the value, and store nothing.
    GiveUp,
}

impl Patience {
    pub(super) fn new(now: Instant) -> Self {
        Self { began: now, held: None, since: now, pauses: 0, is_used_up: false }
    }

    /// The patience of a call that has waited for a whole lease in this process, while the store held
    /// this version.
    pub(super) fn used_up(held: Option<Token>, now: Instant) -> Self {
        Self { held, is_used_up: true, ..Self::new(now) }
    }

    /// Decides what to do after another process was found to make the value. `held` is the version
    /// of what the store holds meanwhile; a lock has none.
    pub(super) fn next(&mut self, held: Option<Token>, now: Instant, lease: Duration) -> Then {
        let is_same = match (self.held, held) {
            (Some(before), Some(now)) => before.looks_like(now),
            (before, now) => before == now,
        };
        if !is_same {
            (self.held, self.since, self.is_used_up) = (held, now, false);
        }
        self.pauses += 1;
        let limit = if held.is_some() { lease } else { lease.saturating_add(AFTER_LOCK) };
        let left = limit.saturating_sub(now.saturating_duration_since(self.since));
        let in_all = now.saturating_duration_since(self.began);
        // Without a runtime there are no pauses, only their number.
        let enough = (in_all.as_millis() / 20).max(limit.as_millis() / 20) + 32;
        if in_all > limit.saturating_mul(LEASES) || u128::from(self.pauses) > enough {
            return Then::GiveUp;
        }
        if left.is_zero() || self.is_used_up {
            (self.since, self.is_used_up) = (now, false);
            return if held.is_some() { Then::TakeOver } else { Then::GiveUp };
        }
        let doublings = (self.pauses - 1).min(16);
        let pause = PAUSES.0.saturating_mul(1 << doublings).min(PAUSES.1);
        Then::Pause(pause.min(left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE: Duration = Duration::from_secs(2);

    fn held(cas: u64) -> Option<Token> {
        Some(Token::new(0, 1, cas))
    }

    #[test]
    fn pauses_begin_with_5_ms_and_grow_to_50() {
        let (now, mut patience) = (Instant::now(), Patience::new(Instant::now()));
        let pauses: Vec<_> = (0..6).map(|_| patience.next(held(1), now, LEASE)).collect();
        let ms = |ms| Then::Pause(Duration::from_millis(ms));
        assert_eq!(pauses, [ms(5), ms(10), ms(20), ms(40), ms(50), ms(50)]);
        let late = now + LEASE - Duration::from_millis(1);
        assert_eq!(patience.next(held(1), late, LEASE), ms(1), "not past the end of the lease");
    }

    #[test]
    fn a_right_is_taken_over_after_a_whole_lease_and_a_newer_one_after_its_own() {
        let now = Instant::now();
        let mut patience = Patience::new(now);
        assert!(matches!(patience.next(held(1), now, LEASE), Then::Pause(_)));
        // The same version over another connection.
        let same = held(1).map(|token| token.over(7));
        assert_eq!(patience.next(same, now + LEASE, LEASE), Then::TakeOver);
        let later = now + LEASE + LEASE / 2;
        assert!(matches!(patience.next(held(2), later, LEASE), Then::Pause(_)));
        assert_eq!(patience.next(held(2), later + LEASE, LEASE), Then::TakeOver);
    }

    #[test]
    fn waiting_has_an_end() {
        let now = Instant::now();
        let mut patience = Patience::new(now);
        let end = now + LEASE * LEASES + Duration::from_millis(1);
        assert_eq!(patience.next(held(9), end, LEASE), Then::GiveUp);
        // Without a clock that moves, the number of pauses ends it.
        let mut patience = Patience::new(now);
        let all: Vec<_> = (0..1000).map(|_| patience.next(held(1), now, LEASE)).collect();
        assert_eq!(all.last(), Some(&Then::GiveUp));
        // A lock ends by itself. If it does not, nothing is stored.
        let mut patience = Patience::new(now);
        assert!(matches!(patience.next(None, now + LEASE, LEASE), Then::Pause(_)));
        assert_eq!(patience.next(None, now + LEASE + AFTER_LOCK, LEASE), Then::GiveUp);
    }

    #[test]
    fn who_has_waited_for_a_silent_call_of_this_process_waits_no_longer() {
        let now = Instant::now();
        let mut patience = Patience::used_up(held(1), now);
        assert_eq!(patience.next(held(1), now, LEASE), Then::TakeOver);
        assert!(matches!(patience.next(held(2), now, LEASE), Then::Pause(_)));
        // Another one has taken over meanwhile.
        let mut patience = Patience::used_up(held(1), now);
        assert!(matches!(patience.next(held(2), now, LEASE), Then::Pause(_)));
    }
}
