//! What a session says about a stored value.

use crate::def::ttl::Ttl;

/// What a session says about a stored value, besides what it writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    /// It lives so long.
    Lives(Ttl),
    /// It is stale. The session then counts the entry as removed.
    Stale,
}
