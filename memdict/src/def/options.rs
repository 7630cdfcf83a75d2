//! The options of dictionaries.

use std::time::Duration;

use super::rules::Rules;
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
    pub(crate) fetching: Fetching,
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
        fetching: Fetching::DEFAULT,
        clearable: false,
    };

    /// Returns whether a store that is down, or refuses, is an error. `cache` is the setting of the
    /// cache.
    pub(crate) fn is_strict(&self, cache: bool) -> bool {
        self.strict.unwrap_or(cache)
    }
}

impl DictOptions {
    /// Returns when a value with this lifetime is to expire in the store: after its lifetime and its
    /// grace. A store that does not tell how much life is left could not tell the two apart, so it
    /// keeps no value for a grace.
    pub(crate) fn kept_for(&self, ttl: Option<Duration>, tells_life: bool) -> Expiry {
        let grace = if tells_life { self.fetching.grace } else { Duration::ZERO };
        ttl.map(|ttl| ttl.saturating_add(grace)).into()
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

/// The lifetime of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lifetime {
    /// The time after its last write; `None` until the store needs the room.
    pub(crate) ttl: Option<Duration>,
}
