//! memcached, over the meta commands of its text protocol.
//!
//! A batch is cut into shares, one for each server (`servers`). Each share goes down a `lane`: an
//! idle connection from the server's `pool`, or a new one that is greeted first; then a `talk`
//! that writes requests and reads answers, for `load` and `change`, which know what is asked and
//! what it means. `exchange` drives all lanes of a batch at once. What bytes mean only `proto`
//! knows, how they move only `socket`.

mod change;
mod exchange;
mod inbox;
mod lane;
mod load;
mod pool;
mod proto;
mod socket;
#[cfg(not(fuzzing))]
mod talk;
#[cfg(fuzzing)]
pub(crate) mod talk;
mod work;

use std::{fmt, time::Duration};

use self::{change::Changes, lane::Lane, load::Loads, pool::Pool, proto::greeting, work::Work};
use super::{
    Applied, Change, Load, Loaded, Store, StoreError, credentials::Credentials, limits,
    servers::Servers,
};
use crate::error::Error;

/// One or several memcached servers.
///
/// Version 1.6.18 or later is asked for. From 1.6.13 on they work as well, one operation at a
/// time; what is older, or has no meta commands, is [down](StoreError::Down) with its version in
/// the message. TCP only, without authentication or encryption.
///
/// **Nothing is connected until the first operation.** Then each server is asked for its
/// version and settings, once, and again after a failure; its name is looked up again as well.
/// So a server that was restarted, or moved to another address, is found by the next call.
///
/// **Each key belongs to one server**, by rendezvous hashing that never changes. While that
/// server is down its keys are [down](StoreError::Down); they do not move to others. A batch
/// goes to one server after the other.
///
/// **A batch is sent in chunks**: of at most 1,000 changes and about 1 MiB, or of at most
/// 32 KiB of requests for values. The [timeout](Self::timeout) holds for each chunk. When one
/// fails, the rest of the batch is not sent to that server.
///
/// **Sizes** are checked against the server's own limit before anything is sent, for memcached
/// deletes the old value when it refuses a new one. It does so too when it has no memory for the
/// new one, which cannot be known before: the change is then [refused](StoreError::Refused) and
/// the old value gone, and what was sent in the same chunk after it is
/// [unknown](StoreError::Unknown).
///
/// **Lifetimes** of more than 30 days end at a point in time, by this machine's clock; none
/// ends after 2038-01-19, the last day that memcached 1.6 knows.
///
/// **After a server was restarted, a token may match somebody else's value.** memcached counts
/// versions from 1 again, and nothing tells this store of the restart. So a value that was
/// loaded before a restart and written back after it, on the condition that it is unchanged,
/// may replace one that somebody else stored in between, if both have the same number by
/// chance. Keep units of work short.
///
/// A value that another client marked as stale, and the placeholder of its lease, load as a hit
/// of no bytes: nothing to read, but it can be replaced. Loading such a value uses up the right
/// to renew it that memcached gives to the first reader.
///
/// ```no_run
/// use std::time::Duration;
/// use memdict::MemcachedStore;
///
/// let store = MemcachedStore::new(["cache-1:11211", "cache-2", "[::1]:11212"])?
///     .timeout(Duration::from_millis(500));
/// # Ok::<_, memdict::Error>(())
/// ```
pub struct MemcachedStore {
    servers: Servers,
    reached: Vec<Server>,
    timeouts: Timeouts,
}

/// One server, and the connections to it.
struct Server {
    /// Its number, which tokens carry.
    index: u32,
    name: String,
    credentials: Option<Credentials>,
    pool: Pool,
}

/// How long things may take.
#[derive(Debug, Clone, Copy)]
struct Timeouts {
    connect: Duration,
    exchange: Duration,
}

