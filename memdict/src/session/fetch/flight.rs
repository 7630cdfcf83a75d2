//! Flights: each is a value that one call of this process makes while others wait for it.
//!
//! One call leads a flight, and lands it with the value. If it fails, or its future is dropped,
//! another one leads, with its own loader and with the right that the store gave to the first. A
//! leader that gives no sign of life for as long as a lease lasts is taken for lost: it may be a
//! future that nobody polls. Who waits takes the lead then, so nobody depends on it for longer.

use std::{
    collections::HashMap,
    mem,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use super::right::Right;
use crate::session::{
    drive::Drive,
    entry::seen::{Base, Version},
};

/// How many leaders of a flight may fail. Then each call that waits runs its own loader.
const LEADERS: u32 = 4;

/// The flights of a cache, by the key on the wire.
#[derive(Debug, Default)]
pub(crate) struct Flights {
    /// Whether there are any. This avoids the lock if there are none.
    any: AtomicBool,
    by_key: Mutex<HashMap<Box<[u8]>, Arc<Flight>>>,
}

#[derive(Debug)]
pub(super) struct Flight(Mutex<State>);

#[derive(Debug)]
struct State {
    /// The number of the leader; `None` if the next one to come leads.
    leader: Option<u64>,
    last_leader: u64,
    /// The last sign of life of the leader.
    alive: Instant,
    /// The right to make the value, if the leader has not taken it.
    right: Option<Right>,
    failures: u32,
    landed: Option<Landed>,
    /// How many calls wait.
    present: usize,
    /// Those of them that are to be woken.
    waiting: Vec<(u64, Waker)>,
    last_ticket: u64,
}

/// How a flight ended.
#[derive(Debug, Clone)]
pub(super) enum Landed {
    /// There is a value.
    Value(Base),
    /// There is none.
    Absence(Version),
    /// Nobody made it: each call runs its own loader.
    Nowhere,
}

/// What became of a call that waited.
pub(super) enum Waited {
    Landed(Landed),
    /// It leads now. The leader before it failed.
    Leads(Lead),
    /// It leads now. The leader before it gave no sign of life for the whole of a lease.
    LeadsAfterSilence(Lead),
    /// It cannot wait, because it runs in no runtime.
    Cannot,
}

impl Flights {
    /// Returns the flight that makes this value, if there is one.
    pub(super) fn find(&self, key: &[u8]) -> Option<Arc<Flight>> {
        if !self.any.load(Ordering::Relaxed) {
            return None;
        }
        self.by_key.lock().get(key).cloned()
    }

    /// Begins a flight and leads it, or returns the one that makes this value already, which gets
    /// the right, if there is one.
    pub(super) fn board(
        self: &Arc<Self>,
        key: &[u8],
        right: &mut Option<Right>,
        now: Instant,
    ) -> Result<Lead, Arc<Flight>> {
        let mut by_key = self.by_key.lock();
        self.any.store(true, Ordering::Relaxed);
        if let Some(flight) = by_key.get(key).filter(|flight| !flight.has_landed()) {
            let mut state = flight.0.lock();
            // A right that the leader has not taken is older, and no longer holds.
            state.right = right.take().or_else(|| state.right.take());
            drop(state);
            return Err(Arc::clone(flight));
        }
        let flight = Arc::new(Flight(Mutex::new(State {
            leader: Some(1),
            last_leader: 1,
            alive: now,
            right: None,
            failures: 0,
            landed: None,
            present: 0,
            waiting: Vec::new(),
            last_ticket: 0,
        })));
        by_key.insert(key.into(), Arc::clone(&flight));
        drop(by_key);
        Ok(Lead { flights: Arc::clone(self), key: key.into(), flight, number: 1 })
    }

    fn remove(&self, key: &[u8], flight: &Arc<Flight>) {
        let mut by_key = self.by_key.lock();
        if by_key.get(key).is_some_and(|it| Arc::ptr_eq(it, flight)) {
            by_key.remove(key);
            self.any.store(!by_key.is_empty(), Ordering::Relaxed);
        }
    }
}

impl Flight {
    fn has_landed(&self) -> bool {
        self.0.lock().landed.is_some()
    }

    /// Waits until the flight lands, or this call leads it. `lease` is how long a leader may give no
    /// sign of life. If the lead was given to this call, and it is dropped before it takes it, `unused`
    /// gets the right.
    pub(super) async fn wait<D: Drive>(
        self: Arc<Self>,
        flights: &Arc<Flights>,
        key: &[u8],
        lease: Duration,
        driver: &D,
        unused: impl FnMut(Right) + Send,
    ) -> Waited {
        self.0.lock().present += 1;
        let _present = Present { flight: &self, flights, key, unused };
        loop {
            let now = driver.now();
            let left = {
                let mut state = self.0.lock();
                if let Some(landed) = &state.landed {
                    return Waited::Landed(landed.clone());
                }
                let left = lease.saturating_sub(now.saturating_duration_since(state.alive));
                let is_free = state.leader.is_none();
                if is_free || left.is_zero() {
                    state.last_leader += 1;
                    let number = state.last_leader;
                    (state.leader, state.alive) = (Some(number), now);
                    drop(state);
                    let (flights, key) = (Arc::clone(flights), key.into());
                    let lead = Lead { flights, key, flight: Arc::clone(&self), number };
                    return match is_free {
                        true => Waited::Leads(lead),
                        false => Waited::LeadsAfterSilence(lead),
                    };
                }
                left
            };
            let changed = Changed { flight: &self, ticket: None };
            if driver.within(left, changed).await.is_none() && driver.now() < now + left {
                return Waited::Cannot;
            }
        }
    }
}

/// A call that waits.
struct Present<'f, U: FnMut(Right)> {
    flight: &'f Arc<Flight>,
    flights: &'f Flights,
    key: &'f [u8],
    unused: U,
}

