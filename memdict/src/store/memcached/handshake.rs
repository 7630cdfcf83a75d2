//! A connection from its first byte until its greeting is complete.

use super::{
    flow::{hear, send},
    inbox::Inbox,
    interest::Interest,
    proto::{
        greeting::{Facts, Greeting, Next},
        window::Window,
    },
    socket::{Moved, Socket},
};
use crate::store::deadline::Deadline;

/// Added if a server closes the connection during the greeting. It may have said why, but the end
/// of the stream was seen first.
const ASKED: &str = "when asked for its version: it may have no connection free (its option `-c`), or \
                     ask for a user name and a password";

/// Added if it closes the connection during the login.
const LOGGED_IN: &str = "at the login: it may not accept the user name and the password";

/// Why a greeting ended.
pub(super) enum Failed {
    /// The connection did.
    Closed(String),
    /// The server cannot be used.
    Unwelcome(String),
}

/// A connection that is being greeted.
pub(super) struct Handshake {
    pub(super) socket: Socket,
    pub(super) greeting: Greeting,
    pub(super) window: Window<'static>,
    pub(super) inbox: Inbox,
}

impl Handshake {
    /// Moves the bytes that can be moved now. Returns the facts once the greeting is complete.
    pub(super) fn go(&mut self, ready: Interest, call: Deadline) -> Result<Option<Facts>, Failed> {
        if ready.to_receive {
            // One piece at a time: what the server says counts more than a close that follows it.
            hear(&self.socket, &mut self.inbox, &mut 0, call, |_| Ok(true))
                .map_err(|why| self.closed(&why))?;
            while let Some(received) = self.inbox.unread() {
                let (used, next) =
                    self.greeting.read(received, &mut self.window).map_err(Failed::Unwelcome)?;
                self.inbox.read(used);
                match next {
                    Next::Wait => break,
                    Next::Send => {}
                    Next::Go(facts) if self.inbox.is_empty() => return Ok(Some(facts)),
                    Next::Go(_) => {
                        let why = "does not answer like a memcached: it sent too much";
                        return Err(Failed::Unwelcome(why.to_owned()));
                    }
                }
            }
        }
        while !self.window.is_sent() {
            let moved = send(&self.socket, &mut self.window);
            if moved.map_err(|why| self.closed(&why))? == Moved::Nothing {
                break;
            }
        }
        Ok(None)
    }

    fn closed(&self, why: &str) -> Failed {
        match self.greeting.is_logging_in() {
            true => Failed::Unwelcome(format!("{why} {LOGGED_IN}")),
            false => Failed::Closed(format!("{why} {ASKED}")),
        }
    }
}
