//! One server's part of a batch, from the choice of a connection to the last outcome.
//!
//! ```text
//!   idle ---------------------------------------> Talking ---- all answered -----> Over
//!   dial --> Unnamed --> Dialing --> Greeting -----^  |                             ^
//!               |           |           |             |                             |
//!   down -------+-----------+-----------+-------------+--- failed or timed out: ----+
//!                                                          the rest has no answer
//!   classic, or the server says so: Classic, which leaves the share to the classic client
//! ```

use std::{
    io::IoSlice,
    mem,
    os::fd::BorrowedFd,
    time::{Duration, Instant},
};

#[cfg(feature = "tokio")]
use super::tasks::socket::TaskSocket;
use super::{
    inbox::Inbox,
    interest::Interest,
    pool::{Approach, Connection, Pool},
    proto::{
        greeting::{Facts, Greeting, Next},
        window::{MAX_SLICES, Window},
    },
    reasons::{ASKED, broken, cannot_connect, needs_classic},
    resolve::{Pending, Target},
    server::Server,
    socket::{Dialing, Moved, Socket},
    talk::Talk,
    timeouts::Timeouts,
    work::{Peer, Work},
};

/// One server's part of a batch.
pub(super) struct Lane<'s, 'a> {
    server: &'s Server,
    /// The connections to it.
    pool: &'s Pool,
    timeouts: Timeouts,
    stage: Stage,
    talk: Talk<'a>,
    began: Instant,
    /// The time after which the lane fails if nothing moves.
    deadline: Instant,
}

enum Stage {
    /// Needs a connection, and therefore the server's address first.
    Unnamed,
    Dialing(Dialing),
    Greeting(Box<Handshake>),
    Talking(Box<Connection>),
    Over,
    /// Over for this lane, which leaves the share to the classic client.
    Classic,
}

/// A connection that is being greeted.
struct Handshake {
    socket: Socket,
    greeting: Greeting,
    window: Window<'static>,
    inbox: Inbox,
}

impl<'s, 'a> Lane<'s, 'a> {
    /// Begins with the operations of the batch that `share` names, over an idle connection of `pool`
    /// that `fits`, if there is one.
    pub(super) fn begin(
        server: &'s Server,
        pool: &'s Pool,
        fits: impl Fn(&Socket) -> bool,
        share: Vec<usize>,
        timeouts: Timeouts,
        work: &mut dyn Work<'a>,
    ) -> Self {
        let (talk, began) = (Talk::new(share), pool.now());
        let deadline = began + timeouts.connect;
        let mut lane = Self { server, pool, timeouts, stage: Stage::Over, talk, began, deadline };
        match pool.approach(timeouts.connect + timeouts.exchange, fits) {
            Approach::Connected(connection) => lane.talk(Box::new(connection), work),
            Approach::Dial => lane.stage = Stage::Unnamed,
            Approach::Classic => lane.stage = Stage::Classic,
            Approach::Down(why) => lane.fail(&why, work),
        }
        lane
    }

    /// Returns the look-up of the server's address and its deadline, if the lane needs one.
    pub(super) fn look_up(&self) -> Option<(Pending<'s>, Instant)> {
        matches!(self.stage, Stage::Unnamed).then(|| (self.server.lookup.begin(), self.deadline))
    }

    /// Continues with the result of [`look_up`](Self::look_up).
    pub(super) fn dial(&mut self, target: Result<Target, String>, work: &mut dyn Work<'a>) {
        let dialing =
            target.and_then(|target| Dialing::begin(target).map_err(|e| cannot_connect(&e)));
        match dialing {
            Ok(dialing) => self.stage = Stage::Dialing(dialing),
            Err(why) => {
                self.stage = Stage::Over;
                self.not_reached(&why, work);
            }
        }
    }

    /// Continues with the result of an attempt to connect that was made elsewhere.
    #[cfg(feature = "tokio")]
    pub(super) fn greet(&mut self, socket: Result<Socket, String>, work: &mut dyn Work<'a>) {
        self.stage = Stage::Over;
        match socket {
            Ok(socket) => self.begin_greeting(socket, work),
            Err(why) => self.not_reached(&why, work),
        }
    }

    /// Returns the share if it is left to the classic client.
    pub(super) fn left_to_classic(mut self) -> Option<(&'s Server, Vec<usize>)> {
        match self.stage {
            Stage::Classic => Some((self.server, self.talk.take_share())),
            _ => None,
        }
    }

    /// Returns what the lane waits for, and on which socket, or `None` if it is over.
    pub(super) fn interest(&mut self, work: &dyn Work<'a>) -> Option<(BorrowedFd<'_>, Interest)> {
        use std::os::fd::AsFd;
        let interest = self.wants(work)?;
        let fd = match &self.stage {
            Stage::Dialing(dialing) => dialing.as_fd(),
            Stage::Greeting(handshake) => handshake.socket.as_fd(),
            Stage::Talking(connection) => connection.socket.as_fd(),
            Stage::Unnamed | Stage::Over | Stage::Classic => return None,
        };
        Some((fd, interest))
    }

