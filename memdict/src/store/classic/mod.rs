//! The client for servers that the engine does not speak to: by the `memcache` crate, the binary protocol
//! with SASL. It also speaks the classic text protocol, which the engine is compared with.
//!
//! `link` connects, and `load` and `change` run a batch over a `conversation`. `text` speaks the
//! text protocol over a `stream`, without believing any length. `address` makes the URL of a server
//! for the crate, and `payload` notes what the crate has sent. `failure` gives errors their
//! meaning.
//!
//! `batch` runs each server's share `apart`, on a thread of its own, which is left at the deadline.
//!
//! The crate trusts its server. So it serves only servers that a program gives credentials to.

mod address;
mod apart;
mod batch;
mod change;
mod conversation;
mod failure;
mod link;
mod load;
mod outage;
mod payload;
mod stream;
pub(crate) mod text;

use std::{fmt, sync::Arc, time::Duration};

use self::{address::Dial, link::Connections};
#[cfg(feature = "tokio")]
use super::worker;
use super::{
    Store,
    caps::Caps,
    credentials::Credentials,
    deadline::Deadline,
    limits,
    operation::{ApplyOut, Change, Load, LoadOut},
    placement::Placement,
    servers::Servers,
};
use crate::error::Error;

/// A client for servers with SASL.
///
/// Prefer [`MemcachedStore`](crate::MemcachedStore) where it works, because it is much faster,
/// above all for changes, has a side for tasks, and speaks TLS. This store is for servers that require
/// SASL, in memcached's binary protocol. It also speaks the classic text protocol over TCP or a unix
/// socket, as [`MemcachedStore::classic`](crate::MemcachedStore::classic) does.
///
/// As with [`MemcachedStore`](crate::MemcachedStore), the first operation makes the connection,
/// each key belongs to one server by rendezvous hashing, and lifetimes end in the same way, except
/// that those of 30 days or more are reckoned by this machine's clock. The differences are:
///
/// **Keys** have to be UTF-8, as memdict's own always are; others are
/// [refused](crate::StoreError::Refused).
///
/// **Sizes** are not asked of the server. An item may take
/// [`max_item_bytes`](Self::max_item_bytes), by default memcached's default of 1 MiB. What the
/// server still rejects is [refused](crate::StoreError::Refused), and the old value may be gone. A
/// value that is larger is not loaded: it ends the connection, and loads that follow in the batch
/// are [down](crate::StoreError::Down).
///
/// **Changes are made one after the other**, each with its own answer. Values are loaded a hundred
/// at a time. The [timeout](Self::timeout) applies to each read and write, and the
/// [deadline](Self::deadline) to the whole call. After the first answer that does
/// not come, the rest of the batch is not sent to that server. A batch has a connection of its own
/// and first asks for the server's version, so that no change is sent to a server that has gone or
/// hangs.
///
/// **A delete on a token** replaces the value, on that token, with an empty one that expired in
/// 1970, which the server drops at once. These protocols have no other way.
///
/// **No leases and no stale values**: these protocols have neither, and do not tell how much life a
/// value has left ([`Caps`]). [Making a value stale](crate::Op::Invalidate) deletes it. A load that
/// [touches](crate::Load::touch) takes a second round trip, and a [count](crate::Op::Count) is one
/// request, but several if there is no number yet or its end of life is set; other clients can come in
/// between. With SASL there are no counts.
///
/// **After a restart of a server, a token may match another client's value.** memcached counts
/// versions from 1 again, and these protocols do not reveal the restart. A value that was loaded
/// before a restart and is written back after it, on the condition that it is unchanged, may
/// replace a value that another client stored in between, if both happen to have the same number.
/// Keep units of work short. No outcome is [`Applied::Restarted`](crate::Applied::Restarted) here,
/// and a token of another store, with a known life, matches nothing.
///
/// **With SASL, the server is trusted.** The `memcache` crate then reads its answers, and takes as
/// much memory as they announce, up to 4 GiB. Each such server costs one thread, which makes
/// connections.
///
/// Each server in use costs one thread during a call. A thread that was left at the deadline ends
/// when its server is silent for a timeout; until then its connection counts.
///
/// ```no_run
/// use std::time::Duration;
/// use memdict::ClassicStore;
///
/// let with_sasl = ClassicStore::new(["cache-2"])?
///     .credentials("shop", "secret")?
///     .timeout(Duration::from_millis(500));
/// # Ok::<_, memdict::Error>(())
/// ```
pub struct ClassicStore {
    servers: Arc<Servers>,
    connections: Vec<Arc<Connections>>,
    dial: Arc<Dial>,
    max_item_bytes: usize,
    max_connections: usize,
    deadline: Option<Duration>,
    /// The deadline of the call that this is for.
    call: Option<Deadline>,
}

