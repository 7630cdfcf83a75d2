//! The embedded store: its settings, and its face as a store. `items` is what it holds, `load` and
//! `change` are what it does with them, and `count` reads and writes numbers.

mod change;
mod count;
mod items;
mod load;

#[cfg(feature = "tokio")]
use std::sync::Arc;
use std::{
    fmt,
    time::{Duration, SystemTime},
};

use parking_lot::Mutex;

use self::items::Items;
#[cfg(feature = "tokio")]
use super::{AsyncStore, BoxFuture};
use super::{
    Store,
    caps::Caps,
    clock::{Clock, SystemClock},
    expiry::{End, Expiry},
    limits,
    operation::{ApplyOut, Change, Load, LoadOut, Token},
};
use crate::random;

/// A store in this process's memory. It needs no installation, and nothing survives the process.
///
/// It answers as memcached does, so what works with it works with memcached:
///
/// - It takes at most [`max_bytes`](Self::max_bytes), 64 MiB by default. An item counts what it
///   takes: its key and its value, each rounded up as a system's allocator does, and about 200
///   bytes for its entry and its place in a table. To make room for an item, the least recently
///   loaded or stored ones are evicted. A value that is being read while it is evicted is freed
///   after that.
/// - A lifetime is never shorter than asked, and less than a second longer: it counts whole
///   seconds, rounded up, and at least one. An expired item is
///   absent for every reader. Its memory is freed when its key is next used or the item is evicted.
/// - Each stored value has a version of its own, counted from a random number, and each store is a
///   life of its own. A token of another store, or of another run, never matches; the outcome is
///   [`Applied::Restarted`](crate::Applied::Restarted).
/// - A value above the item limit is [refused](crate::StoreError::Refused), and the old value stays.
/// - It has every ability of [`Caps`]. Only the first caller that asks for the right to renew a stale
///   value uses it up; a plain load never does.
///
/// After a `fork`, each of the two processes has a copy of its own: what one of them stores, the
/// other one does not see.
///
/// The store calls `out` without holding a lock, so `out` may use the store.
pub struct MemoryStore {
    max_bytes: usize,
    max_item_bytes: usize,
    clock: Box<dyn Clock>,
    life: u64,
    items: Mutex<Items>,
}

impl MemoryStore {
    /// Makes a store of at most 64 MiB, with items of at most 1 MiB.
    #[must_use]
    pub fn new() -> Self {
        const MAX_BYTES: usize = 64 << 20;
        Self {
            max_bytes: MAX_BYTES,
            max_item_bytes: limits::ITEM_SIZE_MAX,
            clock: Box::new(SystemClock::start()),
            // 0 stands for an unknown life.
            life: random::bits().max(1),
            items: Mutex::new(Items::new()),
        }
    }

    /// Sets how many bytes of memory the store takes at most.
    #[must_use]
    pub fn max_bytes(mut self, max_bytes: usize) -> Self {
        self.max_bytes = max_bytes;
        self
    }

    /// Sets how many bytes an item may take, counted as memcached does for `item_size_max`: the
    /// largest value is smaller by 59 bytes and the length of its key. 1 MiB by default.
    #[must_use]
    pub fn max_item_bytes(mut self, max_item_bytes: usize) -> Self {
        self.max_item_bytes = max_item_bytes;
        self
    }

    /// Sets the clock that measures lifetimes. Call this before anything is stored.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Returns the number of items, including expired ones that are not yet removed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.lock().by_use.len()
    }

    /// Returns whether the store holds no item.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns how many bytes the items take in all.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.items.lock().counted(0)
    }

    /// Returns how many items were evicted to make room.
    #[must_use]
    pub fn evictions(&self) -> u64 {
        self.items.lock().evictions
    }

    /// Returns the token of a version.
    fn token(&self, cas: u64) -> Token {
        Token::new(0, self.life, cas)
    }

    /// Returns when a value expires, by this store's clock, which shows `now`; `None` for never.
    fn end(&self, expiry: Expiry, now: Duration) -> Option<Duration> {
        let after = |ttl| now.checked_add(Duration::from_secs(limits::whole_seconds(ttl)));
        match expiry {
            Expiry::Never => None,
            Expiry::After(ttl) => after(ttl),
            Expiry::At(end) => match end.duration_since(SystemTime::now()) {
                Ok(left) if !left.is_zero() => after(left),
                _ => Some(now),
            },
            Expiry::With(life) => match (life.end(), life.left()) {
                (End::ByClock(end), _) => Some(end),
                (_, left) => left.and_then(after),
            },
        }
    }
}

impl Store for MemoryStore {
    fn load_many(&self, loads: &[Load<'_>], out: &mut LoadOut<'_>) {
        for (index, load) in loads.iter().enumerate() {
            match self.load(load) {
                Ok(found) => out(index, Ok(found.lend())),
                Err(error) => out(index, Err(error)),
            }
        }
    }

    fn apply_many(&self, changes: &[Change<'_>], out: &mut ApplyOut<'_>) {
        for (index, change) in changes.iter().enumerate() {
            out(index, self.apply(change));
        }
    }

    fn caps(&self) -> Caps {
        Caps::all().without_waits()
    }

    #[cfg(feature = "tokio")]
    fn into_async(self: Arc<Self>) -> Option<Arc<dyn AsyncStore>> {
        Some(self)
    }
}

/// It never waits, so its futures are ready at their first poll.
#[cfg(feature = "tokio")]
impl AsyncStore for MemoryStore {
    fn load_many<'a>(
        &'a self,
        loads: &'a [Load<'a>],
        out: &'a mut LoadOut<'a>,
    ) -> BoxFuture<'a, ()> {
        Box::pin(async move { Store::load_many(self, loads, out) })
    }

    fn apply_many<'a>(
        &'a self,
        changes: &'a [Change<'a>],
        out: &'a mut ApplyOut<'a>,
    ) -> BoxFuture<'a, ()> {
        Box::pin(async move { Store::apply_many(self, changes, out) })
    }

    fn caps(&self) -> Caps {
        Store::caps(self)
    }

    fn into_blocking(self: Arc<Self>) -> Option<Arc<dyn Store>> {
        Some(self)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

/// Shows sizes and limits, never keys or values.
impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let items = self.items.lock();
        f.debug_struct("MemoryStore")
            .field("len", &items.by_use.len())
            .field("bytes", &items.counted(0))
            .field("evictions", &items.evictions)
            .field("max_bytes", &self.max_bytes)
            .field("max_item_bytes", &self.max_item_bytes)
            .finish_non_exhaustive()
    }
}
