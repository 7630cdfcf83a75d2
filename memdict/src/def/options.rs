//! How a dictionary's values are kept.

use std::time::Duration;

use super::rules::Rules;
use crate::codec::Codec;

/// What a definition says of its values, beside their type. An entry has the options of the
/// definition that handed it out for writing last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DictOptions {
    pub(crate) codec: Codec,
    pub(crate) lifetime: Lifetime,
    pub(crate) rules: Rules,
    /// Whether a store that is down, or refuses, is an error; `None` leaves it to the cache.
    pub(crate) strict: Option<bool>,
}

impl DictOptions {
    pub(crate) const DEFAULT: Self = Self {
        codec: Codec::DEFAULT,
        lifetime: Lifetime { ttl: None },
        rules: Rules::DEFAULT,
        strict: None,
    };

    /// Whether a store that is down, or refuses, is an error, in a cache that says so of all its
    /// dictionaries or not.
    pub(crate) fn is_strict(&self, cache: bool) -> bool {
        self.strict.unwrap_or(cache)
    }
}

/// How long a value lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lifetime {
    /// From its last write on; without it, until the store needs the room.
    pub(crate) ttl: Option<Duration>,
}
