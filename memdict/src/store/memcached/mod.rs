//! memcached, over the meta commands of its text protocol.
//!
//! A batch is cut into shares, one for each server (`servers`). Each share goes down a `lane`: an
//! idle connection from the server's `pool`, or a new one that is greeted first; then a `talk`
//! that writes requests and reads answers, for `load` and `change`, which know what is asked and
//! what it means. `exchange` drives all lanes of a batch at once. What bytes mean only `proto`
//! knows, how they move only `socket`.

mod change;
mod exchange;
#[cfg(feature = "classic")]
mod fallback;
mod inbox;
mod lane;
mod load;
mod pool;
mod proto;
mod resolve;
mod server;
mod socket;
#[cfg(not(fuzzing))]
mod talk;
#[cfg(fuzzing)]
pub(crate) mod talk;
mod timeouts;
mod work;

use std::{fmt, time::Duration};

use self::{
    change::Changes, lane::Lane, load::Loads, proto::greeting, server::Server, timeouts::Timeouts,
    work::Work,
};
use super::{
    Store,
    credentials::Credentials,
    limits,
    operation::{ApplyOut, Change, Load, LoadOut, StoreError},
    servers::Servers,
};
use crate::error::Error;

/// One or several memcached servers, over TCP or unix sockets.
///
/// **Nothing is connected until the first operation.** Each connection begins with one exchange
/// in which the server says its version, its settings and which of its lives it is in; then it
/// is used again and again, by one batch at a time. So a server that was restarted, or moved to
/// another address, is found by the next call.
///
/// **Each key belongs to one server**, by rendezvous hashing that never changes. A batch goes to
/// all of its servers at once. While a server is down its keys are [down](StoreError::Down); they
/// do not move to others. A server that could not be reached is left alone for 25 to 50 ms at
/// first and up to a second later on; meanwhile its keys are down at once. Then one call tries.
///
/// **A batch may be of any size.** Requests are written while answers are read, a bounded part
/// of them at a time, so that neither side waits for the other and the memory in use does not
/// grow with the batch; values are sent from where they are, and handed out from where they were
/// received. The [timeout](Self::timeout) is not for the batch but for each time that nothing
/// moves.
///
/// **Each operation has its own outcome.** What a server says it will not do is
/// [refused](StoreError::Refused), and nothing else of the batch is. When a connection breaks, is
/// too slow, or says something that is no answer to what was asked, it is closed: what was
/// answered before counts, a change that had been sent to its last byte is
/// [unknown](StoreError::Unknown), all else is [down](StoreError::Down), and certainly not made.
///
/// **Sizes** are checked against the server's own limit before anything is sent, for memcached
/// deletes the old value when it refuses a new one. It does so too when it has no memory for the
/// new one, which cannot be known before: the change is then refused, and the old value gone.
///
/// **Of many [quiet](Change::quiet) changes** only failures are answered, from eight in a batch on. A server that says an error line to one of them does not say to
/// which: then those sent together with it are unknown, but for what failed by itself.
///
/// **Lifetimes** of more than 30 days end at a point in time, by this machine's clock; none
/// ends after 2038-01-19, the last day that memcached 1.6 knows.
///
/// **A token is of one life of one server.** memcached counts versions from 1 again when it is
/// started anew. Tokens carry which life they are of, made of the server's process number and
/// the second it was started in, and a connection is to one life only: a change on a token from
/// before is not sent, and its outcome is [`Applied::Restarted`](crate::Applied::Restarted). To a server that does not say (a
/// proxy may not) all lives are the same.
///
/// **Version 1.6.13 or later** is asked for. What is older, or has no meta commands, is served as
/// [`ClassicStore`](crate::ClassicStore) does it, with what is documented there. A proxy that
/// closes the connection when it is asked what it is has to be a `ClassicStore`, by name.
///
/// A value that another client marked as stale, and the placeholder of its lease, load as a hit
/// of no bytes: nothing to read, but it can be replaced. Loading such a value uses up the right
/// to renew it that memcached gives to the first reader.
///
/// ```no_run
/// use std::time::Duration;
/// use memdict::MemcachedStore;
///
/// let store = MemcachedStore::new(["cache-1:11211", "cache-2", "[::1]:11212", "/run/mc.sock"])?
///     .timeout(Duration::from_millis(500));
/// # Ok::<_, memdict::Error>(())
/// ```
pub struct MemcachedStore {
    servers: Servers,
    reached: Vec<Server>,
    timeouts: Timeouts,
}

impl MemcachedStore {
    /// A store of the servers named by `host`, `host:port`, `[address]:port` or the absolute path
    /// of a unix socket; the port is 11211 where none is given. The order does not matter, the
    /// spelling does: every program that shares the values has to use the same names.
    ///
    /// Nothing is looked up and nothing is connected.
    ///
    /// # Errors
    /// [`Error::Config`] for an empty list, a malformed name, or one that is there twice.
    pub fn new(servers: impl IntoIterator<Item = impl Into<String>>) -> Result<Self, Error> {
        let servers = Servers::parse(servers)?;
        Ok(Self {
            reached: Server::each(&servers),
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

    /// How long nothing may move between here and a server that owes an answer, before the
    /// connection is given up. 1 second unless told otherwise, at least 1 ms and at most a day.
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

    /// Runs shares on their servers. Gives those back that are left to the classic client.
    fn run<'a>(
        &self,
        shares: Vec<Vec<usize>>,
        work: &mut dyn Work<'a>,
    ) -> impl Iterator<Item = (&Server, Vec<usize>)> + use<'_, 'a> {
        let shares = self.reached.iter().zip(shares).filter(|(_, share)| !share.is_empty());
        let lanes = shares.map(|(server, share)| Lane::begin(server, share, self.timeouts, work));
        let mut lanes: Vec<_> = lanes.collect();
        // All names at once; who has a connection waits with the others, as the batch does.
        let lookups: Vec<_> = lanes.iter().map(Lane::look_up).collect();
        for (lane, lookup) in lanes.iter_mut().zip(lookups) {
            if let Some((pending, deadline)) = lookup {
                lane.dial(pending.wait(deadline), work);
            }
        }
        exchange::run(&mut lanes, work);
        lanes.into_iter().filter_map(Lane::left_to_classic)
    }
}

impl Store for MemcachedStore {
    fn load_many(&self, loads: &[Load<'_>], out: &mut LoadOut<'_>) {
        let keys = loads.iter().map(|load| load.key);
        let shares = self.shares(keys, |index, refused| out(index, Err(refused)));
        let left = self.run(shares, &mut Loads { loads, out });
        #[cfg(feature = "classic")]
        left.for_each(|(server, share)| server.load_classic(self.timeouts, loads, &share, out));
        #[cfg(not(feature = "classic"))]
        debug_assert_eq!(left.count(), 0);
    }

    fn apply_many(&self, changes: &[Change<'_>], out: &mut ApplyOut<'_>) {
        let keys = changes.iter().map(|change| change.key);
        let shares = self.shares(keys, |index, refused| out(index, Err(refused)));
        let left = self.run(shares, &mut Changes { changes, out });
        #[cfg(feature = "classic")]
        left.for_each(|(server, share)| server.apply_classic(self.timeouts, changes, &share, out));
        #[cfg(not(feature = "classic"))]
        debug_assert_eq!(left.count(), 0);
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
