//! A stream to a server, over TCP or a unix socket, that never waits: the only file that knows
//! the network.

use std::{
    fmt,
    io::{self, ErrorKind, IoSlice, Read, Write},
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

use super::resolve::Target;

/// A connected stream.
pub(super) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// What a send or a receive came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moved {
    Bytes(usize),
    /// It would have to wait.
    Nothing,
}

impl Socket {
    /// Sends what it takes at once.
    pub(super) fn send(&mut self, slices: &[IoSlice<'_>]) -> io::Result<Moved> {
        moved(|| match (&mut *self, slices) {
            (Self::Tcp(stream), [slice]) => stream.write(slice),
            (Self::Unix(stream), [slice]) => stream.write(slice),
            (Self::Tcp(stream), _) => stream.write_vectored(slices),
            (Self::Unix(stream), _) => stream.write_vectored(slices),
        })
    }

    /// Receives what is there. No bytes are the end of the stream, which is an error.
    pub(super) fn receive(&mut self, room: &mut [u8]) -> io::Result<Moved> {
        let moved = moved(|| match self {
            Self::Tcp(stream) => stream.read(room),
            Self::Unix(stream) => stream.read(room),
        });
        match moved {
            Ok(Moved::Bytes(0)) => Err(ErrorKind::UnexpectedEof.into()),
            moved => moved,
        }
    }

    /// Whether it is open and nothing has come that nobody asked for.
    pub(super) fn is_quiet(&mut self) -> bool {
        matches!(self.receive(&mut [0]), Ok(Moved::Nothing))
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
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Unix(stream) => stream.as_fd(),
        }
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Socket")
    }
}

/// A connection on its way, to one address after the other.
#[derive(Debug)]
pub(super) struct Dialing {
    socket: OwnedFd,
    /// What to try next; a unix socket has no other address.
    rest: Option<vec::IntoIter<SocketAddr>>,
}

impl Dialing {
    /// Begins to connect.
    pub(super) fn begin(target: Target) -> io::Result<Self> {
        match target {
            Target::Path(path) => {
                let socket = open(AddressFamily::UNIX)?;
                // Not in progress: it is done, or the server has no place in its queue.
                connect(&socket, &SocketAddrUnix::new(path)?)?;
                Ok(Self { socket, rest: None })
            }
            Target::Addresses(addresses) => {
                let nowhere = io::Error::new(ErrorKind::NotFound, "the name has no address");
                Self::next(addresses.into_iter(), nowhere)
            }
        }
    }

    /// Begins with the next address that can be begun with.
    fn next(mut rest: vec::IntoIter<SocketAddr>, mut failure: io::Error) -> io::Result<Self> {
        while let Some(address) = rest.next() {
            match begin(&address) {
                Ok(socket) => return Ok(Self { socket, rest: Some(rest) }),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    /// Ends with a socket, once it is ready; or goes on with the next address.
    pub(super) fn end(self) -> io::Result<Result<Socket, Self>> {
        let Some(rest) = self.rest else {
            return Ok(Ok(Socket::Unix(self.socket.into())));
        };
        match sockopt::socket_error(&self.socket)? {
            Ok(()) => {
                let stream = TcpStream::from(self.socket);
                stream.set_nodelay(true)?;
                // A peer that is gone without a word is noticed while nothing is sent, too.
                sockopt::set_socket_keepalive(&stream, true)?;
                Ok(Ok(Socket::Tcp(stream)))
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
    ioctl_fionbio(&socket, true)?;
    Ok(socket)
}
