//! The removals that were lost while a server was away. They are sent first when the same life of the
//! server comes back, so that it does not serve what was removed.
//!
//! A removal that had a token is sent on its version, and removes nothing that was stored later. One
//! without removes whatever there is, which costs no more than a miss. A lost invalidation is sent as
//! a removal: its grace has begun, and a stale value would be served for longer than asked.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use lru::LruCache;

use crate::store::queue::lock;

/// How many removals are remembered for each server, and for how long.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) most: usize,
    pub(super) age: Duration,
}

impl Bounds {
    pub(super) const DEFAULT: Self = Self { most: 10_000, age: Duration::from_secs(600) };
}

/// The lost removals of servers, by name, whichever list of servers they were in.
#[derive(Debug, Default)]
pub(in crate::store) struct Inherited(HashMap<String, Arc<Remembered>>);

impl Inherited {
    /// Returns the lost removals of the server with this name.
    pub(super) fn of(&mut self, name: &str, own: &Arc<Remembered>) -> Arc<Remembered> {
        Arc::clone(self.0.entry(name.to_owned()).or_insert_with(|| Arc::clone(own)))
    }

    /// Forgets servers of which nothing is remembered, and that no store has.
    pub(super) fn tidy(&mut self, now: Instant) {
        self.0.retain(|_, known| Arc::strong_count(known) > 1 || known.has_any(now));
    }
}

/// The lost removals of one server.
#[derive(Debug)]
pub(super) struct Remembered {
    bounds: Bounds,
    /// How many there are, so that the lock is taken only if there are any.
    many: AtomicUsize,
    /// By key, the oldest first.
    list: Mutex<LruCache<Box<[u8]>, Removal>>,
}

/// A removal that was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Removal {
    /// The version that is to be removed, if it is known.
    pub(super) version: Option<u64>,
    /// The life that the server was in, or 0 if it is not known.
    pub(super) life: u64,
    pub(super) noted: Instant,
}

/// A removal that is to be sent again.
#[derive(Debug)]
pub(super) struct Due {
    pub(super) server: usize,
    pub(super) key: Box<[u8]>,
    pub(super) removal: Removal,
}

impl Remembered {
    pub(super) fn within(bounds: Bounds) -> Self {
        let list = Mutex::new(LruCache::unbounded());
        Self { bounds, many: AtomicUsize::new(0), list }
    }

    pub(super) fn len(&self) -> usize {
        self.many.load(Ordering::Relaxed)
    }

    /// Remembers a removal. Returns how many older ones are forgotten for it.
    pub(super) fn note(&self, key: &[u8], removal: Removal) -> u64 {
        let mut list = lock(&self.list);
        let before = list.pop(key);
        // Without a version, everything is removed that was removed before as well.
        let version = before.map_or(removal.version, |it| it.version.and(removal.version));
        list.put(key.into(), Removal { version, ..removal });
        let mut forgotten = 0;
        while list.len() > self.bounds.most && list.pop_lru().is_some() {
            forgotten += 1;
        }
        self.many.store(list.len(), Ordering::Relaxed);
        forgotten
    }

    /// Forgets the removal of a key, because it was made, or a newer change of the key was.
    pub(super) fn forget(&self, key: &[u8]) {
        if self.len() > 0 {
            let mut list = lock(&self.list);
            list.pop(key);
            self.many.store(list.len(), Ordering::Relaxed);
        }
    }

    /// Returns whether any removal is young enough to be sent.
    pub(super) fn has_any(&self, now: Instant) -> bool {
        let is_old = |noted| now.saturating_duration_since(noted) > self.bounds.age;
        self.len() > 0 && lock(&self.list).iter().any(|(_, removal)| !is_old(removal.noted))
    }

    /// Returns all removals, and how many are forgotten because they are too old.
    pub(super) fn due(&self, server: usize, now: Instant) -> (Vec<Due>, u64) {
        let mut list = lock(&self.list);
        let mut forgotten = 0;
        let is_old =
            |removal: &Removal| now.saturating_duration_since(removal.noted) > self.bounds.age;
        while list.peek_lru().is_some_and(|(_, removal)| is_old(removal)) {
            list.pop_lru();
            forgotten += 1;
        }
        self.many.store(list.len(), Ordering::Relaxed);
        let all = list.iter().rev();
        let due = all.map(|(key, &removal)| Due { server, key: key.clone(), removal });
        (due.collect(), forgotten)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn removal(version: Option<u64>, noted: Instant) -> Removal {
        Removal { version, life: 7, noted }
    }

    #[test]
    fn removals_are_bounded_by_count_and_age_and_the_oldest_are_forgotten_first() {
        let (age, start) = (Duration::from_secs(60), Instant::now());
        let remembered = Remembered::within(Bounds { most: 3, age });
        let forgotten: Vec<_> = (0..5_u64)
            .map(|n| {
                let noted = start + Duration::from_secs(n);
                remembered.note(format!("k{n}").as_bytes(), removal(Some(n), noted))
            })
            .collect();
        assert_eq!((forgotten, remembered.len()), (vec![0, 0, 0, 1, 1], 3));
        let keys = |due: &[Due]| -> Vec<String> {
            due.iter().map(|due| String::from_utf8_lossy(&due.key).into_owned()).collect()
        };
        let (due, old) = remembered.due(0, start + Duration::from_secs(62));
        assert_eq!((keys(&due), old), (vec!["k2".to_owned(), "k3".into(), "k4".into()], 0));
        let (due, old) = remembered.due(0, start + Duration::from_secs(64));
        assert_eq!((keys(&due), old), (vec!["k4".to_owned()], 2));
        remembered.forget(b"k4");
        assert_eq!(remembered.len(), 0);
    }

    #[test]
    fn two_removals_of_one_key_are_one_and_need_a_version_only_if_both_have_one() {
        let now = Instant::now();
        let remembered = Remembered::within(Bounds::DEFAULT);
        remembered.note(b"k", removal(Some(1), now));
        remembered.note(b"k", removal(Some(2), now));
        let version = || remembered.due(0, now).0[0].removal.version;
        assert_eq!((remembered.len(), version()), (1, Some(2)));
        remembered.note(b"k", removal(None, now));
        remembered.note(b"k", removal(Some(3), now));
        assert_eq!((remembered.len(), version()), (1, None));
    }
}
