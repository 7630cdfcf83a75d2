//! A stream to a server that is registered with a runtime.

use std::{
    io::{self, ErrorKind, IoSlice},
    os::fd::{AsFd, BorrowedFd},
    sync::atomic::{AtomicU64, Ordering},
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use rustix::net::{RecvFlags, recv, sockopt};
use tokio::{
    io::Interest,
    net::{TcpStream, UnixStream},
    runtime,
};

use super::super::{interest, send::send_now};

/// A connected stream.
pub(super) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// The runtime may notice late that an idle stream was closed, so a stream that was idle for this
/// long is asked itself. This is less than a round trip: asking earlier would not be of use, because
/// the news would still be under way.
const NOTICED: Duration = Duration::from_micros(50);

/// A stream of one runtime. It stays registered while it is idle.
pub(in crate::store::memcached) struct TaskSocket {
    stream: Stream,
    pub(in crate::store::memcached) runtime: runtime::Id,
    made: Instant,
    /// When bytes were last received, in microseconds after it was made.
    heard: AtomicU64,
}

impl TaskSocket {
    pub(super) fn new(stream: Stream, runtime: runtime::Id) -> Self {
        if let Stream::Tcp(stream) = &stream {
            // Keep-alive notices a peer that vanished, even while nothing is sent. Without it, only
            // that is missing.
            let _ = sockopt::set_socket_keepalive(stream, true);
        }
        Self { stream, runtime, made: Instant::now(), heard: AtomicU64::new(0) }
    }

    pub(in crate::store::memcached) fn send(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.try_io(Interest::WRITABLE, |fd| send_now(fd, slices))
    }

    /// Receives the bytes that are available. This makes no system call unless the runtime has
    /// noticed that there are some.
    pub(in crate::store::memcached) fn receive(&self, room: &mut [u8]) -> io::Result<usize> {
        let (mut received, size) = (None, room.len());
        let outcome = self.try_io(Interest::READABLE, |fd| {
            let bytes = rustix::io::read(fd, room)?;
            received = Some(bytes);
            // Less than there was room for was all that there was. Saying that the stream is not
            // ready any more saves the call that would find out.
            if bytes == 0 || bytes == size { Ok(()) } else { Err(ErrorKind::WouldBlock.into()) }
        });
        match (received, outcome) {
            (Some(bytes), _) => {
                let heard = self.made.elapsed().as_micros() as u64;
                self.heard.store(heard, Ordering::Relaxed);
                Ok(bytes)
            }
            (None, Err(error)) => Err(error),
            (None, Ok(())) => Err(ErrorKind::WouldBlock.into()),
        }
    }

    /// Receives the bytes that are available, whether or not the runtime has noticed them.
    #[cfg(feature = "tls")]
    pub(in crate::store::memcached) fn receive_now(&self, room: &mut [u8]) -> io::Result<usize> {
        let (received, _) = recv(self.as_fd(), room, RecvFlags::DONTWAIT)?;
        Ok(received)
    }

    fn silence(&self) -> Duration {
        let heard = Duration::from_micros(self.heard.load(Ordering::Relaxed));
        self.made.elapsed().saturating_sub(heard)
    }

    /// Returns whether the stream is open and holds no unexpected bytes.
    pub(in crate::store::memcached) fn is_quiet(&self) -> bool {
        match self.poll_ready(true, false, &mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Err(_)) => false,
            Poll::Pending if self.silence() < NOTICED => true,
            Poll::Pending | Poll::Ready(Ok(_)) => self.looks_quiet(),
        }
    }

    /// Does the same for a stream that another task waits for.
    pub(in crate::store::memcached) fn is_quiet_for_others(&self) -> bool {
        self.silence() < NOTICED || self.looks_quiet()
    }

    fn looks_quiet(&self) -> bool {
        let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
        recv(self.as_fd(), &mut [0_u8; 1][..], flags)
            .is_err_and(|error| error == rustix::io::Errno::AGAIN)
    }

    /// Returns whether the runtime of the stream has ended.
    pub(in crate::store::memcached) fn is_orphaned(&self) -> bool {
        let poll = self.poll_ready(true, false, &mut Context::from_waker(Waker::noop()));
        matches!(poll, Poll::Ready(Err(_)))
    }

    /// Polls for what is wanted. The task is woken when more of it is ready.
    pub(super) fn poll_ready(
        &self,
        to_receive: bool,
        to_send: bool,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<interest::Interest>> {
        let mut ready = interest::Interest { to_receive: false, to_send: false };
        if to_receive {
            let poll = match &self.stream {
                Stream::Tcp(stream) => stream.poll_read_ready(context)?,
                Stream::Unix(stream) => stream.poll_read_ready(context)?,
            };
            ready.to_receive = poll.is_ready();
        }
        if to_send {
            let poll = match &self.stream {
                Stream::Tcp(stream) => stream.poll_write_ready(context)?,
                Stream::Unix(stream) => stream.poll_write_ready(context)?,
            };
            ready.to_send = poll.is_ready();
        }
        match ready.to_receive || ready.to_send {
            true => Poll::Ready(Ok(ready)),
            false => Poll::Pending,
        }
    }

    fn try_io<R>(
        &self,
        interest: Interest,
        io: impl FnOnce(BorrowedFd<'_>) -> io::Result<R>,
    ) -> io::Result<R> {
        match &self.stream {
            Stream::Tcp(stream) => stream.try_io(interest, || io(stream.as_fd())),
            Stream::Unix(stream) => stream.try_io(interest, || io(stream.as_fd())),
        }
    }
}

impl AsFd for TaskSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.stream {
            Stream::Tcp(stream) => stream.as_fd(),
            Stream::Unix(stream) => stream.as_fd(),
        }
    }
}
