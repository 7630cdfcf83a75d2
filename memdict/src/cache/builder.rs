//! How a cache is opened, and with which options.

use std::{
    fmt,
    sync::{Arc, Once},
    time::Duration,
};

use super::blocking::Cache;
use crate::{
    entry_id::EntryId,
    error::{BoxError, Error, Result},
    log::notice,
    open,
    report::CommitReport,
    session::{
        commit::hooks::CacheHooks,
        drive::Blocking,
        retry::Retry,
        settings::{DetectUntracked, Settings},
        source::Source,
    },
    store::Store,
    url::Options,
};

/// The environment variable that names the store.
const ENV: &str = "MEMDICT_URL";

/// The namespace of a cache that does not set one.
const NAMESPACE: &str = "memdict";

impl Cache {
    /// Opens the store that `url` names. This reads the URL, never the network: a server that is
    /// down is noticed where it is used.
    ///
    /// - `memory:?max_bytes=64MiB`: the embedded store, for this cache alone.
    /// - `memcache://HOST:PORT[,HOST:PORT...]?timeout=500ms&connect_timeout=200ms`: one or
    ///   several memcached servers; each key lives on one of them. A server may also be the
    ///   absolute path of a unix socket. `memcache://USER:PASSWORD@HOST:PORT,...` logs in where a
    ///   server asks for it. All of them are a [`MemcachedStore`](crate::MemcachedStore).
    /// - With the feature `classic`, `memcache+classic://HOST:PORT,...`: the same for proxies
    ///   without meta commands. `memcache+sasl://USER:PASSWORD@HOST:PORT,...`: servers that want
    ///   SASL. With the feature `tls`, `memcache+tls://...`: either of them over TLS, with SASL if
    ///   there are credentials; `ca_file=PATH` trusts one more authority, `verify=false` trusts
    ///   anybody. All of them are a `ClassicStore`, and take the options of `memcache:`.
    /// - All take `namespace=shop`, which keeps programs apart that share a server (the default is
    ///   `memdict`), and `strict=true`, which makes an error of a store that is down.
    ///
    /// Credentials are percent-encoded.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Config`] for an unknown scheme or option, a value that is not allowed, or
    /// an empty list of servers. The error quotes the part and lists what is allowed.
    ///
    /// ```
    /// use memdict::Cache;
    ///
    /// let cache = Cache::open("memory:?max_bytes=1MiB&namespace=shop")?;
    /// let error = Cache::open("memory:?maxbytes=1MiB").unwrap_err().to_string();
    /// assert!(error.contains("maxbytes") && error.contains("max_bytes"));
    /// # Ok::<_, memdict::Error>(())
    /// ```
    pub fn open(url: &str) -> Result<Self> {
        Self::builder().open(url)
    }

    /// Opens the store that the environment variable `MEMDICT_URL` names. Without the variable,
    /// this opens `memory:`, and the log says so once.
    ///
    /// # Errors
    ///
    /// Fails as [`open`](Self::open) does, and if the variable is not Unicode text.
    pub fn from_env() -> Result<Self> {
        Self::builder().open_from_env()
    }

    /// Begins to set options in code.
    pub fn builder() -> CacheBuilder {
        CacheBuilder::default()
    }
}

/// Options of a [`Cache`]. An option of the URL replaces the builder's.
///
/// ```
/// use memdict::Cache;
///
/// let cache = Cache::builder()
///     .namespace("shop")
///     .strict(true)
///     .after_commit(|report| {
///         assert!(report.lost.is_empty());
///         Ok(())
///     })
///     .open("memory:")?;
/// cache.transaction(|session| session.dict("hits").insert("a", 1_u64))?;
/// # Ok::<_, memdict::Error>(())
/// ```
#[derive(Default)]
#[must_use = "a builder opens nothing until it is told to"]
pub struct CacheBuilder {
    options: Options,
    detect_untracked: DetectUntracked,
    hooks: CacheHooks,
    retry: Retry,
}

impl CacheBuilder {
    /// Sets the first part of every key, which keeps programs apart that share a store. The default
    /// is `memdict`.
    pub fn namespace(mut self, name: impl Into<String>) -> Self {
        self.options.namespace = Some(name.into());
        self
    }

    /// Makes an error of a store that is down, for reads and for commits, and of a change that the
    /// store refuses. By default, reads are misses and commits succeed, with the entries in
    /// [`CommitReport::lost`] and [`CommitReport::refused`]. A [dictionary](crate::DictDef::strict)
    /// may say otherwise for its own entries.
    pub fn strict(mut self, on: bool) -> Self {
        self.options.strict = Some(on);
        self
    }

