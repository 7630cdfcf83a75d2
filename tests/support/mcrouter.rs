//! A proxy that answers as mcrouter does (0.41, from its source): it knows the classic protocol, tells
//! its own process number and times, and closes a connection on a command that it does not know.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

const ITSELF: &str = "VERSION 0.41.0 mcrouter\r\n";
const NO_SETTINGS: &str = "CLIENT_ERROR bad stats command\r\n";
const STATS: &str = "STAT version 0.41.0 mcrouter\r\nSTAT pid 4711\r\nSTAT parent_pid 1\r\n\
                     STAT time 1800000000\r\nSTAT uptime 1000\r\nSTAT num_servers 1\r\nEND\r\n";
const MALFORMED: &str = "CLIENT_ERROR malformed request\r\n";
const UNREACHABLE: &str = "SERVER_ERROR connection error\r\n";
/// It notes the deletion in a file, and makes it later.
const LATER: &str = "NOT_FOUND\r\n";

/// A scripted mcrouter in front of one server.
#[derive(Debug)]
pub struct Mcrouter {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Mcrouter {
    /// Starts one in front of the server at `upstream` (`127.0.0.1:PORT`), whether or not it runs.
    pub fn before(upstream: &str) -> Self {
        let upstream: SocketAddr = upstream.parse().expect("an address with a port");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let address = listener.local_addr().expect("a listener has an address");
        let connections = Arc::<AtomicUsize>::default();
        let made = Arc::clone(&connections);
        // The thread ends with the process, because a listener cannot be stopped.
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                made.fetch_add(1, Ordering::Relaxed);
                thread::spawn(move || {
                    let _ = serve(&client, upstream);
                    let _ = client.shutdown(Shutdown::Both);
                });
            }
        });
        Self { address, connections }
    }

    /// Returns `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Returns how many connections were made.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

fn serve(mut client: &TcpStream, upstream: SocketAddr) -> io::Result<()> {
    client.set_nodelay(true)?;
    let mut requests = BufReader::new(client);
    let mut server = None;
    loop {
        let mut request = Vec::new();
        if requests.read_until(b'\n', &mut request)? == 0 {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&request).into_owned();
        let words: Vec<&str> = text.split_whitespace().collect();
        let value_at = match words[..] {
            ["version"] => {
                client.write_all(ITSELF.as_bytes())?;
                continue;
            }
            ["stats"] => {
                client.write_all(STATS.as_bytes())?;
                continue;
            }
            ["stats", _] => {
                client.write_all(NO_SETTINGS.as_bytes())?;
                continue;
            }
            ["set" | "add" | "replace" | "cas", ..] if words.len() > 4 => Some(4),
            ["get" | "gets" | "gat" | "gats" | "delete" | "touch" | "incr" | "decr", _, ..] => None,
            _ => return client.write_all(MALFORMED.as_bytes()),
        };
        if let Some(length) = value_at.map(|at| words[at].parse::<u64>()) {
            let Ok(length) = length else { return client.write_all(MALFORMED.as_bytes()) };
            requests.by_ref().take(length + 2).read_to_end(&mut request)?;
        }
        let is_read = words[0].starts_with('g');
        let answer = match route(&mut server, upstream, &request, is_read) {
            Ok(answer) => answer,
            Err(_) => {
                server = None;
                let deletes = words[0] == "delete";
                if deletes { LATER } else { UNREACHABLE }.as_bytes().to_vec()
            }
        };
        client.write_all(&answer)?;
    }
}

/// Asks the server. It is connected to when it is needed.
fn route(
    server: &mut Option<BufReader<TcpStream>>,
    upstream: SocketAddr,
    request: &[u8],
    is_read: bool,
) -> io::Result<Vec<u8>> {
    let server = match server {
        Some(server) => server,
        None => {
            let stream = TcpStream::connect(upstream)?;
            stream.set_nodelay(true)?;
            server.insert(BufReader::new(stream))
        }
    };
    server.get_mut().write_all(request)?;
    let mut answer = Vec::new();
    loop {
        let start = answer.len();
        if server.read_until(b'\n', &mut answer)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = String::from_utf8_lossy(&answer[start..]).into_owned();
        let Some(value) = line.strip_prefix("VALUE ").filter(|_| is_read) else {
            return Ok(answer);
        };
        let length = value.split_whitespace().nth(2).and_then(|length| length.parse::<u64>().ok());
        let length = length.ok_or(io::ErrorKind::InvalidData)?;
        server.by_ref().take(length + 2).read_to_end(&mut answer)?;
    }
}
