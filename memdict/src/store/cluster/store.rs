//! The store of a cluster.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use parking_lot::Mutex;

use super::{
    ask::Patience,
    list::{Cluster, Make, State},
    named::Named,
    pinned::Pinned,
    source::Source,
};
use crate::{
    error::Error,
    health::{ServerCounters, ServerHealth},
    store::{
        Store,
        caps::Caps,
        limits,
        memcached::store::MemcachedStore,
        operation::{ApplyOut, Change, Load, LoadOut},
        servers::Servers,
    },
};

#[cfg(feature = "tokio")]
use crate::store::AsyncStore;
#[cfg(feature = "tls")]
use crate::store::memcached::tls::{settings::Tls, trust::Trust};

/// What stands before a name each of whose addresses is a server.
const MANY: &str = "dns+";

/// The memcached servers of a cluster that an endpoint describes, as those of ElastiCache and
/// Memorystore do: it answers `config get cluster` with the list of servers.
///
/// The list is asked for when the first session needs it, then once a minute, and a second after a server
/// was not reached. Only the first time anybody waits for the answer. When the list changes, sessions
/// that begin then use the new servers, and those under way end on the old ones. Keys are placed by the
/// names of the servers, so with the default [`Placement`](crate::Placement) a server that comes or goes
/// moves its own keys alone. An older version of the list is taken only if it is told twice.
///
/// While an endpoint cannot be reached, the servers that are known stay in use, and the log says so. As
/// long as none are known, every key is down: a miss, or a lost change that the report names.
///
/// ```no_run
/// use std::time::Duration;
/// use memdict::{Cache, ClusterStore};
///
/// let store = ClusterStore::new(["carts.cfg.example.com:11211"])?
///     .servers(|servers| Ok(servers.timeout(Duration::from_millis(500))));
/// let cache = Cache::builder().open_store(std::sync::Arc::new(store))?;
/// # Ok::<_, memdict::Error>(())
/// ```
///
/// The addresses of a name can be such a list, too: [`of_names`](Self::of_names).
///
/// The same by URL: `memcache+cluster://carts.cfg.example.com:11211?timeout=500ms`.
pub struct ClusterStore {
    settings: Settings,
    /// Made when it is first used.
    cluster: OnceLock<Arc<Cluster>>,
}

#[derive(Clone)]
struct Settings {
    told_by: ToldBy,
    make: Make,
    patience: Patience,
    refresh: Duration,
    #[cfg(feature = "tls")]
    trust: Option<Trust>,
}

/// Who tells the servers.
#[derive(Debug, Clone)]
enum ToldBy {
    Endpoints(Vec<String>),
    /// Names, and whether each of their addresses is a server.
    Names(Vec<(String, bool)>),
}

impl ClusterStore {
    /// Makes the store of a cluster with this endpoint, or with several, which are asked in turn until
    /// one answers. A name is `host`, `host:port` or `[address]:port`. No connection is made.
    ///
    /// # Errors
    /// [`Error::Config`] if the list is empty, or a name is malformed or listed twice.
    pub fn new(endpoints: impl IntoIterator<Item = impl Into<String>>) -> Result<Self, Error> {
        let endpoints = Servers::parse(endpoints)?.names().map(str::to_owned).collect();
        Ok(Self::told_by(ToldBy::Endpoints(endpoints)))
    }

    /// Makes the store of the servers with these names, as
    /// [`MemcachedStore::new`](crate::MemcachedStore::new) takes them. Of a name behind `dns+`, as in
    /// `dns+cache.svc:11211`, each address is a server of its own. The name is looked up as often as an
    /// endpoint is asked; keys are placed by the addresses.
    ///
    /// # Errors
    /// [`Error::Config`] if the list is empty, or a name is malformed or listed twice.
    pub fn of_names(names: impl IntoIterator<Item = impl Into<String>>) -> Result<Self, Error> {
        let names =
            names.into_iter().map(Into::into).map(|name: String| match name.strip_prefix(MANY) {
                Some(name) => (name.to_owned(), true),
                None => (name, false),
            });
        let (names, are_many): (Vec<_>, Vec<_>) = names.unzip();
        let names = Servers::parse(names)?.weighted();
        Ok(Self::told_by(ToldBy::Names(names.into_iter().zip(are_many).collect())))
    }

    fn told_by(told_by: ToldBy) -> Self {
        let patience =
            Patience { connect: Duration::from_millis(200), exchange: Duration::from_secs(1) };
        let refresh = Duration::from_secs(60);
        let settings = Settings {
            told_by,
            make: Arc::new(Ok),
            patience,
            refresh,
            #[cfg(feature = "tls")]
            trust: None,
        };
        Self { settings, cluster: OnceLock::new() }
    }

    /// Sets how the store of each list of servers is made: `make` is given one with the default options,
    /// and sets others.
    #[must_use]
    pub fn servers(
        mut self,
        make: impl Fn(MemcachedStore) -> Result<MemcachedStore, Error> + Send + Sync + 'static,
    ) -> Self {
        self.settings.make = Arc::new(make);
        self.anew()
    }

