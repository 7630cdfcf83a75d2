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
const PERHAPS_TLS: &str = ", or speak only TLS (`memcache+tls://`)";

/// Said of one that announces it.
const CLOSES: &str = "closes the connection";

/// Added if it closes the connection during the login.
const LOGGED_IN: &str = "at the login: it may not accept the user name and the password";

/// What a server that speaks TLS answers to anything else begins with: an alert.
const ALERT: [u8; 2] = [0x15, 3];
const SPEAKS_TLS: &str = "speaks TLS at this port: use `memcache+tls://`, or another port";

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
        let mut has_more = ready.to_receive;
        while has_more {
            // One piece at a time: what the server says counts more than a close that follows it.
            hear(&self.socket, &mut self.inbox, &mut 0, call, |_| Ok(true))
                .map_err(|why| self.ended(why))?;
            if self.inbox.unread().is_some_and(|received| received.starts_with(&ALERT)) {
                return Err(Failed::Unwelcome(SPEAKS_TLS.to_owned()));
            }
            while let Some(received) = self.inbox.unread() {
                let (used, next) =
                    self.greeting.read(received, &mut self.window).map_err(Failed::Unwelcome)?;
                self.inbox.read(used);
                match next {
                    Next::Wait => break,
                    Next::Send => {}
                    Next::AskAnew => return Err(self.ended(CLOSES.to_owned())),
                    Next::Go(facts) if self.inbox.is_empty() => return Ok(Some(facts)),
                    Next::Go(_) => {
                        let why = "does not answer like a memcached: it sent too much";
                        return Err(Failed::Unwelcome(why.to_owned()));
                    }
                }
            }
            has_more = self.socket.holds_received();
        }
        while self.has_unsent() {
            let moved = send(&self.socket, &mut self.window).map_err(|why| self.ended(why))?;
            if moved == Moved::Nothing {
                break;
            }
        }
        Ok(None)
    }

    /// Returns whether there is something to send.
    pub(super) fn has_unsent(&self) -> bool {
        !self.window.is_sent() || self.socket.has_unsent()
    }

    /// Returns why the greeting ended, if the connection did.
    fn ended(&self, why: String) -> Failed {
        match self.greeting.is_logging_in() {
            _ if self.socket.is_unsecured() => Failed::Unwelcome(why),
            true => Failed::Unwelcome(format!("{why} {LOGGED_IN}")),
            false if self.socket.is_secured() => Failed::Closed(format!("{why} {ASKED}")),
            false => Failed::Closed(format!("{why} {ASKED}{PERHAPS_TLS}")),
        }
    }

    /// Returns why the greeting ended, if the server was silent for too long.
    pub(super) fn timed_out(&self) -> &'static str {
        match self.socket.is_unsecured() {
            true => "timed out in the TLS handshake: it may speak no TLS at this port",
            false => "timed out when asked for its version",
        }
    }
}
