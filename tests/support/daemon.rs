//! Servers that require a login or TLS, and servers other than memcached.

use std::{
    fmt::Write,
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{
    Authority, Certificate, Memcached, Scratch,
    memcached::{free_port, pause, resume},
};

/// A private server process, on a free port of the loopback interface, ended on drop.
///
/// All of its functions panic if the server fails, because a test without its server would show
/// nothing and must not pass.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    address: String,
    files: Scratch,
}

impl Daemon {
    /// Starts a memcached that requires SASL, with this user. `extra` are further arguments.
    pub fn memcached_with_sasl(user: &str, password: &str, extra: &[&str]) -> Self {
        let files = Scratch::new();
        let database = files.file("passwords");
        // Neither side names a domain, so both use the machine's name.
        let mut tool = Command::new("saslpasswd2")
            .args(["-p", "-c", "-f", &database, user])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| missing("saslpasswd2", &error));
        let written = tool
            .stdin
            .take()
            .map(|mut stdin| std::io::Write::write_all(&mut stdin, password.as_bytes()));
        assert!(matches!(written, Some(Ok(()))), "saslpasswd2 reads a password");
        assert!(tool.wait().expect("it ends").success(), "saslpasswd2 fails");
        files.write("memcached.conf", &format!("mech_list: plain\nsasldb_path: {database}\n"));
        files.share();
        let folder = files.file("");
        Self::on_port(files, |port| {
            let mut command = memcached();
            command.env("SASL_CONF_PATH", &folder);
            command.args(["-l", "127.0.0.1", "-p", &port.to_string(), "-S"]).args(extra);
            command
        })
    }

    /// Starts a memcached that speaks TLS. Returns it and the authority that its certificate, for
    /// 127.0.0.1, is of. `extra` are further arguments.
    pub fn memcached_with_tls(extra: &[&str]) -> (Self, Authority) {
        let authority = Authority::new();
        let certificate = authority.issue("IP:127.0.0.1");
        (Self::memcached_showing(&certificate, "127.0.0.1", extra), authority)
    }

    /// Starts a memcached that speaks TLS, with this certificate and on this address.
    pub fn memcached_showing(certificate: &Certificate, ip: &str, extra: &[&str]) -> Self {
        let Certificate { cert_file, key_file } = certificate;
        let files = format!("ssl_chain_cert={cert_file},ssl_key={key_file}");
        let address: IpAddr = ip.parse().expect("an address");
        Self::on_port_of(address, Scratch::new(), |port| {
            let mut command = memcached();
            command.args(["-l", ip, "-p", &port.to_string(), "-Z", "-o", &files]).args(extra);
            command
        })
    }

    /// Starts a twemproxy in front of these servers.
    pub fn proxy<'s>(servers: impl IntoIterator<Item = &'s Memcached>) -> Self {
        Self::proxy_with(servers, "")
    }

    /// Starts a twemproxy that ejects a server which fails once, for this long: the others then have its
    /// keys.
    pub fn proxy_that_ejects<'s>(
        servers: impl IntoIterator<Item = &'s Memcached>,
        retry: Duration,
    ) -> Self {
        let ejects = format!(
            "  auto_eject_hosts: true\n  server_failure_limit: 1\n  server_retry_timeout: {}\n",
            retry.as_millis()
        );
        Self::proxy_with(servers, &ejects)
    }

    fn proxy_with<'s>(servers: impl IntoIterator<Item = &'s Memcached>, further: &str) -> Self {
        let servers: String = servers.into_iter().fold(String::new(), |mut list, server| {
            writeln!(list, "   - {}:1", server.address()).expect("text is written to memory");
            list
        });
        let files = Scratch::new();
        let (settings, log) = (files.file("settings"), files.file("log"));
        Self::on_port(files, |port| {
            let text = format!(
                "pool:\n  listen: 127.0.0.1:{port}\n  hash: md5\n  distribution: ketama\n\
                 {further}  servers:\n{servers}"
            );
            std::fs::write(&settings, text).expect("a file can be written");
            let mut command = Command::new("nutcracker");
            command.args(["-c", &settings, "-o", &log]);
            command.args(["-a", "127.0.0.1", "-s", &free_port().to_string()]);
            command
        })
    }

    /// Starts a yrmcds, which speaks memcached's classic protocol and counts the versions of a key from
    /// 1 again after a deletion.
    pub fn yrmcds() -> Self {
        let files = Scratch::new();
        let (settings, log, folder) = (files.file("settings"), files.file("log"), files.file(""));
        Self::on_port(files, |port| {
            let repl = free_port();
            let text = format!(
                "virtual_ip = 127.0.0.1\nport = {port}\nrepl_port = {repl}\ntemp_dir = \"{folder}\"\n\
                 log.file = \"{log}\"\nworkers = 2\nmemory_limit = 64M\nbuckets = 1000\n"
            );
            std::fs::write(&settings, text).expect("a file can be written");
            let mut command = Command::new("yrmcdsd");
            command.args(["-f", &settings]);
            command
        })
    }

    fn on_port(files: Scratch, command: impl Fn(u16) -> Command) -> Self {
        Self::on_port_of(Ipv4Addr::LOCALHOST.into(), files, command)
    }

    fn on_port_of(ip: IpAddr, files: Scratch, command: impl Fn(u16) -> Command) -> Self {
        // Another process may take a free port before the server does.
        for _ in 0..10 {
            let port = free_port();
            let address = SocketAddr::from((ip, port));
            if let Some(child) = start(&mut command(port), || TcpStream::connect(address).is_ok()) {
                return Self { child, address: address.to_string(), files };
            }
        }
        panic!("the server did not start ten times in a row, {files:?}");
    }

    /// Returns `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        self.address.clone()
    }

    /// Returns the folder of its files.
    pub fn files(&self) -> &Scratch {
        &self.files
    }

    /// Stops the server as [`Memcached::pause`] does, so that it hangs.
    pub fn pause(&self) {
        pause(self.child.id());
    }

    /// Continues after [`pause`](Self::pause).
    pub fn resume(&self) {
        resume(self.child.id());
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already. A paused process is killed too.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn memcached() -> Command {
    let mut command = Command::new("memcached");
    // As root, the server needs a user to run as; for other users the option has no effect.
    command.args(["-U", "0", "-u", "nobody"]);
    command
}

/// Starts a server and waits until it can be reached. Returns `None` if it ends instead.
fn start(command: &mut Command, reachable: impl Fn() -> bool) -> Option<Child> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command.spawn().unwrap_or_else(|error| missing(&name, &error));
    let until = Instant::now() + Duration::from_secs(10);
    while Instant::now() < until {
        // This order matters: if the server has not ended afterwards, it is the one that was
        // reached.
        let reached = reachable();
        thread::sleep(Duration::from_millis(if reached { 20 } else { 5 }));
        if child.try_wait().expect("the server can be looked at").is_some() {
            return None;
        }
        if reached {
            return Some(child);
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

fn missing(name: &str, error: &std::io::Error) -> ! {
    panic!("{name} cannot be started ({error}): install it, or run scripts/test, which does")
}
