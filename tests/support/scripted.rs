//! A server that says what it is told to.

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

/// Answers the questions about its version and settings itself, and each other request line
/// with the next answer of a script; without one it closes the connection.
#[derive(Debug)]
pub struct ScriptedServer {
    address: SocketAddr,
    play: Arc<Mutex<Play>>,
}

#[derive(Debug)]
struct Play {
    version: String,
    answers: VecDeque<String>,
    requests: Vec<String>,
    connections: usize,
}

impl ScriptedServer {
    /// A server of this version (`"1.6.17"`), with this script. It speaks meta commands from
    /// 1.6 on.
    pub fn start(version: &str, answers: &[&str]) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let address = listener.local_addr().expect("a listener has an address");
        let play = Arc::new(Mutex::new(Play {
            version: version.to_owned(),
            answers: answers.iter().map(|answer| (*answer).to_owned()).collect(),
            requests: Vec::new(),
            connections: 0,
        }));
        let shared = Arc::clone(&play);
        // It ends with the process: a listener cannot be told to stop.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                lock(&shared).connections += 1;
                let shared = Arc::clone(&shared);
                thread::spawn(move || serve(stream, &shared));
            }
        });
        Self { address, play }
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// The request lines that it was asked, without the questions.
    pub fn requests(&self) -> Vec<String> {
        lock(&self.play).requests.clone()
    }

    /// How often it was connected to.
    pub fn connections(&self) -> usize {
        lock(&self.play).connections
    }
}

fn lock(play: &Mutex<Play>) -> MutexGuard<'_, Play> {
    play.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(stream: TcpStream, play: &Mutex<Play>) {
    let Ok(mut writer) = stream.try_clone() else {
        return;
    };
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|read| read > 0) {
        let Some(answer) = answer(line.trim_end(), &mut reader, play) else {
            return;
        };
        if writer.write_all(answer.as_bytes()).is_err() {
            return;
        }
        line.clear();
    }
}

fn answer(line: &str, reader: &mut impl Read, play: &Mutex<Play>) -> Option<String> {
    if line.starts_with("ms ") {
        let length = line.split(' ').nth(2)?.parse::<usize>().ok()?;
        reader.read_exact(&mut vec![0; length + 2]).ok()?;
    }
    let mut play = lock(play);
    match line {
        "version" => Some(format!("VERSION {}\r\n", play.version)),
        "stats settings" => Some("STAT item_size_max 1048576\r\nEND\r\n".to_owned()),
        "mn" if play.version.starts_with("1.6.") => Some("MN\r\n".to_owned()),
        "mn" => Some("ERROR\r\n".to_owned()),
        _ => {
            play.requests.push(line.to_owned());
            play.answers.pop_front()
        }
    }
}
