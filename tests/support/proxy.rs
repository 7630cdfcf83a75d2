//! A proxy that fails on command.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, SocketAddrV4, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use rustix::net::sockopt::set_socket_linger;

use crate::established::is_established;

/// The direction of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the client to the server.
    Requests,
    /// From the server to the client.
    Answers,
}

/// How a stream ends for the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// As if the server had closed it.
    Closed,
    /// As if the server, or a machine in between, had crashed.
    Reset,
    /// It stays open, and no more bytes arrive.
    Silent,
}

/// Passes bytes on between a store and a server, and counts them.
///
/// When it cuts a stream, it waits until the server has processed everything that reached it and
/// has closed its end. Only then does the client see the end, so that the stored values are final
/// when the client continues. It ends with the process, because a listener cannot be stopped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    faults: Mutex<Faults>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Faults {
    passed: [u64; 2],
    /// The direction, the bytes that may still pass, and what then happens, once.
    cut: Option<(Way, u64, End)>,
    delay: Duration,
    stalled: bool,
    turns_away: bool,
    /// The version that the server reports, and the one that the client reads.
    version: Option<(String, String)>,
    /// What the client reads of the server's life.
    life: Option<[(&'static str, u64); 3]>,
    /// Where new connections go, if not to the first server.
    redirected: Option<SocketAddr>,
    connections: usize,
    /// The number of connections whose end the client has not seen.
    alive: usize,
    open: Vec<Arc<Pair>>,
}

/// The two ends of one connection.
#[derive(Debug)]
struct Pair {
    client: TcpStream,
    server: TcpStream,
    /// The direction in which no more bytes pass, and how the client sees the end.
    end: Mutex<Option<(Way, End)>>,
}

/// The fate of a piece that arrived.
enum Pass {
    All,
    /// Only this many bytes of it pass, and none after it.
    Only(usize, End),
}

impl Proxy {
    /// Starts a proxy in front of the server at `upstream` (`127.0.0.1:PORT`).
    pub fn before(upstream: &str) -> Self {
        let upstream: SocketAddr = upstream.parse().expect("an address with a port");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let address = listener.local_addr().expect("a listener has an address");
        let shared = Arc::<Shared>::default();
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                accepting.connect(client, upstream);
            }
        });
        Self { address, shared }
    }

    /// Returns `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Returns how many bytes went in this direction, over all connections, since the last
    /// [`cut`](Self::cut) or [`count_anew`](Self::count_anew).
    pub fn passed(&self, way: Way) -> u64 {
        self.shared.faults().passed[way as usize]
    }

    /// Returns how many connections were made.
    pub fn connections(&self) -> usize {
        self.shared.faults().connections
    }

    /// Counts from 0 again, and cuts nothing.
    pub fn count_anew(&self) {
        let mut faults = self.shared.faults();
        faults.passed = [0; 2];
        faults.cut = None;
    }

    /// Counts from 0 again, lets `after` bytes pass in this direction, and ends the connection on
    /// which the next byte arrives. This happens once; later connections work. If `after` is the
    /// length of the whole conversation, nothing is cut unless more is sent.
    pub fn cut(&self, way: Way, after: u64, end: End) {
        let mut faults = self.shared.faults();
        faults.passed = [0; 2];
        faults.cut = Some((way, after, end));
    }

    /// Returns whether the last [`cut`](Self::cut) has happened.
    pub fn has_cut(&self) -> bool {
        self.shared.faults().cut.is_none()
    }

    /// Delays each answer from now on.
    pub fn delay(&self, delay: Duration) {
        self.shared.faults().delay = delay;
    }

    /// Stops passing bytes on, or starts again. Connections stay open and are accepted.
    pub fn stall(&self, stalled: bool) {
        self.shared.faults().stalled = stalled;
        self.shared.changed.notify_all();
    }

    /// Closes each connection that is made from now on, or accepts them again.
    pub fn turn_away(&self, turns_away: bool) {
        self.shared.faults().turns_away = turns_away;
    }

    /// Makes the server report another version than its own.
    pub fn pretend(&self, version: &str, pretended: &str) {
        let said = |version: &str| format!("VERSION {version}\r\n");
        self.shared.faults().version = Some((said(version), said(pretended)));
    }

    /// Tells the clients of later connections this process number and time of start, whatever the
    /// server's are.
    pub fn pretend_life(&self, pid: u64, start: u64) {
        let life = [("pid", pid), ("uptime", 10), ("time", start + 10)];
        self.shared.faults().life = Some(life);
    }

    /// Passes new connections on to the server at `upstream`.
    pub fn redirect(&self, upstream: &str) {
        let upstream = upstream.parse().expect("an address with a port");
        self.shared.faults().redirected = Some(upstream);
    }

    /// Ends every connection, and returns when the clients can see it.
    pub fn hang_up(&self, end: End) {
        let mut faults = self.shared.faults();
        let mut clients = Vec::new();
        for pair in std::mem::take(&mut faults.open) {
            clients.extend(pair.ends());
            pair.hang_up(Way::Answers, end);
        }
        while faults.alive > 0 && end != End::Silent {
            faults = self.shared.changed.wait(faults).unwrap_or_else(PoisonError::into_inner);
        }
        drop(faults);
        // On a busy machine the system delivers the end later than it takes it.
        for (here, there) in clients {
            while end != End::Silent && is_established(here, there) {
                thread::yield_now();
            }
        }
    }
}

