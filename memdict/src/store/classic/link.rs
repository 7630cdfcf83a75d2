//! Connections to one server.
//!
//! The crate's client is a pool. It hands out connections that a failure has left broken or, far
//! worse, one answer behind: whoever gets such a one takes another's answer for his own. So a
//! client here has one connection, belongs to one batch at a time, and is thrown away unless
//! every answer was read.

use std::{
    io,
    net::{SocketAddr, TcpStream, ToSocketAddrs},
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use memcache::{Client, ConnectionManager, Pool};
use parking_lot::Mutex;
use scheduled_thread_pool::ScheduledThreadPool;

use super::{
    address::{Dial, is_path},
    failure,
};
use crate::store::operation::{Reason, StoreError};

/// More idle connections than this are closed.
const MAX_IDLE: usize = 32;

/// The way to one server.
#[derive(Default)]
pub(super) struct Connections {
    idle: Mutex<Vec<Client>>,
    /// Connects, for all pools to this server. Left to itself each pool starts three threads.
    worker: OnceLock<Arc<ScheduledThreadPool>>,
}

impl Connections {
    /// A connection whose server has just told its version, idle or new: a change is not sent to
    /// one that has gone or that hangs.
    pub(super) fn take(&self, name: &str, dial: &Dial) -> Result<Client, StoreError> {
        // Not in the condition: the lock would be held while the server is asked.
        let idle = self.idle.lock().pop();
        if let Some(client) = idle {
            if answers(&client, name)? {
                return Ok(client);
            }
            // The others are no better.
            self.idle.lock().clear();
        }
        let client = self.connect(name, dial)?;
        if answers(&client, name)? {
            return Ok(client);
        }
        // Proxies that do not know the question close the connection: so another one, unasked.
        self.connect(name, dial)
    }

    /// Keeps a connection of which every answer was read.
    pub(super) fn put_back(&self, client: Client) {
        let mut idle = self.idle.lock();
        if idle.len() < MAX_IDLE {
            idle.push(client);
        }
    }

    fn connect(&self, name: &str, dial: &Dial) -> Result<Client, StoreError> {
        self.try_connect(name, dial)
            .map_err(|why| down(name, &format!("cannot be connected: {why}")))
    }

    fn try_connect(&self, name: &str, dial: &Dial) -> Result<Client, String> {
        let address = match is_path(name) {
            true => None,
            false => Some(reach(name, dial.connect).map_err(|error| failure::io(&error))?),
        };
        let url = dial.url(name, address)?;
        let pool = Pool::builder()
            .max_size(1)
            .max_lifetime(None)
            .idle_timeout(None)
            .test_on_check_out(false)
            .connection_timeout(dial.connect + dial.exchange)
            .thread_pool(Arc::clone(self.worker.get_or_init(worker)))
            .build(ConnectionManager::new(url))
            .map_err(|error| error.to_string())?;
        let client = Client::with_pool(pool).map_err(|error| failure::why(&error))?;
        // For a unix socket, whose timeouts are not in its URL.
        client
            .set_read_timeout(Some(dial.exchange))
            .and_then(|()| client.set_write_timeout(Some(dial.exchange)))
            .map_err(|error| failure::why(&error))?;
        Ok(client)
    }
}

/// Whether the server tells its version.
///
/// # Errors
/// It says nothing at all, and would not on another connection.
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

fn worker() -> Arc<ScheduledThreadPool> {
    Arc::new(ScheduledThreadPool::builder().num_threads(1).thread_name_pattern("memdict").build())
}

/// An address of the server that takes connections. The crate itself waits as long as the system
/// does, two minutes or more, when nobody answers, and a whole timeout when it is turned away.
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
