//! Decides who goes first among the threads or tasks of one process that change the same entry.
//!
//! Conflicts alone do not decide this fairly: of the sessions that meet, one wins, continues at
//! once and wins again, while the others pause. So a session that tries again after a conflict
//! takes the entry's turn, from its load to its commit. While a session has the turn or waits for
//! it, the entry is *hot*, and a first attempt also takes the turn before it sends. It would be in
//! conflict anyway, but this way it does not spoil the other session's turn.
//!
//! A turn is a courtesy, not a lock. No session waits longer than the longest pause of
//! [`Retry`](super::retry::Retry); it then continues without the turn. Correctness depends only on
//! the condition of each change. Other processes know nothing of turns.

use std::{
    collections::{HashMap, VecDeque},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use parking_lot::Mutex;

use super::drive::Drive;
use crate::entry_id::EntryId;

/// The hot entries of a cache.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    /// Whether there are any hot entries. This avoids the lock if there are none.
    hot: AtomicBool,
    queues: Mutex<HashMap<EntryId, Queue>>,
}

#[derive(Debug, Default)]
struct Queue {
    taken: bool,
    /// The waiting sessions, in the order in which they came.
    waiting: VecDeque<(u64, Waker)>,
    last_ticket: u64,
}

impl Turns {
    /// Returns which of these entries are hot.
    fn hot<'i>(&self, ids: impl Iterator<Item = &'i EntryId>) -> Vec<EntryId> {
        if !self.hot.load(Ordering::Relaxed) {
            return Vec::new();
        }
        let queues = self.queues.lock();
        ids.filter(|id| queues.contains_key(*id)).cloned().collect()
    }

    fn leave(&self, id: &EntryId, leave: impl FnOnce(&mut Queue)) {
        let mut queues = self.queues.lock();
        let Some(queue) = queues.get_mut(id) else { return };
        leave(queue);
        if !queue.taken && queue.waiting.is_empty() {
            queues.remove(id);
            self.hot.store(!queues.is_empty(), Ordering::Relaxed);
        } else if let (false, Some((_, waker))) = (queue.taken, queue.waiting.front()) {
            waker.wake_by_ref();
        }
    }
}

/// The turns that some work has taken. Dropping this gives them up.
#[derive(Debug)]
pub(crate) struct Turn {
    turns: Arc<Turns>,
    has: Vec<EntryId>,
}

impl Turn {
    pub(crate) fn none(turns: &Arc<Turns>) -> Self {
        Self { turns: Arc::clone(turns), has: Vec::new() }
    }

    /// Takes the turns of those entries that are hot.
    pub(crate) async fn take_hot<'i>(
        &mut self,
        driver: &impl Drive,
        limit: Duration,
        ids: impl Iterator<Item = &'i EntryId>,
    ) {
        let hot = self.turns.hot(ids);
        self.take(driver, limit, hot).await;
    }

    /// Takes the turns of these entries, one after the other, in an order that is the same for all
    /// sessions. Waits for at most `limit`, and then continues with the turns that it got.
    pub(crate) async fn take(
        &mut self,
        driver: &impl Drive,
        limit: Duration,
        mut ids: Vec<EntryId>,
    ) {
        ids.retain(|id| !self.has.contains(id));
        if ids.is_empty() {
            return;
        }
        ids.sort_unstable();
        let (turns, mut has) = (&self.turns, Vec::with_capacity(ids.len()));
        let all = async {
            for id in ids {
                Waiting { turns, id: &id, ticket: None }.await;
                has.push(id);
            }
        };
        driver.within(limit, all).await;
        self.has.append(&mut has);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        for id in &self.has {
            self.turns.leave(id, |queue| queue.taken = false);
        }
    }
}

/// A place in a queue.
struct Waiting<'t> {
    turns: &'t Turns,
    id: &'t EntryId,
    ticket: Option<u64>,
}

