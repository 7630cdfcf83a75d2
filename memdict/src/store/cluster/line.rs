//! A connection to an endpoint, perhaps with TLS over it. It waits, until a point in time.

#[cfg(feature = "tls")]
use std::io::IoSlice;
use std::{
    io::{self, ErrorKind, Read, Write},
    net::TcpStream,
    time::Instant,
};

#[cfg(feature = "tls")]
use crate::store::memcached::tls::{client::Client, session::Session};

pub(super) struct Line {
    stream: TcpStream,
    ends: Instant,
    #[cfg(feature = "tls")]
    tls: Option<Session>,
}

impl Line {
    /// Makes a line that is of use until then.
    pub(super) fn over(stream: TcpStream, ends: Instant) -> Self {
        Self {
            stream,
            ends,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    /// Speaks TLS over it.
    ///
    /// # Errors
    /// The reason why it cannot, as a text that follows the endpoint's name.
    #[cfg(feature = "tls")]
    pub(super) fn secured(self, client: &Client) -> Result<Self, String> {
        Ok(Self { tls: Some(client.begin()?), ..self })
    }

    /// Sends a question, which is small.
    pub(super) fn send(&mut self, question: &[u8]) -> io::Result<()> {
        let Self { stream, ends, .. } = self;
        stream.set_write_timeout(Some(left(*ends)?))?;
        #[cfg(feature = "tls")]
        if let Some(tls) = &mut self.tls {
            let push = |slices: &[IoSlice<'_>]| (&*stream).write_vectored(slices);
            // The session keeps it until the handshake is complete, which the answer waits for.
            let taken = tls.send(&[IoSlice::new(question)], 0, &push)?;
            return if taken == question.len() { Ok(()) } else { Err(ErrorKind::WriteZero.into()) };
        }
        stream.write_all(question)
    }

    /// Receives a part of the answer.
    pub(super) fn receive(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let Self { stream, ends, .. } = self;
        let pull = |room: &mut [u8]| {
            stream.set_read_timeout(Some(left(*ends)?))?;
            (&*stream).read(room)
        };
        #[cfg(feature = "tls")]
        if let Some(tls) = &mut self.tls {
            return tls.receive(room, &pull, &|slices| (&*stream).write_vectored(slices));
        }
        pull(room)
    }
}

/// Returns how much time is left.
fn left(ends: Instant) -> io::Result<std::time::Duration> {
    let left = ends.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(ErrorKind::WouldBlock.into()) } else { Ok(left) }
}
