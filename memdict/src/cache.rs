//! A cache: a store and settings, opened once by an application.

use std::{
    fmt,
    future::ready,
    sync::{Arc, Once},
    time::Duration,
};

use crate::{
    counters::Counters,
    error::{BoxError, Error, Result},
    key::Key,
    log::notice,
    open,
    report::CommitReport,
    session::{
        commit::hooks::CacheHooks,
        core::VerifyFirst,
        drive::{Blocking, Outcome},
        face::Session,
        retry::Retry,
        settings::{DetectUntracked, Settings},
        source::Source,
    },
    store::Store,
    url::Options,
};

/// Where [`Cache::from_env`] finds the URL.
const ENV: &str = "MEMDICT_URL";

/// The namespace of a cache that does not say another.
const NAMESPACE: &str = "memdict";

/// A store and settings: what an application opens once, and clones freely.
#[derive(Clone)]
pub struct Cache(Source<Blocking>);

impl Cache {
    /// Opens the store that `url` names. It reads the URL, never the network: a server that is
    /// down is noticed where it is used.
    ///
    /// - `memory:?max_bytes=64MiB`: the embedded store, for this cache alone.
    /// - `memcache://HOST:PORT[,HOST:PORT...]?timeout=500ms&connect_timeout=200ms`: one or
    ///   several memcached servers; each key lives on one of them. A server may also be the
    ///   absolute path of a unix socket. `memcache://USER:PASSWORD@HOST:PORT,...` logs in where a
    ///   server asks for it. All of them are a [`MemcachedStore`](crate::MemcachedStore).
    /// - `memcache+classic://HOST:PORT,...`: the same for proxies without meta commands.
    ///   `memcache+sasl://USER:PASSWORD@HOST:PORT,...`: servers that want SASL.
    ///   `memcache+tls://...`, with the feature `tls`: either of them over TLS, with SASL if there
    ///   are credentials; `ca_file=PATH` trusts one more authority, `verify=false` anybody. All of
    ///   them are a [`ClassicStore`](crate::ClassicStore), and take the options of `memcache:`.
    /// - Credentials are percent-encoded.
    /// - All take `namespace=shop`, which keeps apart those who share a server (without it:
    ///   `memdict`), and `strict=true`, which makes an error of a store that is down.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for an unknown scheme or option, a value that is not allowed, or an
    /// empty list of servers. It quotes the part and lists what is allowed.
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

    /// Opens the store that the environment variable `MEMDICT_URL` names; without it `memory:`,
    /// and the log says so once.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), and for a variable that is not text.
    pub fn from_env() -> Result<Self> {
        Self::builder().open_from_env()
    }

    /// A cache with options set in code.
    pub fn builder() -> CacheBuilder {
        CacheBuilder::default()
    }

    /// Begins a unit of work, to be ended by [`Session::commit`].
    pub fn session(&self) -> Session {
        self.0.unit(VerifyFirst::No).into()
    }

    /// The same cache, but for how often its transactions are tried.
    #[must_use]
    pub fn with_retry(&self, retry: Retry) -> Self {
        Self(Source { retry, ..self.0.clone() })
    }

    /// Runs `body` in a fresh session and commits it.
    ///
    /// If the commit ends in a conflict, or in a store that a strict cache needs and that is down,
    /// and nothing of it landed, nor may have, `body` runs again in another session, three times
    /// in all ([`Retry`]): it must be able to run more than once, and clones what it would move
    /// out of its surroundings. An error of `body` is never tried again, nor is a panic, and then
    /// nothing is written. The report goes to [`after_commit`](CacheBuilder::after_commit) hooks,
    /// to the log and to [`counters`](Self::counters).
    ///
    /// memcached has no atomicity across keys. If more than one change depends on what is there,
    /// all are [looked at first](Session::verify_first), so that a conflict is nearly always seen
    /// before anything is sent; where it is not, the error says what was written, and is not tried
    /// again: a second run would apply that part twice.
    ///
    /// The error is memdict's, so that `?` and `Ok(())` need no annotation: the application's
    /// own go through [`Error::user`], or through [`try_transaction`](Self::try_transaction).
    ///
    /// # Errors
    ///
    /// What `body` returns, and what [`Session::commit`] does; a conflict says how often it was
    /// tried.
    ///
    /// ```
    /// use memdict::Cache;
    ///
    /// let cache = Cache::open("memory:")?;
    /// let hits = cache.transaction(|session| {
    ///     let mut hits = session.dict::<u64>("hits").entry("all")?.or_default();
    ///     *hits += 1;
    ///     Ok(*hits)
    /// })?;
    /// assert_eq!(hits, 1);
    /// # Ok::<_, memdict::Error>(())
    /// ```
    pub fn transaction<R>(&self, body: impl FnMut(&mut Session) -> Result<R>) -> Result<R> {
        self.try_transaction(body)
    }

