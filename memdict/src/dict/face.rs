//! The dictionary that an application holds.

use std::{fmt, future::ready};

#[cfg(feature = "tokio")]
use super::async_face::AsyncDict;
use super::{calls::Dict, entry::Entry};
use crate::{
    def::ttl::Ttl,
    error::{Error, Result},
    face::faces,
    key::ToKey,
    lookup::Lookup,
    session::{
        drive::{Blocking, Outcome},
        entry::guard::{Ref, RefMut},
        fetch::fresh::Fresh,
    },
    track::Tracked,
};

/// A typed, named key space in a session, used as a dictionary.
///
/// A read of a key without a value is a miss and gives `None`. A value is also missing if it was
/// evicted, has expired, is damaged, was stored by another version of its type, or is on a server
/// that is down; [`lookup`](Self::lookup) tells which. A session loads each key once, and later
/// reads in it give the same value.
///
/// There is no iteration, no length and no `keys`, because memcached cannot list what it holds.
///
/// Keys are text, numbers, bytes, addresses, and tuples of them ([`ToKey`]).
///
/// A guard in the scrutinee of a `match` lives until the end of the `match`: another call for the
/// same key inside it fails with [`AlreadyBorrowed`](crate::Error::AlreadyBorrowed).
pub struct MemcachedDict<'s, T: Tracked>(pub(crate) Dict<'s, T, Blocking>);

