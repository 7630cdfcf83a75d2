//! Who goes first, of the threads or tasks of one process that change the same entry.
//!
//! Conflicts alone do not decide that fairly: of those who meet, one wins, goes on at once, and wins
//! again, while the others pause. So who tries again after a conflict takes the entry's turn, from
//! its load to its commit. While somebody has the turn or waits for it, the entry is *hot*, and a
//! first attempt takes the turn as well, before it sends: it would be in conflict anyway, but it
//! does not spoil the turn of the other.
//!
//! A turn is a courtesy and no lock. Nobody waits for longer than the longest pause of
//! [`Retry`](super::retry::Retry), and then goes on without; the condition of a change is what keeps
//! it right. Other processes know nothing of turns.

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
    /// Whether there are any, so that nobody takes the lock for nothing.
    hot: AtomicBool,
    queues: Mutex<HashMap<EntryId, Queue>>,
}

#[derive(Debug, Default)]
struct Queue {
    taken: bool,
    /// Who waits, first come first.
    waiting: VecDeque<(u64, Waker)>,
    last_ticket: u64,
}

impl Turns {
    /// Which of these are hot.
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

/// The turns that some work has, until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    turns: Arc<Turns>,
    has: Vec<EntryId>,
}

impl Turn {
    pub(crate) fn none(turns: &Arc<Turns>) -> Self {
        Self { turns: Arc::clone(turns), has: Vec::new() }
    }

    /// Takes the turn of those entries that are hot.
    pub(crate) async fn take_hot<'i>(
        &mut self,
        driver: &impl Drive,
        limit: Duration,
        ids: impl Iterator<Item = &'i EntryId>,
    ) {
        let hot = self.turns.hot(ids);
        self.take(driver, limit, hot).await;
    }

    /// Takes the turn of these entries, one after the other in one order for all, and waits for at
    /// most `limit`. What it does not get it goes without.
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

/// Who gives up does not stand in the way of those behind.
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
    fn a_turn_is_one_workers_at_a_time_and_comes_in_the_order_of_asking() {
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
    fn nobody_waits_for_longer_than_the_limit_and_then_it_goes_on_without() {
        let turns = Arc::new(Turns::default());
        let first = take(&turns, LONG, &["b"]);
        let second = take(&turns, Duration::from_millis(5), &["a", "b", "c"]);
        assert_eq!(second.has, [id("a")], "it got what was free before");
        drop(first);
        let third = take(&turns, LONG, &["b"]);
        assert_eq!(third.has, [id("b")], "who gave up stands in nobody's way");
        drop((second, third));
        assert!(turns.queues.lock().is_empty());
    }

    #[test]
    fn an_entry_is_hot_while_somebody_has_its_turn() {
        let turns = Arc::new(Turns::default());
        let ids = [id("a"), id("b")];
        assert!(turns.hot(ids.iter()).is_empty());
        let mut turn = take(&turns, LONG, &["a"]);
        assert_eq!(turns.hot(ids.iter()), [id("a")]);
        // Its own is not asked for again.
        turn.take_hot(&driver(), LONG, ids.iter()).now();
        drop(turn);
        assert!(turns.hot(ids.iter()).is_empty());
    }
}
