//! The decoded answer to a load.

use std::time::Duration;

use super::{
    generation::Now,
    seen::{Base, Seen, Version},
    state::Value,
};
use crate::{
    store::{expiry::Life, operation::StoreError},
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

/// Returns whether the lifetime of a value is over, which is kept for the grace after it.
pub(crate) fn is_past(life: Option<Life>, grace: Duration) -> bool {
    life.and_then(|life| life.left()).is_some_and(|left| left < grace)
}
