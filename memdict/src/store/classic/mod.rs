//! The client for servers that the engine does not speak to, through the classic client of the
//! `memcache` crate: the classic text protocol, and the binary protocol with SASL, with or without
//! TLS.
//!
//! `address` makes the URL of a server, `link` connects, and `load` and `change` run a batch over a
//! `conversation`. `payload` reads the replies that the crate would reduce, and `failure` gives
//! errors their meaning.
//!
//! The crate trusts its server: one that announces a value of an absurd length makes it panic or
//! run out of memory.

mod address;
mod change;
mod conversation;
mod failure;
mod link;
mod load;
mod payload;

use std::{fmt, time::Duration};

use self::{
    address::{Dial, Tls},
    conversation::{Conversation, text},
    link::Connections,
};
#[cfg(feature = "tokio")]
use super::worker;
use super::{
    Store,
    credentials::Credentials,
    limits,
    operation::{ApplyOut, Change, Load, LoadOut, StoreError},
    servers::Servers,
};
use crate::error::Error;

/// A client for servers without meta commands, or with TLS or SASL.
///
/// Prefer [`MemcachedStore`](crate::MemcachedStore) where it works, because it is much faster,
/// above all for changes. This store is for everything else: memcached of any age, proxies such as
/// twemproxy, and other servers that speak memcached's classic text protocol, over TCP or a unix
/// socket; and servers that require SASL, in memcached's binary protocol. Both protocols work over
/// TLS.
///
/// As with [`MemcachedStore`](crate::MemcachedStore), the first operation makes the connection,
/// each key belongs to one server by rendezvous hashing, and lifetimes end in the same way. The
/// differences are:
///
/// **Keys** have to be UTF-8, as memdict's own always are; others are
/// [refused](StoreError::Refused).
///
/// **Sizes** are not asked of the server. An item may take
/// [`max_item_bytes`](Self::max_item_bytes), by default memcached's default of 1 MiB. What the
/// server still rejects is [refused](StoreError::Refused), and the old value may be gone.
///
/// **Changes are made one after the other**, each with its own answer. Values are loaded a hundred
/// at a time. The [timeout](Self::timeout) applies to each answer. After the first answer that does
/// not come, the rest of the batch is not sent to that server. A batch has a connection of its own
/// and first asks for the server's version, so that no change is sent to a server that has gone or
/// hangs.
///
/// **A delete on a token** replaces the value, on that token, with an empty one that expired in
/// 1970, which the server drops at once. These protocols have no other way.
///
/// **After a restart of a server, a token may match another client's value.** memcached counts
/// versions from 1 again, and these protocols do not reveal the restart. A value that was loaded
/// before a restart and is written back after it, on the condition that it is unchanged, may
/// replace a value that another client stored in between, if both happen to have the same number.
/// Keep units of work short. No outcome is [`Applied::Restarted`](crate::Applied::Restarted) here,
/// and a token of another store, with a known life, matches nothing.
///
/// Each server in use costs one thread, which makes connections.
///
/// ```no_run
/// use std::time::Duration;
/// use memdict::ClassicStore;
///
/// let proxy = ClassicStore::new(["cache-1:22121", "/run/twemproxy.sock"])?
///     .timeout(Duration::from_millis(500));
/// let with_sasl = ClassicStore::new(["cache-2"])?.credentials("shop", "secret")?;
/// # Ok::<_, memdict::Error>(())
/// ```
pub struct ClassicStore {
    servers: Servers,
    connections: Vec<Connections>,
    dial: Dial,
    max_item_bytes: usize,
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
        Self {
            connections: (0..servers.len()).map(|_| Connections::default()).collect(),
            servers,
            dial: Dial {
                connect: Duration::from_millis(200),
                exchange: Duration::from_secs(1),
                credentials: None,
                tls: None,
            },
            max_item_bytes: limits::ITEM_SIZE_MAX,
        }
    }

    /// Sets how long a server may be silent while it has to take a request or to answer it. 1
    /// second by default; clamped to between 1 ms and one day.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.dial.exchange = limits::within_a_day(timeout);
        self
    }

    /// Sets how long a server may take to accept a connection, over all of its addresses. The
    /// look-up of its name counts too, but is not cut short. With TLS and SASL, the same time again
    /// and one [timeout](Self::timeout) may pass until the connection can be used. 200 ms by
    /// default; clamped to between 1 ms and one day.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.dial.connect = limits::within_a_day(timeout);
        self
    }

    /// Sets how many bytes an item may take, counted as memcached does for its option `-I`: the
    /// largest value is smaller by 59 bytes and the length of its key. 1 MiB by default.
    #[must_use]
    pub fn max_item_bytes(mut self, max_item_bytes: usize) -> Self {
        self.max_item_bytes = max_item_bytes;
        self
    }

    /// Speaks memcached's binary protocol, and begins each connection with SASL PLAIN. Without TLS,
    /// the password can be read on the network.
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
        self.dial.credentials = Some(credentials);
        Ok(self)
    }

    /// Speaks TLS, to servers whose certificates are issued by the system's authorities. Unix
    /// sockets do not support it.
    ///
    /// # Errors
    /// [`Error::Config`] if one of the servers is a unix socket.
    /// [`Error::Config`] if one of the servers is a unix socket.
    #[cfg(feature = "tls")]
    pub fn tls(mut self) -> Result<Self, Error> {
        self.no_sockets("TLS")?;
        self.dial.tls.get_or_insert_default();
        Ok(self)
    }

    /// Also trusts the authorities whose certificates are in this file, in PEM format. Has no
    /// effect without [`tls`](Self::tls).
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls_ca_file(mut self, path: impl Into<String>) -> Self {
        if let Some(tls) = &mut self.dial.tls {
            tls.ca_file = Some(path.into());
        }
        self
    }

    /// Speaks TLS without verifying the server. The connection cannot be read by others, but anyone
    /// can pretend to be the server. Has no effect without [`tls`](Self::tls).
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls_without_verification(mut self) -> Self {
        if let Some(tls) = &mut self.dial.tls {
            tls.unverified = true;
        }
        self
    }

    /// Refuses unix sockets, on which the crate has no `what`.
    fn no_sockets(&self, what: &str) -> Result<(), Error> {
        let Some(path) = self.servers.names().find(|name| address::is_path(name)) else {
            return Ok(());
        };
        let reason = format!("`{path}` is a unix socket, and {what} works only over TCP");
        Err(Error::Config { option: "servers".to_owned(), reason })
    }

    /// Gives each server its share of the keys, and refuses invalid keys.
    fn share<'k>(
        &self,
        keys: impl Iterator<Item = &'k [u8]>,
        mut refuse: impl FnMut(usize, StoreError),
    ) -> Vec<Vec<usize>> {
        let mut shares = vec![Vec::new(); self.servers.len()];
        for (index, key) in keys.enumerate() {
            match limits::check_key(key).and_then(|()| text(key)) {
                Ok(_) => shares[self.servers.route(key)].push(index),
                Err(refused) => refuse(index, refused),
            }
        }
        shares
    }

    /// Runs each server's share on a connection of its own, which is kept if `run` returns that it
    /// can be used again.
    fn each(
        &self,
        shares: &[Vec<usize>],
        mut run: impl FnMut(&[usize], Result<&Conversation<'_>, StoreError>) -> bool,
    ) {
        let servers = (0_u32..).zip(self.servers.names()).zip(&self.connections).zip(shares);
        for (((index, name), connections), share) in servers {
            if share.is_empty() {
                continue;
            }
            let client = match connections.take(name, &self.dial) {
                Ok(client) => client,
                Err(down) => {
                    run(share, Err(down));
                    continue;
                }
            };
            let conversation = Conversation {
                index,
                name,
                client: &client,
                binary: self.dial.credentials.is_some(),
                max_item_bytes: self.max_item_bytes,
            };
            if run(share, Ok(&conversation)) {
                connections.put_back(client);
            }
        }
    }
}

