//! Flights: each is a value that one call of this process makes while others wait for it.
//!
//! One call leads a flight, and lands it with the value. If it fails, or its future is dropped,
//! another one leads, with its own loader and with the right that the store gave to the first. A
//! leader that gives no sign of life for as long as a lease lasts is taken for lost: it may be a
//! future that nobody polls. Who waits takes the lead then, so nobody depends on it for longer.

use std::{
    collections::{HashMap, hash_map::Entry},
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use super::right::Right;
use crate::{
    session::{
        drive::Drive,
        entry::seen::{Base, Version},
    },
    store::operation::Token,
};

/// How many leaders of a flight may fail. Then each call that waits runs its own loader.
const LEADERS: u32 = 4;

/// The flights of a cache.
#[derive(Debug, Default)]
pub(crate) struct Flights(Mutex<HashMap<Place, Arc<Flight>>>);

/// What a flight makes: the value of a key, in place of what the store holds.
///
/// A call joins a flight only if it found the same in the store as the flight's leader. So a value
/// that was removed, invalidated or cleared is not returned to a call that came later, although a
/// loader that began earlier still runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Place {
    key: Box<[u8]>,
    /// Server, life and number of the version, if there is one.
    version: Option<(u32, u64, u64)>,
    generation: Option<u64>,
}

impl Place {
    pub(super) fn new(key: &[u8], token: Option<Token>, generation: Option<u64>) -> Self {
        let version = token.map(|token| (token.server(), token.life(), token.cas()));
        Self { key: key.into(), version, generation }
    }

    /// Returns the version of what the store holds, if it has one.
    fn token(&self) -> Option<Token> {
        self.version.map(|(server, life, cas)| Token::new(server, life, cas))
    }
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
    /// The right to make the value, which a leader has left to the next one.
    right: Option<Right>,
    failures: u32,
    landed: Option<Landed>,
    places: Vec<Place>,
    /// How many calls wait.
    present: usize,
    /// Those of them that are to be woken.
    waiting: Vec<(u64, Waker)>,
    last_ticket: u64,
}

impl State {
    /// Gives the lead to a new leader, of this number.
    fn led_anew(&mut self, now: Instant) -> u64 {
        self.last_leader += 1;
        (self.leader, self.alive) = (Some(self.last_leader), now);
        self.last_leader
    }
}

/// How a flight ended.
#[derive(Debug, Clone)]
pub(super) enum Landed {
    /// There is a value.
    Value(Base),
    /// There is none.
    Absence(Version, u64),
    /// Nobody made it: each call runs its own loader.
    Nowhere,
}

/// What became of a call that waited.
pub(super) enum Waited {
    Landed(Landed),
    /// It leads now. The leader before it failed, and has left it the right that it had.
    Leads(Lead, Option<Right>),
    /// It leads now. The leader before it gave no sign of life for the whole of a lease, while the
    /// store held this version.
    LeadsAfterSilence(Lead, Option<Token>),
    /// It cannot wait, because it runs in no runtime.
    Cannot,
}

/// Whether a call has the right to make the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    TheRight,
    Nothing,
}

impl Flights {
    /// Begins a flight and leads it, or returns the one under way. Who holds the right leads in any
    /// case: the leader so far has only waited for another process.
    pub(super) fn board(
        self: &Arc<Self>,
        place: Place,
        holds: Holds,
        now: Instant,
    ) -> Result<Lead, Arc<Flight>> {
        let mut flights = self.0.lock();
        if let Some(flight) = flights.get(&place).filter(|flight| !flight.has_landed()) {
            let flight = Arc::clone(flight);
            drop(flights);
            return match holds {
                Holds::Nothing => Err(flight),
                Holds::TheRight => {
                    let number = flight.0.lock().led_anew(now);
                    Ok(Lead { flights: Arc::clone(self), flight, number })
                }
            };
        }
        let flight = Arc::new(Flight(Mutex::new(State {
            leader: Some(1),
            last_leader: 1,
            alive: now,
            right: None,
            failures: 0,
            landed: None,
            places: vec![place.clone()],
            present: 0,
            waiting: Vec::new(),
            last_ticket: 0,
        })));
        flights.insert(place, Arc::clone(&flight));
        drop(flights);
        Ok(Lead { flights: Arc::clone(self), flight, number: 1 })
    }

    /// Forgets a flight that has ended.
    fn remove(&self, flight: &Arc<Flight>) {
        let places = mem::take(&mut flight.0.lock().places);
        let mut flights = self.0.lock();
        for place in places {
            if flights.get(&place).is_some_and(|it| Arc::ptr_eq(it, flight)) {
                flights.remove(&place);
            }
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
        lease: Duration,
        driver: &D,
        unused: impl FnMut(Right) + Send,
    ) -> Waited {
        self.0.lock().present += 1;
        let _present = Present { flight: &self, flights, unused };
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
                    let right = state.right.take();
                    // At once: no other call may take the lead for lost as well.
                    let number = state.led_anew(now);
                    let held = state.places.last().and_then(Place::token);
                    drop(state);
                    let (flights, flight) = (Arc::clone(flights), Arc::clone(&self));
                    let lead = Lead { flights, flight, number };
                    return match is_free {
                        true => Waited::Leads(lead, right),
                        false => Waited::LeadsAfterSilence(lead, held),
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
        self.flights.remove(self.flight);
        right.into_iter().for_each(&mut self.unused);
    }
}

/// The lead of a flight. Who drops it first [gives it to another call](Self::hand_over).
#[derive(Debug)]
pub(super) struct Lead {
    flights: Arc<Flights>,
    flight: Arc<Flight>,
    number: u64,
}

impl Lead {
    /// Says that the leader lives. Returns whether it still leads.
    pub(super) fn lives(&self, now: Instant) -> bool {
        let mut state = self.flight.0.lock();
        let leads = state.leader == Some(self.number) && state.landed.is_none();
        if leads {
            state.alive = now;
        }
        leads
    }

    /// Returns the flight that it led.
    pub(super) fn flight(&self) -> Arc<Flight> {
        Arc::clone(&self.flight)
    }

    /// Says that the flight now makes the value in this place as well, so that others join it who
    /// find the right that the leader has got.
    pub(super) fn moves_to(&self, place: Place) {
        let mut flights = self.flights.0.lock();
        if let Entry::Vacant(vacant) = flights.entry(place) {
            let mut state = self.flight.0.lock();
            if state.landed.is_none() {
                state.places.push(vacant.key().clone());
                vacant.insert(Arc::clone(&self.flight));
            }
        }
    }

    /// Ends the flight. Does nothing if another call has taken the lead, because this one gave no
    /// sign of life.
    pub(super) fn land(&self, landed: Landed) {
        let mut state = self.flight.0.lock();
        if state.leader != Some(self.number) || state.landed.is_some() {
            return;
        }
        state.landed = Some(landed);
        let waiting = mem::take(&mut state.waiting);
        drop(state);
        self.flights.remove(&self.flight);
        waiting.into_iter().for_each(|(_, waker)| waker.wake());
    }

    /// Gives the lead to another call, together with the right. Returns the right that nobody uses:
    /// no other call waits, or too many leaders have failed.
    pub(super) fn hand_over(&self, right: Option<Right>, failed: bool) -> Option<Right> {
        let mut state = self.flight.0.lock();
        if state.leader != Some(self.number) || state.landed.is_some() {
            return right;
        }
        state.failures += u32::from(failed);
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
            self.flights.remove(&self.flight);
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
