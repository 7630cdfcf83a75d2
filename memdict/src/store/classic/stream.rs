//! A connection to a server, over TCP or a unix socket.

#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream, ToSocketAddrs},
    time::{Duration, Instant},
};

use super::{
    address::{Dial, is_path},
    failure,
};

/// A connection, each read and write of which ends after the timeout.
pub(super) enum Stream {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl Stream {
    /// Connects to the server of this name.
    pub(super) fn connect(name: &str, dial: &Dial) -> Result<Self, String> {
        let io = |error| failure::io(&error);
        let wait = Some(dial.exchange);
        if is_path(name) {
            return Self::connect_to_path(name, wait);
        }
        let (stream, _) = reach(name, dial.connect).map_err(io)?;
        stream.set_read_timeout(wait).map_err(io)?;
        stream.set_write_timeout(wait).map_err(io)?;
        stream.set_nodelay(true).map_err(io)?;
        Ok(Self::Tcp(stream))
    }

    #[cfg(unix)]
    fn connect_to_path(path: &str, wait: Option<Duration>) -> Result<Self, String> {
        let io = |error| failure::io(&error);
        let stream = UnixStream::connect(path).map_err(io)?;
        stream.set_read_timeout(wait).map_err(io)?;
        stream.set_write_timeout(wait).map_err(io)?;
        Ok(Self::Unix(stream))
    }

    #[cfg(not(unix))]
    fn connect_to_path(_: &str, _: Option<Duration>) -> Result<Self, String> {
        Err("this system has no Unix sockets in Rust's standard library".to_owned())
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(buffer),
            #[cfg(unix)]
            Self::Unix(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(buffer),
            #[cfg(unix)]
            Self::Unix(stream) => stream.write(buffer),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.flush(),
            #[cfg(unix)]
            Self::Unix(stream) => stream.flush(),
        }
    }
}

/// Connects to the first address of the server that accepts connections, within `timeout` over all
/// of its addresses.
pub(super) fn reach(name: &str, timeout: Duration) -> io::Result<(TcpStream, SocketAddr)> {
    let deadline = Instant::now() + timeout;
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in name.to_socket_addrs()? {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        match TcpStream::connect_timeout(&address, left) {
            Ok(stream) => return Ok((stream, address)),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}
