//! The options of dictionaries.

use std::time::Duration;

use super::{rules::Rules, ttl::Ttl};
use crate::{
    codec::{Codec, Limits},
    pack::Packing,
    store::expiry::Expiry,
};

/// The options of a definition. An entry has those of the definition through which it was last
/// borrowed for writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DictOptions {
    pub(crate) codec: Codec,
    pub(crate) packing: Packing,
    pub(crate) limits: Limits,
    pub(crate) lifetime: Lifetime,
    pub(crate) rules: Rules,
    /// Whether a store that is down, or refuses, is an error. `None` leaves it to the cache.
    pub(crate) strict: Option<bool>,
    /// How long a removal leaves a tombstone; `None` for none.
    pub(crate) tombstone: Option<Duration>,
    pub(crate) fetching: Fetching,
    /// Whether the dictionary has generations, so that it can be cleared.
    pub(crate) clearable: bool,
}

impl DictOptions {
    pub(crate) const DEFAULT: Self = Self {
        codec: Codec::DEFAULT,
        packing: Packing::UNSET,
        limits: Limits::DEFAULT,
        lifetime: Lifetime { ttl: Ttl::Never, slides: false, keeps: false },
        rules: Rules::DEFAULT,
        strict: None,
        tombstone: None,
        fetching: Fetching::DEFAULT,
        clearable: false,
    };

    /// Returns whether a store that is down, or refuses, is an error. `cache` is the setting of the
    /// cache.
    pub(crate) fn is_strict(&self, cache: bool) -> bool {
        self.strict.unwrap_or(cache)
    }

    /// Returns how long the store keeps a value after its lifetime.
    ///
    /// Where each load begins the lifetime anew, it is over if nobody wants the value.
    pub(crate) fn grace(&self) -> Duration {
        if self.lifetime.slides { Duration::ZERO } else { self.fetching.grace }
    }

    /// Returns when a value with this end of life is to expire in the store: later by its grace. A
    /// store that does not tell how much life is left could not tell the two apart, so it keeps no
    /// value for a grace.
    pub(crate) fn kept_for(&self, expiry: Expiry, tells_life: bool) -> Expiry {
        if tells_life { expiry.later_by(self.grace()) } else { expiry }
    }

    /// Returns the end of life that a load sets, if it sets one.
    pub(crate) fn on_load(&self) -> Option<Expiry> {
        self.lifetime.slides.then(|| self.lifetime.ttl.of_new())
    }

    /// Returns whether a load asks how much life is left.
    pub(crate) fn asks_life(&self) -> bool {
        self.lifetime.keeps || !self.grace().is_zero()
    }
}

/// How `fetch` loads values of the dictionary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fetching {
    /// How eagerly values are loaded before their lifetime is over: the bits of a positive number;
    /// 0 for not at all.
    pub(crate) refresh_ahead: u64,
    /// How long a value is kept after its lifetime, and returned while it is loaded anew.
    pub(crate) grace: Duration,
    /// How long one caller may take to make a value.
    pub(crate) lease: Duration,
    /// How long the store keeps that there is no value; `None` if it is not told.
    pub(crate) absent_for: Option<Duration>,
}

impl Fetching {
    const DEFAULT: Self = Self {
        refresh_ahead: 0,
        grace: Duration::ZERO,
        lease: Duration::from_secs(10),
        absent_for: None,
    };

    /// Returns how eagerly values are loaded before their lifetime is over, if they are.
    pub(crate) fn beta(&self) -> Option<f64> {
        Some(f64::from_bits(self.refresh_ahead)).filter(|beta| *beta > 0.0)
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
    /// Returns what a write says about the life of a value, if only its dictionary says anything.
    pub(crate) fn on_write(self) -> Ttl {
        if self.keeps { Ttl::Keep } else { self.ttl }
    }
}
