//! A private memcached.

use std::{
    collections::HashMap,
    fs,
    io::{self, BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    os::unix::net::UnixStream,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::Scratch;

/// A private memcached on a free port of the loopback interface, or on a unix socket, ended on
/// drop.
///
/// All of its functions panic if the server fails, because a test without its server would show
/// nothing and must not pass.
#[derive(Debug)]
pub struct Memcached {
    child: Child,
    place: Place,
    args: Vec<String>,
    /// The folder of its files.
    _files: Option<Scratch>,
}

/// The address of a server, and the login that it needs.
#[derive(Debug)]
enum Place {
    Port(u16),
    Socket(String),
    Guarded { port: u16, login: String },
}

impl Memcached {
    /// Starts one with memcached's defaults.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// Starts one with further arguments, such as `["-I", "2m"]`.
    pub fn with(args: &[&str]) -> Self {
        Self::anywhere(args, Place::Port)
    }

    /// Starts one on a unix socket.
    pub fn on_socket() -> Self {
        let files = Scratch::new();
        let path = files.file("socket");
        let mut server = Self::anywhere(&[], |_| Place::Socket(path.clone()));
        server._files = Some(files);
        server
    }

    /// Starts one that is process 1 of its own, as in a container. Returns `None` where this system
    /// does not allow it.
    pub fn in_container() -> Option<Self> {
        let port = free_port();
        let place = Place::Port(port);
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--pid", "--fork", "--kill-child", "memcached"]);
        command.args(place.options()).args(["-u", "root"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().ok()?;
        let until = Instant::now() + Duration::from_secs(10);
        while Instant::now() < until && matches!(child.try_wait(), Ok(None)) {
            if answers(&place, 1) {
                return Some(Self { child, place, args: Vec::new(), _files: None });
            }
            thread::sleep(Duration::from_millis(5));
        }
        let _ = child.kill();
        let _ = child.wait();
        None
    }

    /// Starts one that requires this user and password.
    pub fn guarded(user: &str, password: &str) -> Self {
        let files = Scratch::new();
        let list = files.write("users", &format!("{user}:{password}\n"));
        let words = format!("{user} {password}");
        let login = format!("set auth 0 0 {}\r\n{words}\r\n", words.len());
        let guarded = |port| Place::Guarded { port, login: login.clone() };
        let mut server = Self::anywhere(&["-Y", &list], guarded);
        server._files = Some(files);
        server
    }

    fn anywhere(args: &[&str], place: impl Fn(u16) -> Place) -> Self {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        // Another process may take a free port before the server does.
        for _ in 0..10 {
            let place = place(free_port());
            if let Some(child) = launch(&place, &args) {
                return Self { child, place, args, _files: None };
            }
        }
        panic!("memcached did not start ten times in a row, arguments {args:?}");
    }

    /// Returns `127.0.0.1:PORT`, or the path of the socket.
    pub fn address(&self) -> String {
        match &self.place {
            Place::Port(port) | Place::Guarded { port, .. } => format!("127.0.0.1:{port}"),
            Place::Socket(path) => path.clone(),
        }
    }

    /// Returns the counters of `stats`.
    pub fn stats(&self) -> HashMap<String, String> {
        let lines = self.ask("stats\r\n", "END");
        let pair = |line: &String| {
            let mut words = line.strip_prefix("STAT ")?.splitn(2, ' ');
            Some((words.next()?.to_owned(), words.next()?.to_owned()))
        };
        lines.iter().filter_map(pair).collect()
    }

    /// Returns one counter, such as `cmd_set`.
    pub fn stat(&self, name: &str) -> u64 {
        let stats = self.stats();
        let value = stats.get(name).unwrap_or_else(|| panic!("no counter {name}"));
        value.parse().unwrap_or_else(|_| panic!("{name} is {value}"))
    }

    /// Sends text, and reads lines up to and including one that begins with `last`.
    pub fn ask(&self, text: &str, last: &str) -> Vec<String> {
        let lines = self.place.ask(text).expect("the server takes connections");
        let mut answer = Vec::new();
        for line in lines {
            let line = line.expect("the server answers");
            let end = line.starts_with(last);
            answer.push(line);
            if end {
                return answer;
            }
        }
        panic!("{text:?} was answered without {last}: {answer:?}");
    }

    /// Makes it hang (SIGSTOP): connections stay open, and nothing is answered. Returns after all
    /// of its threads have stopped, which takes a moment on a busy machine.
    pub fn pause(&self) {
        pause(self.child.id());
    }

    /// Continues after [`pause`](Self::pause).
    pub fn resume(&self) {
        resume(self.child.id());
    }

    /// Ends it. Its port is free afterwards.
    pub fn kill(&mut self) {
        self.child.kill().expect("the server is killed");
        self.child.wait().expect("the server is gone");
    }

    /// Ends it and starts an empty one with the same arguments on the same port.
    pub fn restart(&mut self) {
        self.kill();
        self.revive();
    }

    /// Starts an empty one in place of one that was killed.
    pub fn revive(&mut self) {
        let until = Instant::now() + Duration::from_secs(10);
        while Instant::now() < until {
            if let Some(child) = launch(&self.place, &self.args) {
                self.child = child;
                return;
            }
        }
        panic!("memcached did not start again at {}", self.address());
    }
}

/// Stops a process, and returns after all of its threads have stopped.
pub(crate) fn pause(pid: u32) {
    signal(pid, "-STOP");
    let tasks = format!("/proc/{pid}/task");
    for _ in 0..5_000 {
        let mut threads = fs::read_dir(&tasks).into_iter().flatten().flatten();
        if threads.all(|thread| is_stopped(&thread.path().join("stat"))) {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
    panic!("the server does not stop");
}

/// Lets a process continue.
pub(crate) fn resume(pid: u32) {
    signal(pid, "-CONT");
}

fn signal(pid: u32, signal: &str) {
    let pid = pid.to_string();
    let status = Command::new("kill").args([signal, &pid]).status();
    assert!(status.expect("`kill` runs").success(), "kill {signal} {pid}");
}

/// Without `/proc`, a signal is assumed to have arrived.
fn is_stopped(stat: &Path) -> bool {
    let Ok(stat) = fs::read_to_string(stat) else { return true };
    stat.rsplit(')').next().is_some_and(|behind_name| behind_name.trim_start().starts_with('T'))
}

impl Drop for Memcached {
    fn drop(&mut self) {
        // It may have ended already. A paused process is killed too.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Place {
    fn options(&self) -> Vec<String> {
        let text = match self {
            Self::Port(port) | Self::Guarded { port, .. } => format!("-l 127.0.0.1 -U 0 -p {port}"),
            Self::Socket(path) => format!("-a 0777 -s {path}"),
        };
        text.split(' ').map(str::to_owned).collect()
    }

    /// Connects and sends `text`. Returns the lines of the answer, without those of the login.
    fn ask(&self, text: &str) -> io::Result<Box<dyn Iterator<Item = io::Result<String>>>> {
        let limit = Some(Duration::from_secs(10));
        let (mut writer, reader): (Box<dyn Write>, Box<dyn Read>) = match self {
            Self::Port(port) | Self::Guarded { port, .. } => {
                let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, *port))?;
                stream.set_read_timeout(limit)?;
                (Box::new(stream.try_clone()?), Box::new(stream))
            }
            Self::Socket(path) => {
                let stream = UnixStream::connect(path)?;
                stream.set_read_timeout(limit)?;
                (Box::new(stream.try_clone()?), Box::new(stream))
            }
        };
        let mut lines = BufReader::new(reader).lines();
        if let Self::Guarded { login, .. } = self {
            writer.write_all(login.as_bytes())?;
            lines.next();
        }
        writer.write_all(text.as_bytes())?;
        Ok(Box::new(lines))
    }
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    listener.local_addr().expect("a listener has a port").port()
}

/// Starts a server and waits until it answers. Returns `None` if it ends instead.
fn launch(place: &Place, args: &[String]) -> Option<Child> {
    let mut command = Command::new("memcached");
    // As root, the server needs a user to run as; for other users the option has no effect.
    command.args(place.options()).args(["-u", "nobody"]).args(args);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap_or_else(|error| {
        panic!("memcached cannot be started ({error}): install it, or run scripts/test, which does")
    });
    let until = Instant::now() + Duration::from_secs(10);
    while Instant::now() < until {
        if child.try_wait().expect("the server can be looked at").is_some() {
            return None;
        }
        if answers(place, child.id()) {
            return Some(child);
        }
        thread::sleep(Duration::from_millis(5));
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

/// Returns whether this process answers, and not a server that took the port before it.
fn answers(place: &Place, pid: u32) -> bool {
    let expected = format!("STAT pid {pid}");
    let Ok(mut lines) = place.ask("stats\r\n") else { return false };
    lines.next().is_some_and(|line| line.is_ok_and(|line| line == expected))
}
