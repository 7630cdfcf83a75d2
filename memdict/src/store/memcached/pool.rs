//! The connections to one server: the idle ones, how many are in use, and the callers that wait for
//! one. And what is known of the server's last failure.

use std::{
    collections::VecDeque,
    mem,
    sync::{Mutex, MutexGuard},
    thread,
    time::{Duration, Instant},
};
#[cfg(feature = "tokio")]
use std::{sync::Arc, task::Context};

#[cfg(feature = "tokio")]
use super::tasks::shared::Shared;
use super::{connection::Connection, wire::Callers};
#[cfg(feature = "tokio")]
use crate::store::queue::Place;
use crate::store::queue::{self, Queue, lock};

/// How to reach a server.
#[derive(Debug)]
pub(super) enum Approach<'p> {
    /// Use this idle connection.
    Connected(Box<Connection>, Permit<'p>),
    /// Make a new connection.
    Dial(Permit<'p>),
    /// Fail: the server could not be reached, for this reason.
    Down(String),
    /// [Wait](Pool::wait): all connections are in use.
    Queue,
}

/// What became of a connection that could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(super) enum Refused {
    /// The server is down.
    Outage,
    /// It has other connections. One of them has to do.
    Queue,
}

/// One of the connections that a server may have: being made, or in use. Whoever drops it has closed
/// the connection.
#[derive(Debug)]
pub(super) struct Permit<'p> {
    pool: &'p Pool,
    is_live: bool,
    /// Whether it was told what became of the connection.
    is_told: bool,
}

/// What a caller asks of a pool.
#[derive(Clone, Copy)]
pub(super) struct Wish {
    /// The number of the connection that it would rather have.
    pub(super) wanted: Option<u64>,
    pub(super) callers: Callers,
    /// How long it may take to make a connection.
    pub(super) patience: Duration,
}

#[derive(Debug)]
pub(super) struct Pool {
    max_connections: usize,
    /// The clock of its callers.
    now: fn() -> Instant,
    state: Mutex<PoolState>,
}

#[derive(Debug, Default)]
struct PoolState {
    /// The process that made the connections. A process that was forked from it shares the sockets,
    /// and must not use them: each of the two would read the other's answers.
    process: u32,
    /// The one that was used last is at the end.
    idle: VecDeque<Box<Connection>>,
    /// Connections that tasks share. They are not in use by one batch, and not idle.
    #[cfg(feature = "tokio")]
    shared: Vec<Arc<Shared>>,
    in_use: usize,
    dialing: usize,
    queue: Queue,
    /// The server is down.
    trouble: Option<Trouble>,
    /// The server is not down, but did not take another connection.
    refused: Option<Trouble>,
}

#[derive(Debug)]
struct Trouble {
    why: String,
    pause: Duration,
    noted: Instant,
    /// Until then no call tries; then one does.
    until: Instant,
}

/// What a caller may do now.
enum Claim {
    Use(Box<Connection>),
    Dial,
    Down(String),
    /// Wait, or ask again at this time.
    Wait(Option<Instant>),
}

impl Pool {
    pub(super) fn of(max_connections: usize, now: fn() -> Instant) -> Self {
        Self { max_connections, now, state: Mutex::default() }
    }

    /// Returns how to reach the server, preferably over the connection that is wanted, without
    /// waiting. During an outage, a caller that is told to dial is the only one for as long as its
    /// patience lasts, unless it drops the permit before it reports the result.
    pub(super) fn approach(&self, process: u32, wish: Wish) -> Approach<'_> {
        loop {
            let mut state = lock(&self.state);
            if state.process != process {
                let parents =
                    mem::replace(&mut *state, PoolState { process, ..Default::default() });
                // Its connections are closed here, and stay open in the other process.
                drop(parents);
            }
            if !state.queue.is_empty() {
                return Approach::Queue;
            }
            let claim = state.claim(self.max_connections, wish, (self.now)());
            if let Some(approach) = self.granted(state, claim) {
                return approach;
            }
        }
    }

    /// Does the same, and waits for a connection if none is free, but not beyond `ends`. Callers
    /// are served in the order in which they came.
    pub(super) fn wait(&self, wish: Wish, ends: Instant) -> Approach<'_> {
        loop {
            let serve = |state: &mut PoolState| self.serve(state, wish);
            let Some(claim) = queue::wait(&self.state, |state| &mut state.queue, ends, serve)
            else {
                return Approach::Down(self.none_free());
            };
            if let Some(approach) = self.granted(lock(&self.state), claim) {
                return approach;
            }
        }
    }

    /// Does the same for a task, without waiting: it is woken when it is served. `place` is its
    /// place in the queue, which it has to [leave](Self::leave) if it gives up.
    ///
    /// # Errors
    ///
    /// The task has to wait. It may be told when to ask again in any case.
    #[cfg(feature = "tokio")]
    pub(super) fn ask(
        &self,
        wish: Wish,
        place: &mut Option<Place>,
        context: &Context<'_>,
    ) -> Result<Approach<'_>, Option<Instant>> {
        loop {
            let mut state = lock(&self.state);
            queue::ask(&mut state, |state| &mut state.queue, place, context);
            if !place.as_ref().is_some_and(|place| state.queue.is_first(place)) {
                return Err(None);
            }
            let claim = self.serve(&mut state, wish)?;
            if let Some(place) = place.take() {
                state.queue.leave(&place);
            }
            if let Some(approach) = self.granted(state, claim) {
                return Ok(approach);
            }
        }
    }

    /// Gives up a place in the queue.
    #[cfg(feature = "tokio")]
    pub(super) fn leave(&self, place: &Place) {
        lock(&self.state).queue.leave(place);
    }

    fn serve(&self, state: &mut PoolState, wish: Wish) -> Result<Claim, Option<Instant>> {
        match state.claim(self.max_connections, wish, (self.now)()) {
            Claim::Wait(again) => Err(again),
            claim => Ok(claim),
        }
    }

    /// Returns the approach of a caller with this claim, or `None` if its connection has ended.
    fn granted<'p>(
        &'p self,
        state: MutexGuard<'_, PoolState>,
        claim: Claim,
    ) -> Option<Approach<'p>> {
        // The lock is released, because a look at the connection is a system call.
        drop(state);
        let permit = |is_live| Permit { pool: self, is_live, is_told: false };
        match claim {
            Claim::Use(connection) => {
                let permit = permit(true);
                connection.socket.is_quiet().then(|| Approach::Connected(connection, permit))
            }
            Claim::Dial => Some(Approach::Dial(permit(false))),
            Claim::Down(why) => Some(Approach::Down(why)),
            Claim::Wait(_) => Some(Approach::Queue),
        }
    }

    /// Returns how many connections there are, and how many of them nobody uses just now.
    pub(super) fn open_and_idle(&self) -> (usize, usize) {
        let state = lock(&self.state);
        let (open, idle) = (state.in_use + state.idle.len(), state.idle.len());
        #[cfg(feature = "tokio")]
        let (open, idle) = (open + state.shared_open(), idle + state.shared_idle());
        (open, idle)
    }

    pub(super) fn none_free(&self) -> String {
        let state = lock(&self.state);
        let all = state.working() + state.dialing + state.idle.len();
        let mut why = format!(
            "has no connection free: none of {all} came free within the deadline \
             (`max_connections={}`, `deadline=`)",
            self.max_connections
        );
        if let Some(refused) = &state.refused {
            why.push_str(&format!("; another one {}", refused.why));
        }
        why
    }
}