    /// Returns what the lane of a task waits for, and on which socket, or `None` if it is over.
    #[cfg(feature = "tokio")]
    pub(super) fn task_interest(&mut self, work: &dyn Work<'a>) -> Option<(&TaskSocket, Interest)> {
        let interest = self.wants(work)?;
        match &self.stage {
            Stage::Greeting(handshake) => Some((handshake.socket.of_task()?, interest)),
            Stage::Talking(connection) => Some((connection.socket.of_task()?, interest)),
            Stage::Unnamed | Stage::Dialing(_) | Stage::Over | Stage::Classic => None,
        }
    }

    fn wants(&mut self, work: &dyn Work<'a>) -> Option<Interest> {
        let (to_send, to_receive) = match &self.stage {
            Stage::Dialing(_) => (true, false),
            Stage::Greeting(handshake) => (!handshake.window.is_sent(), true),
            Stage::Talking(connection) => {
                (self.talk.has_more(&peer(self.server, &connection.facts), work), true)
            }
            Stage::Unnamed | Stage::Over | Stage::Classic => return None,
        };
        Some(Interest { to_receive, to_send })
    }

    /// Returns how much longer the lane waits.
    pub(super) fn patience(&self, now: Instant) -> Duration {
        self.deadline.saturating_duration_since(now)
    }

    /// Moves the bytes that can be moved now.
    pub(super) fn go(&mut self, ready: Interest, work: &mut dyn Work<'a>) {
        match mem::replace(&mut self.stage, Stage::Over) {
            Stage::Dialing(dialing) => self.go_dialing(dialing, work),
            Stage::Greeting(handshake) => self.go_greeting(handshake, ready, work),
            Stage::Talking(connection) => self.go_talking(connection, ready, work),
            other @ (Stage::Unnamed | Stage::Over | Stage::Classic) => self.stage = other,
        }
    }

    /// Ends the lane because it waited too long.
    pub(super) fn time_out(&mut self, work: &mut dyn Work<'a>) {
        match mem::replace(&mut self.stage, Stage::Over) {
            Stage::Dialing(_) => self.not_reached("cannot be reached: timed out", work),
            Stage::Greeting(_) => self.not_reached("timed out when asked for its version", work),
            Stage::Talking(_) => self.broke("timed out", work),
            other @ (Stage::Unnamed | Stage::Over | Stage::Classic) => self.stage = other,
        }
    }

    /// Ends the lane because its socket cannot be waited for.
    #[cfg(feature = "tokio")]
    pub(super) fn give_up(&mut self, error: &std::io::Error, work: &mut dyn Work<'a>) {
        match mem::replace(&mut self.stage, Stage::Over) {
            Stage::Talking(_) => self.broke(&broken(error), work),
            Stage::Dialing(_) | Stage::Greeting(_) => self.not_reached(&broken(error), work),
            other @ (Stage::Unnamed | Stage::Over | Stage::Classic) => self.stage = other,
        }
    }

    fn go_dialing(&mut self, dialing: Dialing, work: &mut dyn Work<'a>) {
        match dialing.end() {
            Ok(Ok(socket)) => self.begin_greeting(socket, work),
            Ok(Err(next)) => self.stage = Stage::Dialing(next),
            Err(error) => self.not_reached(&cannot_connect(&error), work),
        }
    }

    fn begin_greeting(&mut self, socket: Socket, work: &mut dyn Work<'a>) {
        let mut window = Window::default();
        let greeting = Greeting::begin(self.server.credentials.as_ref(), &mut window);
        let inbox = Inbox::default();
        self.deadline = self.pool.now() + self.timeouts.exchange;
        let handshake = Box::new(Handshake { socket, greeting, window, inbox });
        self.go_greeting(handshake, Interest { to_send: true, to_receive: false }, work);
    }

    fn go_greeting(
        &mut self,
        mut handshake: Box<Handshake>,
        ready: Interest,
        work: &mut dyn Work<'a>,
    ) {
        match handshake.go(ready) {
            Ok(None) => self.stage = Stage::Greeting(handshake),
            Ok(Some(facts)) => {
                let Handshake { socket, window, inbox, .. } = *handshake;
                let buffer = window.into_buffer();
                if !facts.meta {
                    if cfg!(feature = "classic") {
                        self.pool.reached(true);
                        self.stage = Stage::Classic;
                    } else {
                        self.not_reached(&needs_classic(&facts.version), work);
                    }
                    return;
                }
                self.pool.reached(false);
                let connection = Connection { socket, facts, inbox, buffer, requests: 0 };
                self.talk(Box::new(connection), work);
            }
            Err(why) => self.not_reached(&why, work),
        }
    }

    fn talk(&mut self, mut connection: Box<Connection>, work: &mut dyn Work<'a>) {
        let buffer = mem::take(&mut connection.buffer);
        let peer = peer(self.server, &connection.facts);
        self.talk.begin(&peer, work, buffer, connection.requests);
        self.deadline = self.pool.now() + self.timeouts.exchange;
        self.go_talking(connection, Interest { to_send: true, to_receive: false }, work);
    }

