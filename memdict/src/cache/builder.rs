//! Opens a cache, with its options.

use std::{
    fmt,
    sync::{Arc, Once},
    time::Duration,
};

use super::blocking::Cache;
use crate::{
    entry_id::EntryId,
    envelope::Secrets,
    error::{BoxError, Error, Result},
    log::notice,
    open,
    pack::Packing,
    report::CommitReport,
    session::{
        commit::hooks::CacheHooks,
        drive::Blocking,
        retry::Retry,
        settings::{DetectUntracked, Settings},
        source::Source,
    },
    store::{Store, placement::Placement},
    url::Options,
};

/// The environment variable that names the store.
const ENV: &str = "MEMDICT_URL";

/// The default namespace.
const NAMESPACE: &str = "memdict";

impl Cache {
    #[doc = include_str!("open.md")]
    pub fn open(url: &str) -> Result<Self> {
        Self::builder().open(url)
    }

    /// Opens the store that the environment variable `MEMDICT_URL` names. Without the variable,
    /// this opens `memory:` and logs that once.
    ///
    /// # Errors
    ///
    /// Fails as [`open`](Self::open) does, and if the variable is not valid Unicode.
    pub fn from_env() -> Result<Self> {
        Self::builder().open_from_env()
    }

    /// Returns a builder, which sets options in code.
    pub fn builder() -> CacheBuilder {
        CacheBuilder::default()
    }
}

/// The options of a [`Cache`]. An option in the URL overrides the builder's.
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
    secrets: Secrets,
    /// Whether one of the secrets is empty.
    empty_secret: bool,
    pub(super) packing: Packing,
}

impl CacheBuilder {
    /// Sets the first part of every key, which keeps the keys of programs apart that share a store.
    /// The default is `memdict`.
    pub fn namespace(mut self, name: impl Into<String>) -> Self {
        self.options.namespace = Some(name.into());
        self
    }

    /// Sets whether a store that is down, or refuses a change, is an error. By default it is not: a
    /// read is a miss, and a commit succeeds and names the entries in [`CommitReport::lost`] and
    /// [`CommitReport::refused`]. A [dictionary](crate::DictDef::strict) may set this for its own
    /// entries.
    pub fn strict(mut self, on: bool) -> Self {
        self.options.strict = Some(on);
        self
    }

