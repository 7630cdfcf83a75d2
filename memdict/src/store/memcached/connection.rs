//! A connection to a server.

use std::thread::{self, ThreadId};

use super::{inbox::Inbox, proto::greeting::Facts, socket::Socket};

/// An idle connection keeps buffers up to this size.
pub(super) const KEPT: usize = 64 << 10;

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
    /// The thread that used it last. It probably has the tokens that hold on this connection.
    pub(super) user: Option<ThreadId>,
}

impl Connection {
    pub(super) fn new(socket: Socket, facts: Facts, inbox: Inbox, buffer: Vec<u8>) -> Self {
        Self { socket, facts, inbox, buffer, requests: 0, user: None }
    }

    /// Makes it ready to be idle.
    pub(super) fn rest(&mut self) {
        self.user = Some(thread::current().id());
        self.inbox.shrink_to(KEPT);
        if self.buffer.capacity() > KEPT {
            self.buffer = Vec::new();
        }
    }
}
