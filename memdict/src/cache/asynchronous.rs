//! The cache that a tokio application holds.

use std::{fmt, sync::Arc, time::Duration};

use super::{blocking::Cache, builder::CacheBuilder};
use crate::{
    counter::{calls::Calls, definition::CounterDef, face::AsyncCounter},
    def::DictDef,
    dict::{entry::Entry, update::UpdateReport},
    error::{Error, Result},
    key::ToKey,
    report::CommitReport,
    session::{
        async_drive::Tasks,
        async_face::AsyncSession,
        body::{Body, BodyOfEach},
        core::VerifyFirst,
        drive::Blocking,
        fetch::fresh::Fresh,
        retry::Retry,
        source::Source,
        transaction::OfBody,
    },
    store::{AsyncStore, adapted},
    track::Tracked,
};

/// A [`Cache`] for tasks of tokio: a store and its settings. An application opens one cache; its
/// clones are cheap and share the store, the settings and the counters.
///
/// Each call has the name, the errors and the contract of its blocking twin, and each future is
/// `Send`. The calls have to be awaited in a tokio runtime with its I/O and time drivers enabled,
/// as `#[tokio::main]` and `#[tokio::test]` make one, of any flavour. Connections belong to the
/// runtime that made them; several runtimes may use one cache.
///
/// ```
/// use memdict::AsyncCache;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> memdict::Result<()> {
/// let cache = AsyncCache::open("memory:")?; // or "memcache://127.0.0.1:11211"
/// let hits = cache.transaction(async |session| {
///     let mut hits = session.dict::<u64>("hits").entry("all").await?.or_default();
///     *hits += 1;
///     Ok(*hits)
/// });
/// assert_eq!(hits.await?, 1);
/// # Ok(())
/// # }
/// ```
///
/// The [guide](crate::docs::blocking_or_async) says which of the two to use, and what a dropped future does.
#[derive(Clone)]
pub struct AsyncCache(pub(super) Source<Tasks>);

impl AsyncCache {
    /// Opens the store that `url` names: see [`Cache::open`].
    ///
    /// # Errors
    ///
    /// Fails as [`Cache::open`] does.
    pub fn open(url: &str) -> Result<Self> {
        Cache::open(url)?.to_async()
    }

    /// Opens the store that the environment variable `MEMDICT_URL` names: see [`Cache::from_env`].
    ///
    /// # Errors
    ///
    /// Fails as [`Cache::from_env`] does.
    pub fn from_env() -> Result<Self> {
        Cache::from_env()?.to_async()
    }

    /// Opens a cache over a store for tasks, with the default options. A builder's
    /// [`open_async_store`](CacheBuilder::open_async_store) sets others.
    #[must_use]
    pub fn with_store(store: Arc<dyn AsyncStore>) -> Self {
        Self(CacheBuilder::default().source(Tasks::new(store)))
    }

    /// Begins a unit of work. [`AsyncSession::commit`] writes its changes.
    pub fn session(&self) -> AsyncSession {
        self.0.unit(VerifyFirst::No).into()
    }

