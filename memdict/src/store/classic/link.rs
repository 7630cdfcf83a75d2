//! Connections to one server.
//!
//! The crate's client is a pool. It also hands out connections that a failure left broken or, far
//! worse, one answer behind, so that a caller takes another's answer for its own. Therefore a
//! client here has one connection, belongs to one batch at a time, and is dropped unless every
//! answer was read.

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

/// Connections beyond this many idle ones are closed.
const MAX_IDLE: usize = 32;

/// The connections to one server.
#[derive(Default)]
pub(super) struct Connections {
    idle: Mutex<Vec<Client>>,
    /// The thread that connects, for all pools of this server. By default each pool starts three.
    worker: OnceLock<Arc<ScheduledThreadPool>>,
}

impl Connections {
    /// Returns a connection, idle or new, whose server has just told its version, so that no change
    /// is sent to a server that has gone or hangs.
    pub(super) fn take(&self, name: &str, dial: &Dial) -> Result<Client, StoreError> {
        // Not in the condition, which would hold the lock while the server is asked.
        let idle = self.idle.lock().pop();
        if let Some(client) = idle {
            if answers(&client, name)? {
                return Ok(client);
            }
            // The other idle connections cannot be expected to work either.
            self.idle.lock().clear();
        }
        let client = self.connect(name, dial)?;
        if answers(&client, name)? {
            return Ok(client);
        }
        // Proxies that do not know the question close the connection, so use another one unasked.
        self.connect(name, dial)
    }

    /// Keeps a connection whose answers were all read.
    pub(super) fn put_back(&self, client: Client) {
        let mut idle = self.idle.lock();
        if idle.len() < MAX_IDLE {
            idle.push(client);
        }
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
        // The URL of a unix socket has no timeouts.
        client
            .set_read_timeout(Some(dial.exchange))
            .and_then(|()| client.set_write_timeout(Some(dial.exchange)))
            .map_err(|error| failure::why(&error))?;
        Ok(client)
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

fn worker() -> Arc<ScheduledThreadPool> {
    Arc::new(ScheduledThreadPool::builder().num_threads(1).thread_name_pattern("memdict").build())
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
