//! A server that answers from a script.

use std::{
    collections::VecDeque,
    io::{self, BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

/// Answers the questions about its version, its settings and its life itself, and each other
/// request line with the next answer of a script. At the end of the script it closes the
/// connection. If an answer is empty, it stays silent.
///
/// In an answer,
/// - `{O}` stands for the opaque that the request asks for (` O7`), or for nothing;
/// - `{other O}` stands for another one (` Ox7`), or for nothing;
/// - `{pause}` stands for a [pause](Self::pause), after everything before it was sent;
/// - `{close}` stands for the end of the connection.
#[derive(Debug)]
pub struct ScriptedServer {
    address: SocketAddr,
    play: Arc<Mutex<Play>>,
}

#[derive(Debug)]
struct Play {
    version: String,
    stats: String,
    answers: VecDeque<String>,
    questions: Vec<String>,
    requests: Vec<String>,
    connections: usize,
    probed: u64,
    pause: Duration,
    held: bool,
    pieces: Pieces,
}

/// How a stream of answers is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pieces {
    /// As they come.
    Whole,
    /// In two pieces, after this many bytes of each connection.
    SplitAt(usize),
    /// Byte by byte.
    Bytes,
}

/// Long enough for the other end to read what was sent before.
const BETWEEN_PIECES: Duration = Duration::from_millis(1);

impl ScriptedServer {
    /// Starts a server of this version (`"1.6.17"`), with this script. It speaks meta commands from
    /// version 1.6 on.
    pub fn start(version: &str, answers: &[&str]) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let address = listener.local_addr().expect("a listener has an address");
        let play = Arc::new(Mutex::new(Play {
            version: version.to_owned(),
            stats: stats(1234, 10, 1_700_000_000),
            answers: VecDeque::new(),
            questions: Vec::new(),
            requests: Vec::new(),
            connections: 0,
            probed: 0,
            pause: Duration::from_millis(1),
            held: false,
            pieces: Pieces::Whole,
        }));
        let shared = Arc::clone(&play);
        // The thread ends with the process, because a listener cannot be stopped.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                lock(&shared).connections += 1;
                let shared = Arc::clone(&shared);
                thread::spawn(move || serve(stream, &shared));
            }
        });
        let server = Self { address, play };
        server.play(answers);
        server
    }

    /// Appends answers to the script.
    pub fn play(&self, answers: &[&str]) {
        lock(&self.play).answers.extend(answers.iter().map(|answer| (*answer).to_owned()));
    }

    /// Sets the length of `{pause}`. The default is a millisecond.
    pub fn pause(&self, pause: Duration) {
        lock(&self.play).pause = pause;
    }

    /// Holds back the answers of the handshake until its last question, and those of the script until all of
    /// them are due. A client that waits for an answer before it sends more gets none.
    pub fn hold_answers_back(&self) {
        lock(&self.play).held = true;
    }

    /// Sends the answers on later connections in pieces.
    pub fn cut_answers(&self, pieces: Pieces) {
        lock(&self.play).pieces = pieces;
    }

    /// Begins another life, as a process that began `uptime` seconds before `time`.
    pub fn live_anew(&self, pid: u32, uptime: u64, time: u64) {
        lock(&self.play).stats = stats(pid, uptime, time);
    }

    /// Returns `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Returns the received request lines, without the questions.
    pub fn requests(&self) -> Vec<String> {
        lock(&self.play).requests.clone()
    }

    /// Returns the received questions, with `*` for each request line between them.
    pub fn questions(&self) -> Vec<String> {
        lock(&self.play).questions.clone()
    }

    /// Returns how many connections were made.
    pub fn connections(&self) -> usize {
        lock(&self.play).connections
    }
}

fn stats(pid: u32, uptime: u64, time: u64) -> String {
    format!("STAT pid {pid}\r\nSTAT uptime {uptime}\r\nSTAT time {time}\r\nEND\r\n")
}

