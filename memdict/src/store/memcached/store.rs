//! The store of one or several memcached servers.

use std::{
    fmt, process,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    admission::Admission,
    change::Changes,
    counted::Counted,
    exchange,
    lane::{From, Lane},
    load::Loads,
    proto::{Dialect, greeting, manner::Assumed},
    remember::Bounds,
    server::Server,
    timeouts::Timeouts,
    watch::Kind,
    wire::Callers,
    work::Work,
};
#[cfg(feature = "tokio")]
use crate::store::{AsyncStore, worker};
use crate::{
    error::Error,
    health::{ServerCounters, ServerHealth},
    store::{
        Store,
        caps::Caps,
        credentials::Credentials,
        deadline::Deadline,
        limits,
        operation::{Applied, ApplyOut, Change, Load, LoadOut, StoreError},
        servers::Servers,
    },
};

/// One or several memcached servers, over TCP or unix sockets.
///
/// **Connections are made by the first operation**, not before. Each connection begins with one
/// exchange, in which the server tells its version, its settings and its current life. It is then
/// reused, by one batch at a time. Tasks of tokio share a connection for small batches: their
/// requests leave together. So the next call finds a server that was restarted or moved to
/// another address. There are at most [`max_connections`](Self::max_connections) to each server. A
/// batch that finds none free waits, in turn. So does one that asked for another connection and did
/// not get it, because the server or this process has no more: that is not an outage as long as a
/// connection works.
///
/// **A connection belongs to the process that made it.** After a `fork`, the child makes its own. A
/// fork while other threads use the store is as dangerous as with any library that has locks. A
/// closed connection never raises SIGPIPE.
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
/// [timeout](Self::timeout) limits each period in which nothing moves, and the
/// [deadline](Self::deadline) the whole call.
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
/// the server is asked which of the quiet changes were made. They are unknown only if another client
/// has changed one of them meanwhile, or if the server does not tell.
///
/// **Lifetimes** are never shorter than asked, and at most about a second longer, because memcached
/// counts in its own whole seconds. One of 30 days or more ends at a point in time, by the server's
/// clock. None ends after 2038-01-19, the last day that memcached 1.6 knows.
///
/// **No server is trusted** about lengths. A value larger than the largest item that the server
/// tells, more error lines than requests, or an answer without the mark of its request end the
/// connection.
///
/// **A token belongs to one life of one server.** memcached counts versions from 1 again after a
/// restart. A token names its life, which is made from the server's process number and the second
/// in which it started, and its [connection](crate::Token::connection), which belongs to one life
/// only. A change on a token from an earlier life is not sent; its outcome is
/// [`Applied::Restarted`](crate::Applied::Restarted). Two lives may look the same: in containers,
/// each server is process 1. So a change on a token that came over another connection is not sent
/// either; its outcome is [`Applied::Unproven`](crate::Applied::Unproven), and a session then
/// compares the stored value with the one that it saw. All lives of a server that does not tell
/// them (a proxy may not) are the same.
///
/// **memcached 1.6.13 or later speaks meta commands.** Everything else is spoken to in the classic text
/// protocol, over the same connections and as fast: older servers, twemproxy, and other servers and
/// proxies. Which of the two a server speaks is found out when a connection begins; one that closes
/// it is asked again, with more care. [`classic`](Self::classic) says it in advance. As soon as one
/// server of the store is known to speak it, the store's [`Caps`] are what all of them can do. The
/// classic protocol
///
/// - gives no leases, keeps no stale values (making a value stale deletes it), and does not tell how
///   much life is left;
/// - deletes on a token by a value that expired in 1970, which memcached drops at once;
/// - counts in up to three round trips where there is no number yet, or its end of life is set.
///   Another client may come in between, but only one creates the number;
/// - takes a second round trip for a load that [touches](crate::Load::touch);
/// - has no marks: answers belong to requests by their order, and values by their keys. After an error
///   line that may leave a value unread, the connection is closed.
///
/// A proxy's `SERVER_ERROR` may mean that its server did not answer. A change is then
/// [unknown](StoreError::Unknown), and a load [down](StoreError::Down). A proxy tells no life; what
/// it does not tell of its limits is as memcached's defaults.
///
/// **The right to renew a stale value** is given by memcached to whoever loads or touches it first,
/// whether or not that was asked for. If it was not, it is handed back at the end of the batch, which
/// takes one more round trip. Until then, and for ever if the connection breaks in between, others are
/// told that the right is [taken](crate::Renewal::Taken). Handing it back gives the value another
/// version, so a change on the token of such a load is [`Applied::Unproven`](crate::Applied::Unproven).
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
    pub(super) servers: Arc<Servers>,
    pub(super) reached: Arc<Vec<Server>>,
    /// What is said about the servers in advance.
    pub(super) assumed: Assumed,
    pub(super) admission: Admission,
    max_connections: usize,
    pub(super) bounds: Bounds,
    pub(super) timeouts: Timeouts,
    /// The deadline of the call that this is for.
    pub(super) call: Option<Deadline>,
}

