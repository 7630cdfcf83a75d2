//! memcached as the `memcache` crate's classic client speaks it: the classic text protocol, the
//! binary protocol with SASL, TLS.
//!
//! `address` says how a server is named to the crate, `link` connects, `load` and `change` run a
//! batch, `payload` gets the reply that the crate would fold, `failure` says what went wrong.
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
use super::{
    Store,
    credentials::Credentials,
    limits,
    operation::{ApplyOut, Change, Load, LoadOut, StoreError},
    servers::Servers,
};
use crate::error::Error;

/// Servers that know no meta commands, or are behind TLS or SASL.
///
/// [`MemcachedStore`](crate::MemcachedStore) is much faster, for changes above all, and the one
/// to use where it can be. This one is for the rest: memcached of any age, proxies such as
/// twemproxy, other servers that speak memcached's classic text protocol, over TCP or a unix
/// socket; servers that want SASL, in memcached's binary protocol; either of them over TLS.
///
/// What is documented of [`MemcachedStore`](crate::MemcachedStore) holds here as well, that
/// nothing is connected until the first operation, that each key belongs to one server by
/// rendezvous hashing, and how lifetimes end. The differences:
///
/// **Keys** have to be UTF-8, as memdict's own always are; others are
/// [refused](StoreError::Refused).
///
/// **Sizes** are not asked of the server: an item may take [`max_item_bytes`](Self::max_item_bytes),
/// memcached's default of 1 MiB unless told otherwise. What the server refuses nevertheless is
/// [refused](StoreError::Refused), and the old value may be gone.
///
/// **Changes go one after the other**, each with its own answer; values are loaded a hundred at a
/// time. The [timeout](Self::timeout) holds for each answer. After the first failure to get one,
/// the rest of the batch is not sent to that server. A batch has a connection of its own, and
/// asks for the server's version first, so that no change is sent to a server that has gone or
/// hangs.
///
/// **A value is deleted on a token** by replacing it, on that token, with an empty one that
/// expired in 1970: the server drops it in the same moment. There is no other way in these
/// protocols.
///
/// **After a server was restarted, a token may match somebody else's value.** memcached counts
/// versions from 1 again, and these protocols do not tell of the restart. So a value that was
/// loaded before a restart and written back after it, on the condition that it is unchanged,
/// may replace one that somebody else stored in between, if both have the same number by
/// chance. Keep units of work short. No change is [`Applied::Restarted`](crate::Applied::Restarted) here, and a token whose
/// life is known, of another store, matches nothing.
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
    /// A store of the servers named by `host`, `host:port`, `[address]:port` or the absolute
    /// path of a unix socket; the port is 11211 where none is given. The order does not matter,
    /// the spelling does: every program that shares the values has to use the same names.
    ///
    /// Nothing is looked up and nothing is connected.
    ///
    /// # Errors
    /// [`Error::Config`] for an empty list, a malformed name, or one that is there twice.
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

    /// How long a server may be silent while it is to take a request or to answer it. 1 second
    /// unless told otherwise, at least 1 ms and at most a day.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.dial.exchange = limits::within_a_day(timeout);
        self
    }

    /// How long a server may take to accept a connection, over all of its addresses but without
    /// looking them up. Until the connection can be used, as long again and one
    /// [timeout](Self::timeout) may pass, with TLS and SASL. 200 ms unless told otherwise, at
    /// least 1 ms and at most a day.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.dial.connect = limits::within_a_day(timeout);
        self
    }

    /// What an item may take, in bytes, as memcached counts it with its option `-I`: the largest
    /// value is 59 bytes and the key's length smaller.
    #[must_use]
    pub fn max_item_bytes(mut self, max_item_bytes: usize) -> Self {
        self.max_item_bytes = max_item_bytes;
        self
    }

    /// Speaks memcached's binary protocol, and begins each connection with SASL PLAIN. Without
    /// TLS the password can be read on the way.
    ///
    /// # Errors
    /// [`Error::Config`] if one of the servers is a unix socket; if the user or the password is
    /// empty, or has a character that the `memcache` crate would send as `%` and digits: white
    /// space, control characters, what is not ASCII, and ``" # / : ; < = > ? @ [ \ ] ^ ` { | }``.
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

    /// Speaks TLS, to servers whose certificates the system's authorities vouch for. Not to unix
    /// sockets.
    ///
    /// # Errors
    /// [`Error::Config`] if one of the servers is a unix socket.
    #[cfg(feature = "tls")]
    pub fn tls(mut self) -> Result<Self, Error> {
        self.no_sockets("TLS")?;
        self.dial.tls.get_or_insert_default();
        Ok(self)
    }

    /// Trusts the authorities whose certificates are in this file, in PEM format, as well. No
    /// effect without [`tls`](Self::tls).
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls_ca_file(mut self, path: impl Into<String>) -> Self {
        if let Some(tls) = &mut self.dial.tls {
            tls.ca_file = Some(path.into());
        }
        self
    }

    /// Speaks TLS with whoever answers: nobody can listen, but anybody can pretend to be the
    /// server. No effect without [`tls`](Self::tls).
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls_without_verification(mut self) -> Self {
        if let Some(tls) = &mut self.dial.tls {
            tls.unverified = true;
        }
        self
    }

    /// The crate has no `what` on unix sockets.
    fn no_sockets(&self, what: &str) -> Result<(), Error> {
        let Some(path) = self.servers.names().find(|name| address::is_path(name)) else {
            return Ok(());
        };
        let reason = format!("`{path}` is a unix socket, and {what} goes over TCP only");
        Err(Error::Config { option: "servers".to_owned(), reason })
    }

    /// Gives each server its share of the keys, and refuses the keys that are none.
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

    /// Runs each server's share on a connection of its own, which is kept if `run` says that it
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

/// The servers, how they are spoken to, and the timeouts; no password.
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