fn lock(play: &Mutex<Play>) -> MutexGuard<'_, Play> {
    play.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(stream: TcpStream, play: &Mutex<Play>) {
    let Ok(writer) = stream.try_clone() else {
        return;
    };
    let _ = writer.set_nodelay(true);
    let pieces = lock(play).pieces;
    let mut writer = Writer { stream: writer, pieces, sent: 0 };
    let mut reader = BufReader::new(stream);
    let (mut line, mut due) = (String::new(), String::new());
    while reader.read_line(&mut line).is_ok_and(|read| read > 0) {
        let Some(answer) = answer(line.trim_end(), &mut reader, play) else {
            let _ = writer.say(&due, Duration::ZERO);
            return;
        };
        due.push_str(&answer);
        let more = reader.buffer().contains(&b'\n');
        let ends_handshake = match line.trim_end() {
            "mn" => true,
            "stats" => !more,
            _ => false,
        };
        line.clear();
        let play = lock(play);
        let (held, pause, left) = (play.held, play.pause, play.answers.len());
        drop(play);
        if held && !ends_handshake && left > 0 || !held && more {
            continue;
        }
        match writer.say(&std::mem::take(&mut due), pause) {
            Ok(true) => {}
            _ => return,
        }
    }
}

/// Returns the answer to a line, or `None` to close the connection.
fn answer(line: &str, reader: &mut impl Read, play: &Mutex<Play>) -> Option<String> {
    let mut words = line.split(' ');
    let length = match words.next()? {
        "ms" => words.nth(1),
        "set" | "add" | "cas" => words.nth(3),
        _ => None,
    };
    if let Some(length) = length {
        reader.read_exact(&mut vec![0; length.parse::<usize>().ok()? + 2]).ok()?;
    }
    let mut play = lock(play);
    let said = match line {
        "version" => format!("VERSION {}\r\n", play.version),
        "stats settings" => "STAT item_size_max 1048576\r\nEND\r\n".to_owned(),
        "stats" => play.stats.clone(),
        // Whether versions go on after a deletion, asked once.
        _ if line.starts_with("set memdict:probe:") => "STORED\r\n".to_owned(),
        _ if line.starts_with("delete memdict:probe:") => "DELETED\r\n".to_owned(),
        _ if line.starts_with("gets memdict:probe:") => {
            play.probed += 1;
            format!("VALUE {} 0 1 {}\r\nv\r\nEND\r\n", &line["gets ".len()..], play.probed)
        }
        "mn" if play.version.starts_with("1.6.") => "MN\r\n".to_owned(),
        "mn" => "ERROR\r\n".to_owned(),
        _ => {
            play.questions.push("*".to_owned());
            play.requests.push(line.to_owned());
            let opaque = line.split(' ').find(|word| word.starts_with('O'));
            let opaque = opaque.map(|opaque| format!(" {opaque}")).unwrap_or_default();
            let other = opaque.replace('O', "Ox");
            let answer = play.answers.pop_front()?;
            return Some(answer.replace("{O}", &opaque).replace("{other O}", &other));
        }
    };
    play.questions.push(line.to_owned());
    Some(said)
}

/// The answering end of a connection.
struct Writer {
    stream: TcpStream,
    pieces: Pieces,
    sent: usize,
}

impl Writer {
    /// Sends text with its pauses. Returns whether the connection goes on.
    fn say(&mut self, text: &str, pause: Duration) -> io::Result<bool> {
        let (text, goes_on) = match text.split_once("{close}") {
            Some((before, _)) => (before, false),
            None => (text, true),
        };
        for (index, part) in text.split("{pause}").enumerate() {
            if index > 0 {
                thread::sleep(pause);
            }
            self.send(part.as_bytes())?;
        }
        Ok(goes_on)
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let length = match self.pieces {
            Pieces::Whole => usize::MAX,
            Pieces::SplitAt(at) if at > self.sent => at - self.sent,
            Pieces::SplitAt(_) => usize::MAX,
            Pieces::Bytes => 1,
        };
        self.sent += bytes.len();
        let (head, tail) = bytes.split_at(length.min(bytes.len()));
        self.stream.write_all(head)?;
        // After a split the rest is sent whole; after a byte, the next byte is sent.
        let rest = if self.pieces == Pieces::Bytes { 1 } else { tail.len().max(1) };
        tail.chunks(rest).try_for_each(|piece| {
            thread::sleep(BETWEEN_PIECES);
            self.stream.write_all(piece)
        })
    }
}
