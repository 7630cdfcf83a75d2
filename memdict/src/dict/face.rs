//! The dictionary that an application holds.

use std::fmt;

use super::{calls::Dict, entry::Entry};
use crate::{
    error::Result,
    face::faces,
    key::ToKey,
    lookup::Lookup,
    session::{
        drive::Blocking,
        entry::guard::{Ref, RefMut},
    },
    track::Tracked,
};

/// A typed, named key space in a session, used as a dictionary.
///
/// Reading a key that holds no value gives `None`. So does a key whose value was evicted, has
/// expired, is damaged, was stored by another version of the type, or is on a server that is down:
/// a cached value may be lost at any time, and [`lookup`](Self::lookup) says why. Each key is loaded
/// once in a session; what it was then, it stays.
///
/// There is no iteration, no length and no `keys`: memcached cannot list what it holds.
///
/// Keys are text, numbers, bytes, addresses, and tuples of them ([`ToKey`]).
///
/// A guard in the scrutinee of a `match` lives until the end of the `match`: another call for the
/// same key inside it fails with [`AlreadyBorrowed`](crate::Error::AlreadyBorrowed).
pub struct MemcachedDict<'s, T: Tracked>(pub(crate) Dict<'s, T, Blocking>);

faces! {
    impl['s, T: Tracked] MemcachedDict<'s, T> {
        /// Returns the value for reading, or `None` on a miss.
        ///
        /// # Errors
        ///
        /// [`AlreadyBorrowed`](crate::Error::AlreadyBorrowed) while the entry is handed out for
        /// writing. As all calls: [`WrongType`](crate::Error::WrongType),
        /// [`Key`](crate::Error::Key), [`Poisoned`](crate::Error::Poisoned), and in a strict cache
        /// or dictionary [`Unavailable`](crate::Error::Unavailable).
        async fn get(&self, key: impl ToKey) -> Result<Option<Ref<'s, T>>>;

        /// Returns the value for reading, or the reason why there is none.
        ///
        /// # Errors
        ///
        /// As [`get`](Self::get).
        ///
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
        async fn lookup(&self, key: impl ToKey) -> Result<Lookup<Ref<'s, T>>>;

        /// Returns the value for writing, or `None` on a miss.
        ///
        /// # Errors
        ///
        /// [`AlreadyBorrowed`](crate::Error::AlreadyBorrowed) while any other guard of the entry
        /// lives; after a [savepoint](crate::Session::savepoint) [`Encode`](crate::Error::Encode),
        /// if the value cannot be kept as it is; otherwise as [`get`](Self::get).
        async fn get_mut(&self, key: impl ToKey) -> Result<Option<RefMut<'s, T>>>;

        /// Returns the place of a key, with its value or without, for writing.
        ///
        /// A value that is put into a vacant entry is stored only if the store still has none at
        /// commit.
        ///
        /// # Errors
        ///
        /// As [`get_mut`](Self::get_mut).
        ///
        /// ```
        /// use memdict::{Cache, Entry};
        ///
        /// let cache = Cache::open("memory:")?;
        /// let session = cache.session();
        /// let hits = session.dict::<u64>("hits");
        /// *hits.entry("a")?.or_insert(10) += 1;
        /// match hits.entry("a")? {
        ///     Entry::Occupied(entry) => assert_eq!(*entry.get(), 11),
        ///     Entry::Vacant(_) => unreachable!("the session has just put a value there"),
        /// }
        /// # Ok::<_, memdict::Error>(())
        /// ```
        async fn entry(&self, key: impl ToKey) -> Result<Entry<'s, T>>;

        /// Puts a value in place. This needs no read, and so returns no old value.
        ///
        /// Without a read of the key, the commit overwrites whatever the store holds. After one, it
        /// stores the value only if the store still holds what was read, and not at all if that is
        /// the same value.
        ///
        /// # Errors
        ///
        /// [`AlreadyBorrowed`](crate::Error::AlreadyBorrowed) while any guard of the entry lives,
        /// guards for reading included; otherwise as [`get_mut`](Self::get_mut), but never
        /// `Unavailable`.
        fn insert(&self, key: impl ToKey, value: T) -> Result<()>;

        /// Takes a value away. This needs no read, and so does not say whether there was one.
        ///
        /// Without a read of the key, the commit deletes whatever the store holds. After one, it
        /// deletes only the value that was read.
        ///
        /// # Errors
        ///
        /// As [`insert`](Self::insert).
        fn remove(&self, key: impl ToKey) -> Result<()>;

        /// Returns whether the key holds a usable value. This loads the value, which
        /// [`get`](Self::get) then has.
        ///
        /// # Errors
        ///
        /// As [`get`](Self::get).
        async fn contains_key(&self, key: impl ToKey) -> Result<bool>;

        /// Makes the commit depend on a key that this session only reads: if the store no longer
        /// holds what was read, nothing of the commit is sent, and the entry is in
        /// [`Error::Conflict`](crate::Error::Conflict). A commit can depend on a miss as well.
        ///
        /// All such keys are checked in one round trip, just before the first change is sent: the
        /// window in which a key can change unnoticed is narrow, but memcached cannot close it. A
        /// session that changes nothing does not check. The check applies whatever the dictionary
        /// says about conflicts, and also to a key that the session changes.
        ///
        /// # Errors
        ///
        /// As [`get`](Self::get), but never `AlreadyBorrowed`. The commit fails with
        /// [`Unavailable`](crate::Error::Unavailable), and sends nothing, if the key cannot be
        /// checked then.
        ///
        /// ```
        /// use memdict::{Cache, Error};
        ///
        /// let cache = Cache::open("memory:")?;
        /// cache.transaction(|session| session.dict("prices").insert("hat", 20_u64))?;
        ///
        /// let session = cache.session();
        /// let prices = session.dict::<u64>("prices");
        /// prices.read_current("hat")?;
        /// let price = prices.get("hat")?.map_or(20, |price| *price); // it may be lost
        /// session.dict("orders").insert("alice", ("hat".to_owned(), price))?;
        ///
        /// cache.transaction(|other| other.dict("prices").insert("hat", 25_u64))?;
        /// let Err(Error::Conflict { conflicts, report, .. }) = session.commit() else { panic!() };
        /// assert_eq!((&*conflicts[0].id.dict, report.written), ("prices", 0));
        /// # Ok::<_, Error>(())
        /// ```
        async fn read_current(&self, key: impl ToKey) -> Result<()>;

        /// Returns many values for reading, in the order of the keys. Keys that are not known yet
        /// are loaded in one batch.
        ///
        /// # Errors
        ///
        /// As [`get`](Self::get), for the first key that has one.
        async fn get_many[K: ToKey](&self, keys: impl IntoIterator<Item = K>)
            -> Result<Vec<Option<Ref<'s, T>>>>;

        /// Loads those of the keys that are not known yet in one batch, so that other calls find
        /// them in the session.
        ///
        /// # Errors
        ///
        /// As [`get`](Self::get), but never `AlreadyBorrowed`.
        async fn prefetch[K: ToKey](&self, keys: impl IntoIterator<Item = K>) -> Result<()>;
    }
}

/// Names the dictionary.
impl<T: Tracked> fmt::Debug for MemcachedDict<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MemcachedDict").field(&self.0.def).finish()
    }
}
