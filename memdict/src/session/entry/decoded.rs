//! Decodes the answers to loads.

use std::time::Duration;

use super::{
    generation::Now,
    seen::{Base, Seen, Version, decode},
    slot::Slot,
    state::{For, Value},
};
use crate::{
    envelope::{self, Found, Sealed, Secrets},
    store::{
        expiry::Life,
        operation::{Loaded, StoreError, Token},
    },
    track::Tracked,
    unusable::Unusable,
};

/// The decoded answer to a load.
pub(crate) enum Decoded<T> {
    Value(Value<T>, Base),
    Nothing,
    /// No value, but the tombstone of one that was removed.
    Tombstone(Version),
    /// No value, but the record, made in this generation, that the source of the values has none.
    Absence(Version, u64),
    Unusable(Unusable, Version),
    /// A value that cannot be decoded, made in this generation.
    Undecoded(Unusable, Version, u64),
    Unreachable(StoreError),
}

impl<T> Decoded<T> {
    /// Returns what the answer means in a dictionary whose present generation is this one.
    pub(crate) fn in_generation(self, now: &Now) -> Self {
        match (self, now) {
            (Self::Value(value, base), Now::Is(now)) if base.generation == *now => {
                Self::Value(value, base)
            }
            (Self::Absence(version, of), Now::Is(now)) if of == *now => Self::Absence(version, of),
            (Self::Undecoded(why, version, of), Now::Is(now)) if of == *now => {
                Self::Unusable(why, version)
            }
            (
                Self::Value(..) | Self::Absence(..) | Self::Undecoded(..),
                Now::Unreachable(error),
            ) => Self::Unreachable(error.clone()),
            (
                Self::Value(_, Base { version, .. })
                | Self::Absence(version, _)
                | Self::Undecoded(_, version, _),
                _,
            ) => Self::Unusable(Unusable::Cleared, version),
            (other, _) => other,
        }
    }

    /// Returns the version of the stored bytes, if there are any.
    pub(crate) fn version(&self) -> Option<Version> {
        match self {
            Self::Value(_, Base { version, .. })
            | Self::Tombstone(version)
            | Self::Absence(version, _)
            | Self::Unusable(_, version)
            | Self::Undecoded(_, version, _) => Some(*version),
            Self::Nothing | Self::Unreachable(_) => None,
        }
    }

    /// Returns the same with another version of the stored bytes.
    pub(crate) fn with_version(self, of: impl FnOnce(Version) -> Version) -> Self {
        match self {
            Self::Value(value, base) => {
                let version = of(base.version);
                Self::Value(value, Base { version, ..base })
            }
            Self::Tombstone(version) => Self::Tombstone(of(version)),
            Self::Absence(version, generation) => Self::Absence(of(version), generation),
            Self::Unusable(why, version) => Self::Unusable(why, of(version)),
            Self::Undecoded(why, version, generation) => {
                Self::Undecoded(why, of(version), generation)
            }
            nothing => nothing,
        }
    }

    /// Returns the value, if there is one, and what was seen.
    pub(super) fn parts(self) -> (Option<Value<T>>, Seen) {
        match self {
            Self::Value(value, base) => (Some(value), Seen::Value(base)),
            Self::Nothing => (None, Seen::Nothing),
            Self::Tombstone(version) => (None, Seen::Tombstone(version)),
            Self::Absence(version, _) => (None, Seen::Absence(version)),
            Self::Unusable(why, version) | Self::Undecoded(why, version, _) => {
                (None, Seen::Unusable(version, why))
            }
            Self::Unreachable(error) => (None, Seen::Unreachable(error.to_string().into())),
        }
    }
}

impl<T: Tracked> Slot<T> {
    /// Decodes the answer to a load.
    pub(crate) fn decode(
        &self,
        loaded: Result<Loaded<'_>, StoreError>,
        what_for: For,
        grace: Duration,
        secrets: &Secrets,
    ) -> Decoded<T> {
        match loaded {
            Ok(Loaded::Hit { bytes, token, life, stale: false, .. }) => {
                match self.open(bytes, token, life, what_for, secrets) {
                    Decoded::Value(_, base) if is_past(life, grace) => {
                        Decoded::Unusable(Unusable::Stale, base.version)
                    }
                    decoded => decoded,
                }
            }
            Ok(Loaded::Hit { bytes, token, .. }) => {
                let nonce = envelope::nonce(bytes, &self.name, secrets);
                let version = Version { token, nonce }.made_stale();
                Decoded::Unusable(Unusable::Stale, version)
            }
            Ok(Loaded::Leased { token, .. }) => {
                Decoded::Unusable(Unusable::Leased, Version::of_placeholder(token))
            }
            Ok(Loaded::Miss) => Decoded::Nothing,
            Err(error) => Decoded::Unreachable(error),
        }
    }

    /// Decodes stored bytes.
    pub(crate) fn open(
        &self,
        bytes: &[u8],
        token: Token,
        life: Option<Life>,
        what_for: For,
        secrets: &Secrets,
    ) -> Decoded<T> {
        let opened = match envelope::open(bytes, &self.name, secrets) {
            Ok(opened) => opened,
            Err(why) => {
                let nonce = envelope::nonce(bytes, &self.name, secrets);
                return Decoded::Unusable(why, Version { token, nonce });
            }
        };
        let version = Version { token, nonce: Some(opened.nonce) };
        let generation = opened.generation;
        let is_cleared_elsewhere = generation != 0 && self.generation.is_none();
        let sealed = match opened.found {
            Found::Tombstone => return Decoded::Tombstone(version),
            _ if is_cleared_elsewhere => return Decoded::Unusable(Unusable::Newer, version),
            Found::Value(sealed) => sealed,
            Found::Absence => return Decoded::Absence(version, generation),
        };
        match decode(&self.schema, self.limits, &sealed) {
            Ok(value) => {
                let Sealed { codec, fingerprint, payload, .. } = sealed;
                let payload = payload.into();
                let base = Base { version, codec, fingerprint, generation, payload, life };
                Decoded::Value(Value::new(value, what_for), base)
            }
            Err(why) if self.generation.is_some() => Decoded::Undecoded(why, version, generation),
            Err(why) => Decoded::Unusable(why, version),
        }
    }
}

/// Returns whether the lifetime of a value is over, which is kept for the grace after it.
pub(crate) fn is_past(life: Option<Life>, grace: Duration) -> bool {
    life.and_then(|life| life.left()).is_some_and(|left| left < grace)
}
