//! The cache that an application holds.

use std::{fmt, future::ready, sync::Arc};

use crate::{
    counter::{calls::Calls, definition::CounterDef, face::Counter},
    def::DictDef,
    dict::{entry::Entry, update::UpdateReport},
    error::{Error, Result},
    key::ToKey,
    report::CommitReport,
    session::{
        core::VerifyFirst,
        drive::{Blocking, Outcome},
        face::Session,
        fetch::fresh::Fresh,
        retry::Retry,
        source::Source,
        transaction::OfBody,
    },
    store::Store,
    track::Tracked,
};

/// A store and its settings. An application opens one cache; its clones are cheap and share the
/// store, the settings and the counters.
#[derive(Clone)]
pub struct Cache(pub(super) Source<Blocking>);

impl Cache {
    /// Begins a unit of work. [`Session::commit`] writes its changes.
    pub fn session(&self) -> Session {
        self.0.unit(VerifyFirst::No).into()
    }

    /// Returns a counter: numbers that the server itself adds to, in one round trip each.
    ///
    /// ```
    /// use memdict::{Cache, CounterDef};
    ///
    /// static VISITS: CounterDef = CounterDef::new("visits");
    ///
    /// let cache = Cache::open("memory:")?;
    /// assert_eq!(cache.counter(&VISITS).add("/", 1)?, 1);
    /// # Ok::<_, memdict::Error>(())
    /// ```
    #[must_use]
    pub fn counter(&self, def: &CounterDef) -> Counter<'_> {
        Counter(Calls::new(&self.0, def.clone()))
    }

    /// Returns the store behind the cache, for operations that need no session, and for a store around
    /// it. It is below the cache: a key is `NAMESPACE:DICTIONARY:KEY`, as
    /// [`EntryId`](crate::EntryId) has it, and the bytes of a value have an envelope, so whatever else
    /// is stored under such a key reads as [unusable](crate::Unusable).
    ///
    /// ```
    /// use memdict::{Cache, Load, Loaded};
    ///
    /// let cache = Cache::open("memory:")?;
    /// cache.transaction(|session| session.dict("hits").insert("/", 1_u64))?;
    /// let mut found = Vec::new();
    /// cache.store().load_many(&[Load::new(b"memdict:hits:/")], &mut |_, loaded| {
    ///     found.push(matches!(loaded, Ok(Loaded::Hit { .. })));
    /// });
    /// assert_eq!(found, [true]);
    /// # Ok::<_, memdict::Error>(())
    /// ```
    #[must_use]
    pub fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.0.driver.0)
    }

    #[doc = include_str!("with_retry.md")]
    #[must_use]
    pub fn with_retry(&self, retry: Retry) -> Self {
        Self(Source { retry, ..self.0.clone() })
    }

    #[doc = include_str!("transaction.md")]
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
        self.transaction_with_report(body).map(|(value, _)| value)
    }

    #[doc = include_str!("transaction_with_report.md")]
    ///
    /// ```
    /// use memdict::Cache;
    ///
    /// let cache = Cache::open("memory:?max_bytes=2MiB")?;
    /// let ((), report) = cache.transaction_with_report(|session| {
    ///     session.dict("names").insert(1, "ann".to_owned())?;
    ///     session.dict("names").insert(2, "x".repeat(3 << 20))
    /// })?;
    /// assert_eq!((report.written, report.refused.len()), (1, 1));
    /// # Ok::<_, memdict::Error>(())
    /// ```
    pub fn transaction_with_report<R>(
        &self,
        mut body: impl FnMut(&mut Session) -> Result<R>,
    ) -> Result<(R, CommitReport)> {
        self.0.transaction(OfBody::OWN, |session: &mut Session| ready(body(session))).now()
    }

    #[doc = include_str!("try_transaction.md")]
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
        body: impl FnMut(&mut Session) -> Result<R, E>,
    ) -> Result<R, E> {
        self.try_transaction_with_report(body).map(|(value, _)| value)
    }

    #[doc = include_str!("try_transaction_with_report.md")]
    pub fn try_transaction_with_report<R, E: From<Error>>(
        &self,
        mut body: impl FnMut(&mut Session) -> Result<R, E>,
    ) -> Result<(R, CommitReport), E> {
        self.0.transaction(OfBody::ANY, |session: &mut Session| ready(body(session))).now()
    }

    #[doc = include_str!("update.md")]
    ///
    /// ```
    /// use memdict::{Cache, DictDef};
    ///
    /// static HITS: DictDef<u64> = DictDef::new("hits");
    ///
    /// let cache = Cache::open("memory:")?;
    /// let hits = cache.update(&HITS, "all", |entry| {
    ///     let mut hits = entry.or_default();
    ///     *hits += 1;
    ///     Ok(*hits)
    /// })?;
    /// assert_eq!(hits, 1);
    /// # Ok::<_, memdict::Error>(())
    /// ```
    pub fn update<T: Tracked, R>(
        &self,
        def: impl Into<DictDef<T>>,
        key: impl ToKey,
        mut body: impl FnMut(Entry<'_, T>) -> Result<R>,
    ) -> Result<R> {
        self.0.update(def.into(), key, |entry: Entry<'_, T>| ready(body(entry))).now()
    }

    #[doc = include_str!("fetch.md")]
    ///
    /// ```
    /// use memdict::{Cache, DictDef, Error};
    ///
    /// static NAMES: DictDef<String> = DictDef::new("names").ttl_secs(60);
    ///
    /// #[derive(Debug)]
    /// enum Shop {
    ///     Database(std::io::Error),
    ///     Cache(Error),
    /// }
    ///
    /// impl From<Error> for Shop {
    ///     fn from(error: Error) -> Self {
    ///         Self::Cache(error)
    ///     }
    /// }
    ///
    /// fn read_database(user: u64) -> Result<Option<String>, Shop> {
    ///     match user {
    ///         7 => Ok(Some("ann".to_owned())),
    ///         8 => Ok(None),
    ///         _ => Err(Shop::Database(std::io::ErrorKind::TimedOut.into())),
    ///     }
    /// }
    ///
    /// let cache = Cache::open("memory:").unwrap();
    /// let name = cache.fetch(&NAMES, 7, || read_database(7));
    /// assert!(matches!(name, Ok(Some(name)) if name == "ann"));
    /// let nobody = cache.fetch(&NAMES, 8, || read_database(8));
    /// assert!(matches!(nobody, Ok(None)));
    /// let failed = cache.fetch(&NAMES, 9, || read_database(9));
    /// assert!(matches!(failed, Err(Shop::Database(_))));
    /// ```
    pub fn fetch<T: Tracked, V, E>(
        &self,
        def: impl Into<DictDef<T>>,
        key: impl ToKey,
        loader: impl FnOnce() -> Result<V, E>,
    ) -> Result<Option<T>, E>
    where
        V: Into<Fresh<T>>,
        E: From<Error>,
    {
        self.0.fetch(def.into(), key, || ready(loader())).now()
    }

    #[doc = include_str!("fetch_many.md")]
    pub fn fetch_many<T: Tracked, K, I, Q, V, E>(
        &self,
        def: impl Into<DictDef<T>>,
        keys: impl IntoIterator<Item = K>,
        mut loader: impl FnMut(Vec<K>) -> Result<I, E>,
    ) -> Result<Vec<Option<T>>, E>
    where
        K: ToKey + Clone,
        I: IntoIterator<Item = (Q, V)>,
        Q: ToKey,
        V: Into<Fresh<T>>,
        E: From<Error>,
    {
        let keys = keys.into_iter().collect();
        self.0.fetch_many(def.into(), keys, |missing| ready(loader(missing))).now()
    }

    #[doc = include_str!("update_each.md")]
    ///
    /// ```
    /// use std::collections::BTreeMap;
    /// use memdict::{Cache, DictDef};
    ///
    /// static HITS: DictDef<u64> = DictDef::new("hits");
    ///
    /// let cache = Cache::open("memory:")?;
    /// let counted = BTreeMap::from([("/", 3), ("/about", 1)]);
    /// let outcome = cache.update_each(&HITS, counted.keys(), |page, entry| {
    ///     *entry.or_default() += counted[*page];
    ///     Ok(())
    /// });
    /// assert!(outcome.is_complete());
    /// assert_eq!((outcome.report.written, outcome.rounds), (2, 1));
    /// # Ok::<_, memdict::Error>(())
    /// ```
    pub fn update_each<T: Tracked, K: ToKey>(
        &self,
        def: impl Into<DictDef<T>>,
        keys: impl IntoIterator<Item = K>,
        mut body: impl FnMut(&K, Entry<'_, T>) -> Result<()>,
    ) -> UpdateReport {
        let body = |key: &K, entry: Entry<'_, T>| ready(body(key, entry));
        self.0.update_each(def.into(), keys.into_iter().collect(), body).now()
    }
}

/// Shows the store and the settings, never a value.
impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("store", &self.0.driver.0)
            .field("settings", &self.0.settings)
            .finish_non_exhaustive()
    }
}