impl ClassicStore {
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
        Servers::parse(servers).map(Self::of)
    }

    pub(super) fn of(servers: Servers) -> Self {
        let dial = Dial {
            connect: Duration::from_millis(200),
            exchange: Duration::from_secs(1),
            credentials: None,
        };
        let store = Self {
            connections: Vec::new(),
            servers: Arc::new(servers),
            dial: Arc::new(dial),
            max_item_bytes: limits::ITEM_SIZE_MAX,
            max_connections: 0,
            deadline: None,
            call: None,
        };
        store.max_connections(limits::MAX_CONNECTIONS)
    }

    /// Changes how connections are made.
    fn dial(&mut self) -> &mut Dial {
        Arc::make_mut(&mut self.dial)
    }

    /// Sets how long a server may be silent while it has to take a request or to answer it. 1
    /// second by default; clamped to between 1 ms and one day.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.dial().exchange = limits::within_a_day(timeout);
        self
    }

    /// Sets how long a server may take to accept a connection, over all of its addresses. The
    /// look-up of its name counts too, but only the [deadline](Self::deadline) cuts it short. With SASL, the same time again
    /// and one [timeout](Self::timeout) may pass until the connection can be used. 200 ms by
    /// default; clamped to between 1 ms and one day.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.dial().connect = limits::within_a_day(timeout);
        self
    }

    /// Sets how long a call may take, whatever it waits for: the look-up of a name, a connection, a
    /// server that is slow but answers. Ten times the [timeout](Self::timeout) by default; clamped
    /// to between 1 ms and one day. A call is a batch, or all batches of a commit. What is not done
    /// by then is [down](crate::StoreError::Down), or [unknown](crate::StoreError::Unknown) if it is
    /// a change that was begun. Its connection, and the thread that waits on it, end as soon as the
    /// server is silent for a timeout.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(limits::within_a_day(deadline));
        self
    }

    /// Sets how the server is chosen that holds a key: as memdict does, or as another client of these
    /// servers does. [`Placement::Rendezvous`] by default.
    ///
    /// # Errors
    /// [`Error::Config`] if the choice needs a cargo feature, or does not know the servers' weights.
    pub fn placement(mut self, how: Placement) -> Result<Self, Error> {
        self.servers = Arc::new(self.servers.placed(how)?);
        Ok(self)
    }

    /// Sets how many connections there are to each server at most. 16 by default, and at least 1. A
    /// call that finds none free waits for one, in turn and until its [deadline](Self::deadline).
    #[must_use]
    pub fn max_connections(mut self, max_connections: usize) -> Self {
        self.max_connections = max_connections.max(1);
        let connections = |_| Arc::new(Connections::of(self.max_connections));
        self.connections = (0..self.servers.len()).map(connections).collect();
        self
    }

    /// Sets how many bytes an item may take, counted as memcached does for its option `-I`: the
    /// largest value is smaller by 59 bytes and the length of its key. 1 MiB by default.
    #[must_use]
    pub fn max_item_bytes(mut self, max_item_bytes: usize) -> Self {
        self.max_item_bytes = max_item_bytes;
        self
    }

    /// Speaks memcached's binary protocol, and begins each connection with SASL PLAIN. The
    /// password can be read on the network.
    ///
    /// # Errors
    /// [`Error::Config`] if one of the servers is a unix socket, or if the user or the password is
    /// empty or contains a character that the `memcache` crate would send percent-encoded: white
    /// space, control characters, anything but ASCII, and ``" # / : ; < = > ? @ [ \ ] ^ ` { | }` .
    /// The error shows neither.
    pub fn credentials(
        self,
        user: impl Into<String>,
        password: impl Into<String>,
    ) -> Result<Self, Error> {
        self.with_credentials(Credentials { user: user.into(), password: password.into() })
    }

    pub(crate) fn with_credentials(mut self, credentials: Credentials) -> Result<Self, Error> {
        address::check(&credentials)?;
        self.no_sockets("SASL")?;
        self.dial().credentials = Some(credentials);
        Ok(self)
    }

    /// Refuses unix sockets, on which the crate has no `what`.
    fn no_sockets(&self, what: &str) -> Result<(), Error> {
        let Some(path) = self.servers.names().find(|name| address::is_path(name)) else {
            return Ok(());
        };
        let reason = format!("`{path}` is a unix socket, and {what} works only over TCP");
        Err(Error::Config { option: "servers".to_owned(), reason })
    }

    /// Returns the time for a whole call.
    fn whole(&self) -> Duration {
        self.deadline.unwrap_or(self.dial.exchange * limits::DEADLINE_IN_TIMEOUTS)
    }

    /// Returns the deadline of a call that begins now, unless this is for one that has begun.
    fn begin(&self) -> Deadline {
        self.call.unwrap_or_else(|| Deadline::begin(self.whole()))
    }
}

impl Store for ClassicStore {
    fn load_many(&self, loads: &[Load<'_>], out: &mut LoadOut<'_>) {
        #[cfg(feature = "tokio")]
        worker::about_to_block();
        self.load_by(self.begin(), loads, out);
    }

    fn apply_many(&self, changes: &[Change<'_>], out: &mut ApplyOut<'_>) {
        #[cfg(feature = "tokio")]
        worker::about_to_block();
        self.apply_by(self.begin(), changes, out);
    }

    fn caps(&self) -> Caps {
        let caps = Caps::default().with_touch();
        if self.dial.credentials.is_some() { caps } else { caps.with_counts() }
    }

    fn within(&self, deadline: Option<Duration>) -> Option<Arc<dyn Store>> {
        let whole = deadline.map_or(self.whole(), limits::within_a_day);
        Some(Arc::new(Self {
            servers: Arc::clone(&self.servers),
            connections: self.connections.clone(),
            dial: Arc::clone(&self.dial),
            deadline: Some(whole),
            call: Some(Deadline::begin(whole)),
            ..*self
        }))
    }
}

/// Shows the servers, the settings and the timeouts, but no password.
impl fmt::Debug for ClassicStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClassicStore")
            .field("servers", &self.servers.names().collect::<Vec<_>>())
            .field("sasl", &self.dial.credentials.is_some())
            .field("timeout", &self.dial.exchange)
            .field("connect_timeout", &self.dial.connect)
            .field("deadline", &self.whole())
            .field("max_connections", &self.max_connections)
            .field("max_item_bytes", &self.max_item_bytes)
            .finish_non_exhaustive()
    }
}