    fn go_talking(
        &mut self,
        mut connection: Box<Connection>,
        ready: Interest,
        work: &mut dyn Work<'a>,
    ) {
        let Connection { socket, facts, inbox, .. } = &mut *connection;
        let peer = peer(self.server, facts);
        let talk = &mut self.talk;
        let mut moved = false;
        let mut gone = Ok(());
        if ready.to_receive {
            gone = hear(socket, inbox, &mut moved, |inbox| talk.listen(&peer, work, inbox));
        }
        while ready.to_send && gone.is_ok() && talk.has_more(&peer, work) {
            work.sending();
            match send(socket, &mut talk.window) {
                Ok(Moved::Bytes(_)) => moved = true,
                Ok(Moved::Nothing) => break,
                // Answers that the server sent before it closed the connection still count.
                Err(why) => {
                    let listen = |inbox: &mut Inbox| talk.listen(&peer, work, inbox);
                    gone = hear(socket, inbox, &mut moved, listen).and(Err(why));
                }
            }
        }
        if let Err(why) = gone {
            return self.broke(&why, work);
        }
        if moved {
            self.deadline = self.pool.now() + self.timeouts.exchange;
        }
        if !self.talk.is_over() {
            self.stage = Stage::Talking(connection);
            return;
        }
        // A superfluous answer would be taken for the next one.
        if inbox.is_empty() {
            connection.requests = self.talk.next_request();
            connection.buffer = mem::take(&mut self.talk.window).into_buffer();
            self.pool.put_back(*connection);
        }
    }

    /// Ends the lane because the server cannot be reached or used.
    fn not_reached(&mut self, why: &str, work: &mut dyn Work<'a>) {
        self.pool.not_reached(why, self.began);
        self.fail(why, work);
    }

    /// Ends the lane and closes its connection, which can no longer be trusted.
    fn broke(&mut self, why: &str, work: &mut dyn Work<'a>) {
        self.pool.broke();
        self.fail(why, work);
    }

    fn fail(&mut self, why: &str, work: &mut dyn Work<'a>) {
        self.talk.fail(&self.server.name, work, why);
    }
}

/// A caller that stops while it tries to reach a server lets another one try.
impl Drop for Lane<'_, '_> {
    fn drop(&mut self) {
        if matches!(self.stage, Stage::Unnamed | Stage::Dialing(_) | Stage::Greeting(_)) {
            self.pool.give_back_turn();
        }
    }
}

impl Handshake {
    /// Moves the bytes that can be moved now. Returns the facts once the greeting is complete.
    fn go(&mut self, ready: Interest) -> Result<Option<Facts>, String> {
        if ready.to_receive {
            // One piece at a time: what the server says counts more than a close that follows it.
            hear(&mut self.socket, &mut self.inbox, &mut false, |_| Ok(true))
                .map_err(|why| format!("{why} {ASKED}"))?;
            while let Some(received) = self.inbox.unread() {
                let (used, next) = self.greeting.read(received, &mut self.window)?;
                self.inbox.read(used);
                match next {
                    Next::Wait => break,
                    Next::Send => {}
                    Next::Go(facts) if self.inbox.is_empty() => return Ok(Some(facts)),
                    Next::Go(_) => {
                        return Err("does not answer like a memcached: it sent too much".to_owned());
                    }
                }
            }
        }
        while !self.window.is_sent() {
            if send(&mut self.socket, &mut self.window)? == Moved::Nothing {
                break;
            }
        }
        Ok(None)
    }
}

fn peer<'p>(server: &'p Server, facts: &'p Facts) -> Peer<'p> {
    Peer { index: server.index, name: &server.name, facts }
}

fn send(socket: &mut Socket, window: &mut Window<'_>) -> Result<Moved, String> {
    let mut slices = [IoSlice::new(&[]); MAX_SLICES];
    let count = window.slices(&mut slices);
    let moved = socket.send(&slices[..count]).map_err(|error| broken(&error))?;
    if let Moved::Bytes(bytes) = moved {
        window.sent(bytes);
    }
    Ok(moved)
}

/// Receives the available bytes and lets `listen` read them, until no more come or `listen` says
/// that the conversation is over. The next piece often arrives while one is read, so asking for it
/// costs less than waiting for it first.
fn hear(
    socket: &mut Socket,
    inbox: &mut Inbox,
    moved: &mut bool,
    mut listen: impl FnMut(&mut Inbox) -> Result<bool, &'static str>,
) -> Result<(), String> {
    loop {
        let room = inbox.room();
        let Moved::Bytes(bytes) = socket.receive(room).map_err(|error| broken(&error))? else {
            return Ok(());
        };
        *moved = true;
        inbox.received(bytes);
        let over = listen(inbox);
        if over.map_err(|why| format!("does not follow the protocol: it sent {why}"))? {
            return Ok(());
        }
    }
}
