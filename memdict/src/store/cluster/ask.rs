//! Asks an endpoint for the servers of its cluster, and the name service for addresses.

use std::{
    io::{self, ErrorKind},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use super::{
    answer::{self, Listed},
    line::Line,
    named::Named,
};
use crate::store::memcached::resolve::{Lookup, Target};

/// How long an endpoint may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    pub(super) connect: Duration,
    pub(super) exchange: Duration,
}

/// Asks one endpoint. This waits.
///
/// # Errors
///
/// The reason, as a text that follows the endpoint's name.
pub(super) fn ask(endpoint: &Named, patience: Patience) -> Result<Listed, String> {
    let connected = Instant::now() + patience.connect;
    let stream = connect(&endpoint.lookup, connected)?;
    let mut line = Line::over(stream, Instant::now() + patience.exchange);
    #[cfg(feature = "tls")]
    if let Some(tls) = &endpoint.tls {
        line = line.secured(tls)?;
    }
    let failed = |error: io::Error| match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => silent(patience),
        ErrorKind::UnexpectedEof => CLOSED.to_owned(),
        // Of TLS, which says what is wrong.
        ErrorKind::InvalidData => error.to_string(),
        _ => format!("cannot be asked for its servers: {error}"),
    };
    line.send(b"config get cluster\r\n").map_err(failed)?;
    let (mut received, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let many = line.receive(&mut piece).map_err(failed)?;
        received.extend_from_slice(&piece[..many]);
        match answer::read(&received)? {
            Some(listed) => return Ok(listed),
            None if many == 0 => return Err(CLOSED.to_owned()),
            None => {}
        }
    }
}

const CLOSED: &str = "closed the connection when asked for its servers";

fn silent(patience: Patience) -> String {
    format!("did not tell its servers within {:?} (`timeout=`)", patience.exchange)
}

/// Looks the addresses of a name up. This waits.
///
/// # Errors
///
/// The reason, as a text that follows the name.
pub(super) fn addresses(lookup: &Lookup, patience: Patience) -> Result<Vec<SocketAddr>, String> {
    found(lookup, Instant::now() + patience.connect)
}

fn found(lookup: &Lookup, by: Instant) -> Result<Vec<SocketAddr>, String> {
    match lookup.begin().wait(by)? {
        Target::Addresses(addresses) => Ok(addresses),
        Target::Path(_) => Err("is the path of a socket, and has no address".to_owned()),
    }
}

fn connect(lookup: &Lookup, by: Instant) -> Result<TcpStream, String> {
    let mut why = "it has no address".to_owned();
    for address in found(lookup, by)? {
        let left = by.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        match TcpStream::connect_timeout(&address, left) {
            Ok(stream) => return Ok(stream),
            Err(error) => why = error.to_string(),
        }
    }
    Err(format!("cannot be reached: {why}"))
}
