//! The removals that were lost while a server was away. They are sent first when the same life of the
//! server comes back, so that it does not serve what was removed.
//!
//! A removal that had a token is sent on its version, and removes nothing that was stored later. One
//! without removes whatever there is, which costs no more than a miss. A lost invalidation is sent as
//! a removal: its grace has begun, and a stale value would be served for longer than asked.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use lru::LruCache;

use super::{
    proto::{Mark, answer::Answer, request::Ask, window::Window},
    server::Server,
    work::{Peer, Sent, Then, Work},
};
use crate::{
    health::Exchanged,
    log::{notice, warning},
    store::{
        operation::{Applied, Change, Condition, Op, StoreError},
        queue::lock,
    },
};

/// How many removals are remembered for each server, and for how long.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) most: usize,
    pub(super) age: Duration,
}

impl Bounds {
    pub(super) const DEFAULT: Self = Self { most: 10_000, age: Duration::from_secs(600) };
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
struct Removal {
    /// The version that is to be removed, if it is known.
    version: Option<u64>,
    /// The life that the server was in, or 0 if it is not known.
    life: u64,
    noted: Instant,
}

/// A removal that is to be sent again.
#[derive(Debug)]
pub(super) struct Due {
    server: usize,
    key: Box<[u8]>,
    removal: Removal,
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
    fn note(&self, key: &[u8], removal: Removal) -> u64 {
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
    fn forget(&self, key: &[u8]) {
        if self.len() > 0 {
            let mut list = lock(&self.list);
            list.pop(key);
            self.many.store(list.len(), Ordering::Relaxed);
        }
    }

    /// Returns all removals, and how many are forgotten because they are too old.
    fn due(&self, server: usize, now: Instant) -> (Vec<Due>, u64) {
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

impl Server {
    /// Notes the outcome of a change at this server: remembers it if it is a removal that was lost,
    /// and forgets an older removal of the key if it was made.
    pub(super) fn heard_of(
        &self,
        change: &Change<'_>,
        outcome: &Result<Applied, StoreError>,
        now: Instant,
    ) {
        let removes = change.removal || matches!(change.op, Op::Delete | Op::Invalidate { .. });
        match outcome {
            // A touch, a count and an invalidation may have found the value that was removed.
            Ok(Applied::Stored | Applied::Deleted | Applied::Gone) => {
                self.remembered.forget(change.key);
            }
            Err(StoreError::Down(_) | StoreError::Unknown(_)) if removes => {
                let (version, life) = match change.when {
                    Condition::Always => (None, self.watched.life()),
                    Condition::Matches(token) => (Some(token.cas()), token.life()),
                    // There was nothing to remove.
                    Condition::Absent => return,
                };
                let removal = Removal { version, life, noted: now };
                let forgotten = self.remembered.note(change.key, removal);
                self.forgot(forgotten, "there are too many");
            }
            _ => {}
        }
    }

    fn forgot(&self, many: u64, why: &str) {
        if many > 0 {
            self.watched.add(&Exchanged { forgotten: many, ..Exchanged::default() });
            warning!(
                "{many} lost removals for memcached {} are forgotten, because {why}",
                self.name
            );
        }
    }
}

/// Returns what is to be sent again to all of these servers.
pub(super) fn due(servers: &[Server], now: Instant) -> Vec<Due> {
    let mut all = Vec::new();
    for (place, server) in servers.iter().enumerate() {
        if server.remembered.len() > 0 {
            let (due, forgotten) = server.remembered.due(place, now);
            server.forgot(forgotten, "they are too old");
            all.extend(due);
        }
    }
    all
}

/// Returns the share of each server.
pub(super) fn shares(servers: &[Server], due: &[Due]) -> Vec<Vec<usize>> {
    let mut shares = vec![Vec::new(); servers.len()];
    due.iter().enumerate().for_each(|(index, due)| shares[due.server].push(index));
    shares
}

/// Returns the changes that the classic client makes.
#[cfg(feature = "classic")]
pub(super) fn changes(due: &[Due]) -> Vec<Change<'_>> {
    use crate::store::operation::Token;
    let condition = |due: &Due| match due.removal.version {
        Some(cas) => Condition::Matches(Token::new(due.server as u32, due.removal.life, cas)),
        None => Condition::Always,
    };
    due.iter().map(|due| Change::new(&due.key, Op::Delete, condition(due))).collect()
}

/// What became of a removal that was to be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// It stays remembered.
    Unsent,
    Sent,
    /// The server has another life, in which nothing old is left.
    OtherLife,
}

/// The removals that are sent again.
pub(super) struct Resend<'a> {
    due: &'a [Due],
    ends: Vec<End>,
}

impl<'a> Resend<'a> {
    pub(super) fn new(due: &'a [Due]) -> Self {
        Self { due, ends: vec![End::Unsent; due.len()] }
    }

