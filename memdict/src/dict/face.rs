//! The dictionary that an application holds.

use std::fmt;

use super::{calls::Dict, entry::Entry};
use crate::{
    error::Result,
    face::faces,
    key::ToKey,
    session::{
        drive::Blocking,
        entry::guard::{Ref, RefMut},
    },
    track::Tracked,
};

/// A typed, named key space in a session, used as a dictionary.
///
/// Reading a key that is not there is `None`, and so is one that was evicted, has expired, is
/// damaged, was stored by another version of the type, or whose server is down: a cached value
/// may be lost at any time. Each key is loaded once in a session; what it was then, it stays.
///
/// There is no iteration, no length and no `keys`: memcached cannot list what it holds.
///
/// Keys are text, bytes, integers and tuples of them ([`ToKey`]).
///
/// A guard in the scrutinee of a `match` lives until the end of the `match`: another call for
/// the same key inside is [`Error::AlreadyBorrowed`].
pub struct MemcachedDict<'s, T: Tracked>(pub(crate) Dict<'s, T, Blocking>);

faces! {
    impl['s, T: Tracked] MemcachedDict<'s, T> {
        /// The value for reading, or `None` on a miss.
        ///
        /// # Errors
        ///
        /// [`AlreadyBorrowed`](crate::Error::AlreadyBorrowed) while the entry is handed out for writing;
        /// as all calls: [`WrongType`](crate::Error::WrongType), [`Key`](crate::Error::Key),
        /// [`Poisoned`](crate::Error::Poisoned), and in a strict cache
        /// [`Unavailable`](crate::Error::Unavailable).
        async fn get(&self, key: impl ToKey) -> Result<Option<Ref<'s, T>>>;

        /// The value for writing, or `None` on a miss.
        ///
        /// # Errors
        ///
        /// [`AlreadyBorrowed`](crate::Error::AlreadyBorrowed) while any other guard of the entry lives;
        /// after a [savepoint](crate::Session::savepoint) [`Encode`](crate::Error::Encode), if the value
        /// cannot be kept as it is; otherwise as [`get`](Self::get).
        async fn get_mut(&self, key: impl ToKey) -> Result<Option<RefMut<'s, T>>>;

        /// The place of a key, with its value or without, for writing.
        ///
        /// What is put into a vacant entry is stored only if there is still nothing at commit.
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
        ///     Entry::Vacant(_) => unreachable!(),
        /// }
        /// # Ok::<_, memdict::Error>(())
        /// ```
        async fn entry(&self, key: impl ToKey) -> Result<Entry<'s, T>>;

        /// Puts a value in place. It needs no read, and so gives no old value back.
        ///
        /// Without a read of the key, whatever is there at commit is overwritten. After one, the
        /// value is stored only if the key is still as it was read, and not at all if it is the
        /// same.
        ///
        /// # Errors
        ///
        /// [`AlreadyBorrowed`](crate::Error::AlreadyBorrowed) while any guard of the entry lives, reading
        /// ones included; otherwise as [`get_mut`](Self::get_mut), but never `Unavailable`.
        fn insert(&self, key: impl ToKey, value: T) -> Result<()>;

        /// Takes a value away. It needs no read, and so does not say whether there was one.
        ///
        /// Without a read of the key, whatever is there at commit is deleted. After one, only what
        /// was read.
        ///
        /// # Errors
        ///
        /// As [`insert`](Self::insert).
        fn remove(&self, key: impl ToKey) -> Result<()>;

        /// Whether there is a usable value. It loads the value, which [`get`](Self::get) then has.
        ///
        /// # Errors
        ///
        /// As [`get`](Self::get).
        async fn contains_key(&self, key: impl ToKey) -> Result<bool>;

        /// Makes the commit depend on a key that this session only reads: if it is not what was read
        /// any more, nothing of the commit is sent, and the key is in
        /// [`Error::Conflict`](crate::Error::Conflict). That there is nothing can be depended on as
        /// well.
        ///
        /// It is looked at in one round trip with all others, just before the first change is sent:
        /// the window in which it can change unnoticed is narrow, but memcached cannot close it. A
        /// session that changes nothing does not look. It holds whatever the dictionary says about
        /// conflicts, and for a key that the session changes as well.
        ///
        /// # Errors
        ///
        /// As [`get`](Self::get), but never `AlreadyBorrowed`. The commit is
        /// [`Error::Unavailable`], with nothing sent, if the key cannot be looked at then.
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
        /// let price = *prices.get("hat")?.expect("it was just stored");
        /// session.dict("orders").insert("alice", ("hat".to_owned(), price))?;
        ///
        /// cache.transaction(|other| other.dict("prices").insert("hat", 25_u64))?;
        /// let Err(crate::Error::Conflict { conflicts, report, .. }) = session.commit() else { panic!() };
        /// assert_eq!((conflicts[0].dict.as_str(), report.written), ("prices", 0));
        /// # Ok::<_, Error>(())
        /// ```
        async fn read_current(&self, key: impl ToKey) -> Result<()>;

        /// Many values for reading, in the order asked; those not yet known are loaded in one
        /// batch.
        ///
        /// # Errors
        ///
        /// As [`get`](Self::get), for the first key that has one.
        async fn get_many[K: ToKey](&self, keys: impl IntoIterator<Item = K>)
            -> Result<Vec<Option<Ref<'s, T>>>>;

        /// Loads those of the keys that are not yet known in one batch, so that other calls find
        /// them here.
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