impl Shared {
    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connect(self: &Arc<Self>, client: TcpStream, upstream: SocketAddr) {
        let mut faults = self.faults();
        faults.connections += 1;
        if faults.turns_away {
            return;
        }
        let upstream = faults.redirected.unwrap_or(upstream);
        drop(faults);
        // Without a server, the client's connection is closed.
        let Ok(server) = TcpStream::connect(upstream) else { return };
        for stream in [&client, &server] {
            stream.set_nodelay(true).expect("an option is set");
        }
        let pair = Arc::new(Pair { client, server, end: Mutex::new(None) });
        let mut faults = self.faults();
        faults.open.push(Arc::clone(&pair));
        faults.alive += 1;
        drop(faults);

        let (shared, ends) = (Arc::clone(self), Arc::clone(&pair));
        let requests = thread::spawn(move || {
            shared.pump(Way::Requests, &ends, |_, piece| (&ends.server).write_all(&piece).is_ok());
        });
        let (late, arrived) = sync_channel(256);
        let (shared, ends) = (Arc::clone(self), Arc::clone(&pair));
        let answers = thread::spawn(move || {
            shared.pump(Way::Answers, &ends, |due, piece| late.send((due, piece)).is_ok());
        });
        let shared = Arc::clone(self);
        thread::spawn(move || {
            deliver(&pair, &arrived);
            pair.bury();
            // The threads own the client's end, which is closed with the last of them.
            let _ = (requests.join(), answers.join());
            shared.faults().open.retain(|open| !Arc::ptr_eq(open, &pair));
            drop(pair);
            shared.faults().alive -= 1;
            shared.changed.notify_all();
        });
    }

    /// Passes bytes on in one direction until the stream ends.
    fn pump(&self, way: Way, pair: &Pair, mut pass: impl FnMut(Instant, Vec<u8>) -> bool) {
        let mut from = if way == Way::Requests { &pair.client } else { &pair.server };
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = match from.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => break,
            };
            // Bytes that arrive after a cut are dropped.
            if pair.end().is_some_and(|(ended, _)| ended == way) {
                continue;
            }
            let (allowed, due) = self.allow(way, read);
            let (length, end) = match allowed {
                Pass::All => (read, None),
                Pass::Only(length, end) => (length, Some(end)),
            };
            let piece = self.pretended(way, &buffer[..length]);
            let passed = length == 0 || pass(due, piece);
            if let Some(end) = end {
                pair.hang_up(way, end);
            }
            if !passed {
                break;
            }
        }
        // The server sees the end, and first answers what it has received.
        let _ = pair.server.shutdown(Shutdown::Write);
    }

    /// Returns a piece as it is passed on. A version is short and comes first, and statistics are
    /// sent at once, so each is in one piece.
    fn pretended(&self, way: Way, piece: &[u8]) -> Vec<u8> {
        let faults = self.faults();
        let mut piece = piece.to_vec();
        if way == Way::Requests {
            return piece;
        }
        if let Some((version, pretended)) = &faults.version
            && let Some(rest) = piece.strip_prefix(version.as_bytes())
        {
            piece = [pretended.as_bytes(), rest].concat();
        }
        if let Some(life) = &faults.life
            && piece.windows(9).any(|at| at == b"STAT pid ")
        {
            let text = String::from_utf8(piece).expect("statistics are text");
            let line = |line: &str| match life.iter().find(|(name, _)| {
                line.strip_prefix("STAT ")
                    .and_then(|rest| rest.strip_prefix(name))
                    .is_some_and(|rest| rest.starts_with(' '))
            }) {
                Some((name, value)) => format!("STAT {name} {value}\r\n"),
                None => line.to_owned(),
            };
            piece = text.split_inclusive('\n').map(line).collect::<String>().into_bytes();
        }
        piece
    }

    /// Waits while the proxy is stalled. Returns how much of a piece may pass, and when it is due.
    fn allow(&self, way: Way, length: usize) -> (Pass, Instant) {
        let mut faults = self.faults();
        while faults.stalled {
            faults = self.changed.wait(faults).unwrap_or_else(PoisonError::into_inner);
        }
        let due = Instant::now() + faults.delay;
        if let Some((cut, after, end)) = faults.cut
            && cut == way
        {
            let left = after - faults.passed[way as usize];
            if left < length as u64 {
                faults.cut = None;
                faults.passed[way as usize] = after;
                return (Pass::Only(left as usize, end), due);
            }
        }
        faults.passed[way as usize] += length as u64;
        (Pass::All, due)
    }
}

/// Sends the answers to the client when they are due.
fn deliver(pair: &Pair, arrived: &Receiver<(Instant, Vec<u8>)>) {
    for (due, piece) in arrived {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        if (&pair.client).write_all(&piece).is_err() {
            let _ = pair.server.shutdown(Shutdown::Both);
        }
    }
}

impl Pair {
    /// Returns the client's address and the proxy's.
    fn ends(&self) -> Option<(SocketAddrV4, SocketAddrV4)> {
        match (self.client.peer_addr().ok()?, self.client.local_addr().ok()?) {
            (SocketAddr::V4(client), SocketAddr::V4(proxy)) => Some((client, proxy)),
            _ => None,
        }
    }

    fn end(&self) -> Option<(Way, End)> {
        *self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the server's side. [`bury`](Self::bury) ends the client's side after the server is
    /// done.
    fn hang_up(&self, way: Way, end: End) {
        *self.end.lock().unwrap_or_else(PoisonError::into_inner) = Some((way, end));
        let _ = self.server.shutdown(Shutdown::Write);
    }

    /// Ends the client's side as requested, and wakes the thread that reads from it.
    fn bury(&self) {
        let _ = match self.end() {
            None | Some((_, End::Closed)) => self.client.shutdown(Shutdown::Both),
            Some((_, End::Reset)) => {
                set_socket_linger(&self.client, Some(Duration::ZERO)).expect("an option is set");
                self.client.shutdown(Shutdown::Read)
            }
            Some((_, End::Silent)) => Ok(()),
        };
    }
}