impl Future for Waiting<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut queues = self.turns.queues.lock();
        self.turns.hot.store(true, Ordering::Relaxed);
        let queue = queues.entry(self.id.clone()).or_default();
        let is_next = queue.waiting.front().is_none_or(|(first, _)| Some(*first) == self.ticket);
        if !queue.taken && is_next {
            queue.taken = true;
            if self.ticket.is_some() {
                queue.waiting.pop_front();
            }
            drop(queues);
            self.ticket = None;
            return Poll::Ready(());
        }
        let waker = context.waker().clone();
        match queue.waiting.iter_mut().find(|(ticket, _)| Some(*ticket) == self.ticket) {
            Some((_, known)) => *known = waker,
            None => {
                queue.last_ticket += 1;
                let ticket = queue.last_ticket;
                queue.waiting.push_back((ticket, waker));
                drop(queues);
                self.ticket = Some(ticket);
            }
        }
        Poll::Pending
    }
}

/// Leaves the queue, so that those behind do not wait for a session that gave up.
impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.turns.leave(self.id, |queue| queue.waiting.retain(|(it, _)| *it != ticket));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, thread};

    use super::*;
    use crate::{
        MemoryStore, ToKey,
        session::drive::{Blocking, Outcome},
    };

    const LONG: Duration = Duration::from_secs(20);

    fn id(key: &str) -> EntryId {
        EntryId::new(&"d".into(), key.to_key())
    }

    fn driver() -> Blocking {
        Blocking(Arc::new(MemoryStore::new()))
    }

    fn take(turns: &Arc<Turns>, limit: Duration, keys: &[&str]) -> Turn {
        let mut turn = Turn::none(turns);
        turn.take(&driver(), limit, keys.iter().map(|key| id(key)).collect()).now();
        turn
    }

    #[test]
    fn one_session_has_a_turn_at_a_time_and_turns_come_in_the_order_of_asking() {
        let turns = Arc::new(Turns::default());
        let order = Arc::new(Mutex::new(Vec::new()));
        let first = take(&turns, LONG, &["a"]);
        let threads: Vec<_> = (0..4)
            .map(|number| {
                let (turns, order) = (Arc::clone(&turns), Arc::clone(&order));
                let before = turns.queues.lock()[&id("a")].waiting.len();
                let thread = {
                    let turns = Arc::clone(&turns);
                    thread::spawn(move || {
                        let _turn = take(&turns, LONG, &["a"]);
                        order.lock().push(number);
                    })
                };
                while turns.queues.lock()[&id("a")].waiting.len() == before {
                    thread::yield_now();
                }
                thread
            })
            .collect();
        assert!(order.lock().is_empty());
        drop(first);
        threads.into_iter().for_each(|thread| thread.join().expect("it does not panic"));
        assert_eq!(*order.lock(), [0, 1, 2, 3]);
        assert!(turns.queues.lock().is_empty() && !turns.hot.load(Ordering::Relaxed));
    }

    #[test]
    fn no_session_waits_longer_than_the_limit_and_it_then_continues_without_the_turn() {
        let turns = Arc::new(Turns::default());
        let first = take(&turns, LONG, &["b"]);
        let second = take(&turns, Duration::from_millis(5), &["a", "b", "c"]);
        assert_eq!(
            second.has,
            [id("a")],
            "it got the turn that was free, up to the first that was not"
        );
        drop(first);
        let third = take(&turns, LONG, &["b"]);
        assert_eq!(third.has, [id("b")], "a session that gave up is no longer in the queue");
        drop((second, third));
        assert!(turns.queues.lock().is_empty());
    }

    #[test]
    fn an_entry_is_hot_while_a_session_has_its_turn() {
        let turns = Arc::new(Turns::default());
        let ids = [id("a"), id("b")];
        assert!(turns.hot(ids.iter()).is_empty());
        let mut turn = take(&turns, LONG, &["a"]);
        assert_eq!(turns.hot(ids.iter()), [id("a")]);
        // It does not wait for a turn that it already has.
        turn.take_hot(&driver(), LONG, ids.iter()).now();
        drop(turn);
        assert!(turns.hot(ids.iter()).is_empty());
    }
}