/// Ends a flight that nobody leads, if the last call that waits is dropped.
impl<U: FnMut(Right)> Drop for Present<'_, U> {
    fn drop(&mut self) {
        let mut state = self.flight.0.lock();
        state.present -= 1;
        if state.present > 0 || state.leader.is_some() || state.landed.is_some() {
            return;
        }
        state.landed = Some(Landed::Nowhere);
        let right = state.right.take();
        drop(state);
        self.flights.remove(self.key, self.flight);
        right.into_iter().for_each(&mut self.unused);
    }
}

/// The lead of a flight. Who drops it first [gives it to another call](Self::hand_over).
#[derive(Debug)]
pub(super) struct Lead {
    flights: Arc<Flights>,
    key: Box<[u8]>,
    flight: Arc<Flight>,
    number: u64,
}

impl Lead {
    /// Says that the leader lives.
    pub(super) fn lives(&self, now: Instant) {
        let mut state = self.flight.0.lock();
        if state.leader == Some(self.number) {
            state.alive = now;
        }
    }

    /// Takes the right that an earlier leader, or a call that came later, has left.
    pub(super) fn take_right(&self) -> Option<Right> {
        self.flight.0.lock().right.take()
    }

    /// Ends the flight, and returns a right that is left. Does nothing if another call has taken the
    /// lead, because this one gave no sign of life.
    pub(super) fn land(&self, landed: Landed) -> Option<Right> {
        let mut state = self.flight.0.lock();
        if state.leader != Some(self.number) || state.landed.is_some() {
            return None;
        }
        state.landed = Some(landed);
        let right = state.right.take();
        let waiting = mem::take(&mut state.waiting);
        drop(state);
        self.flights.remove(&self.key, &self.flight);
        waiting.into_iter().for_each(|(_, waker)| waker.wake());
        right
    }

    /// Gives the lead to another call, together with the right. Returns the right that nobody uses:
    /// no other call waits, or too many leaders have failed.
    pub(super) fn hand_over(&self, right: Option<Right>, failed: bool) -> Option<Right> {
        let mut state = self.flight.0.lock();
        if state.leader != Some(self.number) || state.landed.is_some() {
            return right;
        }
        state.failures += u32::from(failed);
        let right = state.right.take().or(right);
        let goes_on = state.present > 0 && state.failures < LEADERS;
        let left = if goes_on {
            (state.leader, state.right) = (None, right);
            None
        } else {
            state.landed = Some(Landed::Nowhere);
            right
        };
        let waiting = mem::take(&mut state.waiting);
        drop(state);
        if !goes_on {
            self.flights.remove(&self.key, &self.flight);
        }
        waiting.into_iter().for_each(|(_, waker)| waker.wake());
        left
    }
}

/// The flight has landed, or needs a leader.
struct Changed<'f> {
    flight: &'f Flight,
    ticket: Option<u64>,
}

impl Future for Changed<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.flight.0.lock();
        if state.landed.is_some() || state.leader.is_none() {
            return Poll::Ready(());
        }
        let waker = context.waker().clone();
        let ticket = self.ticket;
        match state.waiting.iter_mut().find(|(it, _)| Some(*it) == ticket) {
            Some((_, known)) => *known = waker,
            None => {
                state.last_ticket += 1;
                let ticket = state.last_ticket;
                state.waiting.push((ticket, waker));
                drop(state);
                self.ticket = Some(ticket);
            }
        }
        Poll::Pending
    }
}

/// Leaves the flight, so that the lead is not given to a call that has ended.
impl Drop for Changed<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.flight.0.lock().waiting.retain(|(it, _)| *it != ticket);
        }
    }
}
