//! The items of the embedded store: which there are, what they take, and which is evicted next.

use std::{sync::Arc, time::Duration};

use lru::LruCache;

use crate::random;

/// The size of an entry of the map: the key's and the value's pointers, the version, the end of the
/// lifetime, two flags, and the links to the entries used before and after it.
const ENTRY: usize = 2 * size_of::<usize>() + size_of::<Item>() + 2 * size_of::<usize>();

/// The most that the table of the map takes for each entry. A table has up to 32/7 places for an
/// entry, because it doubles when a half of it is used and the rest was, and while it doubles there
/// is the old one too. A place takes a key's and an entry's pointer and one byte.
pub(super) const PLACE: usize = (2 * size_of::<usize>() + 1) * 32 * 3 / (7 * 2) + 1;

/// The state that changes, behind the lock.
pub(super) struct Items {
    pub(super) by_use: LruCache<Box<[u8]>, Item>,
    /// How many bytes the items take, without the table.
    bytes: usize,
    /// The largest number of items since the table was made. A table does not shrink by itself.
    most: usize,
    pub(super) evictions: u64,
    last_cas: u64,
}

/// A value, or the placeholder of one that is being made.
pub(super) struct Item {
    pub(super) bytes: Arc<[u8]>,
    pub(super) expires: Option<Duration>,
    pub(super) cas: u64,
    /// Whether it was made stale.
    pub(super) stale: bool,
    /// Whether a caller has the right to renew it, or to make it if it is a placeholder.
    pub(super) is_renewed: bool,
}

impl Items {
    /// Removes the item under `key` if it has expired.
    pub(super) fn expire(&mut self, key: &[u8], now: Duration) {
        let over = |item: &Item| item.expires.is_some_and(|at| at <= now);
        if self.by_use.peek(key).is_some_and(over) {
            self.remove(key);
        }
    }

    pub(super) fn remove(&mut self, key: &[u8]) {
        if let Some(item) = self.by_use.pop(key) {
            self.bytes -= cost(key.len(), item.bytes.len());
            self.fit_table();
        }
    }

    /// Makes an empty state, whose versions begin at a random number.
    pub(super) fn new() -> Self {
        Self {
            by_use: LruCache::unbounded(),
            bytes: 0,
            most: 0,
            evictions: 0,
            last_cas: random::bits(),
        }
    }

    /// Returns a version that no value had before. 0 is none: a token with 0 matches nothing.
    pub(super) fn next_cas(&mut self) -> u64 {
        self.last_cas = self.last_cas.wrapping_add(1).max(1);
        self.last_cas
    }

    /// Stores an item, after evicting others to make room for it. Returns its version.
    pub(super) fn store(
        &mut self,
        key: &[u8],
        bytes: &[u8],
        expires: Option<Duration>,
        max_bytes: usize,
    ) -> u64 {
        self.remove(key);
        let cost = cost(key.len(), bytes.len());
        while self.counted(1) + cost > max_bytes
            && let Some((key, item)) = self.by_use.pop_lru()
        {
            self.bytes -= self::cost(key.len(), item.bytes.len());
            self.evictions += 1;
            self.fit_table();
        }
        let cas = self.next_cas();
        self.bytes += cost;
        let item = Item { bytes: bytes.into(), expires, cas, stale: false, is_renewed: false };
        self.by_use.put(key.into(), item);
        self.most = self.most.max(self.by_use.len());
        cas
    }

    /// Returns how many bytes the items take with a table that has room for `more` of them.
    pub(super) fn counted(&self, more: usize) -> usize {
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
pub(super) fn cost(key_length: usize, length: usize) -> usize {
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
