//! Connections to one server, in the text protocol or, with credentials, in the binary one.
//!
//! The `memcache` crate speaks the binary protocol. Its client is a pool. It also hands out connections that a failure left broken or, far
//! worse, one answer behind, so that a caller takes another's answer for its own. Therefore a
//! client here has one connection, belongs to one batch at a time, and is dropped unless every
//! answer was read.

use std::sync::{Arc, OnceLock};

use memcache::{Client, ConnectionManager, Pool};
use parking_lot::Mutex;
use scheduled_thread_pool::ScheduledThreadPool;

use super::{
    address::Dial,
    failure,
    stream::{self, Stream},
    text::{Broken, Text},
};
use crate::store::{
    credentials::Credentials,
    operation::{Reason, StoreError},
};

/// Connections beyond this many idle ones are closed.
const MAX_IDLE: usize = 32;

/// A connection.
pub(super) enum Link {
    Text(Text<Stream>),
    Sasl(Client),
}

/// The connections to one server.
#[derive(Default)]
pub(super) struct Connections {
    idle: Mutex<Vec<Link>>,
    /// The thread that connects, for all pools of this server. By default each pool starts three.
    worker: OnceLock<Arc<ScheduledThreadPool>>,
}

impl Connections {
    /// Returns a connection, idle or new, whose server has just told its version, so that no change
    /// is sent to a server that has gone or hangs.
    pub(super) fn take(&self, name: &str, dial: &Dial) -> Result<Link, StoreError> {
        // Not in the condition, which would hold the lock while the server is asked.
        let idle = self.idle.lock().pop();
        if let Some(mut link) = idle {
            if answers(&mut link, name)? {
                return Ok(link);
            }
            // The other idle connections cannot be expected to work either.
            self.idle.lock().clear();
        }
        let mut link = self.connect(name, dial)?;
        if answers(&mut link, name)? {
            return Ok(link);
        }
        // Proxies that do not know the question close the connection, so use another one unasked.
        self.connect(name, dial)
    }

    /// Keeps a connection whose answers were all read.
    pub(super) fn put_back(&self, link: Link) {
        if matches!(&link, Link::Text(text) if !text.is_in_step()) {
            return;
        }
        let mut idle = self.idle.lock();
        if idle.len() < MAX_IDLE {
            idle.push(link);
        }
    }

    fn connect(&self, name: &str, dial: &Dial) -> Result<Link, StoreError> {
        let link = match &dial.credentials {
            None => Stream::connect(name, dial).map(|stream| Link::Text(Text::over(stream))),
            Some(credentials) => self.log_in(name, dial, credentials).map(Link::Sasl),
        };
        link.map_err(|why| down(name, &format!("cannot be reached: {why}")))
    }

    fn log_in(&self, name: &str, dial: &Dial, who: &Credentials) -> Result<Client, String> {
        // The crate itself waits as long as the system does when nobody answers, two minutes or
        // more, and for a whole timeout when it is refused.
        let reached = stream::reach(name, dial.connect).map_err(|error| failure::io(&error))?;
        let url = dial.url(name, reached.1, who)?;
        let pool = Pool::builder()
            .max_size(1)
            .max_lifetime(None)
            .idle_timeout(None)
            .test_on_check_out(false)
            .connection_timeout(dial.connect + dial.exchange)
            .thread_pool(Arc::clone(self.worker.get_or_init(worker)))
            .build(ConnectionManager::new(url))
            .map_err(|error| failure::shown(&error.to_string()))?;
        Client::with_pool(pool).map_err(|error| failure::why(&error))
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

fn worker() -> Arc<ScheduledThreadPool> {
    Arc::new(ScheduledThreadPool::builder().num_threads(1).thread_name_pattern("memdict").build())
}
