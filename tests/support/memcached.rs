//! A memcached of a test's own.

use std::{
    collections::HashMap,
    fs,
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// A private memcached on a free port of the loopback interface, ended when dropped.
///
/// All of its functions panic when something about the server fails: a test without its server
/// shows nothing, so it must not pass.
#[derive(Debug)]
pub struct Memcached {
    child: Child,
    port: u16,
    args: Vec<String>,
}

impl Memcached {
    /// With memcached's defaults.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// With further arguments, such as `["-I", "2m"]`.
    pub fn with(args: &[&str]) -> Self {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        // Another process may take a free port before the server does.
        for _ in 0..10 {
            let port = free_port();
            if let Some(child) = launch(port, &args) {
                return Self { child, port, args };
            }
        }
        panic!("memcached did not start ten times in a row, arguments {args:?}");
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The counters of `stats`.
    pub fn stats(&self) -> HashMap<String, String> {
        let lines = self.ask("stats\r\n", "END");
        let pair = |line: &String| {
            let mut words = line.strip_prefix("STAT ")?.splitn(2, ' ');
            Some((words.next()?.to_owned(), words.next()?.to_owned()))
        };
        lines.iter().filter_map(pair).collect()
    }

    /// One counter, such as `cmd_set`.
    pub fn stat(&self, name: &str) -> u64 {
        let stats = self.stats();
        let value = stats.get(name).unwrap_or_else(|| panic!("no counter {name}"));
        value.parse().unwrap_or_else(|_| panic!("{name} is {value}"))
    }

    /// Sends text, and reads lines up to and with one that begins with `last`.
    pub fn ask(&self, text: &str, last: &str) -> Vec<String> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        let mut stream = stream.expect("the server takes connections");
        let limit = Some(Duration::from_secs(10));
        stream.set_read_timeout(limit).expect("a timeout is set");
        stream.write_all(text.as_bytes()).expect("the server reads");
        let mut lines = Vec::new();
        for line in BufReader::new(stream).lines() {
            let line = line.expect("the server answers");
            let end = line.starts_with(last);
            lines.push(line);
            if end {
                return lines;
            }
        }
        panic!("{text:?} was answered without {last}: {lines:?}");
    }

    /// Lets it hang (SIGSTOP): connections stay open, nothing is answered. Returns when all of its
    /// threads have stopped, which takes a moment on a busy machine.
    pub fn pause(&self) {
        self.signal("-STOP");
        let tasks = format!("/proc/{}/task", self.child.id());
        for _ in 0..5_000 {
            let mut threads = fs::read_dir(&tasks).into_iter().flatten().flatten();
            if threads.all(|thread| is_stopped(&thread.path().join("stat"))) {
                return;
            }
            thread::sleep(Duration::from_millis(1));
        }
        panic!("the server does not stop");
    }

    /// Goes on after [`pause`](Self::pause).
    pub fn resume(&self) {
        self.signal("-CONT");
    }

    /// Ends it; its port is free afterwards.
    pub fn kill(&mut self) {
        self.child.kill().expect("the server is killed");
        self.child.wait().expect("the server is gone");
    }

    /// Ends it and starts an empty one with the same arguments on the same port.
    pub fn restart(&mut self) {
        self.kill();
        self.revive();
    }

    /// Starts an empty one where one was killed.
    pub fn revive(&mut self) {
        let until = Instant::now() + Duration::from_secs(10);
        while Instant::now() < until {
            if let Some(child) = launch(self.port, &self.args) {
                self.child = child;
                return;
            }
        }
        panic!("memcached did not start again on port {}", self.port);
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args([signal, &pid]).status();
        assert!(status.expect("`kill` runs").success(), "kill {signal} {pid}");
    }
}

/// Where there is no `/proc` to ask, a signal is taken to have arrived.
fn is_stopped(stat: &Path) -> bool {
    let Ok(stat) = fs::read_to_string(stat) else { return true };
    stat.rsplit(')').next().is_some_and(|behind_name| behind_name.trim_start().starts_with('T'))
}

impl Drop for Memcached {
    fn drop(&mut self) {
        // It may be gone already. A paused one takes this signal as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    listener.local_addr().expect("a listener has a port").port()
}

/// Starts a server and waits until it answers; none if it ended instead.
fn launch(port: u16, args: &[String]) -> Option<Child> {
    let mut command = Command::new("memcached");
    command.args(["-l", "127.0.0.1", "-U", "0", "-p", &port.to_string()]);
    // Root has to say as whom it runs; anyone else is not asked.
    command.args(["-u", "nobody"]).args(args);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap_or_else(|error| {
        panic!("memcached cannot be started ({error}): install it, or run scripts/test, which does")
    });
    let until = Instant::now() + Duration::from_secs(10);
    while Instant::now() < until {
        if child.try_wait().expect("the server can be looked at").is_some() {
            return None;
        }
        if answers(port, child.id()) {
            return Some(child);
        }
        thread::sleep(Duration::from_millis(5));
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

/// Whether it is this process that answers, and not a server that took the port before it.
fn answers(port: u16, pid: u32) -> bool {
    let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else {
        return false;
    };
    let expected = format!("STAT pid {pid}");
    let mut lines = BufReader::new(match stream.try_clone() {
        Ok(reader) => reader,
        Err(_) => return false,
    })
    .lines();
    stream.write_all(b"stats\r\n").is_ok()
        && lines.next().is_some_and(|line| line.is_ok_and(|line| line == expected))
}
