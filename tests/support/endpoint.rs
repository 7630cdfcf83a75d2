//! An endpoint that tells the servers of a cluster.

use std::{
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use crate::Memcached;

/// Answers `config get cluster` with a list of servers. It ends with the process, because a listener
/// cannot be stopped.
#[derive(Debug)]
pub struct Endpoint {
    address: SocketAddr,
    told: Arc<Mutex<Told>>,
}

#[derive(Debug, Default)]
struct Told {
    list: String,
    /// Whether it closes each connection at once.
    is_down: bool,
    /// Whether it reads, and answers nothing.
    is_silent: bool,
    asked: usize,
}

impl Endpoint {
    /// Starts an endpoint that tells version 1 of these servers.
    ///
    /// # Panics
    ///
    /// If no port is free.
    pub fn start<'s>(servers: impl IntoIterator<Item = &'s Memcached>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let address = listener.local_addr().expect("a listener has an address");
        let endpoint = Self { address, told: Arc::default() };
        endpoint.tell(1, servers);
        let told = Arc::clone(&endpoint.told);
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let told = Arc::clone(&told);
                thread::spawn(move || answer(&connection, &told));
            }
        });
        endpoint
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Tells these servers from now on.
    pub fn tell<'s>(&self, version: u64, servers: impl IntoIterator<Item = &'s Memcached>) {
        let words: Vec<_> = servers
            .into_iter()
            .map(|server| server.address().replace("127.0.0.1:", "127.0.0.1|127.0.0.1|"))
            .collect();
        self.told().list = format!("{version}\n{}\n", words.join(" "));
    }

    /// Closes each connection at once, or no longer.
    pub fn down(&self, is_down: bool) {
        self.told().is_down = is_down;
    }

    /// Answers nothing, or no longer.
    pub fn silent(&self, is_silent: bool) {
        self.told().is_silent = is_silent;
    }

    /// Returns how often it was asked.
    pub fn asked(&self) -> usize {
        self.told().asked
    }
}

fn answer(connection: &TcpStream, told: &Mutex<Told>) {
    let told = || told.lock().unwrap_or_else(PoisonError::into_inner);
    if told().is_down {
        return;
    }
    for line in BufReader::new(connection).lines().map_while(Result::ok) {
        let answer = {
            let mut told = told();
            told.asked += usize::from(line == "config get cluster");
            match &*line {
                _ if told.is_silent => continue,
                "config get cluster" => {
                    let Told { list, .. } = &*told;
                    format!("CONFIG cluster 0 {}\r\n{list}\r\nEND\r\n", list.len())
                }
                _ => "ERROR\r\n".to_owned(),
            }
        };
        let mut connection = connection;
        if connection.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}
