//! How long a value lives: what a definition, or a single write, says about it.

use std::time::{Duration, SystemTime};

use crate::store::expiry::Expiry;

/// How long a value lives, unless it is evicted earlier.
///
/// No lifetime is shorter than asked. Stores count whole seconds, so it may be about a second longer.
/// Any length is taken as a person means it: one of more than 30 days counts from now, one that ends
/// after 2038-01-19 ends on that day at memcached, and one of zero is a second, the shortest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ttl {
    /// Until the store needs the room.
    Never,
    /// For this time after the write.
    For(Duration),
    /// Until this time, by this machine's clock. A value whose time has passed is gone at once, as if
    /// it had expired.
    Until(SystemTime),
    /// As long as the value that it replaces would have lived. If that is over by now, the value is
    /// gone at once. A value that replaces none, as far as the session has read, lives as its
    /// dictionary says.
    Keep,
}

/// Makes a lifetime that begins with the write.
impl From<Duration> for Ttl {
    fn from(ttl: Duration) -> Self {
        Self::For(ttl)
    }
}

impl Ttl {
    /// Returns when a value expires that is stored now and replaces none.
    pub(crate) fn of_new(self) -> Expiry {
        match self {
            // A value that replaces none keeps nothing.
            Self::Never | Self::Keep => Expiry::Never,
            Self::For(ttl) => Expiry::After(ttl),
            Self::Until(end) => Expiry::At(end),
        }
    }
}
