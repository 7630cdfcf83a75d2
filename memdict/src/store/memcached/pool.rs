//! The connections of one server that nobody uses, and what is known of its troubles.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::{inbox::Inbox, proto::greeting::Facts, socket::Socket};
use crate::random;

/// More idle connections than this are closed.
const MAX_IDLE: usize = 32;

/// How long a server that could not be reached is left alone: at first, and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// A connection that has been greeted.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) socket: Socket,
    /// Of the server's life at the other end: a connection ends with it.
    pub(super) facts: Facts,
    pub(super) inbox: Inbox,
    /// For requests.
    pub(super) buffer: Vec<u8>,
    /// How many requests were sent on it.
    pub(super) requests: u32,
}

/// How to get at a server.
#[derive(Debug)]
pub(super) enum Approach {
    /// By a connection that was idle.
    Connected(Connection),
    /// By a new connection.
    Dial,
    /// By the classic client: its meta commands are missing, or cannot be relied on.
    Classic,
    /// Not now: it could not be reached a moment ago, for this reason.
    Down(String),
}

#[derive(Debug, Default)]
pub(super) struct Pool {
    state: Mutex<PoolState>,
}

#[derive(Debug, Default)]
struct PoolState {
    /// The one used last is on top.
    idle: Vec<Connection>,
    trouble: Option<Trouble>,
    is_classic: bool,
}

#[derive(Debug)]
struct Trouble {
    why: String,
    pause: Duration,
    noted: Instant,
    /// Until then nobody tries; then one does.
    until: Instant,
}

impl Pool {
    /// The way to the server. Who is told to dial while it is in trouble is the only one for
    /// `patience`, and says what came of it.
    pub(super) fn approach(&self, patience: Duration) -> Approach {
        loop {
            let Some(mut connection) = self.state.lock().idle.pop() else { break };
            // Not under the lock: it is a system call.
            if connection.socket.is_quiet() {
                return Approach::Connected(connection);
            }
        }
        let mut state = self.state.lock();
        if state.is_classic {
            return Approach::Classic;
        }
        let Some(trouble) = &mut state.trouble else { return Approach::Dial };
        let now = Instant::now();
        match trouble.until.checked_duration_since(now) {
            Some(left) if !left.is_zero() => {
                let left = left.as_millis();
                Approach::Down(format!("{}; it is tried again in {left} ms", trouble.why))
            }
            _ => {
                trouble.until = now + patience;
                Approach::Dial
            }
        }
    }

    /// Notes that the server answers, and whether it is one for the classic client.
    pub(super) fn reached(&self, is_classic: bool) {
        let mut state = self.state.lock();
        state.trouble = None;
        state.is_classic = is_classic;
    }

    /// Notes that the classic client failed: next time the server is asked anew what it is.
    #[cfg(feature = "classic")]
    pub(super) fn classic_failed(&self) {
        self.state.lock().is_classic = false;
    }

    /// Notes that it cannot be reached, or not be used, and leaves it alone for a while: longer
    /// each time, and not as long as everybody else does. Of many who `began` to try together
    /// the first one counts.
    pub(super) fn not_reached(&self, why: &str, began: Instant) {
        let mut state = self.state.lock();
        let pause = match &state.trouble {
            Some(trouble) if trouble.noted > began => return,
            Some(trouble) => (trouble.pause * 2).min(LONGEST_PAUSE),
            None => FIRST_PAUSE,
        };
        let share = 0.5 + 0.5 * (random::bits() >> 11) as f64 / (1_u64 << 53) as f64;
        let noted = Instant::now();
        let until = noted + pause.mul_f64(share);
        state.trouble = Some(Trouble { why: why.to_owned(), pause, noted, until });
        state.idle.clear();
    }

    /// Takes a connection back that is in step.
    pub(super) fn put_back(&self, connection: Connection) {
        let mut state = self.state.lock();
        if state.idle.len() < MAX_IDLE {
            state.idle.push(connection);
        }
    }

    /// Notes that a connection broke. The others are to the same server, which may be gone.
    pub(super) fn broke(&self) {
        self.state.lock().idle.clear();
    }
}
