//! Connections to one server, in the text protocol or, with credentials, in the binary one.
//!
//! The `memcache` crate speaks the binary protocol. Its client is a pool. It also hands out
//! connections that a failure left broken or, far worse, one answer behind, so that a caller takes
//! another's answer for its own. Therefore a client here has one connection, belongs to one batch at
//! a time, and is dropped unless every answer was read.

use std::{
    mem,
    net::SocketAddr,
    process,
    sync::{
        Arc, Mutex,
        mpsc::{Sender, channel},
    },
    time::Instant,
};

use memcache::{Client, ConnectionManager, Pool};
use scheduled_thread_pool::ScheduledThreadPool;

use super::{
    address::Dial,
    failure,
    outage::{Cause, Outage},
    stream::{self, Stream},
    text::{Broken, Text},
};
use crate::store::{
    credentials::Credentials,
    deadline::Deadline,
    operation::{Reason, StoreError},
    queue::{self, Queue, lock},
};

/// A connection.
pub(super) enum Link {
    Text(Text<Stream>),
    Sasl(Client),
}

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
    idle: Vec<Link>,
    in_use: usize,
    queue: Queue,
    worker: Arc<Mutex<Option<Worker>>>,
    /// Whether the server closes a connection when it is asked for its version.
    is_unasked: bool,
    /// Since it could not be reached.
    outage: Option<Outage>,
}

/// One of the connections that the server may have: being made, or in use.
pub(super) struct Permit<'c>(&'c Connections);

enum Claim {
    Use(Link),
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
    ) -> Result<(Link, Permit<'_>), StoreError> {
        self.leave_those_of_another_process();
        let mut refused = None;
        loop {
            let serve = |state: &mut State| match state.idle.pop() {
                Some(link) => Ok(Claim::Use(link)),
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
                Claim::Use(mut link) => {
                    if answers(&mut link, name)? {
                        return Ok((link, permit));
                    }
                    // The other idle connections cannot be expected to work either.
                    let idle = mem::take(&mut lock(&self.state).idle);
                    drop(idle);
                }
                Claim::Connect => match self.reach_unless_away(name, dial) {
                    Ok(link) => return Ok((link, permit)),
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

    /// Makes a connection, unless one could not be made just now.
    fn reach_unless_away(&self, name: &str, dial: &Dial) -> Result<Link, StoreError> {
        if let Some(outage) = &mut lock(&self.state).outage {
            outage.try_again(Instant::now(), dial.connect + dial.exchange)?;
        }
        let reached = self.reach(name, dial);
        let mut state = lock(&self.state);
        match &reached {
            Ok(_) => state.outage = None,
            // A server that has given other connections is not away.
            Err(_) if state.has_others() => {}
            Err((cause, why)) => {
                let last = state.outage.take();
                let now = Instant::now();
                state.outage = Some(Outage::after(last.as_ref(), *cause, why.clone(), now));
            }
        }
        reached.map_err(|(_, why)| why)
    }

    /// Makes a connection, and asks for the version.
    fn reach(&self, name: &str, dial: &Dial) -> Result<Link, (Cause, StoreError)> {
        let mut link = self.connect(name, dial)?;
        let is_told = answers(&mut link, name).map_err(|why| (Cause::Unreached, why))?;
        let mut state = lock(&self.state);
        if is_told {
            state.is_unasked = false;
            return Ok(link);
        }
        if state.has_others() && !state.is_unasked {
            let why = "closed a new connection when asked for its version: it may have no other \
                       one free (its option `-c`)";
            return Err((Cause::Unreached, down(name, why)));
        }
        state.is_unasked = true;
        drop(state);
        // Proxies that do not know the question close the connection, so use another one unasked.
        self.connect(name, dial)
    }

    fn connect(&self, name: &str, dial: &Dial) -> Result<Link, (Cause, StoreError)> {
        let unreached = |why| (Cause::Unreached, down(name, &format!("cannot be reached: {why}")));
        let Some(who) = &dial.credentials else {
            let stream = Stream::connect(name, dial).map_err(unreached)?;
            return Ok(Link::Text(Text::over(stream)));
        };
        // The crate itself waits as long as the system does when nobody answers, two minutes or
        // more, and for a whole timeout when it is refused.
        let reached = stream::reach(name, dial.connect).map_err(|error| failure::io(&error));
        let (_, address) = reached.map_err(unreached)?;
        let client = self.log_in(address, dial, who);
        client.map(Link::Sasl).map_err(|why| match failure::is_of_login(&why) {
            true => (Cause::Login, down(name, "does not accept the user name and the password")),
            false => unreached(why),
        })
    }

    fn log_in(
        &self,
        address: SocketAddr,
        dial: &Dial,
        who: &Credentials,
    ) -> Result<Client, String> {
        let url = dial.url(address, who)?;
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
            .map_err(|error| failure::shown(&error.to_string()));
        worker.rest();
        Client::with_pool(pool?).map_err(|error| failure::why(&error))
    }
}

impl Permit<'_> {
    /// Keeps a connection whose answers were all read.
    pub(super) fn put_back(self, link: Link) {
        if matches!(&link, Link::Text(text) if !text.is_in_step()) {
            return;
        }
        lock(&self.0.state).idle.push(link);
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
fn answers(link: &mut Link, name: &str) -> Result<bool, StoreError> {
    let (answers, timed_out) = match link {
        Link::Text(text) => match text.tells_its_version() {
            Ok(tells) => (tells, false),
            Err(Broken::Io(error)) => (false, failure::is_timeout(&error)),
            Err(_) => (false, false),
        },
        Link::Sasl(client) => match client.version() {
            Ok(_) => (true, false),
            Err(error) => (false, failure::timed_out(&error)),
        },
    };
    match timed_out {
        true => Err(down(name, "timed out when asked for its version")),
        false => Ok(answers),
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