impl Store for ClassicStore {
    fn load_many(&self, loads: &[Load<'_>], out: &mut LoadOut<'_>) {
        #[cfg(feature = "tokio")]
        worker::about_to_block();
        let keys = loads.iter().map(|load| load.key);
        let shares = self.share(keys, |index, refused| out(index, Err(refused)));
        self.each(&shares, |share, with| match with {
            Ok(with) => load::run(with, loads, share, out),
            Err(down) => {
                share.iter().for_each(|&index| out(index, Err(down.clone())));
                false
            }
        });
    }

    fn apply_many(&self, changes: &[Change<'_>], out: &mut ApplyOut<'_>) {
        #[cfg(feature = "tokio")]
        worker::about_to_block();
        let keys = changes.iter().map(|change| change.key);
        let shares = self.share(keys, |index, refused| out(index, Err(refused)));
        self.each(&shares, |share, with| match with {
            Ok(with) => change::run(with, changes, share, out),
            Err(down) => {
                share.iter().for_each(|&index| out(index, Err(down.clone())));
                false
            }
        });
    }
}

/// Shows the servers, the settings and the timeouts, but no password.
impl fmt::Debug for ClassicStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClassicStore")
            .field("servers", &self.servers.names().collect::<Vec<_>>())
            .field("sasl", &self.dial.credentials.is_some())
            .field("tls", &self.dial.tls.as_ref().map(Tls::describe))
            .field("timeout", &self.dial.exchange)
            .field("connect_timeout", &self.dial.connect)
            .field("max_item_bytes", &self.max_item_bytes)
            .finish_non_exhaustive()
    }
}
