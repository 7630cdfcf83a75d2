//! What a server is, asked once over a connection of its own.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream, ToSocketAddrs},
    time::{Duration, Instant},
};

use crate::store::limits;

/// Asks for all that has to be known, in one round trip.
const QUESTIONS: &[u8] = b"version\r\nstats settings\r\nmn\r\n";

/// More is no answer of a memcached to the questions.
const MAX_ANSWER: u64 = 64 * 1024;

/// The first version whose meta commands echo on a miss what a batch is recognized by.
const FIRST_WITH_BATCHES: (u32, u32, u32) = (1, 6, 18);

/// The first version whose meta commands can be relied on. Until 1.6.9 they were experimental: a
/// store written as it is today is an error there, and its value is then read as commands. Until
/// 1.6.12 a store answers with a wrong version, and a delete compares with none.
const FIRST_USABLE: (u32, u32, u32) = (1, 6, 13);

/// A server as it answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Facts {
    /// The address that answered.
    pub(super) address: SocketAddr,
    /// Its version, as it says it.
    pub(super) version: String,
    /// The largest item it takes, in bytes.
    pub(super) item_size_max: usize,
    /// Whether it keeps versions of values (not with its option `-C`).
    pub(super) cas_enabled: bool,
}

impl Facts {
    /// Whether several operations may share an exchange.
    pub(super) fn batches(&self) -> bool {
        number(&self.version).is_some_and(|version| version >= FIRST_WITH_BATCHES)
    }
}

/// Looks `name` up, connects and asks. The lookup takes as long as the system lets it, the
/// connection at most `connect_timeout` over all addresses, the answers at most `timeout`.
///
/// # Errors
/// What stands in the way of using the server, without its name.
pub(super) fn probe(
    name: &str,
    connect_timeout: Duration,
    timeout: Duration,
) -> Result<Facts, String> {
    let (stream, address) =
        connect(name, connect_timeout).map_err(|error| format!("cannot connect: {error}"))?;
    let deadline = Instant::now() + timeout;
    let mut answers = Answers::ask(stream, deadline)
        .map_err(|error| format!("cannot be asked for its version: {error}"))?;
    read(&mut answers, address)
}

fn connect(name: &str, connect_timeout: Duration) -> io::Result<(TcpStream, SocketAddr)> {
    let deadline = Instant::now() + connect_timeout;
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

fn read(answers: &mut Answers, address: SocketAddr) -> Result<Facts, String> {
    let first = answers.line()?;
    let Some(version) = first.strip_prefix("VERSION ") else {
        return Err(unwelcome(&first));
    };
    let mut facts = Facts {
        address,
        version: version.trim().to_owned(),
        item_size_max: limits::ITEM_SIZE_MAX,
        cas_enabled: true,
    };
    loop {
        let line = answers.line()?;
        let mut words = line.split(' ');
        match (words.next(), words.next(), words.next()) {
            (Some("STAT"), Some("item_size_max"), Some(value)) => {
                facts.item_size_max = value.parse().unwrap_or(limits::ITEM_SIZE_MAX);
            }
            (Some("STAT"), Some("cas_enabled"), Some(value)) => {
                facts.cas_enabled = value != "no";
            }
            (Some("STAT"), ..) => {}
            // `END`, or the refusal of one that keeps its settings to itself: the defaults hold.
            _ => break,
        }
    }
    let speaks_meta = answers.line()? == "MN";
    let too_old = number(&facts.version).is_some_and(|version| version < FIRST_USABLE);
    if too_old || !speaks_meta {
        return Err(format!(
            "is version {}, whose meta commands cannot be used: memcached 1.6.13 or later is \
             needed, and 1.6.18 or later for several operations at a time",
            facts.version
        ));
    }
    Ok(facts)
}

/// What a first answer means that is no version.
fn unwelcome(answer: &str) -> String {
    if answer.contains("unauthenticated") {
        return format!("asks for authentication, which this store does not have ({answer})");
    }
    if answer.contains("Too many open connections") {
        return format!("has no connection free ({answer}): raise its option `-c`");
    }
    let shown: String = answer.escape_default().take(80).collect();
    format!("does not answer like a memcached (`{shown}`)")
}

/// `1.6.18` and what may follow it, as numbers.
fn number(version: &str) -> Option<(u32, u32, u32)> {
    let mut parts = version.split('.').map(|part| {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        part[..digits].parse().ok()
    });
    Some((parts.next()??, parts.next()??, parts.next()??))
}

/// The lines of an answer, until a deadline.
struct Answers {
    lines: BufReader<io::Take<TcpStream>>,
    deadline: Instant,
}

impl Answers {
    fn ask(mut stream: TcpStream, deadline: Instant) -> io::Result<Self> {
        arm(&stream, deadline)?;
        stream.write_all(QUESTIONS)?;
        let lines = BufReader::new(stream.take(MAX_ANSWER));
        Ok(Self { lines, deadline })
    }

    fn line(&mut self) -> Result<String, String> {
        let mut line = Vec::new();
        let read = arm(self.lines.get_ref().get_ref(), self.deadline)
            .and_then(|()| self.lines.read_until(b'\n', &mut line));
        match read {
            Ok(_) if line.ends_with(b"\n") => {
                Ok(String::from_utf8_lossy(line.trim_ascii_end()).into_owned())
            }
            Ok(_) => Err("closed the connection when asked for its version".to_owned()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(slow()),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => Err(slow()),
            Err(error) => Err(format!("cannot be asked for its version: {error}")),
        }
    }
}

fn slow() -> String {
    "timed out when asked for its version".to_owned()
}

/// Lets the next reads and writes take what is left of the time.
fn arm(stream: &TcpStream, deadline: Instant) -> io::Result<()> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    stream.set_read_timeout(Some(left))?;
    stream.set_write_timeout(Some(left))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(number("1.6.18"), Some((1, 6, 18)));
        assert_eq!(number("1.6.9_beta2-3"), Some((1, 6, 9)));
        assert_eq!(number("1.10.0"), Some((1, 10, 0)));
        assert_eq!(number("flare-1.3.4"), None);
        assert_eq!(number("1.6"), None);
    }
}