    /// Notes the outcome of the classic client.
    #[cfg(feature = "classic")]
    pub(super) fn classic(&mut self, index: usize, outcome: &Result<Applied, StoreError>) {
        if !matches!(outcome, Err(StoreError::Down(_) | StoreError::Unknown(_))) {
            self.ends[index] = End::Sent;
        }
    }

    /// Forgets what was sent, and what need not be.
    pub(super) fn end(self, servers: &[Server]) {
        let mut counts = vec![[0_u64; 2]; servers.len()];
        for (due, end) in self.due.iter().zip(&self.ends) {
            if *end != End::Unsent {
                servers[due.server].remembered.forget(&due.key);
                counts[due.server][usize::from(*end == End::OtherLife)] += 1;
            }
        }
        for (server, [resent, other_life]) in servers.iter().zip(counts) {
            if resent > 0 {
                server.watched.add(&Exchanged { resent, ..Exchanged::default() });
                notice!(
                    "memcached {} is back: {resent} removals that had been lost were sent again",
                    server.name
                );
            }
            server.forgot(other_life, "it was restarted, and nothing old is left");
        }
    }
}

impl<'a> Work<'a> for Resend<'a> {
    #[cfg(feature = "tokio")]
    fn carried(&self, _: &[usize]) -> usize {
        0
    }

    fn admit(&mut self, peer: &Peer<'_>, index: usize) -> bool {
        let (then, now) = (self.due[index].removal.life, peer.facts.life);
        // If one of the lives is not known, the removal costs no more than a miss.
        let is_same = then == now || then == 0 || now == 0;
        if !is_same {
            self.ends[index] = End::OtherLife;
        }
        is_same
    }

    fn is_silent(&self, _: &Peer<'_>, _: usize) -> bool {
        false
    }

    fn succeed(&mut self, _: &Peer<'_>, index: usize) {
        self.ends[index] = End::Sent;
    }

    fn ask(&self, _: &Peer<'_>, index: usize, mark: Mark, window: &mut Window<'a>) {
        let due = &self.due[index];
        window.delete(&due.key, due.removal.version, mark);
    }

    fn answer(
        &mut self,
        _: &Peer<'_>,
        index: usize,
        _: &Answer<'_>,
    ) -> Result<Option<Then>, &'static str> {
        // Whatever the answer: the value is gone, or it is another one, or the server refuses.
        self.ends[index] = End::Sent;
        Ok(None)
    }

    // No removal is silent, and nothing follows one, so nothing of this is asked.
    fn ask_then(&self, _: &Peer<'_>, index: usize, _: Then, mark: Mark, window: &mut Window<'a>) {
        window.get(&self.due[index].key, Ask::default(), mark);
    }

    fn ask_whether(&self, index: usize, mark: Mark, window: &mut Window<'a>) {
        window.get(&self.due[index].key, Ask::default(), mark);
    }

    fn was_made(&self, _: usize, _: &Answer<'_>) -> Result<Option<bool>, &'static str> {
        Ok(None)
    }

    fn refuse(&mut self, _: &str, index: usize, _: &str) {
        self.ends[index] = End::Sent;
    }

    fn fail(&mut self, _: &str, _: usize, _: Sent, _: &str) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{expiry::Expiry, operation::Count, servers::Servers};

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

    #[test]
    fn only_what_replaces_or_removes_a_value_forgets_its_removal() {
        let servers = Servers::parse(["s:1"]).expect("a name");
        let server = Server::each(&servers, None, 1, Bounds::DEFAULT).remove(0);
        let lost = || Err(StoreError::Down("away".into()));
        let hears = |op, outcome: Result<Applied, StoreError>| {
            let change = Change::new(b"k", op, Condition::Always);
            server.heard_of(&change, &outcome, Instant::now());
            server.remembered.len()
        };
        let expiry = Expiry::Never;
        let (touch, count) = (Op::Touch { expiry }, Op::Count(Count::add(1)));
        let (store, invalidate) =
            (Op::Store { bytes: b"v", expiry }, Op::Invalidate { grace: None });
        for unmade in [touch, count, store] {
            assert_eq!(hears(unmade, lost()), 0, "{unmade:?} removes nothing");
        }
        for removal in [Op::Delete, invalidate] {
            assert_eq!(hears(removal, lost()), 1);
            assert_eq!(hears(touch, Ok(Applied::Touched)), 1);
            assert_eq!(hears(count, Ok(Applied::Counted(1))), 1);
            assert_eq!(hears(invalidate, Ok(Applied::Invalidated)), 1);
            assert_eq!(hears(store, Ok(Applied::Stored)), 0);
        }
    }
}
