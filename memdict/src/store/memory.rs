//! The embedded store.

use std::{fmt, sync::Arc, time::Duration};

use lru::LruCache;
use parking_lot::Mutex;

#[cfg(feature = "tokio")]
use super::{AsyncStore, BoxFuture};
use super::{
    Store,
    caps::Caps,
    clock::{Clock, SystemClock},
    limits,
    operation::{
        Applied, ApplyOut, Change, Condition, Load, LoadOut, Loaded, Op, StoreError, Token,
    },
};
use crate::random;

/// The size of an entry of the map: the key's and the value's pointers, the version, the end of the
/// lifetime, and the links to the entries used before and after it.
const ENTRY: usize = 2 * size_of::<usize>() + size_of::<Item>() + 2 * size_of::<usize>();

/// The most that the table of the map takes for each entry. A table has up to 32/7 places for an
/// entry, because it doubles when a half of it is used and the rest was, and while it doubles there
/// is the old one too. A place takes a key's and an entry's pointer and one byte.
const PLACE: usize = (2 * size_of::<usize>() + 1) * 32 * 3 / (7 * 2) + 1;

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
///   [`Applied::Restarted`].
/// - A value above the item limit is [refused](StoreError::Refused), and the old value stays.
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

/// The state that changes, behind the lock.
struct Items {
    by_use: LruCache<Box<[u8]>, Item>,
    /// How many bytes the items take, without the table.
    bytes: usize,
    /// The largest number of items since the table was made. A table does not shrink by itself.
    most: usize,
    evictions: u64,
    last_cas: u64,
}

struct Item {
    bytes: Arc<[u8]>,
    expires: Option<Duration>,
    cas: u64,
}

/// A value that outlives the lock, and its version.
type Found = (Arc<[u8]>, Token);

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
            items: Mutex::new(Items {
                by_use: LruCache::unbounded(),
                bytes: 0,
                most: 0,
                evictions: 0,
                last_cas: random::bits(),
            }),
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

    fn load(&self, key: &[u8]) -> Result<Option<Found>, StoreError> {
        limits::check_key(key)?;
        let now = self.clock.now();
        let mut items = self.items.lock();
        items.expire(key, now);
        let found = items.by_use.get(key);
        Ok(found.map(|item| (Arc::clone(&item.bytes), self.token(item.cas))))
    }

    fn apply(&self, change: &Change<'_>) -> Result<Applied, StoreError> {
        let key = change.key;
        limits::check_key(key)?;
        match change.op {
            Op::Store { bytes, ttl } => {
                self.check_size(key, bytes.len())?;
                let now = self.clock.now();
                let life = ttl.map(|ttl| Duration::from_secs(limits::whole_seconds(ttl)));
                let expires = life.and_then(|life| now.checked_add(life));
                let mut items = self.items.lock();
                items.expire(key, now);
                if let Some(not_done) = self.hinders(items.by_use.peek(key), change.when) {
                    return Ok(not_done);
                }
                items.store(key, bytes, expires, self.max_bytes);
                Ok(Applied::Stored)
            }
            Op::Delete => {
                let now = self.clock.now();
                let mut items = self.items.lock();
                items.expire(key, now);
                let there = items.by_use.peek(key);
                if let Some(not_done) = self.hinders(there, change.when) {
                    return Ok(not_done);
                }
                if there.is_none() {
                    return Ok(Applied::Gone);
                }
                items.remove(key);
                Ok(Applied::Deleted)
            }
        }
    }

    fn check_size(&self, key: &[u8], length: usize) -> Result<(), StoreError> {
        limits::check_value(self.max_item_bytes, key, length, &"the embedded store")?;
        let cost = cost(key.len(), length) + PLACE;
        if cost > self.max_bytes {
            let max = self.max_bytes;
            let why = format!("the item takes {cost} bytes; the embedded store takes {max} in all");
            return Err(StoreError::Refused(why.into()));
        }
        Ok(())
    }

    /// Returns the outcome of a change that the condition forbids, or `None` if it may be made.
    fn hinders(&self, there: Option<&Item>, when: Condition) -> Option<Applied> {
        match (when, there) {
            (Condition::Always, _) | (Condition::Absent, None) => None,
            (Condition::Absent, Some(_)) => Some(Applied::Exists),
            (Condition::Matches(token), _) if token.is_of_another_life(0, self.life) => {
                Some(Applied::Restarted)
            }
            (Condition::Matches(_), None) => Some(Applied::Gone),
            (Condition::Matches(token), Some(item)) => {
                (token != self.token(item.cas)).then_some(Applied::Differs)
            }
        }
    }

    fn token(&self, cas: u64) -> Token {
        Token::new(0, self.life, cas)
    }
}

