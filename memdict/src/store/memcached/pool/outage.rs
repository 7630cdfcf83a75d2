//! What is known of a server that could not be reached, and for how long it is left alone.

use std::{
    mem,
    time::{Duration, Instant},
};

use super::{Permit, Pool, PoolState, Refused, Trouble, lock};
use crate::random;

/// How long to leave an unreachable server alone: at first, and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

impl Pool {
    /// Lets the next caller try to reach the server, however short ago it was not reached.
    pub(in crate::store::memcached) fn try_now(&self) {
        let (now, mut state) = ((self.now)(), lock(&self.state));
        let PoolState { trouble, refused, .. } = &mut *state;
        trouble.iter_mut().chain(refused).for_each(|trouble| trouble.until = now);
    }

    /// Notes that a connection could not be made. Without any other connection the server is down,
    /// and is left alone for a while; else no other connection is tried for a while. The pause
    /// grows with each failure and is random, so that clients do not return at the same time. Of
    /// several attempts that `began` together, the first failure counts.
    pub(in crate::store::memcached) fn not_reached(
        &self,
        mut permit: Permit<'_>,
        why: &str,
        began: Instant,
    ) -> Refused {
        let mut state = lock(&self.state);
        let others = state.working() + state.idle.len() + state.dialing.saturating_sub(1) > 0;
        let trouble = if others { &mut state.refused } else { &mut state.trouble };
        let pause = match trouble {
            Some(trouble) if trouble.noted > began => None,
            Some(trouble) => Some((trouble.pause * 2).min(LONGEST_PAUSE)),
            None => Some(FIRST_PAUSE),
        };
        if let Some(pause) = pause {
            let share = 0.5 + 0.5 * (random::bits() >> 11) as f64 / (1_u64 << 53) as f64;
            let noted = (self.now)();
            let until = noted + pause.mul_f64(share);
            *trouble = Some(Trouble { why: why.to_owned(), pause, noted, until });
        }
        drop(state);
        permit.is_told = true;
        drop(permit);
        if others { Refused::Queue } else { Refused::Outage }
    }

    /// Notes that a connection broke. The idle ones are closed too, because the server may be gone.
    pub(in crate::store::memcached) fn broke(&self, permit: Permit<'_>) {
        let idle = mem::take(&mut lock(&self.state).idle);
        drop(idle);
        drop(permit);
    }
}
