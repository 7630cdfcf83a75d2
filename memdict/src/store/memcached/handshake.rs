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
#[cfg(not(feature = "classic"))]
use crate::quote;
use crate::store::deadline::Deadline;

/// Added if a server closes the connection during the greeting. It may have said why, but the end
/// of the stream was seen first.
const ASKED: &str = "when asked for its version: it may have no connection free (its option `-c`), \
                     or be a proxy without meta commands (`memcache+classic:`)";

/// A connection that is being greeted.
pub(super) struct Handshake {
    pub(super) socket: Socket,
    pub(super) greeting: Greeting,
    pub(super) window: Window<'static>,
    pub(super) inbox: Inbox,
}

impl Handshake {
    /// Moves the bytes that can be moved now. Returns the facts once the greeting is complete.
    pub(super) fn go(&mut self, ready: Interest, call: Deadline) -> Result<Option<Facts>, String> {
        if ready.to_receive {
            // One piece at a time: what the server says counts more than a close that follows it.
            hear(&self.socket, &mut self.inbox, &mut 0, call, |_| Ok(true))
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
            if send(&self.socket, &mut self.window)? == Moved::Nothing {
                break;
            }
        }
        Ok(None)
    }
}

/// The reason for a server that this build cannot speak to.
#[cfg(not(feature = "classic"))]
pub(super) fn needs_classic(version: &str) -> String {
    format!(
        "has version `{}`, whose meta commands are missing or unreliable: it needs \
         memdict's cargo feature `classic`",
        quote::said(version.as_bytes())
    )
}