impl MemcachedStore {
    /// A store of the servers named by `host`, `host:port` or `[address]:port`; the port is
    /// 11211 where none is given. The order does not matter, the spelling does: every program
    /// that shares the values has to use the same names.
    ///
    /// Nothing is looked up and nothing is connected.
    ///
    /// # Errors
    /// [`Error::Config`] for an empty list, a malformed name, or one that is there twice.
    pub fn new(servers: impl IntoIterator<Item = impl Into<String>>) -> Result<Self, Error> {
        let servers = Servers::parse(servers)?;
        let server = |(index, name): (u32, &str)| Server {
            index,
            name: name.to_owned(),
            credentials: None,
            pool: Pool::default(),
        };
        Ok(Self {
            reached: (0..).zip(servers.names()).map(server).collect(),
            servers,
            timeouts: Timeouts {
                connect: Duration::from_millis(200),
                exchange: Duration::from_secs(1),
            },
        })
    }

    /// Logs in with this name and password, where a server asks for it (memcached's option `-Y`,
    /// its authentication in the text protocol). To one that does not ask they are not sent.
    ///
    /// # Errors
    /// [`Error::Config`] for an empty name, white space in it, or control characters.
    pub fn credentials(
        mut self,
        user: impl Into<String>,
        password: impl Into<String>,
    ) -> Result<Self, Error> {
        let credentials = Credentials { user: user.into(), password: password.into() };
        greeting::check(&credentials)?;
        for server in &mut self.reached {
            server.credentials = Some(credentials.clone());
        }
        Ok(self)
    }

    /// How long one exchange with a server may take, from the first byte sent to the last one
    /// received; a batch may need several. 1 second unless told otherwise, at least 1 ms and at
    /// most a day.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.exchange = limits::within_a_day(timeout);
        self
    }

    /// How long connecting to a server may take, over all of its addresses but without looking
    /// them up. 200 ms unless told otherwise, enough for a lost packet to be noticed nearby; at
    /// least 1 ms and at most a day.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.connect = limits::within_a_day(timeout);
        self
    }

    /// Gives each server its share of the keys, and refuses the keys that are none.
    fn shares<'k>(
        &self,
        keys: impl ExactSizeIterator<Item = &'k [u8]>,
        mut refuse: impl FnMut(usize, StoreError),
    ) -> Vec<Vec<usize>> {
        let mut shares = vec![Vec::new(); self.servers.len()];
        if let [only] = &mut shares[..] {
            only.reserve_exact(keys.len());
        }
        for (index, key) in keys.enumerate() {
            match limits::check_key(key) {
                Ok(()) => shares[self.servers.route(key)].push(index),
                Err(refused) => refuse(index, refused),
            }
        }
        shares
    }

    fn run<'a>(&self, shares: Vec<Vec<usize>>, work: &mut dyn Work<'a>) {
        let shares = self.reached.iter().zip(shares).filter(|(_, share)| !share.is_empty());
        let lanes = shares.map(|(server, share)| Lane::begin(server, share, self.timeouts, work));
        let lanes = lanes.collect();
        exchange::run(lanes, work);
    }
}

impl Store for MemcachedStore {
    fn load_many(
        &self,
        loads: &[Load<'_>],
        out: &mut dyn FnMut(usize, Result<Loaded<'_>, StoreError>),
    ) {
        let keys = loads.iter().map(|load| load.key);
        let shares = self.shares(keys, |index, refused| out(index, Err(refused)));
        self.run(shares, &mut Loads { loads, out });
    }

    fn apply_many(
        &self,
        changes: &[Change<'_>],
        out: &mut dyn FnMut(usize, Result<Applied, StoreError>),
    ) {
        let keys = changes.iter().map(|change| change.key);
        let shares = self.shares(keys, |index, refused| out(index, Err(refused)));
        self.run(shares, &mut Changes { changes, out });
    }
}

/// The servers and the timeouts.
impl fmt::Debug for MemcachedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemcachedStore")
            .field("servers", &self.servers.names().collect::<Vec<_>>())
            .field("timeout", &self.timeouts.exchange)
            .field("connect_timeout", &self.timeouts.connect)
            .finish_non_exhaustive()
    }
}
