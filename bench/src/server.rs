//! Private servers for the benchmark.

use std::{
    cell::OnceCell,
    env, fs,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{self, Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use memdict_tests::Memcached;

use crate::Outcome;

/// Room for the largest rows, so that nothing is evicted. One thread, because with several each
/// connection would be as fast as the thread that happens to serve it.
pub(crate) const ARGUMENTS: [&str; 4] = ["-m", "1024", "-t", "1"];

/// The servers, which are started when first needed and stopped on drop.
#[derive(Default)]
pub(crate) struct Servers {
    one: OnceCell<Memcached>,
    two_more: OnceCell<[Memcached; 2]>,
    on_socket: OnceCell<OnSocket>,
}

fn start() -> Memcached {
    Memcached::with(&ARGUMENTS)
}

impl Servers {
    /// Returns the address of the server that most rows use.
    pub(crate) fn one(&self) -> String {
        self.one.get_or_init(start).address()
    }

    /// Returns three addresses, including that of [`one`](Self::one).
    pub(crate) fn three(&self) -> [String; 3] {
        let [second, third] = self.two_more.get_or_init(|| [start(), start()]);
        [self.one(), second.address(), third.address()]
    }

    /// Returns the path of the socket of a server without an address.
    pub(crate) fn socket(&self) -> Outcome<&Path> {
        let server = match self.on_socket.get() {
            Some(server) => server,
            None => {
                let started = OnSocket::start()?;
                self.on_socket.get_or_init(|| started)
            }
        };
        Ok(&server.path)
    }
}

/// A private memcached on a unix socket.
struct OnSocket {
    child: Child,
    path: PathBuf,
}

impl OnSocket {
    fn start() -> Outcome<Self> {
        let path = env::temp_dir().join(format!("memdict-bench-{}.sock", process::id()));
        let mut command = Command::new("memcached");
        command.arg("-s").arg(&path).args(["-a", "0777", "-u", "nobody"]).args(ARGUMENTS);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let server = Self { child: command.spawn()?, path };
        let until = Instant::now() + Duration::from_secs(10);
        while Instant::now() < until {
            if UnixStream::connect(&server.path).is_ok() {
                return Ok(server);
            }
            thread::sleep(Duration::from_millis(5));
        }
        Err("memcached does not listen on its socket".into())
    }
}

impl Drop for OnSocket {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_file(&self.path);
    }
}
