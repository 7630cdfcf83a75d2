//! One server's part of a batch, from the choice of a connection to the last outcome.
//!
//! ```text
//!   idle ---------------------------------------> Talking ---- all answered -----> Over
//!   dial --> Unnamed --> Dialing --> Greeting -----^  |                             ^
//!     ^         |           |           |             |                             |
//!     |  +------+-----------+-----------+  refused    |                             |
//!     |  v      |           |           |             |                             |
//!   Queued -----+-----------+-----------+-------------+--- failed or timed out: ----+
//!     ^                                                    the rest has no answer
//!   all in use
//!   A server that closes the connection during Greeting is dialed again, and asked with more care.
//! ```

use std::{
    io, mem,
    os::fd::BorrowedFd,
    time::{Duration, Instant},
};

use super::{
    connection::Connection,
    flow::{PIECES, hear, send},
    handshake::Handshake,
    inbox::Inbox,
    interest::Interest,
    pool::{Approach, Permit, Pool, Refused, Wish},
    proto::{greeting::Facts, manner::Manner},
    resolve::{Pending, Target},
    server::Server,
    socket::Moved,
    talk::Talk,
    timeouts::Timeouts,
    watch::Watch,
    wire::{Callers, Dialing},
    work::{Peer, Work},
};
use crate::store::deadline::Deadline;

/// Where a lane gets its connection.
#[derive(Clone, Copy)]
pub(super) struct From<'s> {
    pub(super) pool: &'s Pool,
    /// This process.
    pub(super) process: u32,
    pub(super) callers: Callers,
}

/// One server's part of a batch.
pub(super) struct Lane<'s, 'a> {
    server: &'s Server,
    from: From<'s>,
    timeouts: Timeouts,
    call: Deadline,
    pub(super) stage: Stage<'s>,
    talk: Talk<'a>,
    watch: Watch<'s>,
    /// The number of the connection that the tokens came over.
    wanted: Option<u64>,
    /// How the server is asked what it is, if this is not the first attempt.
    manner: Option<Manner>,
    began: Instant,
    /// The time after which the lane fails if nothing moves. It is never after that of the call.
    patient_until: Instant,
}

