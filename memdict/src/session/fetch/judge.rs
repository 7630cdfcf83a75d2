//! Judges what the store answered to a `fetch`: what it found, and what to do next. This does no I/O.

use std::time::Duration;

use super::right::{Basis, Release, Right};
use crate::{
    def::{options::DictOptions, rules::OnUnusable},
    envelope::Secrets,
    session::entry::{
        seen::Version,
        slot::{Decoded, Slot, is_past},
        state::For,
    },
    store::operation::{Loaded, Renewal, StoreError},
    track::Tracked,
    unusable::Unusable,
};

/// What the store answered.
pub(super) struct Answer<T> {
    pub(super) decoded: Decoded<T>,
    pub(super) next: Next,
}

/// What to do after an answer.
#[derive(Debug)]
pub(super) enum Next {
    /// Return it.
    Serve,
    /// Return it, although its lifetime is over or it was invalidated: another caller loads it anew.
    ServeStale,
    /// Load it anew. It is a value that can be returned if that fails.
    Renew(Right),
    /// Make it.
    Make(Right),
    /// Wait until another caller has made it, whose right this is.
    Wait(Right),
    /// Lock it, because the server gives no leases.
    Lock,
    /// Make it, and store nothing: the store cannot be reached, or its bytes have to stay.
    Alone,
}

/// What counts for the judgement.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    pub(super) grace: Duration,
    pub(super) on_unusable: OnUnusable,
    pub(super) what_for: For,
}

impl Terms {
    pub(super) fn of(options: &DictOptions, what_for: For) -> Self {
        let (grace, on_unusable) = (options.fetching.grace, options.rules.on_unusable);
        Self { grace, on_unusable, what_for }
    }

    /// Judges an answer.
    pub(super) fn judge<T: Tracked>(
        &self,
        slot: &Slot<T>,
        loaded: Result<Loaded<'_>, StoreError>,
        secrets: &Secrets,
    ) -> Answer<T> {
        let (decoded, next) = match loaded {
            Err(error) => (Decoded::Unreachable(error), Next::Alone),
            Ok(Loaded::Miss) => (Decoded::Nothing, Next::Lock),
            Ok(Loaded::Leased { token, won }) => {
                let right = Right::of_placeholder(token);
                let next = if won { Next::Make(right) } else { Next::Wait(right) };
                (Decoded::Unusable(Unusable::Leased, Version::of_placeholder(token)), next)
            }
            Ok(hit @ Loaded::Hit { .. }) => self.judge_hit(slot, hit, secrets),
        };
        Answer { decoded, next }
    }

    fn judge_hit<T: Tracked>(
        &self,
        slot: &Slot<T>,
        hit: Loaded<'_>,
        secrets: &Secrets,
    ) -> (Decoded<T>, Next) {
        let Loaded::Hit { bytes, token, life, stale, renewal } = hit else {
            return (Decoded::Nothing, Next::Lock);
        };
        let decoded = slot.open(bytes, token, self.what_for, secrets);
        let Some(version) = decoded.version() else { return (decoded, Next::Alone) };
        // Who makes a value, as the store knows it.
        let right = || {
            let release = match stale {
                true => Release::Invalidate,
                false => Release::PutBack { bytes: bytes.to_vec(), life },
            };
            Right { basis: Basis::Bytes(version), release }
        };
        let serves_stale = !self.grace.is_zero();
        let (is_value, is_old) = match &decoded {
            Decoded::Value(..) => (true, stale || is_past(life, self.grace)),
            Decoded::Absence(_) => (true, stale),
            _ => (false, stale),
        };
        let next = match (&decoded, is_value, is_old, renewal) {
            // A record that there is none ends by itself.
            (Decoded::Absence(_), _, false, _) => Next::Serve,
            (_, true, false, Renewal::Open | Renewal::Taken) => Next::Serve,
            (_, true, true, Renewal::Open | Renewal::Taken) if serves_stale => Next::ServeStale,
            (_, true, old, Renewal::Won) if serves_stale || !old => Next::Renew(right()),
            (Decoded::Unusable(why, _), ..) if self.keeps(*why) => Next::Alone,
            (_, _, _, Renewal::Won) => Next::Make(right()),
            (_, _, _, Renewal::Taken) => Next::Wait(right()),
            (_, false, false, Renewal::Open) => Next::Make(Right::to_replace(version)),
            // Stale, and the right was not asked for.
            (_, _, _, Renewal::Open) => Next::Wait(right()),
        };
        let decoded = match &next {
            Next::Serve | Next::ServeStale | Next::Renew(_) if stale => {
                decoded.with_version(Version::made_stale)
            }
            Next::Make(_) | Next::Wait(_) if stale && is_value => {
                Decoded::Unusable(Unusable::Stale, version.made_stale())
            }
            _ => decoded,
        };
        (decoded, next)
    }

    /// Returns whether bytes that are not usable have to stay.
    fn keeps(&self, why: Unusable) -> bool {
        matches!(why, Unusable::NewerSchema { .. }) || self.on_unusable == OnUnusable::Keep
    }
}