    /// Sets how many bytes the embedded store holds at most. The default is 64 MiB. A memcached
    /// server has its own limit.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.options.max_bytes = Some(bytes);
        self
    }

    /// Sets how long nothing may move on a connection to a memcached server that owes an answer. The
    /// default is one second.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }

    /// Sets how long connecting to a memcached server may take, with looking up its name. The default
    /// is 200 milliseconds.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.options.connect_timeout = Some(timeout);
        self
    }

    /// Looks, at each commit, for changes that were made behind a `&` (through a `Cell`, a lock or
    /// an atomic, inside a type that allows it), where tracking cannot see them: every entry that
    /// was only read is encoded again and compared. This is a debugging aid, because it costs as
    /// much as encoding what was read. An opaque value whose encoding has no fixed order may be
    /// reported although it did not change.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU64, Ordering};
    /// use memdict::{Cache, DetectUntracked, Error, Tracked};
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Default, Serialize, Deserialize, Tracked)]
    /// struct Page {
    ///     #[memdict(opaque, allow_interior)]
    ///     hits: AtomicU64,
    /// }
    ///
    /// let cache = Cache::builder().detect_untracked(DetectUntracked::Error).open("memory:")?;
    /// cache.transaction(|session| session.dict("pages").insert("/", Page::default()))?;
    ///
    /// let session = cache.session();
    /// if let Some(page) = session.dict::<Page>("pages").get("/")? {
    ///     page.hits.fetch_add(1, Ordering::Relaxed); // not noticed, and not written
    /// }
    /// let error = session.commit().unwrap_err();
    /// assert!(matches!(&error, Error::HiddenChange { fields, .. } if fields == &["hits"]));
    /// # Ok::<_, memdict::Error>(())
    /// ```
    pub fn detect_untracked(mut self, what: DetectUntracked) -> Self {
        self.detect_untracked = what;
        self
    }

    /// Sets how often a [transaction](Cache::transaction) is tried, and how long it waits between
    /// two attempts.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// Runs `hook` in each commit, after everything is encoded and before the first byte is sent,
    /// with the entry of each change that is to be made; with none if there is nothing to do. If
    /// the hook returns an error, nothing is sent, and the commit fails with [`Error::User`] of it.
    /// Hooks of the cache are asked before those of a session.
    pub fn before_commit(
        mut self,
        hook: impl Fn(&[&EntryId]) -> Result<(), BoxError> + Send + Sync + 'static,
    ) -> Self {
        self.hooks.before.push(Box::new(hook));
        self
    }

    /// Runs `hook` after each commit that is `Ok`, with its report. An error or a panic of the hook
    /// is logged and stops nothing. Hooks of the cache run before those of a session, in the order
    /// in which they were added.
    pub fn after_commit(
        mut self,
        hook: impl Fn(&CommitReport) -> Result<(), BoxError> + Send + Sync + 'static,
    ) -> Self {
        self.hooks.committed.push(Box::new(hook));
        self
    }

    /// Runs `hook` after each commit that failed, with its error, attempts of a transaction that is
    /// tried again included. It is called as [`after_commit`](Self::after_commit) hooks are.
    pub fn after_failed_commit(
        mut self,
        hook: impl Fn(&Error) -> Result<(), BoxError> + Send + Sync + 'static,
    ) -> Self {
        self.hooks.failed.push(Box::new(hook));
        self
    }

    /// Runs `hook` after each session that ended without a commit: rolled back, dropped, or left by
    /// an error of a transaction's body. It is called as [`after_commit`](Self::after_commit) hooks
    /// are.
    pub fn after_rollback(
        mut self,
        hook: impl Fn() -> Result<(), BoxError> + Send + Sync + 'static,
    ) -> Self {
        self.hooks.rolled_back.push(Box::new(hook));
        self
    }

    /// Opens the store that `url` names: see [`Cache::open`].
    ///
    /// # Errors
    ///
    /// Fails as [`Cache::open`] does, and for an option that the store of this URL has no use for.
    pub fn open(mut self, url: &str) -> Result<Cache> {
        let store = open::store(url, &mut self.options)?;
        Ok(self.with(store))
    }

    /// Opens the store that `MEMDICT_URL` names: see [`Cache::from_env`].
    ///
    /// # Errors
    ///
    /// Fails as [`Cache::from_env`] does.
    pub fn open_from_env(self) -> Result<Cache> {
        match std::env::var(ENV) {
            Ok(url) => self.open(&url),
            Err(std::env::VarError::NotPresent) => {
                static SAID: Once = Once::new();
                SAID.call_once(|| {
                    notice!("{ENV} is not set: values are kept in this process's memory");
                });
                self.open("memory:")
            }
            Err(std::env::VarError::NotUnicode(_)) => Err(Error::Config {
                option: ENV.to_owned(),
                reason: "it is not Unicode text".to_owned(),
            }),
        }
    }

    /// Opens a cache over this store.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Config`] if an option was set that is the store's own: `max_bytes`,
    /// `timeout`, `connect_timeout`. Set it on the store instead.
    ///
    /// ```
    /// use std::{sync::Arc, time::Duration};
    /// use memdict::{Cache, MemoryStore};
    ///
    /// let store = Arc::new(MemoryStore::new().max_bytes(1 << 20));
    /// let cache = Cache::builder().namespace("shop").open_store(store.clone())?;
    /// let refused = Cache::builder().timeout(Duration::from_secs(1)).open_store(store);
    /// assert!(refused.is_err_and(|error| error.to_string().contains("timeout")));
    /// # Ok::<_, memdict::Error>(())
    /// ```
    pub fn open_store(self, store: Arc<dyn Store>) -> Result<Cache> {
        if let Some(option) = self.options.of_a_store().first() {
            let reason = "this is an option of the store; set it on the store instead".to_owned();
            return Err(Error::Config { option: (*option).to_owned(), reason });
        }
        Ok(self.with(store))
    }

    fn with(self, store: Arc<dyn Store>) -> Cache {
        let namespace = self.options.namespace.unwrap_or_else(|| NAMESPACE.to_owned());
        let strict = self.options.strict.unwrap_or(false);
        let settings = Settings::new(namespace, strict, self.detect_untracked);
        Cache(Source {
            driver: Blocking(store),
            settings: Arc::new(settings),
            hooks: Arc::new(self.hooks),
            retry: self.retry,
            turns: Arc::default(),
        })
    }
}

impl fmt::Debug for CacheBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheBuilder").field("options", &self.options).finish_non_exhaustive()
    }
}