    /// Sets how many bytes the embedded store holds at most. The default is 64 MiB. This does not
    /// apply to memcached servers, which have a limit of their own.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.options.max_bytes = Some(bytes);
        self
    }

    /// Sets how long to wait for a memcached server that owes an answer while no byte moves on its
    /// connection. The default is one second.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }

    /// Sets how long connecting to a memcached server may take, including the lookup of its name.
    /// The default is 200 milliseconds.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.options.connect_timeout = Some(timeout);
        self
    }

    /// Sets how long a call may take that uses memcached servers, whatever it waits for: the lookup
    /// of a name, a connection, a server that is slow but answers. The default is ten times the
    /// [timeout](Self::timeout). What a read does not get in time is a miss, and what a commit does
    /// not write in time is [lost](CommitReport::lost). A [session](crate::Session::deadline) may
    /// set this for its own calls.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.options.deadline = Some(deadline);
        self
    }

    /// Sets how many connections there are to each memcached server at most. The default is 16. A
    /// call that finds none free waits for one, in turn and until its [deadline](Self::deadline).
    /// Keep the sum over all processes below the server's own limit, its option `-c`.
    pub fn max_connections(mut self, many: usize) -> Self {
        self.options.max_connections = Some(many);
        self
    }

    /// Sets how many bytes an item may take in a server that does not tell its limit, such as Flare or
    /// a proxy. The default is 1 MiB. A larger value is [refused](CommitReport::refused), and is not
    /// loaded. With SASL this is the limit whatever a server tells.
    pub fn max_item_bytes(mut self, bytes: usize) -> Self {
        self.options.max_item_bytes = Some(bytes);
        self
    }

    /// Sets how the memcached server is chosen that holds a key: as memdict does, or as another client
    /// of the servers does. [`Placement::Rendezvous`] by default.
    pub fn placement(mut self, how: Placement) -> Self {
        self.options.placement = Some(how);
        self
    }

    /// Sets how many removals are remembered for each memcached server that did not reach it, and
    /// for how long. The default is 10,000 and 10 minutes; 0 remembers none. They are sent first when
    /// the server comes back: see `MemcachedStore::remember_removals`.
    pub fn remember_removals(mut self, most: usize, age: Duration) -> Self {
        (self.options.remember, self.options.remember_for) = (Some(most), Some(age));
        self
    }

    /// Sets whether a commit looks for changes that were made behind a `&` (through a `Cell`, a
    /// lock or an atomic, inside a type that allows it), where tracking cannot see them. The commit
    /// then encodes every entry that was only read and compares it with what was loaded. This is a
    /// debugging aid, because it costs as much as encoding what was read. It may report an opaque
    /// value that did not change, if its encoding has no fixed order.
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
    ///     page.hits.fetch_add(1, Ordering::Relaxed); // tracking does not see this
    /// }
    /// let error = session.commit().unwrap_err();
    /// assert!(matches!(&error, Error::HiddenChange { fields, .. } if fields == &["hits"]));
    /// # Ok::<_, memdict::Error>(())
    /// ```
    pub fn detect_untracked(mut self, what: DetectUntracked) -> Self {
        self.detect_untracked = what;
        self
    }

    /// Sets secrets with which values are signed. The first one signs; a value is usable if any of
    /// them signed it. Without secrets, the default, values are not signed, and signatures are not
    /// looked at.
    ///
    /// This is for servers that others can write to. The signature is BLAKE3 with a key that is
    /// derived from the secret, over the whole value and its full key. A value that was not signed
    /// is a [miss](crate::Unusable::Unverified) and counts as
    /// [`unverified`](crate::Counters::unverified). It takes 32 bytes of each value.
    ///
    /// It protects integrity, not secrecy: values can be read by anyone who can read the server. An
    /// old value of the same key, with its old signature, is accepted if somebody puts it back, and
    /// values can be deleted.
    ///
    /// To change the secret without misses, first deploy `[old, new]` everywhere, then
    /// `[new, old]`, then `[new]`. A secret should be at least 16 random bytes. It can only be set
    /// in code, never in a URL, since URLs are logged.
    ///
    /// # Errors
    ///
    /// Opening the cache fails with [`Error::Config`] if a secret is empty.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use memdict::{Cache, MemoryStore};
    ///
    /// let store = Arc::new(MemoryStore::new());
    /// let open = |secrets: &[&str]| Cache::builder().secrets(secrets).open_store(store.clone());
    /// let ours = open(&["k3r-new", "p9s-old"])?;
    /// ours.transaction(|session| session.dict("hits").insert("a", 1_u64))?;
    ///
    /// let theirs = open(&["guessed"])?;
    /// assert!(theirs.session().dict::<u64>("hits").get("a")?.is_none());
    /// assert_eq!(theirs.counters().unverified, 1);
    /// # Ok::<_, memdict::Error>(())
    /// ```
    pub fn secrets<S: AsRef<[u8]>>(mut self, secrets: impl IntoIterator<Item = S>) -> Self {
        (self.secrets, self.empty_secret) = Default::default();
        for secret in secrets {
            self.empty_secret |= secret.as_ref().is_empty();
            self.secrets.add(secret.as_ref());
        }
        self
    }

    /// Sets how often a [transaction](Cache::transaction) is tried, and how long it waits between
    /// attempts.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// Adds a hook that each commit runs after it has encoded everything and before it sends the
    /// first byte. The hook gets the entry of each change to be made, or an empty slice if there is
    /// none. If it returns an error, nothing is sent, and the commit fails with that error in
    /// [`Error::User`]. Hooks of the cache run before those of a session.
    pub fn before_commit(
        mut self,
        hook: impl Fn(&[&EntryId]) -> Result<(), BoxError> + Send + Sync + 'static,
    ) -> Self {
        self.hooks.before.push(Box::new(hook));
        self
    }

    /// Adds a hook that runs after each successful commit, with its report. An error or a panic of
    /// the hook is logged and has no other effect. Hooks of the cache run before those of a
    /// session, in the order in which they were added.
    pub fn after_commit(
        mut self,
        hook: impl Fn(&CommitReport) -> Result<(), BoxError> + Send + Sync + 'static,
    ) -> Self {
        self.hooks.committed.push(Box::new(hook));
        self
    }

    /// Adds a hook that runs after each failed commit, with its error. This includes attempts of a
    /// transaction that is tried again. Errors and order are as with
    /// [`after_commit`](Self::after_commit).
    pub fn after_failed_commit(
        mut self,
        hook: impl Fn(&Error) -> Result<(), BoxError> + Send + Sync + 'static,
    ) -> Self {
        self.hooks.failed.push(Box::new(hook));
        self
    }

    /// Adds a hook that runs after each session that ends without a commit: by a rollback, by a
    /// drop, or by an error of a transaction's body. Errors and order are as with
    /// [`after_commit`](Self::after_commit).
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
    /// Fails as [`Cache::open`] does, and for an option that does not apply to the store of this
    /// URL.
    pub fn open(mut self, url: &str) -> Result<Cache> {
        let store = open::store(url, &mut self.options)?;
        self.with(Blocking(store), Cache)
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

    /// Opens a cache over an existing store.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Config`] if an option of the store was set (`max_bytes`, `timeout`,
    /// `connect_timeout`, `deadline`, `max_connections`,
    /// `max_item_bytes`, `remember_removals`): set it on the store instead.
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
        self.sets_no_option_of_a_store()?;
        self.with(Blocking(store), Cache)
    }

    pub(super) fn sets_no_option_of_a_store(&self) -> Result<()> {
        match self.options.of_a_store().first() {
            None => Ok(()),
            Some(option) => Err(Error::Config {
                option: (*option).to_owned(),
                reason: "this is an option of the store; set it on the store instead".to_owned(),
            }),
        }
    }

    pub(super) fn with<D, C>(self, driver: D, cache: fn(Source<D>) -> C) -> Result<C> {
        if self.empty_secret {
            let reason = "a secret must not be empty".to_owned();
            return Err(Error::Config { option: "secrets".to_owned(), reason });
        }
        Ok(cache(self.source(driver)))
    }

    pub(super) fn source<D>(self, driver: D) -> Source<D> {
        let namespace = self.options.namespace.unwrap_or_else(|| NAMESPACE.to_owned());
        let strict = self.options.strict.unwrap_or(false);
        let mut settings = Settings::new(namespace, strict, self.detect_untracked, self.secrets);
        settings.packing = self.packing;
        Source {
            driver,
            settings: Arc::new(settings),
            hooks: Arc::new(self.hooks),
            retry: self.retry,
            turns: Arc::default(),
        }
    }
}

impl fmt::Debug for CacheBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheBuilder").field("options", &self.options).finish_non_exhaustive()
    }
}
