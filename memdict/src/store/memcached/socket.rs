//! The engine's end of a connection: a `wire`, and with the feature `tls` perhaps TLS over it.
//!
//! Over TLS, three things are different. Bytes that were received may wait in the session although the
//! wire has none ([`Socket::holds_received`]); bytes that were taken may wait to be sent
//! ([`Socket::has_unsent`]), also those of a handshake; and bytes on an idle wire may belong to TLS
//! alone.

#[cfg(feature = "tls")]
use std::sync::Mutex;
use std::{
    io::{self, ErrorKind, IoSlice},
    os::fd::{AsFd, BorrowedFd},
};

#[cfg(feature = "tokio")]
use super::tasks::socket::TaskSocket;
#[cfg(feature = "tls")]
use super::tls::session::Session;
use super::wire::{Callers, Wire};
#[cfg(feature = "tls")]
use crate::store::queue::lock;

/// A connected stream.
#[derive(Debug)]
pub(super) struct Socket {
    wire: Wire,
    /// Tasks that share a connection send while its driver receives.
    #[cfg(feature = "tls")]
    tls: Option<Mutex<Session>>,
}

/// The result of a send or a receive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moved {
    Bytes(usize),
    /// The call would have to wait.
    Nothing,
}

impl Socket {
    /// Makes a stream whose bytes are those on the wire.
    pub(super) fn plain(wire: Wire) -> Self {
        Self {
            wire,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    /// Makes a stream over TLS. The handshake is a part of what is sent and received.
    #[cfg(feature = "tls")]
    pub(super) fn secured(wire: Wire, session: Session) -> Self {
        Self { wire, tls: Some(Mutex::new(session)) }
    }

    /// Sends as much as the system takes at once. A closed connection is an error, of a call that took
    /// none of the bytes. Of no bytes at all, sends what TLS has left to send.
    ///
    /// So many bytes come before the last request that will be sent for now, which is a record of its
    /// own over TLS.
    pub(super) fn send(&self, slices: &[IoSlice<'_>], before_last: usize) -> io::Result<Moved> {
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            let mut session = lock(tls);
            let push = |slices: &[IoSlice<'_>]| self.wire.send(slices);
            return moved(|| session.send(slices, before_last, &push));
        }
        #[cfg(not(feature = "tls"))]
        let _ = before_last;
        moved(|| self.wire.send(slices))
    }

    /// Receives the bytes that are available. The end of the stream is an error.
    pub(super) fn receive(&self, room: &mut [u8]) -> io::Result<Moved> {
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            return self.hear(tls, room, &|room| self.wire.receive(room));
        }
        match moved(|| self.wire.receive(room)) {
            Ok(Moved::Bytes(0)) => Err(ErrorKind::UnexpectedEof.into()),
            moved => moved,
        }
    }

    #[cfg(feature = "tls")]
    fn hear(
        &self,
        tls: &Mutex<Session>,
        room: &mut [u8],
        pull: &dyn Fn(&mut [u8]) -> io::Result<usize>,
    ) -> io::Result<Moved> {
        let mut session = lock(tls);
        moved(|| session.receive(room, pull, &|slices| self.wire.send(slices)))
    }

    /// Returns whether bytes can be received of which the system does not know: nobody is woken for
    /// them.
    pub(super) fn holds_received(&self) -> bool {
        #[cfg(feature = "tls")]
        return self.tls.as_ref().is_some_and(|tls| lock(tls).holds_received());
        #[cfg(not(feature = "tls"))]
        return false;
    }

    /// Returns whether bytes that were taken are still to be sent.
    pub(super) fn has_unsent(&self) -> bool {
        #[cfg(feature = "tls")]
        return self.tls.as_ref().is_some_and(|tls| lock(tls).has_unsent());
        #[cfg(not(feature = "tls"))]
        return false;
    }

    /// Returns whether the stream is over TLS.
    pub(super) fn is_secured(&self) -> bool {
        #[cfg(feature = "tls")]
        return self.tls.is_some();
        #[cfg(not(feature = "tls"))]
        return false;
    }

    /// Returns whether the server has refused TLS.
    #[cfg(feature = "tls")]
    pub(super) fn is_refused(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| lock(tls).is_refused())
    }

    /// Returns whether the two ends have not agreed on TLS, or do not any more.
    pub(super) fn is_unsecured(&self) -> bool {
        #[cfg(feature = "tls")]
        return self.tls.as_ref().is_some_and(|tls| lock(tls).is_unsecured());
        #[cfg(not(feature = "tls"))]
        return false;
    }

    /// Returns whether the stream is open and holds no unexpected bytes.
    pub(super) fn is_quiet(&self) -> bool {
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            return match &self.wire {
                #[cfg(feature = "tokio")]
                Wire::Task(task) if task.is_quiet() => !lock(tls).holds_received(),
                wire => !wire.is_orphaned() && self.has_only_tls(tls),
            };
        }
        self.wire.is_quiet()
    }

    /// Does the same for a stream that another task waits for.
    #[cfg(feature = "tokio")]
    pub(super) fn is_quiet_for_others(&self) -> bool {
        let is_quiet = self.of_task().is_some_and(TaskSocket::is_quiet_for_others);
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            return if is_quiet { !lock(tls).holds_received() } else { self.has_only_tls(tls) };
        }
        is_quiet
    }

    /// Reads what has arrived, and returns whether all of it belongs to TLS, as do tickets for later
    /// connections and new keys.
    #[cfg(feature = "tls")]
    fn has_only_tls(&self, tls: &Mutex<Session>) -> bool {
        matches!(self.hear(tls, &mut [0], &|room| self.wire.receive_now(room)), Ok(Moved::Nothing))
    }

    /// Returns the stream if it is registered with a runtime.
    #[cfg(feature = "tokio")]
    pub(super) fn of_task(&self) -> Option<&TaskSocket> {
        self.wire.of_task()
    }

    /// Returns whether these callers can use the stream.
    pub(super) fn is_for(&self, callers: Callers) -> bool {
        self.wire.is_for(callers)
    }

    /// Returns whether the runtime that the stream is registered with has ended.
    pub(super) fn is_orphaned(&self) -> bool {
        self.wire.is_orphaned()
    }
}

fn moved(mut once: impl FnMut() -> io::Result<usize>) -> io::Result<Moved> {
    loop {
        match once() {
            Ok(bytes) => return Ok(Moved::Bytes(bytes)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Moved::Nothing),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wire.as_fd()
    }
}