    /// Speaks TLS to the endpoints and to the servers that they tell, as
    /// [`MemcachedStore::tls`](crate::MemcachedStore::tls) does. A list with a server that cannot have TLS
    /// is not taken, and the log says so.
    ///
    /// # Errors
    /// [`Error::Config`], which names the option: a file cannot be used, one of `cert_file` and
    /// `key_file` is missing, this system names no authorities and [`Tls::ca_file`] does not either, no
    /// certificate can be for the name of an endpoint, or the servers are the addresses of a name
    /// ([`of_names`](Self::of_names)), for which they have no certificates.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: Tls) -> Result<Self, Error> {
        let trust = Trust::of(&tls)?;
        match &self.settings.told_by {
            ToldBy::Endpoints(names) => {
                names.iter().try_for_each(|name| trust.client(name).map(drop))?;
            }
            ToldBy::Names(_) => {
                let reason =
                    "`dns+` makes names of addresses, for which servers have no certificates";
                return Err(Error::Config { option: "tls".to_owned(), reason: reason.to_owned() });
            }
        }
        self.settings.trust = Some(trust);
        Ok(self.anew())
    }

    /// Sets how often the list is asked for. One minute by default, and at least a second.
    #[must_use]
    pub fn refresh(mut self, every: Duration) -> Self {
        self.settings.refresh = every.max(Duration::from_secs(1));
        self.anew()
    }

    /// Sets how long an endpoint may take to answer. 1 second by default; clamped to between 1 ms and
    /// one day.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.patience.exchange = limits::within_a_day(timeout);
        self.anew()
    }

    /// Sets how long connecting to an endpoint may take, including the look-up of its name. 200 ms by
    /// default; clamped to between 1 ms and one day.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.settings.patience.connect = limits::within_a_day(timeout);
        self.anew()
    }

    fn anew(mut self) -> Self {
        self.cluster = OnceLock::new();
        self
    }

    pub(super) fn cluster(&self) -> &Arc<Cluster> {
        self.cluster.get_or_init(|| {
            let Settings { told_by, make, patience, refresh, .. } = self.settings.clone();
            #[cfg(feature = "tls")]
            let make = secured(make, self.settings.trust.clone());
            let source = match told_by {
                ToldBy::Endpoints(names) => {
                    Source::Endpoints(names.iter().map(|name| self.endpoint(name)).collect())
                }
                ToldBy::Names(names) => {
                    let named =
                        |(name, is_many): (String, bool)| Named { is_many, ..Named::of(&name) };
                    Source::Names(names.into_iter().map(named).collect())
                }
            };
            Arc::new(Cluster {
                source,
                make,
                patience,
                refresh,
                first: Mutex::new(()),
                state: Mutex::new(State::default()),
            })
        })
    }

    fn endpoint(&self, name: &str) -> Named {
        let named = Named::of(name);
        #[cfg(feature = "tls")]
        // That there can be a certificate for it was looked at before.
        let tls = self.settings.trust.as_ref().and_then(|trust| trust.client(name).ok());
        #[cfg(feature = "tls")]
        let named = Named { tls, ..named };
        named
    }

    fn pinned(&self) -> Pinned<dyn Store> {
        Pinned::to(self.cluster())
    }
}

/// Lets the stores of servers speak TLS as well.
#[cfg(feature = "tls")]
fn secured(make: Make, trust: Option<Trust>) -> Make {
    match trust {
        None => make,
        Some(trust) => Arc::new(move |servers| make(servers.secured_by(trust.clone())?)),
    }
}

impl Store for ClusterStore {
    fn load_many(&self, loads: &[Load<'_>], out: &mut LoadOut<'_>) {
        self.pinned().load_many(loads, out);
    }

    fn apply_many(&self, changes: &[Change<'_>], out: &mut ApplyOut<'_>) {
        self.pinned().apply_many(changes, out);
    }

    fn within(&self, deadline: Option<Duration>) -> Option<Arc<dyn Store>> {
        self.pinned().within(deadline)
    }

    fn for_session(&self) -> Option<Arc<dyn Store>> {
        Some(Arc::new(self.pinned()))
    }

    fn caps(&self) -> Caps {
        Caps::all()
    }

    fn health(&self) -> Vec<ServerHealth> {
        self.cluster().servers().map(|servers| Store::health(&*servers)).unwrap_or_default()
    }

    fn ping(&self) -> Vec<ServerHealth> {
        self.cluster().now().map(|servers| Store::ping(&*servers)).unwrap_or_default()
    }

    fn server_counters(&self) -> Vec<ServerCounters> {
        self.cluster()
            .servers()
            .map(|servers| Store::server_counters(&*servers))
            .unwrap_or_default()
    }

    #[cfg(feature = "tokio")]
    fn into_async(self: Arc<Self>) -> Option<Arc<dyn AsyncStore>> {
        Some(self)
    }
}

/// Shows who tells the servers.
impl fmt::Debug for ClusterStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Settings { told_by, refresh, .. } = &self.settings;
        f.debug_struct("ClusterStore")
            .field("told_by", told_by)
            .field("refresh", refresh)
            .finish_non_exhaustive()
    }
}
