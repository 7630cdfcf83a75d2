//! The engine for memcached servers, which speaks the meta commands of the text protocol.
//!
//! A batch is split into shares, one for each server (`servers`). A `lane` handles each share: it
//! takes an idle connection from the server's `pool`, or makes and greets a new one. A `talk` then
//! writes the requests and reads the answers. `load` and `change` know what to ask and what the
//! answers mean. `exchange` drives all lanes of a batch at once. Only `proto` knows the bytes of
//! the protocol, and only `socket` moves them. `tasks` drives the same lanes in tasks of tokio.

mod change;
mod exchange;
#[cfg(feature = "classic")]
mod fallback;
mod inbox;
mod interest;
mod lane;
mod load;
mod pool;
mod proto;
mod reasons;
mod resolve;
mod server;
mod socket;
#[cfg(not(fuzzing))]
mod talk;
#[cfg(fuzzing)]
pub(crate) mod talk;
#[cfg(feature = "tokio")]
mod tasks;
mod timeouts;
mod work;

#[cfg(feature = "tokio")]
use std::sync::Arc;
use std::{fmt, time::Duration};

use self::{
    change::Changes, lane::Lane, load::Loads, proto::greeting, server::Server, timeouts::Timeouts,
    work::Work,
};
#[cfg(feature = "tokio")]
use super::{AsyncStore, BoxFuture, caps::Caps, worker};
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
/// **Connections are made by the first operation**, not before. Each connection begins with one
/// exchange, in which the server tells its version, its settings and its current life. It is then
/// reused, by one batch at a time. So the next call finds a server that was restarted or moved to
/// another address.
///
/// **Each key belongs to one server**, by rendezvous hashing that never changes. A batch goes to
/// all of its servers at once. While a server is down, its keys are [down](StoreError::Down); they
/// do not move to other servers. After a failure to reach a server, no call tries again for 25 to
/// 50 ms at first, and for up to a second later; meanwhile operations on its keys fail at once.
/// Then one call tries.
///
/// **A batch may have any size.** Requests are written while answers are read, a bounded part of
/// them at a time, so that neither side waits for the other and memory use does not grow with the
/// batch. Large values are sent, and loaded values are passed on, without being copied. The
/// [timeout](Self::timeout) does not limit the whole batch, but each period in which nothing moves.
///
/// **Each operation has its own outcome.** An operation that the server rejects is
/// [refused](StoreError::Refused), and the rest of the batch is not affected. A connection that
/// breaks, is too slow, or delivers something other than the expected answer is closed. What was
/// answered before counts, a change that had been sent completely is
/// [unknown](StoreError::Unknown), and everything else is [down](StoreError::Down) and certainly
/// not made.
///
/// **Sizes** are checked against the server's own limit before anything is sent, because memcached
/// deletes the old value when it refuses a new one. It also does so when it has no memory for the
/// new value, which cannot be checked in advance: the change is then refused, and the old value is
/// gone.
///
/// **[Quiet](Change::quiet) stores**, in a batch of eight changes or more, are answered only if
/// they fail. An error line of the server does not name the change that it belongs to. After one,
/// the quiet changes that were sent together with it are unknown, except those that failed with an
/// answer of their own.
///
/// **Lifetimes** of more than 30 days end at a point in time, by this machine's clock. None ends
/// after 2038-01-19, the last day that memcached 1.6 knows.
///
/// **A token belongs to one life of one server.** memcached counts versions from 1 again after a
/// restart. A token names its life, which is made from the server's process number and the second
/// in which it started, and a connection belongs to one life only. A change on a token from an
/// earlier life is not sent; its outcome is [`Applied::Restarted`](crate::Applied::Restarted). All
/// lives of a server that does not tell them (a proxy may not) are the same.
///
/// **memcached 1.6.13 or later** is required. A server that is older, or has no meta commands, is
/// served as by [`ClassicStore`](crate::ClassicStore), with the limitations documented there. A
/// proxy that closes the connection during the first exchange has to be opened as a `ClassicStore`.
///
/// A value that another client marked as stale, or the placeholder of its lease, loads as a hit of
/// no bytes: it cannot be read, but it can be replaced. Loading such a value uses up the right to
/// renew it, which memcached gives to the first reader.
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
    /// Makes a store of the servers with these names. A name is `host`, `host:port`,
    /// `[address]:port` or the absolute path of a unix socket; the default port is 11211. The order
    /// does not matter, but the spelling does: every program that shares the values has to use the
    /// same names.
    ///
    /// No name is looked up and no connection is made.
    ///
    /// # Errors
    /// [`Error::Config`] if the list is empty, or a name is malformed or listed twice.
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

    /// Logs in with this name and password at servers that require it (memcached's option `-Y`,
    /// authentication in the text protocol). They are not sent to other servers.
    ///
    /// # Errors
    /// [`Error::Config`] if the name is empty, or contains white space or control characters, or if
    /// the password contains control characters.
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

    /// Sets how long nothing may move while a server owes an answer, before the connection is
    /// closed. 1 second by default; clamped to between 1 ms and one day.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.exchange = limits::within_a_day(timeout);
        self
    }

    /// Sets how long connecting to a server may take, over all of its addresses and including the
    /// look-up of its name. 200 ms by default, which is enough to recover from a lost packet on a
    /// local network; clamped to between 1 ms and one day.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.connect = limits::within_a_day(timeout);
        self
    }

    /// Gives each server its share of the keys, and refuses invalid keys.
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

    /// Returns the servers of shares that are not empty.
    fn reached_by(&self, shares: Vec<Vec<usize>>) -> impl Iterator<Item = (&Server, Vec<usize>)> {
        self.reached.iter().zip(shares).filter(|(_, share)| !share.is_empty())
    }

    /// Runs shares on their servers. Returns the shares that are left to the classic client.
    fn run<'a>(
        &self,
        shares: Vec<Vec<usize>>,
        work: &mut dyn Work<'a>,
    ) -> impl Iterator<Item = (&Server, Vec<usize>)> + use<'_, 'a> {
        #[cfg(feature = "tokio")]
        worker::about_to_block();
        let lanes = self.reached_by(shares).map(|(server, share)| {
            Lane::begin(server, &server.pool, |_| true, share, self.timeouts, work)
        });
        let mut lanes: Vec<_> = lanes.collect();
        // All names are looked up at once. A lane with a connection waits with the others.
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
        let left = self.run(shares, &mut Changes { changes, out, sending: None });
        #[cfg(feature = "classic")]
        left.for_each(|(server, share)| server.apply_classic(self.timeouts, changes, &share, out));
        #[cfg(not(feature = "classic"))]
        debug_assert_eq!(left.count(), 0);
    }

    #[cfg(feature = "tokio")]
    fn into_async(self: Arc<Self>) -> Option<Arc<dyn AsyncStore>> {
        Some(self)
    }
}

