//! The options of dictionaries.

use std::time::Duration;

use super::{rules::Rules, ttl::Ttl};
use crate::{
    codec::{Codec, Limits},
    store::expiry::Expiry,
};

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
        lifetime: Lifetime { ttl: Ttl::Never, slides: false, keeps: false },
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

/// How long the values of a dictionary live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lifetime {
    /// The life of a value that is created.
    pub(crate) ttl: Ttl,
    /// Whether each load begins it anew.
    pub(crate) slides: bool,
    /// Whether a write keeps the end of life of what it replaces.
    pub(crate) keeps: bool,
}

impl Lifetime {
    /// Returns the end of life that a load sets, if it sets one.
    pub(crate) fn on_load(self) -> Option<Expiry> {
        self.slides.then(|| self.ttl.of_new())
    }

    /// Returns what a write says about the life of a value, if only its dictionary says anything.
    pub(crate) fn on_write(self) -> Ttl {
        if self.keeps { Ttl::Keep } else { self.ttl }
    }
}
