//! A read that says why there is no value.

use std::sync::Arc;

use crate::unusable::Unusable;

/// What a key holds, and if it is a miss, why: what [`MemcachedDict::lookup`](crate::MemcachedDict::lookup)
/// returns.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lookup<R> {
    /// The value, for reading.
    Hit(R),
    /// There is none: never stored, removed by this session or another one, evicted or expired.
    Absent,
    /// The store holds bytes that are not usable, for this reason.
    Unusable(Unusable),
    /// The server could not be reached when this session first asked for the key, for this reason.
    /// The key may hold a value all the same.
    Unreachable(Arc<str>),
}

impl<R> Lookup<R> {
    /// Returns the value, if there is one.
    #[must_use]
    pub fn hit(self) -> Option<R> {
        match self {
            Self::Hit(value) => Some(value),
            _ => None,
        }
    }
}
