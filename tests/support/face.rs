//! One face for the suites of sessions: that of calls that block, or that for tasks, each of whose
//! futures is waited for. So each test runs over both.

use std::{
    ops::{Deref, DerefMut},
    sync::{Mutex, PoisonError},
};

use memdict::{
    AsyncCache, AsyncCounter, AsyncDict, AsyncSession, BoxError, CommitReport, CounterDef,
    Counters, DictDef, Entry, EntryId, Error, Fresh, Latencies, Link, Lookup, MemcachedDict,
    OtherSchema, Ref, RefMut, Result, Retry, Savepoint, ServerCounters, ServerHealth,
    SessionCounter, ToKey, Tracked, Ttl, UpdateReport,
};

use crate::wait;

/// A [`memdict::Cache`] or an [`AsyncCache`].
#[derive(Debug, Clone)]
pub enum Cache {
    /// Its calls block.
    Blocking(memdict::Cache),
    /// Its futures are waited for.
    Tasks(AsyncCache),
}

/// A [`memdict::Session`] or an [`AsyncSession`].
#[derive(Debug)]
pub enum Session<'a> {
    /// Its calls block.
    Blocking(Held<'a, memdict::Session>),
    /// Its futures are waited for.
    Tasks(Held<'a, AsyncSession>),
}

/// A session that a test began, or one that a transaction lends.
#[derive(Debug)]
pub enum Held<'a, S> {
    /// A session that a test began.
    Own(S),
    /// A session that a transaction lends.
    Lent(&'a mut S),
}

/// A [`MemcachedDict`] or an [`AsyncDict`].
#[derive(Debug)]
pub enum Dict<'s, T: Tracked> {
    /// Its calls block.
    Blocking(MemcachedDict<'s, T>),
    /// Its futures are waited for.
    Tasks(AsyncDict<'s, T>),
}

impl<S> Held<'_, S> {
    fn own(self) -> S {
        match self {
            Self::Own(session) => session,
            Self::Lent(_) => panic!("a transaction commits its session itself"),
        }
    }
}

impl<S> Deref for Held<'_, S> {
    type Target = S;

    fn deref(&self) -> &S {
        match self {
            Self::Own(session) => session,
            Self::Lent(session) => session,
        }
    }
}

impl<S> DerefMut for Held<'_, S> {
    fn deref_mut(&mut self) -> &mut S {
        match self {
            Self::Own(session) => session,
            Self::Lent(session) => session,
        }
    }
}

