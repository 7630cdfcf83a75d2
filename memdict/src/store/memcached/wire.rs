//! A non-blocking stream to a server, over TCP or a unix socket. Only this file, `send` and
//! `tasks` use the network; a `socket` is what the engine has of it.

use std::{
    fmt,
    io::{self, ErrorKind, IoSlice, Read},
    net::{SocketAddr, TcpStream},
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::net::UnixStream,
    },
    vec,
};

use rustix::{
    io::{Errno, ioctl_fionbio},
    net::{AddressFamily, SocketAddrUnix, SocketType, connect, sockopt},
};

#[cfg(feature = "tokio")]
use super::tasks::socket::TaskSocket;
use super::{resolve::Target, send::send_now};

/// A connected stream of bytes, as they are on the network.
pub(super) enum Wire {
    Tcp(TcpStream),
    Unix(UnixStream),
    /// A stream that is registered with a runtime of tokio.
    #[cfg(feature = "tokio")]
    Task(TaskSocket),
}

/// Who uses a stream.
#[derive(Debug, Clone, Copy)]
pub(super) enum Callers {
    /// Threads, which wait in the call.
    Threads,
    /// The tasks of this runtime.
    #[cfg(feature = "tokio")]
    Tasks(tokio::runtime::Id),
}

impl Wire {
    /// Sends as much as the system takes at once. A closed connection is an error, and never the
    /// signal SIGPIPE, which ends a process that does not ignore it.
    pub(super) fn send(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            #[cfg(feature = "tokio")]
            Self::Task(socket) => socket.send(slices),
            Self::Tcp(_) | Self::Unix(_) => send_now(self.as_fd(), slices),
        }
    }

    /// Receives the bytes that are available. At the end of the stream there are none.
    pub(super) fn receive(&self, room: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => (&*stream).read(room),
            Self::Unix(stream) => (&*stream).read(room),
            #[cfg(feature = "tokio")]
            Self::Task(socket) => socket.receive(room),
        }
    }

    /// Receives the same, whatever a runtime knows of the stream.
    #[cfg(feature = "tls")]
    pub(super) fn receive_now(&self, room: &mut [u8]) -> io::Result<usize> {
        match self {
            #[cfg(feature = "tokio")]
            Self::Task(socket) => socket.receive_now(room),
            Self::Tcp(_) | Self::Unix(_) => self.receive(room),
        }
    }

    /// Returns whether the stream is open and holds no unexpected bytes. Otherwise it may lose one of
    /// them, unless it is a task's.
    pub(super) fn is_quiet(&self) -> bool {
        match self {
            #[cfg(feature = "tokio")]
            Self::Task(socket) => socket.is_quiet(),
            Self::Tcp(_) | Self::Unix(_) => {
                let looked = self.receive(&mut [0]);
                looked.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
            }
        }
    }

    /// Returns the stream if it is registered with a runtime.
    #[cfg(feature = "tokio")]
    pub(super) fn of_task(&self) -> Option<&TaskSocket> {
        match self {
            Self::Task(socket) => Some(socket),
            Self::Tcp(_) | Self::Unix(_) => None,
        }
    }

    /// Returns whether these callers can use the stream.
    pub(super) fn is_for(&self, callers: Callers) -> bool {
        match (self, callers) {
            (Self::Tcp(_) | Self::Unix(_), Callers::Threads) => true,
            #[cfg(feature = "tokio")]
            (Self::Task(socket), Callers::Tasks(runtime)) => socket.runtime == runtime,
            #[cfg(feature = "tokio")]
            _ => false,
        }
    }

    /// Returns whether the runtime that the stream is registered with has ended.
    pub(super) fn is_orphaned(&self) -> bool {
        match self {
            #[cfg(feature = "tokio")]
            Self::Task(socket) => socket.is_orphaned(),
            Self::Tcp(_) | Self::Unix(_) => false,
        }
    }
}

impl AsFd for Wire {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Unix(stream) => stream.as_fd(),
            #[cfg(feature = "tokio")]
            Self::Task(socket) => socket.as_fd(),
        }
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

/// A connection in progress, to one address after the other.
#[derive(Debug)]
pub(super) struct Dialing {
    socket: OwnedFd,
    /// The addresses to try next. A unix socket has none.
    rest: Option<vec::IntoIter<SocketAddr>>,
}

impl Dialing {
    /// Begins to connect.
    pub(super) fn begin(target: Target) -> io::Result<Self> {
        match target {
            Target::Path(path) => {
                let socket = open(AddressFamily::UNIX)?;
                // This is never in progress: it succeeds, or the server's queue is full.
                connect(&socket, &SocketAddrUnix::new(path)?)?;
                Ok(Self { socket, rest: None })
            }
            Target::Addresses(addresses) => {
                let nowhere = io::Error::new(ErrorKind::NotFound, "the name has no address");
                Self::next(addresses.into_iter(), nowhere)
            }
        }
    }

    /// Begins to connect to the next address that accepts the attempt.
    fn next(mut rest: vec::IntoIter<SocketAddr>, mut failure: io::Error) -> io::Result<Self> {
        while let Some(address) = rest.next() {
            match begin(&address) {
                Ok(socket) => return Ok(Self { socket, rest: Some(rest) }),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    /// Returns the stream once it is connected, or goes on with the next address.
    pub(super) fn end(self) -> io::Result<Result<Wire, Self>> {
        let Some(rest) = self.rest else {
            return Ok(Ok(Wire::Unix(self.socket.into())));
        };
        match sockopt::socket_error(&self.socket)? {
            Ok(()) => {
                let stream = TcpStream::from(self.socket);
                stream.set_nodelay(true)?;
                // Keep-alive notices a peer that vanished, even while nothing is sent.
                sockopt::set_socket_keepalive(&stream, true)?;
                Ok(Ok(Wire::Tcp(stream)))
            }
            Err(failure) => Self::next(rest, failure.into()).map(Err),
        }
    }
}

impl AsFd for Dialing {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn begin(address: &SocketAddr) -> io::Result<OwnedFd> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let socket = open(family)?;
    match connect(&socket, address) {
        Ok(()) | Err(Errno::INPROGRESS) => Ok(socket),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(target_vendor = "apple"))]
fn open(family: AddressFamily) -> io::Result<OwnedFd> {
    use rustix::net::{SocketFlags, socket_with};
    let socket = socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    ioctl_fionbio(&socket, true)?;
    Ok(socket)
}

#[cfg(target_vendor = "apple")]
fn open(family: AddressFamily) -> io::Result<OwnedFd> {
    let socket = rustix::net::socket(family, SocketType::STREAM, None)?;
    rustix::io::ioctl_fioclex(&socket)?;
    sockopt::set_socket_nosigpipe(&socket, true)?;
    ioctl_fionbio(&socket, true)?;
    Ok(socket)
}
