//! The options of dictionaries.

use std::time::Duration;

use super::rules::Rules;
use crate::codec::{Codec, Limits};

/// The options of a definition. An entry has those of the definition through which it was last
/// borrowed for writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DictOptions {
    pub(crate) codec: Codec,
    pub(crate) limits: Limits,
    pub(crate) lifetime: Lifetime,
    pub(crate) rules: Rules,
    /// Whether a store that is down, or refuses, is an error. `None` leaves it to the cache.
    pub(crate) strict: Option<bool>,
    /// How long a removal leaves a tombstone; `None` for none.
    pub(crate) tombstone: Option<Duration>,
    /// Whether the dictionary has generations, so that it can be cleared.
    pub(crate) clearable: bool,
}

impl DictOptions {
    pub(crate) const DEFAULT: Self = Self {
        codec: Codec::DEFAULT,
        limits: Limits::DEFAULT,
        lifetime: Lifetime { ttl: None },
        rules: Rules::DEFAULT,
        strict: None,
        tombstone: None,
        clearable: false,
    };

    /// Returns whether a store that is down, or refuses, is an error. `cache` is the setting of the
    /// cache.
    pub(crate) fn is_strict(&self, cache: bool) -> bool {
        self.strict.unwrap_or(cache)
    }
}

/// The lifetime of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lifetime {
    /// The time after its last write; `None` until the store needs the room.
    pub(crate) ttl: Option<Duration>,
}
