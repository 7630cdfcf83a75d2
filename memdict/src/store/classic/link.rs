//! Connections to one server.
//!
//! The crate's client is a pool. It also hands out connections that a failure left broken or, far
//! worse, one answer behind, so that a caller takes another's answer for its own. Therefore a
//! client here has one connection, belongs to one batch at a time, and is dropped unless every
//! answer was read.

use std::{
    io, mem,
    net::{SocketAddr, TcpStream, ToSocketAddrs},
    process,
    sync::{
        Arc, Mutex,
        mpsc::{Sender, channel},
    },
    time::{Duration, Instant},
};

use memcache::{Client, ConnectionManager, Pool};
use scheduled_thread_pool::ScheduledThreadPool;

use super::{
    address::{Dial, is_path},
    failure,
};
use crate::store::{
    deadline::Deadline,
    operation::{Reason, StoreError},
    queue::{self, Queue, lock},
};

/// The connections to one server.
pub(super) struct Connections {
    max_connections: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The process that made the connections. A process that was forked from it must not use them,
    /// and does not have the thread that connects.
    process: u32,
    idle: Vec<Client>,
    in_use: usize,
    queue: Queue,
    worker: Arc<Mutex<Option<Worker>>>,
    /// Whether the server closes a connection when it is asked for its version.
    is_unasked: bool,
}

/// One of the connections that the server may have: being made, or in use.
pub(super) struct Permit<'c>(&'c Connections);

enum Claim {
    Use(Client),
    Connect,
    GiveUp,
}

impl State {
    /// Returns whether there are other connections than the caller's.
    fn has_others(&self) -> bool {
        self.in_use > 1 || !self.idle.is_empty()
    }
}

impl Connections {
    pub(super) fn of(max_connections: usize) -> Self {
        Self { max_connections, state: Mutex::default() }
    }

    /// Returns a connection, idle or new, whose server has just told its version, so that no change
    /// is sent to a server that has gone or hangs. Waits in turn until one is free, but not beyond
    /// the deadline.
    pub(super) fn take(
        &self,
        name: &str,
        dial: &Dial,
        call: Deadline,
    ) -> Result<(Client, Permit<'_>), StoreError> {
        self.leave_those_of_another_process();
        let mut refused = None;
        loop {
            let serve = |state: &mut State| match state.idle.pop() {
                Some(client) => Ok(Claim::Use(client)),
                // Another connection was just refused, so one of those in use has to do.
                None if refused.is_some() && state.in_use > 0 => Err(None),
                None if refused.is_some() => Ok(Claim::GiveUp),
                None if state.in_use < self.max_connections => Ok(Claim::Connect),
                None => Err(None),
            };
            let count = |state: &mut State| serve(state).inspect(|_| state.in_use += 1);
            let claim = queue::wait(&self.state, |state| &mut state.queue, call.ends, count);
            let Some(claim) = claim else {
                return Err(refused.unwrap_or_else(|| self.none_free(name)));
            };
            let permit = Permit(self);
            match claim {
                Claim::Use(client) => {
                    if answers(&client, name)? {
                        return Ok((client, permit));
                    }
                    // The other idle connections cannot be expected to work either.
                    let idle = mem::take(&mut lock(&self.state).idle);
                    drop(idle);
                }
                Claim::Connect => match self.reach(name, dial) {
                    Ok(client) => return Ok((client, permit)),
                    Err(down) if lock(&self.state).has_others() => refused = Some(down),
                    Err(down) => return Err(down),
                },
                Claim::GiveUp => return Err(refused.unwrap_or_else(|| self.none_free(name))),
            }
        }
    }

    fn leave_those_of_another_process(&self) {
        let process = process::id();
        let mut state = lock(&self.state);
        if state.process != process {
            let mut theirs = mem::replace(&mut *state, State { process, ..State::default() });
            // Its thread is not here to be told that it is not needed any more.
            mem::forget(mem::take(&mut theirs.worker));
        }
    }

    fn none_free(&self, name: &str) -> StoreError {
        let all = self.max_connections;
        down(
            name,
            &format!(
                "has no connection free: none of {all} came free within the deadline \
                 (`max_connections={all}`, `deadline=`)"
            ),
        )
    }