    /// Returns a counter: numbers that the server itself adds to, in one round trip each.
    #[must_use]
    pub fn counter(&self, def: &CounterDef) -> AsyncCounter<'_> {
        AsyncCounter(Calls::new(&self.0, def.clone()))
    }

    /// Returns the store behind the cache, for operations that need no session, and for a store around
    /// it: see [`Cache::store`].
    ///
    /// ```
    /// use memdict::{AsyncCache, Load, Loaded};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> memdict::Result<()> {
    /// let cache = AsyncCache::open("memory:")?;
    /// let stored = cache.transaction(async |session| session.dict("hits").insert("/", 1_u64));
    /// stored.await?;
    /// let mut found = Vec::new();
    /// let mut out = |_, loaded: Result<Loaded<'_>, _>| {
    ///     found.push(matches!(loaded, Ok(Loaded::Hit { .. })));
    /// };
    /// cache.store().load_many(&[Load::new(b"memdict:hits:/")], &mut out).await;
    /// assert_eq!(found, [true]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn store(&self) -> Arc<dyn AsyncStore> {
        Arc::clone(&self.0.driver.store)
    }

    #[doc = include_str!("with_retry.md")]
    #[must_use]
    pub fn with_retry(&self, retry: Retry) -> Self {
        Self(Source { retry, ..self.0.clone() })
    }

    #[doc = include_str!("transaction.md")]
    ///
    /// # Cancellation
    ///
    /// If the returned future is dropped, `body` does not run again. A commit that has begun to
    /// send [goes on](AsyncSession::commit).
    ///
    /// ```
    /// use memdict::AsyncCache;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> memdict::Result<()> {
    /// async fn rename(cache: AsyncCache, user: String, name: String) -> memdict::Result<()> {
    ///     // The closure borrows, and its future can be spawned all the same.
    ///     cache.transaction(async |session| {
    ///         let names = session.dict::<String>("names");
    ///         *names.entry(&user).await?.or_default() = name.clone();
    ///         Ok(())
    ///     }).await
    /// }
    ///
    /// let cache = AsyncCache::open("memory:")?;
    /// let task = tokio::spawn(rename(cache.clone(), "ann".into(), "Anna".into()));
    /// task.await.expect("it does not panic")?;
    /// match cache.session().dict::<String>("names").get("ann").await? {
    ///     Some(name) => assert_eq!(*name, "Anna"),
    ///     None => println!("it was lost"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn transaction<R, F>(&self, body: F) -> Result<R>
    where
        for<'s> F: AsyncFnMut(&'s mut AsyncSession) -> Result<R>
            + Body<&'s mut AsyncSession, Result<R>, Fut: Send>,
    {
        Ok(self.0.transaction(OfBody::OWN, body).await?.0)
    }

    #[doc = include_str!("transaction_with_report.md")]
    pub async fn transaction_with_report<R, F>(&self, body: F) -> Result<(R, CommitReport)>
    where
        for<'s> F: AsyncFnMut(&'s mut AsyncSession) -> Result<R>
            + Body<&'s mut AsyncSession, Result<R>, Fut: Send>,
    {
        self.0.transaction(OfBody::OWN, body).await
    }

    #[doc = include_str!("try_transaction.md")]
    pub async fn try_transaction<R, E, F>(&self, body: F) -> Result<R, E>
    where
        E: From<Error>,
        for<'s> F: AsyncFnMut(&'s mut AsyncSession) -> Result<R, E>
            + Body<&'s mut AsyncSession, Result<R, E>, Fut: Send>,
    {
        Ok(self.0.transaction(OfBody::ANY, body).await?.0)
    }

    #[doc = include_str!("try_transaction_with_report.md")]
    pub async fn try_transaction_with_report<R, E, F>(
        &self,
        body: F,
    ) -> Result<(R, CommitReport), E>
    where
        E: From<Error>,
        for<'s> F: AsyncFnMut(&'s mut AsyncSession) -> Result<R, E>
            + Body<&'s mut AsyncSession, Result<R, E>, Fut: Send>,
    {
        self.0.transaction(OfBody::ANY, body).await
    }

    #[doc = include_str!("update.md")]
    pub async fn update<T: Tracked, R, F>(
        &self,
        def: impl Into<DictDef<T>>,
        key: impl ToKey,
        body: F,
    ) -> Result<R>
    where
        for<'e> F: AsyncFnMut(Entry<'e, T>) -> Result<R> + Body<Entry<'e, T>, Result<R>, Fut: Send>,
    {
        self.0.update(def.into(), key, body).await
    }

    #[doc = include_str!("fetch.md")]
    ///
    /// # Cancellation
    ///
    /// As [`AsyncDict::fetch`](crate::AsyncDict::fetch).
    pub async fn fetch<T: Tracked, V, E, F>(
        &self,
        def: impl Into<DictDef<T>>,
        key: impl ToKey,
        loader: impl FnOnce() -> F,
    ) -> Result<Option<T>, E>
    where
        V: Into<Fresh<T>>,
        E: From<Error>,
        F: Future<Output = Result<V, E>>,
    {
        self.0.fetch(def.into(), key, loader).await
    }

    #[doc = include_str!("fetch_many.md")]
    ///
    /// # Cancellation
    ///
    /// As [`AsyncDict::fetch`](crate::AsyncDict::fetch).
    pub async fn fetch_many<T: Tracked, K, I, Q, V, E, F>(
        &self,
        def: impl Into<DictDef<T>>,
        keys: impl IntoIterator<Item = K>,
        loader: impl FnMut(Vec<K>) -> F,
    ) -> Result<Vec<Option<T>>, E>
    where
        K: ToKey + Clone,
        I: IntoIterator<Item = (Q, V)>,
        Q: ToKey,
        V: Into<Fresh<T>>,
        E: From<Error>,
        F: Future<Output = Result<I, E>>,
    {
        self.0.fetch_many(def.into(), keys.into_iter().collect(), loader).await
    }

    #[doc = include_str!("update_each.md")]
    // Not an `async fn`: the compiler would have to prove for every lifetime in `K` that its future
    // is `Send`, and cannot.
    pub fn update_each<T: Tracked, K: ToKey + Send + Sync, F>(
        &self,
        def: impl Into<DictDef<T>>,
        keys: impl IntoIterator<Item = K>,
        body: F,
    ) -> impl Future<Output = UpdateReport> + Send
    where
        for<'k, 'e> F: AsyncFnMut(&'k K, Entry<'e, T>) -> Result<()>
            + BodyOfEach<&'k K, Entry<'e, T>, Result<()>, Fut: Send>
            + Send,
    {
        self.0.update_each(def.into(), keys.into_iter().collect(), body)
    }

    /// Waits until all commits have ended that go on without their callers, for at most `limit`.
    /// Returns how many have not. A program calls this before its runtime ends, because that cuts
    /// off such commits.
    pub async fn drain(&self, limit: Duration) -> usize {
        self.0.driver.finishing.drain(limit).await
    }

    /// Returns this cache for calls that block. Both share the store, the settings and the
    /// counters.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Config`] if the store has no [side for
    /// calls](crate::AsyncStore::into_blocking) that block.
    pub fn to_blocking(&self) -> Result<Cache> {
        match Arc::clone(&self.0.driver.store).into_blocking() {
            Some(store) => Ok(Cache(self.0.driven_by(Blocking(store)))),
            None => Err(Error::Config {
                option: "store".to_owned(),
                reason: "it is a store for tasks and has no side for calls that block: use \
                         `AsyncCache`, or implement `AsyncStore::into_blocking`"
                    .to_owned(),
            }),
        }
    }
}

impl Cache {
    /// Returns this cache for tasks. Both share the store, the settings and the counters.
    ///
    /// A store that has no [side for tasks](crate::Store::into_async) runs on the runtime's threads
    /// for blocking work.
    ///
    /// # Errors
    ///
    /// None in this version. A later one may have a store that tasks cannot use.
    pub fn to_async(&self) -> Result<AsyncCache> {
        let store = adapted::of_blocking(Arc::clone(&self.0.driver.0));
        Ok(AsyncCache(self.0.driven_by(Tasks::new(store))))
    }
}

impl CacheBuilder {
    /// Opens a cache over an existing store for tasks.
    ///
    /// # Errors
    ///
    /// Fails as [`open_store`](Self::open_store) does.
    pub fn open_async_store(self, store: Arc<dyn AsyncStore>) -> Result<AsyncCache> {
        self.sets_no_option_of_a_store()?;
        self.with(Tasks::new(store), AsyncCache)
    }
}

/// Shows the store and the settings, never a value.
impl fmt::Debug for AsyncCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncCache")
            .field("store", &self.0.driver.store)
            .field("settings", &self.0.settings)
            .finish_non_exhaustive()
    }
}