impl PoolState {
    /// Returns how many connections work: those in use, and those that tasks share.
    fn working(&self) -> usize {
        #[cfg(feature = "tokio")]
        return self.in_use + self.shared.len();
        #[cfg(not(feature = "tokio"))]
        return self.in_use;
    }

    /// Claims what is free.
    fn claim(&mut self, max: usize, wish: Wish, now: Instant) -> Claim {
        if let Some(connection) = self.take(wish) {
            self.in_use += 1;
            return Claim::Use(connection);
        }
        self.idle.retain(|idle| !idle.socket.is_orphaned());
        #[cfg(feature = "tokio")]
        self.shared.retain(|shared| shared.is_open());
        if let Some(refused) = &self.refused {
            if self.working() > 0 && now < refused.until {
                return Claim::Wait(Some(refused.until));
            }
            // The attempts under way tell whether the server is down.
            if self.working() == 0 && self.dialing > 0 {
                return Claim::Wait(None);
            }
        }
        if self.working() == 0
            && let Some(trouble) = &mut self.trouble
        {
            match trouble.until.checked_duration_since(now) {
                Some(left) if !left.is_zero() => {
                    let left = left.as_millis();
                    return Claim::Down(format!(
                        "{}; the next attempt is in {left} ms",
                        trouble.why
                    ));
                }
                _ => trouble.until = now + wish.patience,
            }
        } else if self.working() + self.dialing >= max {
            return Claim::Wait(None);
        }
        self.dialing += 1;
        Claim::Dial
    }

    /// Takes an idle connection: the one that is wanted, or else the one that this thread used last,
    /// or else the one that nobody has used for the longest time. So a thread that loads and then
    /// changes usually does both over one connection.
    fn take(&mut self, wish: Wish) -> Option<Box<Connection>> {
        let fits = |idle: &Connection| idle.socket.is_for(wish.callers);
        if self.idle.is_empty() {
            return None;
        }
        let of = |which: &dyn Fn(&Connection) -> bool| {
            self.idle.iter().position(|idle| which(idle) && fits(idle))
        };
        let me = thread::current().id();
        let place = wish
            .wanted
            .and_then(|it| of(&|idle| idle.facts.connection == it))
            .or_else(|| of(&|idle| idle.user == Some(me)))
            .or_else(|| of(&|_| true))?;
        self.idle.remove(place)
    }
}

impl Permit<'_> {
    /// Notes that the server took the connection and answers.
    pub(super) fn reached(&mut self) {
        let mut state = lock(&self.pool.state);
        (state.trouble, state.refused) = (None, None);
        state.dialing = state.dialing.saturating_sub(1);
        state.in_use += 1;
        self.is_live = true;
    }

    /// Takes back a connection that is in step.
    pub(super) fn put_back(self, mut connection: Box<Connection>) {
        connection.rest();
        let mut state = lock(&self.pool.state);
        state.idle.push_back(connection);
        // Dropping the permit wakes the first caller.
        drop(state);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.pool.state);
        let count = if self.is_live { &mut state.in_use } else { &mut state.dialing };
        *count = count.saturating_sub(1);
        if let (false, false, Some(trouble)) = (self.is_live, self.is_told, &mut state.trouble) {
            // Whoever tried to reach the server has stopped: another caller may try.
            trouble.until = (self.pool.now)();
        }
        state.queue.wake();
    }
}

mod outage;
#[cfg(feature = "tokio")]
mod sharing;
#[cfg(test)]
mod tests;