impl MemcachedStore {
    /// Makes a store of the servers with these names. A name is `host`, `host:port`,
    /// `[address]:port` or the absolute path of a unix socket; the default port is 11211. Behind it may
    /// stand a weight, as in `cache-1:11211*3`, from 1 to 1000: the server then gets three times as
    /// many keys as one without. The order does not matter, but the spelling does: every program that
    /// shares the values has to use the same names and weights, and the same
    /// [placement](Self::placement).
    ///
    /// No name is looked up and no connection is made.
    ///
    /// # Errors
    /// [`Error::Config`] if the list is empty, or a name is malformed or listed twice.
    pub fn new(servers: impl IntoIterator<Item = impl Into<String>>) -> Result<Self, Error> {
        let store = Self {
            servers: Arc::new(Servers::parse(servers)?),
            reached: Arc::default(),
            assumed: Assumed::DEFAULT,
            admission: Admission::default(),
            max_connections: limits::MAX_CONNECTIONS,
            bounds: Bounds::DEFAULT,
            timeouts: Timeouts {
                connect: Duration::from_millis(200),
                exchange: Duration::from_secs(1),
                deadline: None,
            },
            call: None,
        };
        Ok(store.anew())
    }

    /// Makes the servers, which have no connections yet.
    pub(super) fn anew(mut self) -> Self {
        let (admission, most) = (&self.admission, self.max_connections);
        let servers = Server::each(&self.servers, self.assumed, admission, most, self.bounds);
        self.reached = Arc::new(servers);
        self
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
        self.admission.credentials = Some(credentials);
        Ok(self.anew())
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

    /// Sets how long a call may take, whatever it waits for: the look-up of a name, a connection, a
    /// server that is slow but answers. Ten times the [timeout](Self::timeout) by default; clamped
    /// to between 1 ms and one day. A call is a batch, or all batches of a commit. What is not done
    /// by then is [down](StoreError::Down), or [unknown](StoreError::Unknown) if it is a change that
    /// was sent.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.timeouts.deadline = Some(limits::within_a_day(deadline));
        self
    }

    /// Sets how many connections there are to each server at most. 16 by default, and at least 1. A
    /// call that finds none free waits for one, in turn and until its [deadline](Self::deadline).
    #[must_use]
    pub fn max_connections(mut self, max_connections: usize) -> Self {
        self.max_connections = max_connections.max(1);
        self.anew()
    }

    /// Returns the index of the server that holds `key`.
    pub(super) fn route(&self, key: &[u8]) -> usize {
        self.servers.route(key)
    }

    /// Returns the deadline of a call that begins now, unless this is for one that has begun.
    fn begin(&self) -> Deadline {
        self.call.unwrap_or_else(|| Deadline::begin(self.timeouts.deadline()))
    }

    /// Returns the store for a call that begins now, by this clock.
    pub(super) fn within_by(&self, deadline: Option<Duration>, now: fn() -> Instant) -> Self {
        let deadline = deadline.map_or(self.timeouts.deadline(), limits::within_a_day);
        Self {
            servers: Arc::clone(&self.servers),
            reached: Arc::clone(&self.reached),
            assumed: self.assumed,
            admission: Admission::default(),
            max_connections: self.max_connections,
            bounds: self.bounds,
            timeouts: Timeouts { deadline: Some(deadline), ..self.timeouts },
            call: Some(Deadline::begin_by(now, deadline)),
        }
    }

