//! One connection's TLS: it turns the bytes of an engine into records and back. It does no I/O of its
//! own, and never waits.
//!
//! Bytes that it takes may leave at once or later, but it takes more only when those before have left.
//! So what it holds is bounded, and a request that it took counts as sent.
//!
//! **The last request is a record of its own.** memcached (1.6.18 does) reads the rest of a large value
//! out of a record, and then waits until more arrives, although requests are left in that record. If
//! nothing more is sent until they are answered, both ends wait. The record of the last request wakes
//! the server, and has nothing behind it.

use std::{
    fmt,
    io::{self, BufRead, ErrorKind, IoSlice, Read, Write},
};

use rustls::{ClientConnection, Error};

use super::{super::inbox::Inbox, failure::Failure};

/// How many bytes it holds at most that are to be sent, before they are encrypted or afterwards.
const UNSENT: usize = 64 << 10;

/// How many bytes of a server may make up a handshake, or may follow one another without any content.
const EMPTY: usize = 256 << 10;

/// Sends bytes on the wire, or fails with `WouldBlock`.
pub(in crate::store) type Push<'p> = &'p dyn Fn(&[IoSlice<'_>]) -> io::Result<usize>;

/// Receives bytes from the wire, or fails with `WouldBlock`.
pub(in crate::store) type Pull<'p> = &'p dyn Fn(&mut [u8]) -> io::Result<usize>;

/// The TLS of one connection.
pub(in crate::store) struct Session {
    tls: ClientConnection,
    failure: Failure,
    /// What was received and not yet decrypted.
    inbox: Inbox,
    /// How many bytes were received since the last one with content.
    empty: usize,
    /// Whether the server has said that it refuses the connection.
    is_refused: bool,
    /// Why nothing more is received.
    ended: Option<(ErrorKind, String)>,
}

impl Session {
    pub(super) fn of(mut tls: ClientConnection, failure: Failure) -> Self {
        tls.set_buffer_limit(Some(UNSENT));
        Self { tls, failure, inbox: Inbox::default(), empty: 0, is_refused: false, ended: None }
    }

    /// Takes bytes to send, and sends what it can. Returns how many it took.
    ///
    /// # Errors
    /// `WouldBlock`, or the connection is of no more use. None of the bytes was taken.
    pub(in crate::store) fn send(
        &mut self,
        slices: &[IoSlice<'_>],
        before_last: usize,
        push: Push<'_>,
    ) -> io::Result<usize> {
        match self.flush(push) {
            Ok(()) => {}
            // Something moved, which is told; the next call would have to wait.
            Err((true, error)) if error.kind() == ErrorKind::WouldBlock => return Ok(0),
            Err((_, error)) => return Err(error),
        }
        if slices.is_empty() {
            return Ok(0);
        }
        let taken = match self.take(slices, before_last) {
            Ok(0) => return Err(ErrorKind::WouldBlock.into()),
            Ok(taken) => taken,
            Err(error) => return Err(self.why_not_sent(error)),
        };
        // What was taken may be on its way, so a failure is told by the next call.
        let _ = self.flush(push);
        Ok(taken)
    }

    /// Encrypts what there is room for, what comes before the last request apart from it.
    fn take(&mut self, slices: &[IoSlice<'_>], before_last: usize) -> io::Result<usize> {
        let (mut before, mut last) = (Vec::with_capacity(slices.len()), Vec::new());
        let mut left = before_last;
        for slice in slices {
            let (head, tail) = slice.split_at(left.min(slice.len()));
            left -= head.len();
            before.push(IoSlice::new(head));
            last.push(IoSlice::new(tail));
        }
        let mut writer = self.tls.writer();
        let taken = if before_last > 0 { writer.write_vectored(&before)? } else { 0 };
        if left == 0 && taken == before_last {
            return Ok(taken + writer.write_vectored(&last).unwrap_or(0));
        }
        Ok(taken)
    }

    fn why_not_sent(&self, error: io::Error) -> io::Error {
        match &self.ended {
            Some((kind, why)) => io::Error::new(*kind, why.clone()),
            None => error,
        }
    }

    /// Sends the records that are ready. An error tells whether anything was sent before it.
    fn flush(&mut self, push: Push<'_>) -> Result<(), (bool, io::Error)> {
        let mut moved = false;
        while self.tls.wants_write() {
            match self.tls.write_tls(&mut Outward(push)) {
                Ok(0) => return Err((moved, ErrorKind::WriteZero.into())),
                Ok(_) => moved = true,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err((moved, error)),
            }
        }
        Ok(())
    }

    /// Receives the content that is available.
    ///
    /// # Errors
    /// `WouldBlock`, or the connection has ended.
    pub(in crate::store) fn receive(
        &mut self,
        room: &mut [u8],
        pull: Pull<'_>,
        push: Push<'_>,
    ) -> io::Result<usize> {
        let (mut filled, mut is_drained) = (0, false);
        loop {
            // A failed session still has what came before the failure.
            filled += self.tls.reader().read(&mut room[filled..]).unwrap_or(0);
            if filled == room.len() || self.ended.is_some() {
                break;
            }
            if self.inbox.is_empty() {
                // Less than there was room for was all that there was.
                if filled > 0 && is_drained {
                    break;
                }
                let space = self.inbox.room();
                let size = space.len();
                match pull(space) {
                    Ok(0) => self.end(),
                    Ok(bytes) => {
                        self.inbox.received(bytes);
                        is_drained = bytes < size;
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) => self.ended = Some((error.kind(), error.to_string())),
                }
            }
            self.decrypt();
            // An answer of TLS itself, or the alert that says what is wrong. What cannot be sent now
            // is sent later; a failure is told by the next send.
            let _ = self.flush(push);
        }
        match &self.ended {
            _ if filled > 0 => Ok(filled),
            Some((kind, why)) => Err(io::Error::new(*kind, why.clone())),
            None => Err(ErrorKind::WouldBlock.into()),
        }
    }

    /// Notes the end of the stream.
    fn end(&mut self) {
        self.ended = Some(match self.tls.is_handshaking() {
            true => (ErrorKind::InvalidData, self.failure.closed()),
            false => (ErrorKind::UnexpectedEof, String::new()),
        });
    }

    fn fail(&mut self, why: String) {
        self.ended = Some((ErrorKind::InvalidData, why));
    }

    /// Decrypts what was received, up to the first content.
    fn decrypt(&mut self) {
        while self.ended.is_none()
            && let Some(mut unread) = self.inbox.unread()
        {
            let before = unread.len();
            let taken = self.tls.read_tls(&mut unread).map(|_| before - unread.len());
            let taken = match taken {
                Ok(0) => return self.end(),
                Ok(taken) => taken,
                Err(_) => return self.fail(self.failure.endless()),
            };
            self.inbox.read(taken);
            self.empty += taken;
            let was_handshaking = self.tls.is_handshaking();
            match self.tls.process_new_packets() {
                Ok(state) if state.plaintext_bytes_to_read() > 0 => {
                    self.empty = 0;
                    return;
                }
                Ok(state) if state.peer_has_closed() => return self.end(),
                Ok(_) if self.empty > EMPTY => return self.fail(self.failure.endless()),
                Ok(_) => {}
                Err(error) => {
                    self.is_refused = matches!(error, Error::AlertReceived(_));
                    return self.fail(self.failure.says(&error, was_handshaking));
                }
            }
        }
    }

    /// Returns whether there is content, or may be, that is already off the wire.
    pub(in crate::store) fn holds_received(&mut self) -> bool {
        let has_content = self.tls.reader().fill_buf().is_ok_and(|content| !content.is_empty());
        has_content || !self.inbox.is_empty() && self.ended.is_none()
    }

    /// Returns whether records are ready that were not sent.
    pub(in crate::store) fn has_unsent(&self) -> bool {
        self.ended.is_none() && self.tls.wants_write()
    }

    /// Returns whether the server has said that it refuses the connection.
    pub(in crate::store) fn is_refused(&self) -> bool {
        self.is_refused
    }

    /// Returns whether the handshake is not complete, or TLS has failed.
    pub(in crate::store) fn is_unsecured(&self) -> bool {
        let failed = self.ended.as_ref().is_some_and(|(kind, _)| *kind == ErrorKind::InvalidData);
        failed || self.tls.is_handshaking()
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

/// Writes records to the wire.
struct Outward<'p>(Push<'p>);

impl Write for Outward<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (self.0)(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        (self.0)(slices)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