    /// As [`transaction`](Self::transaction), with the application's error type.
    ///
    /// # Errors
    ///
    /// What `body` returns, and what [`Session::commit`] does, converted.
    ///
    /// ```
    /// use memdict::Cache;
    ///
    /// #[derive(Debug)]
    /// enum Shop {
    ///     SoldOut,
    ///     Cache(memdict::Error),
    /// }
    ///
    /// impl From<memdict::Error> for Shop {
    ///     fn from(error: memdict::Error) -> Self {
    ///         Self::Cache(error)
    ///     }
    /// }
    ///
    /// let cache = Cache::open("memory:").unwrap();
    /// let sold = cache.try_transaction(|session| {
    ///     let mut stock = session.dict::<u64>("stock").get_mut("hat")?.ok_or(Shop::SoldOut)?;
    ///     *stock -= 1;
    ///     Ok(())
    /// });
    /// assert!(matches!(sold, Err(Shop::SoldOut)));
    /// ```
    pub fn try_transaction<R, E: From<Error>>(
        &self,
        mut body: impl FnMut(&mut Session) -> Result<R, E>,
    ) -> Result<R, E> {
        let (value, _) = self.0.transaction(|session: &mut Session| ready(body(session))).now()?;
        Ok(value)
    }

    /// What happened so far, in all sessions of this cache and its clones.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.0.settings.counting.read()
    }
}

/// Names the store and settings; never shows a value.
impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("store", &self.0.driver.0)
            .field("settings", &self.0.settings)
            .finish_non_exhaustive()
    }
}

/// Options of a [`Cache`]. What a URL says replaces what the builder says.
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
    /// Keeps apart those who share a store: the first part of every key. Without it, `memdict`.
    pub fn namespace(mut self, name: impl Into<String>) -> Self {
        self.options.namespace = Some(name.into());
        self
    }

    /// Makes an error of a store that is down, for reads and for commits. Without it, reads are
    /// misses and commits succeed, with the keys in [`CommitReport::lost`].
    pub fn strict(mut self, on: bool) -> Self {
        self.options.strict = Some(on);
        self
    }

    /// How many bytes the embedded store holds at most; without it 64 MiB. A memcached server
    /// has its own limit.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.options.max_bytes = Some(bytes);
        self
    }

    /// How long nothing may move between here and a memcached server that owes an answer; without
    /// it one second.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }

    /// How long connecting to a memcached server may take; without it 200 milliseconds.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.options.connect_timeout = Some(timeout);
        self
    }

    /// Looks, at each commit, for changes that were made behind a `&` (through a `Cell`, a lock or
    /// an atomic, inside a type that says so), where tracking cannot see them: every entry that
    /// was loaded and not touched is encoded again and compared. A debugging aid, for it costs
    /// what it looks at. An opaque value whose encoding has no fixed order may be reported without
    /// having changed.
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
    /// let page = session.dict::<Page>("pages").get("/")?.expect("it was just stored");
    /// page.hits.fetch_add(1, Ordering::Relaxed); // not noticed, and not written
    /// drop(page);
    /// let error = session.commit().unwrap_err();
    /// assert!(matches!(&error, Error::HiddenChange { fields, .. } if fields == &["hits"]));
    /// # Ok::<_, memdict::Error>(())
    /// ```
    pub fn detect_untracked(mut self, what: DetectUntracked) -> Self {
        self.detect_untracked = what;
        self
    }

    /// How often a [transaction](Cache::transaction) is tried, and how long it waits between two
    /// attempts.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// Runs `hook` in each commit, after everything is encoded and before the first byte is sent,
    /// with the dictionary and key of each change that is to be made; with none if there is
    /// nothing to do. If it returns an error, nothing is sent, and the commit is
    /// [`Error::User`] of it. Hooks of the cache are asked before those of a session.
    pub fn before_commit(
        mut self,
        hook: impl Fn(&[(&str, &Key)]) -> Result<(), BoxError> + Send + Sync + 'static,
    ) -> Self {
        self.hooks.before.push(Box::new(hook));
        self
    }

    /// Runs `hook` after each commit that is `Ok`, and gives it the report. Its error is logged
    /// and stops nobody. Hooks of the cache run before those of a session, in the order in
    /// which they were added.
    pub fn after_commit(
        mut self,
        hook: impl Fn(&CommitReport) -> Result<(), BoxError> + Send + Sync + 'static,
    ) -> Self {
        self.hooks.after.push(Box::new(hook));
        self
    }

    /// Opens the store that `url` names: see [`Cache::open`].
    ///
    /// # Errors
    ///
    /// As [`Cache::open`].
    pub fn open(mut self, url: &str) -> Result<Cache> {
        let store = open::store(url, &mut self.options)?;
        Ok(self.store(store))
    }

    /// Opens the store that `MEMDICT_URL` names: see [`Cache::from_env`].
    ///
    /// # Errors
    ///
    /// As [`Cache::from_env`].
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

    /// Uses this store. Options of a store (`max_bytes`, `timeout`, `connect_timeout`) are its
    /// own then.
    #[must_use]
    pub fn store(self, store: Arc<dyn Store>) -> Cache {
        let namespace = self.options.namespace.unwrap_or_else(|| NAMESPACE.to_owned());
        let strict = self.options.strict.unwrap_or(false);
        let settings = Settings::new(namespace, strict, self.detect_untracked);
        let (driver, hooks) = (Blocking(store), Arc::new(self.hooks));
        Cache(Source { driver, settings: Arc::new(settings), hooks, retry: self.retry })
    }
}

impl fmt::Debug for CacheBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheBuilder").field("options", &self.options).finish_non_exhaustive()
    }
}
