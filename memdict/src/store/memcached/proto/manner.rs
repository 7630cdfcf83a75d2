//! How a server is asked what it is, and what is assumed of it where it does not tell.

use super::Dialect;
use crate::store::limits;

/// How much a server is asked at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::store::memcached) enum Care {
    /// Everything, in one exchange.
    #[default]
    Little,
    /// The same once more, because a connection may end by chance.
    Again,
    /// Its version alone.
    More,
    /// Only for a value.
    Most,
}

impl Care {
    /// Returns how to ask a server that closed the connection when it was asked like this.
    pub(in crate::store::memcached) fn next(self) -> Option<Self> {
        match self {
            Self::Little => Some(Self::Again),
            Self::Again => Some(Self::More),
            Self::More => Some(Self::Most),
            Self::Most => None,
        }
    }
}

/// What is asked of a server at first, and how it is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::store::memcached) struct Manner {
    pub(in crate::store::memcached) care: Care,
    pub(in crate::store::memcached) assumed: Assumed,
    /// Whether versions of values begin anew after a deletion, if that is known.
    pub(in crate::store::memcached) versions_begin_anew: Option<bool>,
}

/// What a program says about its servers in advance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store::memcached) struct Assumed {
    /// The dialect to speak whatever the server could. Without one, it is found out.
    pub(in crate::store::memcached) dialect: Option<Dialect>,
    /// Whether versions of values may begin anew within the life of a server.
    pub(in crate::store::memcached) versions_begin_anew: bool,
    /// The size of the largest item, where a server does not tell.
    pub(in crate::store::memcached) item_size_max: usize,
}

impl Assumed {
    /// Nothing but memcached's defaults.
    pub(in crate::store::memcached) const DEFAULT: Self =
        Self { dialect: None, versions_begin_anew: false, item_size_max: limits::ITEM_SIZE_MAX };
}

impl Default for Assumed {
    fn default() -> Self {
        Self::DEFAULT
    }
}
