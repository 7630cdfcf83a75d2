//! Keeps a source that fails from being asked by every call, as long as there is a stale value.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use parking_lot::Mutex;

/// How long the source of a key is not asked again by this process after it failed.
const REST: Duration = Duration::from_secs(1);

/// How many keys may rest at a time. The limit bounds the memory that a source takes that fails for
/// every key; the others are then asked for again at once.
const KEYS: usize = 4096;

/// The keys whose source has just failed.
#[derive(Debug, Default)]
pub(crate) struct Resting {
    /// Whether there are any. This avoids the lock if there are none.
    any: AtomicBool,
    until: Mutex<HashMap<Box<[u8]>, Instant>>,
}

impl Resting {
    /// Lets the source of a key rest.
    pub(super) fn begin(&self, key: &[u8], now: Instant) {
        let Some(end) = now.checked_add(REST) else { return };
        let mut until = self.until.lock();
        if until.len() >= KEYS {
            until.retain(|_, end| *end > now);
        }
        if until.len() < KEYS {
            until.insert(key.into(), end);
            self.any.store(true, Ordering::Relaxed);
        }
    }

    /// Returns whether the source of a key rests. `now` is asked only if one does.
    pub(super) fn has(&self, key: &[u8], now: impl FnOnce() -> Instant) -> bool {
        if !self.any.load(Ordering::Relaxed) {
            return false;
        }
        let mut until = self.until.lock();
        let Some(end) = until.get(key) else { return false };
        if *end > now() {
            return true;
        }
        until.remove(key);
        self.any.store(!until.is_empty(), Ordering::Relaxed);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_rests_for_a_moment_and_for_its_key_alone() {
        let (resting, now) = (Resting::default(), Instant::now());
        assert!(!resting.has(b"a", || unreachable!("nothing rests")));
        resting.begin(b"a", now);
        assert!(resting.has(b"a", || now) && !resting.has(b"b", || now));
        assert!(!resting.has(b"a", || now + REST));
        assert!(!resting.any.load(Ordering::Relaxed));
    }

    #[test]
    fn at_most_so_many_keys_rest() {
        let (resting, now) = (Resting::default(), Instant::now());
        (0..2 * KEYS).for_each(|key| resting.begin(&key.to_le_bytes(), now));
        assert_eq!(resting.until.lock().len(), KEYS);
        resting.begin(b"later", now + REST);
        assert_eq!(resting.until.lock().len(), 1, "those that are over make room");
    }
}