faces! {
    impl['s, T: Tracked] MemcachedDict<'s, T>, AsyncDict<'s, T> {
        /// Returns the value for reading, or `None` on a miss.
        ///
        /// # Errors
        ///
        /// Fails with [`AlreadyBorrowed`](crate::Error::AlreadyBorrowed) while the entry is
        /// borrowed for writing. All calls may fail with [`WrongType`](crate::Error::WrongType),
        /// [`Key`](crate::Error::Key) and [`Poisoned`](crate::Error::Poisoned), and in a strict
        /// cache or dictionary with [`Unavailable`](crate::Error::Unavailable).
        async fn get(&self, key: impl ToKey) -> Result<Option<Ref<'s, T>>>;

        /// Returns the value for reading, or the reason why there is none.
        ///
        /// # Errors
        ///
        /// Fails as [`get`](Self::get) does.
        example {
            /// ```
            /// use memdict::{Cache, Lookup};
            ///
            /// let cache = Cache::open("memory:")?;
            /// cache.transaction(|session| session.dict("hits").insert("a", 1))?; // an `i32`
            ///
            /// let session = cache.session();
            /// let hits = session.dict::<u64>("hits");
            /// assert_eq!(
            ///     match hits.lookup("a")? {
            ///         Lookup::Unusable(why) => why.to_string(),
            ///         other => format!("{other:?}"),
            ///     },
            ///     "the stored value is a `i32`, not a `u64`",
            /// );
            /// assert!(matches!(hits.lookup("b")?, Lookup::Absent));
            /// # Ok::<_, memdict::Error>(())
            /// ```
        }
        async fn lookup(&self, key: impl ToKey) -> Result<Lookup<Ref<'s, T>>>;

        /// Returns the value for writing, or `None` on a miss.
        ///
        /// # Errors
        ///
        /// Fails with [`AlreadyBorrowed`](crate::Error::AlreadyBorrowed) while any other guard of
        /// the entry lives, and after a [savepoint](crate::Session::savepoint) with
        /// [`Encode`](crate::Error::Encode) if no copy of the value can be kept; otherwise as
        /// [`get`](Self::get) does.
        async fn get_mut(&self, key: impl ToKey) -> Result<Option<RefMut<'s, T>>>;

        /// Returns the entry of a key for writing, with or without a value.
        ///
        /// A miss is a vacant entry. The commit stores a value that was inserted into it only if
        /// the store still has none.
        ///
        /// # Errors
        ///
        /// Fails as [`get_mut`](Self::get_mut) does.
        example {
            /// ```
            /// use memdict::{Cache, Entry};
            ///
            /// let cache = Cache::open("memory:")?;
            /// let session = cache.session();
            /// let hits = session.dict::<u64>("hits");
            /// *hits.entry("a")?.or_insert(10) += 1;
            /// match hits.entry("a")? {
            ///     Entry::Occupied(entry) => assert_eq!(*entry.get(), 11),
            ///     Entry::Vacant(_) => unreachable!("the session has just set the value"),
            /// }
            /// # Ok::<_, memdict::Error>(())
            /// ```
        }
        async fn entry(&self, key: impl ToKey) -> Result<Entry<'s, T>>;

        /// Sets the value of a key. This needs no read, and so returns no old value.
        ///
        /// If the session has not read the key, the commit overwrites whatever the store holds.
        /// Otherwise it stores the value only if the store still holds what was read, and sends
        /// nothing if the two values are the same.
        ///
        /// # Errors
        ///
        /// Fails with [`AlreadyBorrowed`](crate::Error::AlreadyBorrowed) while any guard of the
        /// entry lives, including guards for reading; otherwise as [`get_mut`](Self::get_mut) does,
        /// but never with `Unavailable`.
        fn insert(&self, key: impl ToKey, value: T) -> Result<()>;

        /// Sets the value of a key, as [`insert`](Self::insert) does, and how long it lives, instead of
        /// what the dictionary says.
        ///
        /// # Errors
        ///
        /// Fails as [`insert`](Self::insert) does.
        example {
            /// ```
            /// use std::time::Duration;
            /// use memdict::{Cache, Ttl};
            ///
            /// let cache = Cache::open("memory:")?;
            /// cache.transaction(|session| {
            ///     let codes = session.dict::<u32>("codes");
            ///     codes.insert_with_ttl("ann", 4711, Ttl::For(Duration::from_secs(300)))
            /// })?;
            /// # Ok::<_, memdict::Error>(())
            /// ```
        }
        fn insert_with_ttl(&self, key: impl ToKey, value: T, ttl: Ttl) -> Result<()>;

        /// Begins the life of the value of a key anew, as its dictionary says
        /// ([`ttl`](crate::DictDef::ttl)): the commit sets its end, together with the changes, and the
        /// report counts it as [touched](crate::CommitReport::touched). This needs no read.
        ///
        /// A touch is no change, and never in conflict. A key without a value stays without one. If
        /// the session changes the value, too, it is stored with that end of life.
        ///
        /// # Errors
        ///
        /// Fails with [`AlreadyBorrowed`](crate::Error::AlreadyBorrowed) while the entry is borrowed
        /// for writing: use [`RefMut::set_ttl`] then. A commit to a store that cannot do this fails with
        /// [`Unsupported`](crate::Error::Unsupported), and sends nothing.
        example {
            /// ```
            /// use memdict::{Cache, DictDef};
            ///
            /// static CARTS: DictDef<Vec<u32>> = DictDef::new("carts").ttl_secs(3_600);
            ///
            /// let cache = Cache::open("memory:")?;
            /// cache.transaction(|session| session.dict(&CARTS).insert("ann", vec![7]))?;
            /// let session = cache.session();
            /// session.dict(&CARTS).touch("ann")?;
            /// let report = session.commit()?;
            /// assert_eq!((report.touched, report.written), (1, 0));
            /// # Ok::<_, memdict::Error>(())
            /// ```
        }
        fn touch(&self, key: impl ToKey) -> Result<()>;

        /// Says that the stored value of a key is outdated, because there is another one where it
        /// came from: the commit makes it stale, together with the changes, and the report names it as
        /// [invalidated](crate::CommitReport::invalidated). This needs no read, and is never in conflict.
        ///
        /// After the commit, one caller of [`fetch`](Self::fetch) loads the value anew. Meanwhile the
        /// others are given the stale one, for the time of [`stale_for`](crate::DictDef::stale_for);
        /// without such a time they wait. All other reads miss. A value that another caller is loading
        /// meanwhile is not stored, and a session that has read the value and changes it is in conflict.
        ///
        /// For the rest of this session the entry is as if it was [removed](Self::remove): it has no
        /// value, and a value inserted later is stored instead. A store that keeps no stale values
        /// ([`Caps::stale`](crate::Caps::stale)) deletes the value.
        ///
        /// # Errors
        ///
        /// Fails with [`AlreadyBorrowed`](crate::Error::AlreadyBorrowed) while the entry is borrowed
        /// for writing.
        example {
            /// ```
            /// use std::time::Duration;
            /// use memdict::{Cache, DictDef, Error};
            ///
            /// static USERS: DictDef<String> =
            ///     DictDef::new("users").ttl_secs(600).stale_for(Duration::from_secs(30));
            ///
            /// let cache = Cache::open("memory:")?;
            /// let read = |name: &'static str| move || Ok::<_, Error>(name.to_owned());
            /// cache.fetch(&USERS, 7, read("ann"))?;
            /// // The database has changed.
            /// let session = cache.session();
            /// session.dict(&USERS).invalidate(7)?;
            /// let report = session.commit()?;
            /// assert_eq!(report.invalidated, 1);
            /// let name = cache.fetch(&USERS, 7, read("anna"))?;
            /// assert_eq!(name.as_deref(), Some("anna"));
            /// # Ok::<_, memdict::Error>(())
            /// ```
        }
        fn invalidate(&self, key: impl ToKey) -> Result<()>;

        /// Removes the value of a key. This needs no read, and so does not say whether there was
        /// one.
        ///
        /// If the session has not read the key, the commit deletes whatever the store holds.
        /// Otherwise it deletes only the value that was read.
        ///
        /// # Errors
        ///
        /// Fails as [`insert`](Self::insert) does.
        fn remove(&self, key: impl ToKey) -> Result<()>;

        /// Returns whether the key has a usable value. This loads the value for a later
        /// [`get`](Self::get).
        ///
        /// # Errors
        ///
        /// Fails as [`get`](Self::get) does.
        async fn contains_key(&self, key: impl ToKey) -> Result<bool>;

        /// Makes the commit depend on a key that this session only reads. If the store no longer
        /// holds what was read, nothing of the commit is sent, and it fails with
        /// [`Error::Conflict`](crate::Error::Conflict), which names the entry. A commit can depend
        /// on a miss as well.
        ///
        /// One round trip checks all such keys, just before the first change is sent. The window in
        /// which a key can change unnoticed is narrow, but memcached cannot close it. A session
        /// that changes nothing does not check. The check ignores the dictionary's rules for
        /// conflicts, and applies also to a key that the session changes.
        ///
        /// # Errors
        ///
        /// Fails as [`get`](Self::get) does, but never with `AlreadyBorrowed`. If the key cannot be
        /// checked during the commit, that fails with [`Unavailable`](crate::Error::Unavailable)
        /// and sends nothing.
        example {
            /// ```
            /// use memdict::{Cache, Error};
            ///
            /// let cache = Cache::open("memory:")?;
            /// cache.transaction(|session| session.dict("prices").insert("hat", 20_u64))?;
            ///
            /// let session = cache.session();
            /// let prices = session.dict::<u64>("prices");
            /// prices.read_current("hat")?;
            /// let price = prices.get("hat")?.map_or(20, |price| *price); // on a miss, 20
            /// session.dict("orders").insert("alice", ("hat".to_owned(), price))?;
            ///
            /// cache.transaction(|other| other.dict("prices").insert("hat", 25_u64))?;
            /// let Err(Error::Conflict { conflicts, report, .. }) = session.commit() else { panic!() };
            /// assert_eq!((&*conflicts[0].id.dict, report.written), ("prices", 0));
            /// # Ok::<_, Error>(())
            /// ```
        }
        async fn read_current(&self, key: impl ToKey) -> Result<()>;

        /// Returns many values for reading, in the order of the keys, with `None` for each miss.
        /// Keys that the session has not loaded yet are loaded in one batch.
        ///
        /// # Errors
        ///
        /// Fails as [`get`](Self::get) does for the first key that fails.
        async fn get_many[K: ToKey](&self, keys: impl IntoIterator<Item = K>)
            -> Result<Vec<Option<Ref<'s, T>>>>;

        /// Loads the keys that the session has not loaded yet in one batch, for later calls.
        ///
        /// # Errors
        ///
        /// Fails as [`get`](Self::get) does, but never with `AlreadyBorrowed`.
        async fn prefetch[K: ToKey](&self, keys: impl IntoIterator<Item = K>) -> Result<()>;
    }
}