pub(super) enum Stage<'s> {
    /// Waits until a connection is free.
    Queued,
    /// Needs a connection, and therefore the server's address first.
    Unnamed(Permit<'s>),
    Dialing(Dialing, Permit<'s>),
    Greeting(Box<Handshake>, Permit<'s>),
    Talking(Box<Connection>, Permit<'s>),
    Over,
}

impl<'s, 'a> Lane<'s, 'a> {
    /// Begins with the operations of the batch that `share` names.
    pub(super) fn begin(
        server: &'s Server,
        from: From<'s>,
        share: Vec<usize>,
        timeouts: Timeouts,
        call: Deadline,
        work: &mut dyn Work<'a>,
    ) -> Self {
        let wanted = work.wanted(server.index, &share);
        let watch = Watch::begin(&server.watched, &server.name, share.len());
        let (talk, began) = (Talk::new(share), call.now());
        let (stage, patient_until) = (Stage::Over, call.ends);
        let mut lane = Self {
            server,
            from,
            timeouts,
            call,
            stage,
            talk,
            watch,
            wanted,
            manner: None,
            began,
            patient_until,
        };
        let approach = from.pool.approach(from.process, lane.wish());
        lane.go_on(approach, work);
        lane
    }

    /// Returns whether the lane has to [wait](Self::wait) for a connection.
    pub(super) fn is_queued(&self) -> bool {
        matches!(self.stage, Stage::Queued)
    }

    /// Waits for a connection.
    pub(super) fn wait(&mut self, work: &mut dyn Work<'a>) {
        let approach = self.from.pool.wait(self.wish(), self.call.ends);
        self.go_on(approach, work);
    }

    /// Returns what the lane asks of its pool.
    pub(super) fn wish(&self) -> Wish {
        Wish { wanted: self.wanted, callers: self.from.callers, patience: self.longest_dial() }
    }

    /// Continues with how the server is reached.
    pub(super) fn go_on(&mut self, approach: Approach<'s>, work: &mut dyn Work<'a>) {
        self.began = self.call.now();
        self.be_patient(self.timeouts.connect);
        self.stage = Stage::Over;
        match approach {
            Approach::Connected(connection, permit) => {
                self.talk(connection, permit, work);
            }
            Approach::Dial(permit) => self.stage = Stage::Unnamed(permit),
            Approach::Down(why) => self.fail(&why, work),
            Approach::Queue => self.stage = Stage::Queued,
        }
    }

    fn longest_dial(&self) -> Duration {
        self.timeouts.connect + self.timeouts.exchange
    }

    /// Gives the server this long, but not longer than the call has.
    fn be_patient(&mut self, patience: Duration) {
        self.patient_until = (self.call.now() + patience).min(self.call.ends);
    }

    /// Returns the look-up of the server's address and its deadline, if the lane needs one.
    pub(super) fn look_up(&self) -> Option<(Pending<'s>, Instant)> {
        let needed = matches!(self.stage, Stage::Unnamed(_));
        needed.then(|| (self.server.lookup.begin(), self.patient_until))
    }

    /// Continues with the result of [`look_up`](Self::look_up).
    pub(super) fn dial(&mut self, target: Result<Target, String>, work: &mut dyn Work<'a>) {
        let Stage::Unnamed(permit) = mem::replace(&mut self.stage, Stage::Over) else { return };
        let dialing =
            target.and_then(|target| Dialing::begin(target).map_err(|e| cannot_connect(&e)));
        match dialing {
            Ok(dialing) => self.stage = Stage::Dialing(dialing, permit),
            Err(why) => self.not_dialed(permit, &why, work),
        }
    }

    pub(super) fn not_dialed(&mut self, permit: Permit<'s>, why: &str, work: &mut dyn Work<'a>) {
        if self.call.is_over() {
            drop(permit);
            self.fail(&self.call.missed(), work);
        } else {
            self.not_reached(permit, why, work);
        }
    }

    /// Returns whether the lane needs a new connection.
    pub(super) fn needs_connection(&self) -> bool {
        matches!(self.stage, Stage::Unnamed(_))
    }

    /// Returns what the lane waits for, and on which socket, or `None` if it is over.
    pub(super) fn interest(&mut self, work: &dyn Work<'a>) -> Option<(BorrowedFd<'_>, Interest)> {
        use std::os::fd::AsFd;
        let interest = self.wants(work)?;
        let fd = match &self.stage {
            Stage::Dialing(dialing, _) => dialing.as_fd(),
            Stage::Greeting(handshake, _) => handshake.socket.as_fd(),
            Stage::Talking(connection, _) => connection.socket.as_fd(),
            Stage::Queued | Stage::Unnamed(_) | Stage::Over => return None,
        };
        Some((fd, interest))
    }

    pub(super) fn wants(&mut self, work: &dyn Work<'a>) -> Option<Interest> {
        let (to_send, to_receive) = match &self.stage {
            Stage::Dialing(..) => (true, false),
            Stage::Greeting(handshake, _) => (handshake.has_unsent(), true),
            Stage::Talking(connection, _) => {
                let has_more = self.talk.has_more(&peer(self.server, &connection.facts), work);
                (has_more || connection.socket.has_unsent(), true)
            }
            Stage::Queued | Stage::Unnamed(_) | Stage::Over => return None,
        };
        Some(Interest { to_receive, to_send })
    }

    /// Returns how much longer the lane waits.
    pub(super) fn patience(&self, now: Instant) -> Duration {
        self.patient_until.saturating_duration_since(now)
    }

    /// Moves the bytes that can be moved now.
    pub(super) fn go(&mut self, ready: Interest, work: &mut dyn Work<'a>) {
        match mem::replace(&mut self.stage, Stage::Over) {
            Stage::Dialing(dialing, permit) => self.go_dialing(dialing, permit, work),
            Stage::Greeting(handshake, permit) => self.go_greeting(handshake, permit, ready, work),
            Stage::Talking(connection, permit) => self.go_talking(connection, permit, ready, work),
            other => self.stage = other,
        }
    }

    /// Ends the lane because it waited too long.
    pub(super) fn time_out(&mut self, work: &mut dyn Work<'a>) {
        let stage = mem::replace(&mut self.stage, Stage::Over);
        match stage {
            // The caller had too little time, which says nothing about the server.
            Stage::Dialing(_, permit) | Stage::Greeting(_, permit) | Stage::Talking(_, permit)
                if self.call.is_over() =>
            {
                drop(permit);
                self.fail(&self.call.missed(), work);
            }
            Stage::Dialing(_, permit) => {
                self.not_reached(permit, "cannot be reached: timed out", work);
            }
            Stage::Greeting(handshake, permit) => {
                self.not_reached(permit, handshake.timed_out(), work);
            }
            Stage::Talking(_, permit) => self.broke(permit, "timed out", work),
            other => self.stage = other,
        }
    }

    fn go_dialing(&mut self, dialing: Dialing, permit: Permit<'s>, work: &mut dyn Work<'a>) {
        match dialing.end() {
            Ok(Ok(wire)) => self.begin_greeting(wire, permit, work),
            Ok(Err(next)) => self.stage = Stage::Dialing(next, permit),
            Err(error) => self.not_reached(permit, &cannot_connect(&error), work),
        }
    }

    /// Begins to talk over a connection.
    fn talk(
        &mut self,
        mut connection: Box<Connection>,
        permit: Permit<'s>,
        work: &mut dyn Work<'a>,
    ) {
        let buffer = mem::take(&mut connection.buffer);
        let peer = peer(self.server, &connection.facts);
        self.talk.begin(&peer, work, buffer, connection.requests);
        if !self.talk.is_over() {
            self.watch.talks();
        }
        self.be_patient(self.timeouts.exchange);
        let ready = Interest { to_send: true, to_receive: false };
        self.go_talking(connection, permit, ready, work);
    }

    fn go_talking(
        &mut self,
        mut connection: Box<Connection>,
        permit: Permit<'s>,
        ready: Interest,
        work: &mut dyn Work<'a>,
    ) {
        let Connection { socket, facts, inbox, .. } = &mut *connection;
        let peer = peer(self.server, facts);
        let (talk, watch) = (&mut self.talk, &mut self.watch);
        let (mut moved, mut heard) = (false, 0);
        let mut gone = Ok(());
        if ready.to_receive {
            let listen = |inbox: &mut Inbox| talk.listen(&peer, work, inbox);
            gone = hear(socket, inbox, &mut heard, self.call, listen);
        }
        let mut pieces = 0;
        while ready.to_send && gone.is_ok() && (talk.has_more(&peer, work) || socket.has_unsent()) {
            pieces += 1;
            if pieces > PIECES && self.call.is_over() {
                break;
            }
            work.sending();
            match send(socket, &mut talk.window) {
                Ok(Moved::Bytes(bytes)) => {
                    moved = true;
                    watch.sent(bytes);
                }
                Ok(Moved::Nothing) => break,
                // Answers that the server sent before it closed the connection still count.
                Err(why) => {
                    let listen = |inbox: &mut Inbox| talk.listen(&peer, work, inbox);
                    gone = hear(socket, inbox, &mut heard, self.call, listen).and(Err(why));
                }
            }
        }
        watch.received(heard);
        moved |= heard > 0;
        if let Err(why) = gone {
            return self.broke(permit, &why, work);
        }
        if !self.talk.is_over() {
            if moved {
                self.be_patient(self.timeouts.exchange);
            }
            self.stage = Stage::Talking(connection, permit);
            return;
        }
        // A superfluous answer would be taken for the next one.
        if inbox.is_empty() {
            connection.requests = self.talk.next_request();
            connection.buffer = mem::take(&mut self.talk.window).into_buffer();
            self.watch.done();
            permit.put_back(connection);
        }
    }

    /// Ends the lane because the server cannot be reached or used, or lets it wait for a connection
    /// that works.
    pub(super) fn not_reached(&mut self, permit: Permit<'s>, why: &str, work: &mut dyn Work<'a>) {
        let refused = self.from.pool.not_reached(permit, why, self.began);
        self.watch.not_reached(why, refused == Refused::Outage);
        match refused {
            Refused::Outage => {
                self.server.manners.forget();
                self.fail(why, work);
            }
            Refused::Queue => self.stage = Stage::Queued,
        }
    }

    /// Ends the lane and closes its connection, which can no longer be trusted.
    pub(super) fn broke(&mut self, permit: Permit<'s>, why: &str, work: &mut dyn Work<'a>) {
        self.watch.broke(why);
        self.server.manners.forget();
        self.from.pool.broke(permit);
        self.fail(why, work);
    }

    fn fail(&mut self, why: &str, work: &mut dyn Work<'a>) {
        self.watch.failed();
        self.talk.fail(&self.server.name, work, why);
    }
}

fn peer<'p>(server: &'p Server, facts: &'p Facts) -> Peer<'p> {
    Peer { index: server.index, name: &server.name, facts }
}

fn cannot_connect(error: &io::Error) -> String {
    format!("cannot be reached: {error}")
}

mod greet;
