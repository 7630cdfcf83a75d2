//! A read that tells why there is no value.

use std::sync::Arc;

use crate::unusable::Unusable;

/// The value of a key, or the reason for a miss, as returned by
/// [`MemcachedDict::lookup`](crate::MemcachedDict::lookup).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lookup<R> {
    /// The value, borrowed for reading.
    Hit(R),
    /// The key has no value: it was never stored, or was removed, evicted or expired.
    Absent,
    /// The stored bytes are not a usable value, for this reason.
    Unusable(Unusable),
    /// The server could not be reached when this session first asked for the key, for this reason.
    /// The key may still have a value.
    Unreachable(Arc<str>),
}

impl<R> Lookup<R> {
    /// Returns the value of a hit, or `None` for a miss.
    #[must_use]
    pub fn hit(self) -> Option<R> {
        match self {
            Self::Hit(value) => Some(value),
            _ => None,
        }
    }
}
