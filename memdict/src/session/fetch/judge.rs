//! Judges what the store answered to a `fetch`: what it found, and what to do next. This does no I/O.

use std::time::Duration;

use super::right::{Basis, Release, Right};
use crate::{
    def::{options::DictOptions, rules::OnUnusable},
    envelope::Secrets,
    session::entry::{
        decoded::{Decoded, is_past},
        generation::Now,
        seen::Version,
        slot::Slot,
        state::For,
    },
    store::{
        expiry::Life,
        operation::{Loaded, Renewal, StoreError},
    },
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
    /// Claim the right to replace these bytes, which nobody has. The right is that of everyone.
    Claim(Right),
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
    /// How long values are kept after their lifetime.
    pub(super) grace: Duration,
    /// Whether a stale value is returned while another caller makes it anew.
    pub(super) serves_stale: bool,
    pub(super) on_unusable: OnUnusable,
    pub(super) what_for: For,
}

/// An answer that was read. What it means depends on the generation of its dictionary.
pub(super) struct Heard<T> {
    decoded: Decoded<T>,
    about: About,
}

enum About {
    Nothing(Next),
    Bytes {
        life: Option<Life>,
        stale: bool,
        renewal: Renewal,
        /// The bytes, if a right to renew them may have to be given back.
        kept: Vec<u8>,
    },
}

impl Terms {
    pub(super) fn of(options: &DictOptions, what_for: For) -> Self {
        Self {
            grace: options.grace(),
            serves_stale: !options.fetching.grace.is_zero(),
            on_unusable: options.rules.on_unusable,
            what_for,
        }
    }

    /// Reads an answer.
    pub(super) fn hear<T: Tracked>(
        &self,
        slot: &Slot<T>,
        loaded: Result<Loaded<'_>, StoreError>,
        secrets: &Secrets,
    ) -> Heard<T> {
        let (decoded, about) = match loaded {
            Err(error) => (Decoded::Unreachable(error), About::Nothing(Next::Alone)),
            Ok(Loaded::Miss) => (Decoded::Nothing, About::Nothing(Next::Lock)),
            Ok(Loaded::Leased { token, won }) => {
                let right = Right::of_placeholder(token);
                match won {
                    true => (Decoded::Nothing, About::Nothing(Next::Make(right))),
                    false => {
                        let leased = Unusable::Leased;
                        let decoded = Decoded::Unusable(leased, Version::of_placeholder(token));
                        (decoded, About::Nothing(Next::Wait(right)))
                    }
                }
            }
            Ok(Loaded::Hit { bytes, token, life, stale, renewal }) => {
                let decoded = slot.open(bytes, token, life, self.what_for, secrets);
                let is_open = renewal == Renewal::Open;
                let kept = if stale || is_open { Vec::new() } else { bytes.to_vec() };
                (decoded, About::Bytes { life, stale, renewal, kept })
            }
        };
        Heard { decoded, about }
    }

    /// Judges an answer in the present generation of a dictionary that can be cleared.
    pub(super) fn judge<T>(&self, heard: Heard<T>, now: Option<&Now>) -> Answer<T> {
        let Heard { decoded, about } = heard;
        let decoded = match now {
            Some(now) => decoded.in_generation(now),
            None => decoded,
        };
        let (life, stale, renewal, kept) = match about {
            About::Bytes { life, stale, renewal, kept } => (life, stale, renewal, kept),
            About::Nothing(next) => return Answer { decoded, next },
        };
        let Some(version) = decoded.version() else {
            // The generation cannot be reached.
            return Answer { decoded, next: Next::Alone };
        };
        // Who makes the value, as the store knows it.
        let right = || {
            let release = match stale {
                true => Release::Invalidate,
                false => Release::PutBack { bytes: kept, life },
            };
            Right { basis: Basis::Bytes(version), release }
        };
        let serves_stale = self.serves_stale;
        let is_old = match &decoded {
            Decoded::Value(..) => Some(stale || is_past(life, self.grace)),
            // A record that there is none ends by itself.
            Decoded::Absence(..) => Some(stale),
            Decoded::Unusable(why, _) | Decoded::Undecoded(why, ..) if self.keeps(*why) => {
                return Answer { decoded, next: Next::Alone };
            }
            _ => None,
        };
        let next = match (is_old, renewal) {
            (Some(false), Renewal::Won) if matches!(decoded, Decoded::Absence(..)) => Next::Serve,
            (Some(false), Renewal::Won) => Next::Renew(right()),
            (Some(true), Renewal::Won) if serves_stale => Next::Renew(right()),
            (_, Renewal::Won) => Next::Make(right()),
            (Some(false), _) => Next::Serve,
            (Some(true), _) if serves_stale => Next::ServeStale,
            (_, Renewal::Taken) => Next::Wait(right()),
            (_, Renewal::Open) => Next::Claim(Right::to_replace(version)),
        };
        let decoded = match &next {
            Next::Serve | Next::ServeStale | Next::Renew(_) if stale => {
                decoded.with_version(Version::made_stale)
            }
            Next::Make(_) | Next::Wait(_) | Next::Claim(_) if is_old == Some(true) => {
                Decoded::Unusable(Unusable::Stale, version)
            }
            _ => decoded,
        };
        Answer { decoded, next }
    }

    /// Returns whether bytes that are not usable have to stay.
    fn keeps(&self, why: Unusable) -> bool {
        match why {
            why if why.is_ordinary() => false,
            Unusable::NewerSchema { .. } => true,
            _ => self.on_unusable == OnUnusable::Keep,
        }
    }
}

#[cfg(test)]
mod tests;