impl<'s, T: Tracked> MemcachedDict<'s, T> {
    #[doc = include_str!("fetch.md")]
    ///
    /// ```
    /// use memdict::{Cache, DictDef, Error};
    ///
    /// static NAMES: DictDef<String> = DictDef::new("names").ttl_secs(60);
    ///
    /// fn read_database(user: u64) -> Result<Option<String>, Error> {
    ///     Ok((user == 7).then(|| "ann".to_owned()))
    /// }
    ///
    /// let cache = Cache::open("memory:")?;
    /// let session = cache.session();
    /// let name = session.dict(&NAMES).fetch(7, || read_database(7))?;
    /// assert_eq!(name.as_deref().map(String::as_str), Some("ann"));
    /// assert!(session.dict(&NAMES).fetch(8, || read_database(8))?.is_none());
    /// # Ok::<_, Error>(())
    /// ```
    pub fn fetch<V, E>(
        &self,
        key: impl ToKey,
        loader: impl FnOnce() -> Result<V, E>,
    ) -> Result<Option<Ref<'s, T>>, E>
    where
        V: Into<Fresh<T>>,
        E: From<Error>,
    {
        self.0.fetch(key, || ready(loader())).now()
    }

    #[doc = include_str!("fetch_many.md")]
    ///
    /// ```
    /// use memdict::{Cache, DictDef, Error};
    ///
    /// static NAMES: DictDef<String> = DictDef::new("names").ttl_secs(60);
    ///
    /// let cache = Cache::open("memory:")?;
    /// let session = cache.session();
    /// let names = session.dict(&NAMES).fetch_many([7, 8, 9], |users| {
    ///     assert_eq!(users, [7, 8, 9]); // those that are missing
    ///     Ok::<_, Error>(vec![(9, "bob".to_owned()), (7, "ann".to_owned())])
    /// })?;
    /// let names: Vec<_> = names.iter().map(|name| name.as_deref().map(String::as_str)).collect();
    /// assert_eq!(names, [Some("ann"), None, Some("bob")]);
    /// # Ok::<_, Error>(())
    /// ```
    pub fn fetch_many<K, I, Q, V, E>(
        &self,
        keys: impl IntoIterator<Item = K>,
        mut loader: impl FnMut(Vec<K>) -> Result<I, E>,
    ) -> Result<Vec<Option<Ref<'s, T>>>, E>
    where
        K: ToKey + Clone,
        I: IntoIterator<Item = (Q, V)>,
        Q: ToKey,
        V: Into<Fresh<T>>,
        E: From<Error>,
    {
        let keys = keys.into_iter().collect();
        self.0.fetch_many(keys, |missing| ready(loader(missing))).now()
    }
}

/// Shows the definition of the dictionary.
impl<T: Tracked> fmt::Debug for MemcachedDict<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MemcachedDict").field(&self.0.def).finish()
    }
}
