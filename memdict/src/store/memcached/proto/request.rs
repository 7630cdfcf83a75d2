//! What is asked of a server, in either dialect.

use crate::store::operation::By;

/// When a change takes effect, in memcached's terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store::memcached) enum When {
    Always,
    /// Only if there is no value.
    Absent,
    /// Only if the stored value has this version.
    Version(u64),
}

/// What is asked of a value besides the value and its version.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::store::memcached) struct Ask {
    /// The right to renew it, if less life than this is left.
    pub(in crate::store::memcached) renew: Option<u32>,
    /// A new end of life.
    pub(in crate::store::memcached) expiry: Option<u32>,
    /// A lease that ends then, if there is no value.
    pub(in crate::store::memcached) lease: Option<u32>,
    /// How much life is left, and what the writer marked the value with.
    pub(in crate::store::memcached) life: bool,
}

/// How long a stored value lives, as sent on the wire.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::store::memcached) struct Life {
    /// The end of life, or `None` for ever.
    pub(in crate::store::memcached) ttl: Option<u32>,
    /// What the value is marked with (its client flags), if anything.
    pub(in crate::store::memcached) mark: Option<u32>,
}

/// How a number is changed, with lifetimes as sent on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store::memcached) struct Sum {
    pub(in crate::store::memcached) by: By,
    /// The number to store if there is none, and its end of life.
    pub(in crate::store::memcached) start: Option<(u64, u32)>,
    /// A new end of life.
    pub(in crate::store::memcached) expiry: Option<u32>,
}
