//! A server that answers as Flare 1.3.4 does: the classic protocol, values that survive a restart,
//! and versions that begin again at 1 once the node has forgotten a deletion.

use std::{
    collections::HashMap,
    io::{self, BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

/// A scripted Flare node.
#[derive(Debug)]
pub struct Flare {
    address: SocketAddr,
    node: Arc<Mutex<Node>>,
}

#[derive(Debug, Default)]
struct Node {
    items: HashMap<Vec<u8>, Item>,
    /// Whether it holds a part of the keys (the index server's `node role`).
    has_no_role: bool,
    requests: Vec<String>,
    connections: Vec<TcpStream>,
}

/// A value, or the deletion of one, which keeps the version.
#[derive(Debug)]
struct Item {
    value: Option<Vec<u8>>,
    flags: String,
    /// When it ends, by the clock of the system, or 0.
    ends: u64,
    version: u64,
}

impl Flare {
    /// Starts a node that holds all keys.
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let address = listener.local_addr().expect("a listener has an address");
        let node = Arc::<Mutex<Node>>::default();
        let shared = Arc::clone(&node);
        // The thread ends with the process, because a listener cannot be stopped.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                thread::spawn(move || {
                    let _ = serve(&stream, &shared);
                    // The node has a second handle.
                    let _ = stream.shutdown(Shutdown::Both);
                });
            }
        });
        Self { address, node }
    }

    /// Returns `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Forgets which keys were deleted, as it does after 65,536 other deletions.
    pub fn forget_deletions(&self) {
        lock(&self.node).items.retain(|_, item| item.value.is_some());
    }

    /// Restarts: connections end, deletions are forgotten, and values stay.
    pub fn restart(&self) {
        self.forget_deletions();
        for connection in lock(&self.node).connections.drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    /// Takes the node's role away, or gives it back.
    pub fn has_role(&self, has: bool) {
        lock(&self.node).has_no_role = !has;
    }

    /// Returns the received request lines.
    pub fn requests(&self) -> Vec<String> {
        lock(&self.node).requests.clone()
    }

    /// Sends text on a connection of its own. Returns what it answers within a moment.
    pub fn ask(&self, text: &str) -> String {
        let mut stream = TcpStream::connect(self.address).expect("the node takes connections");
        stream.write_all(text.as_bytes()).expect("the node reads");
        stream.shutdown(Shutdown::Write).expect("the node reads to the end");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the node answers with text");
        answer
    }
}

fn lock(node: &Mutex<Node>) -> MutexGuard<'_, Node> {
    node.lock().unwrap_or_else(PoisonError::into_inner)
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970").as_secs()
}

fn serve(mut stream: &TcpStream, node: &Mutex<Node>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    lock(node).connections.push(stream.try_clone()?);
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        let text = line.trim_ascii_end().to_vec();
        line.clear();
        let shown = String::from_utf8_lossy(&text).into_owned();
        let words: Vec<&[u8]> = text.split(|&byte| byte == b' ').collect();
        let answer = match body(&words, &mut reader)? {
            Some(value) => {
                let mut node = lock(node);
                node.requests.push(shown);
                node.answer(&words, &value)
            }
            // The value is then read as a request.
            None => b"ERROR\r\n".to_vec(),
        };
        stream.write_all(&answer)?;
    }
    Ok(())
}

/// Reads the value of a request, or nothing if it has none. Returns `None` if the request line is
/// refused, and the value is left unread.
fn body(words: &[&[u8]], reader: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let many = match words[0] {
        b"set" | b"add" => 5,
        b"cas" => 6,
        _ => return Ok(Some(Vec::new())),
    };
    let numbers: Option<Vec<u64>> = words[2..].iter().map(|word| number(word)).collect();
    let Some(numbers) = numbers.filter(|_| words.len() == many) else { return Ok(None) };
    let mut value = vec![0; numbers[2] as usize + 2];
    reader.read_exact(&mut value)?;
    value.truncate(numbers[2] as usize);
    Ok(Some(value))
}

fn number(word: &[u8]) -> Option<u64> {
    std::str::from_utf8(word).ok()?.parse().ok()
}

fn line(text: &str) -> Vec<u8> {
    format!("{text}\r\n").into_bytes()
}