    /// Makes a connection, and asks for the version.
    fn reach(&self, name: &str, dial: &Dial) -> Result<Client, StoreError> {
        let client = self.connect(name, dial)?;
        let is_told = answers(&client, name)?;
        let mut state = lock(&self.state);
        if is_told {
            state.is_unasked = false;
            return Ok(client);
        }
        if state.has_others() && !state.is_unasked {
            let why = "closed a new connection when asked for its version: it may have no other \
                       one free (its option `-c`)";
            return Err(down(name, why));
        }
        state.is_unasked = true;
        drop(state);
        // Proxies that do not know the question close the connection, so use another one unasked.
        self.connect(name, dial)
    }

    fn connect(&self, name: &str, dial: &Dial) -> Result<Client, StoreError> {
        self.try_connect(name, dial).map_err(|why| down(name, &format!("cannot be reached: {why}")))
    }

    fn try_connect(&self, name: &str, dial: &Dial) -> Result<Client, String> {
        let address = match is_path(name) {
            true => None,
            false => Some(reach(name, dial.connect).map_err(|error| failure::io(&error))?),
        };
        let url = dial.url(name, address)?;
        let worker = Arc::clone(&lock(&self.state).worker);
        let mut worker = lock(&worker);
        let worker = worker.get_or_insert_with(Worker::start);
        worker.wake();
        let pool = Pool::builder()
            .max_size(1)
            .max_lifetime(None)
            .idle_timeout(None)
            .test_on_check_out(false)
            .connection_timeout(dial.connect + dial.exchange)
            .thread_pool(Arc::clone(&worker.thread))
            .build(ConnectionManager::new(url))
            .map_err(|error| error.to_string());
        worker.rest();
        let client = Client::with_pool(pool?).map_err(|error| failure::why(&error))?;
        // The URL of a unix socket has no timeouts.
        client
            .set_read_timeout(Some(dial.exchange))
            .and_then(|()| client.set_write_timeout(Some(dial.exchange)))
            .map_err(|error| failure::why(&error))?;
        Ok(client)
    }
}

impl Permit<'_> {
    /// Keeps a connection whose answers were all read.
    pub(super) fn put_back(self, client: Client) {
        lock(&self.0.state).idle.push(client);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.0.state);
        state.in_use = state.in_use.saturating_sub(1);
        state.queue.wake();
    }
}

/// Returns whether the server tells its version.
///
/// # Errors
/// The server does not answer in time, and would not on another connection either.
fn answers(client: &Client, name: &str) -> Result<bool, StoreError> {
    match client.version() {
        Ok(_) => Ok(true),
        Err(error) if failure::timed_out(&error) => {
            Err(down(name, "timed out when asked for its version"))
        }
        Err(_) => Ok(false),
    }
}

fn down(name: &str, why: &str) -> StoreError {
    StoreError::Down(Reason::new(format!("memcached {name} {why}")).at(name))
}

/// The thread that connects, for all pools of this server. By default each pool starts three.
///
/// Between two connections it waits in a job, with the means of `std`. Where it waits for a job, it
/// is in `parking_lot`'s table, which a process that is forked then could not use.
struct Worker {
    thread: Arc<ScheduledThreadPool>,
    /// Dropped to end the job in which the thread waits.
    resting: Option<Sender<()>>,
}

impl Worker {
    fn start() -> Self {
        let builder = ScheduledThreadPool::builder().num_threads(1);
        Self { thread: Arc::new(builder.thread_name_pattern("memdict").build()), resting: None }
    }

    fn wake(&mut self) {
        self.resting = None;
    }

    fn rest(&mut self) {
        let (resting, rest) = channel();
        self.resting = Some(resting);
        self.thread.execute(move || {
            let _ = rest.recv();
        });
    }
}

impl Drop for Worker {
    /// The thread ends with the last pool, and before that it must be able to.
    fn drop(&mut self) {
        self.wake();
    }
}

/// Returns an address of the server that accepts connections. When nobody answers, the crate itself
/// waits as long as the system does, two minutes or more; when it is refused, it waits for a whole
/// timeout.
fn reach(name: &str, timeout: Duration) -> io::Result<SocketAddr> {
    let deadline = Instant::now() + timeout;
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in name.to_socket_addrs()? {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        match TcpStream::connect_timeout(&address, left) {
            Ok(_) => return Ok(address),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}