    /// Gives each server its share of the keys, and refuses invalid keys.
    pub(super) fn shares<'k>(
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
    pub(super) fn reached_by(
        &self,
        shares: Vec<Vec<usize>>,
    ) -> impl Iterator<Item = (&Server, Vec<usize>)> {
        self.reached.iter().zip(shares).filter(|(_, share)| !share.is_empty())
    }

    /// Runs shares on their servers.
    pub(super) fn run<'a>(&self, shares: Vec<Vec<usize>>, call: Deadline, work: &mut dyn Work<'a>) {
        #[cfg(feature = "tokio")]
        worker::about_to_block();
        let process = process::id();
        let mut lanes: Vec<_> = self
            .reached_by(shares)
            .map(|(server, share)| {
                let from = From { pool: &server.pool, process, callers: Callers::Threads };
                Lane::begin(server, from, share, self.timeouts, call, work)
            })
            .collect();
        loop {
            // All names are looked up at once. A lane with a connection waits with the others.
            let lookups: Vec<_> = lanes.iter().map(Lane::look_up).collect();
            for (lane, lookup) in lanes.iter_mut().zip(lookups) {
                if let Some((pending, deadline)) = lookup {
                    lane.dial(pending.wait(deadline), work);
                }
            }
            exchange::run(&mut lanes, work);
            // A server may have to be asked once more.
            if lanes.iter().any(Lane::needs_connection) {
                continue;
            }
            // A batch that waits holds no connection, so no two of them wait for each other.
            match lanes.iter_mut().find(|lane| lane.is_queued()) {
                Some(queued) => queued.wait(work),
                None => break,
            }
        }
    }
}

impl Store for MemcachedStore {
    fn load_many(&self, loads: &[Load<'_>], out: &mut LoadOut<'_>) {
        let keys = loads.iter().map(|load| load.key);
        let mut shares = self.shares(keys, |index, refused| out(index, Err(refused)));
        let call = self.begin();
        let unreached = self.resend(call);
        self.withhold(&mut shares, &unreached, |index, error| out(index, Err(error)));
        let loads = Loads { loads, out };
        self.run(shares, call, &mut Counted::new(&self.reached, Kind::Loads, loads));
    }

    fn apply_many(&self, changes: &[Change<'_>], out: &mut ApplyOut<'_>) {
        let keys = changes.iter().map(|change| change.key);
        let mut shares = self.shares(keys, |index, refused| out(index, Err(refused)));
        let call = self.begin();
        let unreached = self.resend(call);
        let remembers = self.remembers();
        let mut out = |index: usize, outcome: Result<Applied, StoreError>| {
            self.heard_of(remembers, &changes[index], &outcome, Instant::now);
            out(index, outcome);
        };
        self.withhold(&mut shares, &unreached, |index, error| out(index, Err(error)));
        let work = Changes { changes, out: &mut out, sending: None };
        self.run(shares, call, &mut Counted::new(&self.reached, Kind::Changes, work));
    }

    fn within(&self, deadline: Option<Duration>) -> Option<Arc<dyn Store>> {
        Some(Arc::new(self.within_by(deadline, Instant::now)))
    }

    fn caps(&self) -> Caps {
        let is_classic = self.assumed.dialect == Some(Dialect::Classic)
            || self.reached.iter().any(|server| server.watched.is_classic());
        if is_classic { Caps::default().with_touch().with_counts() } else { Caps::all() }
    }

    fn health(&self) -> Vec<ServerHealth> {
        self.reached.iter().map(Server::health).collect()
    }

    fn ping(&self) -> Vec<ServerHealth> {
        self.ask_each(self.begin())
    }

    fn server_counters(&self) -> Vec<ServerCounters> {
        self.reached.iter().map(|server| server.watched.counters()).collect()
    }

    #[cfg(feature = "tokio")]
    fn into_async(self: Arc<Self>) -> Option<Arc<dyn AsyncStore>> {
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
            .field("deadline", &self.timeouts.deadline())
            .field("max_connections", &self.max_connections)
            .field("tls", &self.admission.tls())
            .finish_non_exhaustive()
    }
}