/// A [`memdict::Counter`] or an [`AsyncCounter`].
#[derive(Debug)]
pub enum Counter<'c> {
    /// Its calls block.
    Blocking(memdict::Counter<'c>),
    /// Its futures are waited for.
    Tasks(AsyncCounter<'c>),
}

/// A body that may run on other threads and again, as `async` closures have to.
struct Body<F>(Mutex<F>);

impl<F> Body<F> {
    fn new(body: F) -> Self {
        Self(Mutex::new(body))
    }

    fn run<R>(&self, run: impl FnOnce(&mut F) -> R) -> R {
        // A body may run again after a panic.
        run(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

macro_rules! transactions {
    ($($call:ident [$($e:ident)?] -> $gives:ty;)*) => {$(
        /// As the call of this name.
        ///
        /// # Errors
        ///
        /// As the call of this name.
        pub fn $call<R $(, $e: From<Error>)?>(
            &self,
            mut body: impl FnMut(&mut Session<'_>) -> Result<R $(, $e)?> + Send,
        ) -> Result<$gives $(, $e)?> {
            match self {
                Self::Blocking(cache) => {
                    cache.$call(|session| body(&mut Session::Blocking(Held::Lent(session))))
                }
                Self::Tasks(cache) => {
                    let body = Body::new(body);
                    wait(cache.$call(async |session: &mut AsyncSession| {
                        body.run(|body| body(&mut Session::Tasks(Held::Lent(session))))
                    }))
                }
            }
        }
    )*};
}

impl Cache {
    /// Returns a counter.
    pub fn counter(&self, def: &CounterDef) -> Counter<'_> {
        match self {
            Self::Blocking(cache) => Counter::Blocking(cache.counter(def)),
            Self::Tasks(cache) => Counter::Tasks(cache.counter(def)),
        }
    }

    /// Returns this cache for tasks.
    ///
    /// # Panics
    ///
    /// Never: tasks can use every store.
    #[must_use]
    pub fn in_tasks(&self) -> Self {
        match self {
            Self::Blocking(cache) => Self::Tasks(cache.to_async().expect("tasks can use it")),
            Self::Tasks(cache) => Self::Tasks(cache.clone()),
        }
    }

    /// Returns this cache for calls that block.
    ///
    /// # Panics
    ///
    /// If the store has no side for them.
    #[must_use]
    pub fn blocking(&self) -> memdict::Cache {
        match self {
            Self::Blocking(cache) => cache.clone(),
            Self::Tasks(cache) => cache.to_blocking().expect("the store has a blocking side"),
        }
    }

    /// Begins a session.
    pub fn session(&self) -> Session<'static> {
        match self {
            Self::Blocking(cache) => Session::Blocking(Held::Own(cache.session())),
            Self::Tasks(cache) => Session::Tasks(Held::Own(cache.session())),
        }
    }

    /// Returns this cache with other settings for attempts.
    #[must_use]
    pub fn with_retry(&self, retry: Retry) -> Self {
        match self {
            Self::Blocking(cache) => Self::Blocking(cache.with_retry(retry)),
            Self::Tasks(cache) => Self::Tasks(cache.with_retry(retry)),
        }
    }

    transactions! {
        transaction[] -> R;
        transaction_with_report[] -> (R, CommitReport);
        try_transaction[E] -> R;
        try_transaction_with_report[E] -> (R, CommitReport);
    }

    /// Changes one entry.
    ///
    /// # Errors
    ///
    /// As the call of this name.
    pub fn update<T: Tracked, R>(
        &self,
        def: impl Into<DictDef<T>>,
        key: impl ToKey,
        body: impl FnMut(Entry<'_, T>) -> Result<R> + Send,
    ) -> Result<R> {
        match self {
            Self::Blocking(cache) => cache.update(def, key, body),
            Self::Tasks(cache) => {
                let body = Body::new(body);
                wait(
                    cache
                        .update(def, key, async |entry: Entry<'_, T>| body.run(|body| body(entry))),
                )
            }
        }
    }

    /// Changes many entries.
    pub fn update_each<T: Tracked, K: ToKey + Send + Sync>(
        &self,
        def: impl Into<DictDef<T>>,
        keys: impl IntoIterator<Item = K>,
        body: impl FnMut(&K, Entry<'_, T>) -> Result<()> + Send,
    ) -> UpdateReport {
        match self {
            Self::Blocking(cache) => cache.update_each(def, keys, body),
            Self::Tasks(cache) => {
                let body = Body::new(body);
                wait(cache.update_each(def, keys, async |key: &K, entry: Entry<'_, T>| {
                    body.run(|body| body(key, entry))
                }))
            }
        }
    }

    /// Loads one value, or makes it.
    ///
    /// # Errors
    ///
    /// As the call of this name.
    pub fn fetch<T: Tracked, V: Into<Fresh<T>>, E: From<Error>>(
        &self,
        def: impl Into<DictDef<T>>,
        key: impl ToKey,
        loader: impl FnOnce() -> Result<V, E>,
    ) -> Result<Option<T>, E> {
        match self {
            Self::Blocking(cache) => cache.fetch(def, key, loader),
            Self::Tasks(cache) => wait(cache.fetch(def, key, async || loader())),
        }
    }

    /// Clears a dictionary.
    ///
    /// # Errors
    ///
    /// As the call of this name.
    pub fn clear<T: Tracked>(&self, def: impl Into<DictDef<T>> + Send) -> Result<()> {
        match self {
            Self::Blocking(cache) => cache.clear(def),
            Self::Tasks(cache) => wait(cache.clear(def)),
        }
    }

    /// Loads many values, or makes them.
    ///
    /// # Errors
    ///
    /// As the call of this name.
    pub fn fetch_many<T: Tracked, K, Q, V, E>(
        &self,
        def: impl Into<DictDef<T>>,
        keys: impl IntoIterator<Item = K>,
        mut loader: impl FnMut(Vec<K>) -> Result<Vec<(Q, V)>, E>,
    ) -> Result<Vec<Option<T>>, E>
    where
        K: ToKey + Clone,
        Q: ToKey,
        V: Into<Fresh<T>>,
        E: From<Error>,
    {
        match self {
            Self::Blocking(cache) => cache.fetch_many(def, keys, loader),
            Self::Tasks(cache) => {
                wait(cache.fetch_many(def, keys, |missing| std::future::ready(loader(missing))))
            }
        }
    }
}

/// Defines methods of a session or a dictionary that call the method of the same name. A call
/// marked `async` is waited for.
macro_rules! calls {
    ($(async fn $call:ident $([$($generics:tt)*])? (&self $(, $name:ident: $type:ty)*)
        $(-> $gives:ty)?;)*) => {$(
        /// As the call of this name.
        ///
        /// # Errors
        ///
        /// As the call of this name.
        pub fn $call $(<$($generics)*>)? (&self $(, $name: $type)*) $(-> $gives)? {
            match self {
                Self::Blocking(face) => face.$call($($name),*),
                Self::Tasks(face) => wait(face.$call($($name),*)),
            }
        }
    )*};
    ($(fn $call:ident (&self $(, $name:ident: $type:ty)*) $(-> $gives:ty)?;)*) => {$(
        /// As the call of this name.
        ///
        /// # Errors
        ///
        /// As the call of this name.
        pub fn $call (&self $(, $name: $type)*) $(-> $gives)? {
            match self {
                Self::Blocking(face) => face.$call($($name),*),
                Self::Tasks(face) => face.$call($($name),*),
            }
        }
    )*};
    ($(fn $call:ident (&mut self $(, $name:ident: $type:ty)*) $(-> $gives:ty)?;)*) => {$(
        /// As the call of this name.
        ///
        /// # Errors
        ///
        /// As the call of this name.
        pub fn $call (&mut self $(, $name: $type)*) $(-> $gives)? {
            match self {
                Self::Blocking(face) => face.$call($($name),*),
                Self::Tasks(face) => face.$call($($name),*),
            }
        }
    )*};
}

impl Cache {
    calls! {
        fn counters(&self) -> Counters;
        fn counters_of(&self, dict: &str) -> Counters;
        fn counted_dicts(&self) -> Vec<String>;
        fn latencies(&self) -> Latencies;
        fn latencies_of(&self, dict: &str) -> Latencies;
        fn server_counters(&self) -> Vec<ServerCounters>;
        fn health(&self) -> Vec<ServerHealth>;
        fn other_schemas(&self) -> Vec<OtherSchema>;
    }
}

impl Cache {
    calls! {
        async fn ping(&self) -> Vec<ServerHealth>;
    }
}

impl Session<'_> {
    /// Returns a dictionary.
    pub fn dict<T: Tracked>(&self, def: impl Into<DictDef<T>>) -> Dict<'_, T> {
        match self {
            Self::Blocking(session) => Dict::Blocking(session.dict(def)),
            Self::Tasks(session) => Dict::Tasks(session.dict(def)),
        }
    }

    /// Returns a counter, whose counts the commit sends.
    pub fn counter(&self, def: &CounterDef) -> SessionCounter<'_> {
        match self {
            Self::Blocking(session) => session.counter(def),
            Self::Tasks(session) => session.counter(def),
        }
    }

    /// Commits the session.
    ///
    /// # Errors
    ///
    /// As the call of this name.
    pub fn commit(self) -> Result<CommitReport> {
        match self {
            Self::Blocking(session) => session.own().commit(),
            Self::Tasks(session) => wait(session.own().commit()),
        }
    }

    /// Rolls the session back.
    pub fn rollback(self) {
        match self {
            Self::Blocking(session) => session.own().rollback(),
            Self::Tasks(session) => session.own().rollback(),
        }
    }

    calls! {
        async fn follow[T: Tracked](&self, link: &Link<T>) -> Result<Option<Ref<'_, T>>>;
    }

    calls! {
        fn savepoint(&mut self) -> Savepoint;
        fn rollback_to(&mut self, savepoint: &Savepoint) -> Result<()>;
    }

    calls! {
        fn before_commit(
            &self,
            hook: impl FnOnce(&[&EntryId]) -> Result<(), BoxError> + Send + 'static
        );
        fn after_commit(
            &self,
            hook: impl FnOnce(&CommitReport) -> Result<(), BoxError> + Send + 'static
        );
        fn after_failed_commit(
            &self,
            hook: impl FnOnce(&Error) -> Result<(), BoxError> + Send + 'static
        );
        fn after_rollback(&self, hook: impl FnOnce() -> Result<(), BoxError> + Send + 'static);
        fn verify_first(&self, on: bool);
        fn note(&self, text: impl Into<String>);
        fn deadline(&self, deadline: std::time::Duration);
        fn doom(&self);
        fn has_changes(&self) -> bool;
    }
}

impl Counter<'_> {
    calls! {
        async fn add(&self, key: impl ToKey, amount: u64) -> Result<u64>;
        async fn subtract(&self, key: impl ToKey, amount: u64) -> Result<u64>;
        async fn get(&self, key: impl ToKey) -> Result<Option<u64>>;
        async fn get_many[K: ToKey](
            &self, keys: impl IntoIterator<Item = K>
        ) -> Result<Vec<Option<u64>>>;
        async fn set(&self, key: impl ToKey, number: u64) -> Result<()>;
    }
}

impl<'s, T: Tracked> Dict<'s, T> {
    calls! {
        async fn get(&self, key: impl ToKey) -> Result<Option<Ref<'s, T>>>;
        async fn lookup(&self, key: impl ToKey) -> Result<Lookup<Ref<'s, T>>>;
        async fn get_mut(&self, key: impl ToKey) -> Result<Option<RefMut<'s, T>>>;
        async fn entry(&self, key: impl ToKey) -> Result<Entry<'s, T>>;
        async fn contains_key(&self, key: impl ToKey) -> Result<bool>;
        async fn read_current(&self, key: impl ToKey) -> Result<()>;
        async fn get_many[K: ToKey](
            &self, keys: impl IntoIterator<Item = K>
        ) -> Result<Vec<Option<Ref<'s, T>>>>;
        async fn prefetch[K: ToKey](&self, keys: impl IntoIterator<Item = K>) -> Result<()>;
    }

    /// Loads one value, or makes it.
    ///
    /// # Errors
    ///
    /// As the call of this name.
    pub fn fetch<V: Into<Fresh<T>>, E: From<Error>>(
        &self,
        key: impl ToKey,
        loader: impl FnOnce() -> Result<V, E>,
    ) -> Result<Option<Ref<'s, T>>, E> {
        match self {
            Self::Blocking(dict) => dict.fetch(key, loader),
            Self::Tasks(dict) => wait(dict.fetch(key, async || loader())),
        }
    }

    /// Loads many values, or makes them.
    ///
    /// # Errors
    ///
    /// As the call of this name.
    pub fn fetch_many<K, Q, V, E>(
        &self,
        keys: impl IntoIterator<Item = K>,
        mut loader: impl FnMut(Vec<K>) -> Result<Vec<(Q, V)>, E>,
    ) -> Result<Vec<Option<Ref<'s, T>>>, E>
    where
        K: ToKey + Clone,
        Q: ToKey,
        V: Into<Fresh<T>>,
        E: From<Error>,
    {
        match self {
            Self::Blocking(dict) => dict.fetch_many(keys, loader),
            Self::Tasks(dict) => {
                wait(dict.fetch_many(keys, |missing| std::future::ready(loader(missing))))
            }
        }
    }

    calls! {
        fn insert(&self, key: impl ToKey, value: T) -> Result<()>;
        fn insert_with_ttl(&self, key: impl ToKey, value: T, ttl: Ttl) -> Result<()>;
        fn touch(&self, key: impl ToKey) -> Result<()>;
        fn invalidate(&self, key: impl ToKey) -> Result<()>;
        fn remove(&self, key: impl ToKey) -> Result<()>;
    }
}