#[cfg(feature = "tokio")]
impl AsyncStore for MemcachedStore {
    fn load_many<'a>(
        &'a self,
        loads: &'a [Load<'a>],
        out: &'a mut LoadOut<'a>,
    ) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let keys = loads.iter().map(|load| load.key);
            let shares = self.shares(keys, |index, refused| out(index, Err(refused)));
            let left = tasks::exchange::run(
                self.reached_by(shares),
                self.timeouts,
                &mut Loads { loads, out },
            )
            .await;
            #[cfg(feature = "classic")]
            for (server, share) in left {
                server.load_classic_in_task(self.timeouts, loads, &share, out).await;
            }
            #[cfg(not(feature = "classic"))]
            debug_assert!(left.is_empty());
        })
    }

    fn apply_many<'a>(
        &'a self,
        changes: &'a [Change<'a>],
        out: &'a mut ApplyOut<'a>,
    ) -> BoxFuture<'a, ()> {
        self.apply_many_telling(changes, out, &|| {})
    }

    fn apply_many_telling<'a>(
        &'a self,
        changes: &'a [Change<'a>],
        out: &'a mut ApplyOut<'a>,
        sending: &'a (dyn Fn() + Send + Sync),
    ) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let keys = changes.iter().map(|change| change.key);
            let shares = self.shares(keys, |index, refused| out(index, Err(refused)));
            let mut work = Changes { changes, out, sending: Some(sending) };
            let left =
                tasks::exchange::run(self.reached_by(shares), self.timeouts, &mut work).await;
            #[cfg(feature = "classic")]
            for (server, share) in left {
                sending();
                server.apply_classic_in_task(self.timeouts, changes, &share, out).await;
            }
            #[cfg(not(feature = "classic"))]
            debug_assert!(left.is_empty());
        })
    }

    fn caps(&self) -> Caps {
        Store::caps(self)
    }

    fn into_blocking(self: Arc<Self>) -> Option<Arc<dyn Store>> {
        Some(self)
    }
}

/// Shows the servers and the timeouts.
impl fmt::Debug for MemcachedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemcachedStore")
            .field("servers", &self.servers.names().collect::<Vec<_>>())
            .field("timeout", &self.timeouts.exchange)
            .field("connect_timeout", &self.timeouts.connect)
            .finish_non_exhaustive()
    }
}