impl Items {
    /// Removes the item under `key` if it has expired.
    fn expire(&mut self, key: &[u8], now: Duration) {
        let over = |item: &Item| item.expires.is_some_and(|at| at <= now);
        if self.by_use.peek(key).is_some_and(over) {
            self.remove(key);
        }
    }

    fn remove(&mut self, key: &[u8]) {
        if let Some(item) = self.by_use.pop(key) {
            self.bytes -= cost(key.len(), item.bytes.len());
            self.fit_table();
        }
    }

    /// Stores an item, after evicting others to make room for it.
    fn store(&mut self, key: &[u8], bytes: &[u8], expires: Option<Duration>, max_bytes: usize) {
        self.remove(key);
        let cost = cost(key.len(), bytes.len());
        while self.counted(1) + cost > max_bytes
            && let Some((key, item)) = self.by_use.pop_lru()
        {
            self.bytes -= self::cost(key.len(), item.bytes.len());
            self.evictions += 1;
            self.fit_table();
        }
        // 0 is not a version: a token with 0 matches nothing.
        self.last_cas = self.last_cas.wrapping_add(1).max(1);
        self.bytes += cost;
        let item = Item { bytes: bytes.into(), expires, cas: self.last_cas };
        self.by_use.put(key.into(), item);
        self.most = self.most.max(self.by_use.len());
    }

    /// Returns how many bytes the items take with a table that has room for `more` of them.
    fn counted(&self, more: usize) -> usize {
        self.bytes + PLACE * self.most.max(self.by_use.len() + more)
    }

    /// Makes a smaller table if half of the items are gone.
    fn fit_table(&mut self) {
        if self.by_use.len() > self.most / 2 {
            return;
        }
        let mut smaller = LruCache::unbounded();
        while let Some((key, item)) = self.by_use.pop_lru() {
            smaller.put(key, item);
        }
        self.most = smaller.len();
        self.by_use = smaller;
    }
}

/// Returns how many bytes an item takes, without its place in the table: its entry, its key, and its
/// value with two counters.
fn cost(key_length: usize, length: usize) -> usize {
    allocated(ENTRY) + allocated(key_length) + allocated(2 * size_of::<usize>() + length)
}

/// Returns how many bytes a system's allocator takes for this many. Large ones are whole pages.
fn allocated(bytes: usize) -> usize {
    const PAGE: usize = 4096;
    const LARGE: usize = 128 << 10;
    let header = size_of::<usize>();
    match bytes {
        ..LARGE => (bytes + header).next_multiple_of(2 * header).max(4 * header),
        _ => (bytes + 2 * header).next_multiple_of(PAGE),
    }
}

impl Store for MemoryStore {
    fn load_many(&self, loads: &[Load<'_>], out: &mut LoadOut<'_>) {
        for (index, load) in loads.iter().enumerate() {
            match self.load(load.key) {
                Ok(Some((bytes, token))) => out(index, Ok(Loaded::hit(&bytes, token))),
                Ok(None) => out(index, Ok(Loaded::Miss)),
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
        Caps::default().without_waits()
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
