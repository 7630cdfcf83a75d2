//! The idle connections of one server, and the state of its last failure.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::{inbox::Inbox, proto::greeting::Facts, socket::Socket};
use crate::random;

/// Connections beyond this many idle ones are closed.
const MAX_IDLE: usize = 32;

/// How long to leave an unreachable server alone: at first, and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// A connection that has been greeted.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) socket: Socket,
    /// The facts about the server's life at the other end. The connection ends with that life.
    pub(super) facts: Facts,
    pub(super) inbox: Inbox,
    /// A buffer for requests.
    pub(super) buffer: Vec<u8>,
    /// How many requests were sent on it.
    pub(super) requests: u32,
}

/// How to reach a server.
#[derive(Debug)]
pub(super) enum Approach {
    /// Use this idle connection.
    Connected(Connection),
    /// Make a new connection.
    Dial,
    /// Use the classic client: the server's meta commands are missing or unreliable.
    Classic,
    /// Fail: the server could not be reached a moment ago, for this reason.
    Down(String),
}

#[derive(Debug)]
pub(super) struct Pool {
    /// The clock of its users.
    now: fn() -> Instant,
    state: Mutex<PoolState>,
}

#[derive(Debug, Default)]
struct PoolState {
    /// The one that was used last is on top.
    idle: Vec<Connection>,
    trouble: Option<Trouble>,
    is_classic: bool,
}

#[derive(Debug)]
struct Trouble {
    why: String,
    pause: Duration,
    noted: Instant,
    /// Until then no call tries; then one does.
    until: Instant,
}

impl Pool {
    /// Makes an empty pool, with this clock.
    pub(super) fn by(now: fn() -> Instant) -> Self {
        Self { now, state: Mutex::default() }
    }

    pub(super) fn now(&self) -> Instant {
        (self.now)()
    }

    /// Returns how to reach the server, over an idle connection that `fits` if there is one. During
    /// an outage, a caller that is told to dial is the only one for `patience`, and has to report
    /// the result or to [give its turn back](Self::give_back_turn).
    pub(super) fn approach(&self, patience: Duration, fits: impl Fn(&Socket) -> bool) -> Approach {
        loop {
            let mut state = self.state.lock();
            let Some(place) = state.idle.iter().rposition(|idle| fits(&idle.socket)) else {
                state.idle.retain(|idle| !idle.socket.is_orphaned());
                break;
            };
            let mut connection = state.idle.remove(place);
            drop(state);
            // The lock is released, because this is a system call.
            if connection.socket.is_quiet() {
                return Approach::Connected(connection);
            }
        }
        let mut state = self.state.lock();
        if state.is_classic {
            return Approach::Classic;
        }
        let Some(trouble) = &mut state.trouble else { return Approach::Dial };
        let now = self.now();
        match trouble.until.checked_duration_since(now) {
            Some(left) if !left.is_zero() => {
                let left = left.as_millis();
                Approach::Down(format!("{}; the next attempt is in {left} ms", trouble.why))
            }
            _ => {
                trouble.until = now + patience;
                Approach::Dial
            }
        }
    }

    /// Lets another caller try to reach the server, because the one whose turn it was has stopped.
    pub(super) fn give_back_turn(&self) {
        if let Some(trouble) = &mut self.state.lock().trouble {
            trouble.until = self.now();
        }
    }

    /// Notes that the server answers, and whether it needs the classic client.
    pub(super) fn reached(&self, is_classic: bool) {
        let mut state = self.state.lock();
        state.trouble = None;
        state.is_classic = is_classic;
    }

    /// Notes that the classic client failed, so that the next call asks the server again what it
    /// is.
    #[cfg(feature = "classic")]
    pub(super) fn classic_failed(&self) {
        self.state.lock().is_classic = false;
    }

    /// Notes that the server cannot be reached or used, and leaves it alone for a while. The pause
    /// grows with each failure and is random, so that clients do not return at the same time. Of
    /// several attempts that `began` together, the first failure counts.
    pub(super) fn not_reached(&self, why: &str, began: Instant) {
        let mut state = self.state.lock();
        let pause = match &state.trouble {
            Some(trouble) if trouble.noted > began => return,
            Some(trouble) => (trouble.pause * 2).min(LONGEST_PAUSE),
            None => FIRST_PAUSE,
        };
        let share = 0.5 + 0.5 * (random::bits() >> 11) as f64 / (1_u64 << 53) as f64;
        let noted = self.now();
        let until = noted + pause.mul_f64(share);
        state.trouble = Some(Trouble { why: why.to_owned(), pause, noted, until });
        state.idle.clear();
    }

    /// Takes back a connection that is in step.
    pub(super) fn put_back(&self, connection: Connection) {
        let mut state = self.state.lock();
        if state.idle.len() < MAX_IDLE {
            state.idle.push(connection);
        }
    }

    /// Notes that a connection broke. The others are closed too, because the server may be gone.
    pub(super) fn broke(&self) {
        self.state.lock().idle.clear();
    }
}