impl Node {
    fn answer(&mut self, words: &[&[u8]], value: &[u8]) -> Vec<u8> {
        match (words[0], &words[1..]) {
            (b"version", []) => line("VERSION flare-1.3.4"),
            (b"stats", []) => {
                let time = now();
                line(&format!("STAT pid 7\r\nSTAT uptime 5\r\nSTAT time {time}\r\nEND"))
            }
            (b"gets" | b"get", keys @ [_, ..]) => self.values(keys, words[0] == b"gets"),
            (b"gat", [key, _]) if number(key).is_none() => {
                // The key and the time are exchanged, and there is no `END`.
                line(&format!("VALUE {} 0 1\r\nv", String::from_utf8_lossy(key)))
            }
            _ if self.has_no_role => line("SERVER_ERROR no partition available"),
            (b"set" | b"add" | b"cas", [key, flags, ends, _, versions @ ..]) => {
                let version = versions.first().and_then(|word| number(word));
                let there = self.find(key).map(|item| item.version);
                match (words[0], there) {
                    (b"add", Some(_)) => return line("NOT_STORED"),
                    (b"cas", None) => return line("NOT_FOUND"),
                    (b"cas", there) if there != version => return line("EXISTS"),
                    _ => {}
                }
                let flags = String::from_utf8_lossy(flags).into_owned();
                self.store(key, flags, number(ends).unwrap_or_default(), value.to_vec());
                line("STORED")
            }
            (b"delete", [key, ..]) => match self.find(key) {
                Some(item) => {
                    item.value = None;
                    line("DELETED")
                }
                None => line("NOT_FOUND"),
            },
            (b"touch", [key, ends]) => match (number(ends), self.find(key)) {
                (None, _) => line("ERROR"),
                (Some(_), None) => line("NOT_FOUND"),
                (Some(seconds), Some(item)) => {
                    item.ends = end(seconds);
                    line("TOUCHED")
                }
            },
            (b"incr" | b"decr", [key, by]) => self.count(key, words[0] == b"incr", by),
            _ => line("ERROR"),
        }
    }

    /// Returns a value that is there, and has not ended.
    fn find(&mut self, key: &[u8]) -> Option<&mut Item> {
        let item = self.items.get_mut(key)?;
        if item.ends > 0 && item.ends <= now() {
            item.value = None;
        }
        item.value.is_some().then_some(item)
    }

    fn store(&mut self, key: &[u8], flags: String, seconds: u64, value: Vec<u8>) {
        let version = self.items.get(key).map_or(1, |item| item.version + 1);
        let item = Item { value: Some(value), flags, ends: end(seconds), version };
        self.items.insert(key.to_vec(), item);
    }

    fn values(&mut self, keys: &[&[u8]], with_versions: bool) -> Vec<u8> {
        let mut answer = Vec::new();
        for key in keys.iter().filter(|_| !self.has_no_role).copied().collect::<Vec<_>>() {
            let Some(item) = self.find(key) else { continue };
            let value = item.value.as_deref().unwrap_or_default();
            answer.extend_from_slice(b"VALUE ");
            answer.extend_from_slice(key);
            let mut head = format!(" {} {}", item.flags, value.len());
            if with_versions {
                head += &format!(" {}", item.version);
            }
            answer.extend_from_slice(&line(&head));
            answer.extend_from_slice(value);
            answer.extend_from_slice(b"\r\n");
        }
        answer.extend_from_slice(b"END\r\n");
        answer
    }

    fn count(&mut self, key: &[u8], up: bool, by: &[u8]) -> Vec<u8> {
        let Some(item) = self.find(key) else { return line("NOT_FOUND") };
        let value = item.value.take().unwrap_or_default();
        // As memcached reads and writes numbers: what follows a space does not count, and a number
        // that became shorter is filled up with spaces.
        let digits = value.trim_ascii_start().split(|&byte| byte == b' ').next();
        let (before, by) = (digits.and_then(number), number(by));
        let (Some(before), Some(by)) = (before, by) else {
            item.value = Some(value);
            return line("CLIENT_ERROR cannot increment or decrement non-numeric value");
        };
        let after = if up { before.wrapping_add(by) } else { before.saturating_sub(by) };
        item.value = Some(format!("{after:<width$}", width = value.len()).into_bytes());
        item.version += 1;
        line(&after.to_string())
    }
}

/// Returns when a lifetime ends, or 0 for never. More than 30 days are a point in time.
fn end(seconds: u64) -> u64 {
    match seconds {
        0 => 0,
        1..=2_592_000 => now() + seconds,
        time => time,
    }
}
