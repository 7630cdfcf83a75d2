//! The definitions of dictionaries (`DictDef`), their `options`, how long values live
//! (`ttl`), and the `rules` for concurrent changes. `fetching` has the options of `fetch`.

#[cfg(any(feature = "lz4", feature = "zstd"))]
mod compressing;
mod fetching;
mod lifetimes;
pub(crate) mod options;
pub(crate) mod rules;
pub(crate) mod ttl;

use std::{borrow::Cow, fmt, marker::PhantomData, time::Duration};

use self::{
    options::DictOptions,
    rules::{OnConflict, OnUnusable, OnVanished},
};
use crate::track::Tracked;

/// The definition of a dictionary: its name, the type of its values, and its options. Usually it is
/// a `static`, so that these are stated in one place.
///
/// If the defaults suit, a name alone is enough: `session.dict::<Cart>("carts")`. If two
/// definitions of one name have different options, an entry follows the definition through which it
/// was last borrowed for writing, and a line of the log says so once.
///
/// Values are encoded by position, without the names of fields. A type with a serde attribute that
/// needs the names does not compile here.
///
/// ```
/// use std::time::Duration;
/// use memdict::{Cache, DictDef};
///
/// static HITS: DictDef<u64> = DictDef::new("hits").ttl(Duration::from_secs(60));
///
/// let cache = Cache::open("memory:")?;
/// cache.transaction(|session| {
///     *session.dict(&HITS).entry("all")?.or_default() += 1;
///     Ok(())
/// })?;
/// # Ok::<_, memdict::Error>(())
/// ```
pub struct DictDef<T> {
    name: Cow<'static, str>,
    options: DictOptions,
    of: PhantomData<fn() -> T>,
}

impl<T: Tracked> DictDef<T> {
    /// Defines a dictionary with this name. All programs that use the same store and namespace
    /// share its entries.
    ///
    /// # Panics
    ///
    /// Panics if the name is empty; in a `static`, that is a compile error.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        assert!(!name.is_empty(), "a dictionary needs a name");
        Self::checked(Cow::Borrowed(name))
    }

    /// Defines a dictionary whose name is made at run time. With an empty name, every use of the
    /// dictionary returns an [`Error::Key`](crate::Error::Key).
    #[must_use]
    pub fn named(name: impl Into<Cow<'static, str>>) -> Self {
        Self::checked(name.into())
    }

    const fn checked(name: Cow<'static, str>) -> Self {
        let () = Self::FITS_THE_CODEC;
        Self::unchecked(name)
    }

    /// Refuses a type that needs a codec with names. It panics only during compilation, because a
    /// constant cannot refuse in any other way.
    pub(crate) const FITS_THE_CODEC: () = {
        if let Some(why) = T::NEEDS_NAMES {
            panic!("{}", why);
        }
    };

    /// Sets what a commit does with a key that another session has changed in the meantime. The
    /// default is [`OnConflict::Fail`].
    ///
    /// # Panics
    ///
    /// Panics if this is [`OnConflict::Merge`] and the type has no `#[memdict(merge)]`; in a
    /// `static`, that is a compile error.
    ///
    /// ```
    /// use memdict::{Cache, DictDef, OnConflict, Tracked};
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Default, Serialize, Deserialize, Tracked)]
    /// #[memdict(merge)]
    /// struct Page {
    ///     title: String,
    ///     #[memdict(merge = sum)]
    ///     hits: u64,
    /// }
    ///
    /// static PAGES: DictDef<Page> = DictDef::new("pages").on_conflict(OnConflict::Merge);
    ///
    /// let cache = Cache::open("memory:")?;
    /// cache.transaction(|session| session.dict(&PAGES).insert("/", Page::default()))?;
    ///
    /// let (one, two) = (cache.session(), cache.session());
    /// one.dict(&PAGES).entry("/")?.or_default().hits += 1;
    /// two.dict(&PAGES).entry("/")?.or_default().hits += 2;
    /// one.commit()?;
    /// assert_eq!(two.commit()?.merged, 1);
    ///
    /// let session = cache.session();
    /// let hits = session.dict(&PAGES).get("/")?.map(|page| page.hits);
    /// assert_eq!(hits, Some(3));
    /// # Ok::<_, memdict::Error>(())
    /// ```
    #[must_use]
    pub const fn on_conflict(mut self, what: OnConflict) -> Self {
        // As in `FITS_THE_CODEC`, a constant cannot refuse in any other way.
        if let OnConflict::Merge = what {
            assert!(T::MERGES, "`OnConflict::Merge` needs `#[memdict(merge)]` on the type");
        }
        self.options.rules.on_conflict = what;
        self
    }

    /// Sets what a commit does with a changed value that the store no longer has. The default is
    /// [`OnVanished::Recreate`].
    #[must_use]
    pub const fn on_vanished(mut self, what: OnVanished) -> Self {
        self.options.rules.on_vanished = what;
        self
    }

    /// Sets what a commit does with a change of a key whose stored bytes this session has read and
    /// could not use. The default is [`OnUnusable::Replace`].
    #[must_use]
    pub const fn on_unusable(mut self, what: OnUnusable) -> Self {
        self.options.rules.on_unusable = what;
        self
    }

    /// Sets that a removal leaves a tombstone for this long, in whole seconds, rounded up to at
    /// least one. By default it leaves nothing.
    ///
    /// A tombstone reads as a miss. It tells a removal from an eviction:
    ///
    /// - A session that found no value before the removal, and then stores one, is in
    ///   [conflict](crate::ConflictCause::Removed). Otherwise a slow reader of a database would
    ///   fill the cache with a value from before another session changed the database and removed
    ///   the entry. A session that finds the tombstone itself may store a value.
    /// - So is a session that read the value before the removal and then changes it, whatever
    ///   [`on_vanished`](Self::on_vanished) says.
    /// - An `insert` without a read, and [`OnConflict::LastWriteWins`], replace a tombstone.
    ///
    /// Choose a time that is longer than a session takes from its first read to its commit. A
    /// tombstone can be evicted, as every value. All programs that remove entries of the dictionary
    /// have to set this.
    ///
    /// ```
    /// use std::time::Duration;
    /// use memdict::{Cache, ConflictCause, DictDef, Error};
    ///
    /// static USERS: DictDef<String> = DictDef::new("users").tombstone(Duration::from_secs(60));
    ///
    /// let cache = Cache::open("memory:")?;
    /// let late = cache.session();
    /// assert!(late.dict(&USERS).get(7)?.is_none());
    /// let name = "ann".to_owned(); // read from the database
    ///
    /// // Another session changes the database, and removes the entry.
    /// cache.transaction(|session| session.dict(&USERS).remove(7))?;
    ///
    /// late.dict(&USERS).insert(7, name)?;
    /// let error = late.commit().unwrap_err();
    /// let Error::Conflict { conflicts, .. } = error else { panic!("{error}") };
    /// assert_eq!(conflicts[0].cause, ConflictCause::Removed);
    /// # Ok::<_, Error>(())
    /// ```
    #[must_use]
    pub const fn tombstone(mut self, lasts: Duration) -> Self {
        self.options.tombstone = Some(lasts);
        self
    }

    /// Lets [`Cache::clear`](crate::Cache::clear) make a miss of every value of the dictionary at
    /// once.
    ///
    /// Such a dictionary has a *generation*, a number that the store keeps under a key of its own
    /// and that each value carries. A clear raises it, and a value of an earlier one is a miss.
    ///
    /// - Each load and each commit asks for the generation as well, in the same round trip. Only a
    ///   session that writes before it reads needs another one, and one that finds no generation and
    ///   begins one.
    /// - If the generation is evicted, or its server is restarted, the dictionary is cleared. A
    ///   cleared value never comes back.
    /// - While the server of the generation is down, every value of the dictionary is a miss, and
    ///   changes are lost: it is not known whether the dictionary was cleared.
    ///
    /// All programs that use the dictionary have to set this. To a definition without it, a value
    /// with a generation is a miss of a newer format.
    #[must_use]
    pub const fn clearable(mut self) -> Self {
        self.options.clearable = true;
        self
    }

    /// Sets how many levels a value may be nested. The default is 128.
    ///
    /// Each struct, enum, tuple, sequence, map, newtype and `Some` is a level: a
    /// `Tree { children: Vec<Tree> }` takes two of them per generation. A commit of a value with
    /// more levels fails with [`Error::Encode`](crate::Error::Encode) and sends nothing. Stored
    /// bytes with more levels are a miss, so that no bytes can exhaust the stack of a reader.
    /// Programs that share a dictionary should have the same limit. A session takes the limits of
    /// the first definition that it uses for a name.
    ///
    /// ```
    /// use memdict::{Cache, DictDef, Error, Tracked};
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Default, Serialize, Deserialize, Tracked)]
    /// struct Comment {
    ///     text: String,
    ///     answers: Vec<Comment>,
    /// }
    ///
    /// static THREADS: DictDef<Comment> = DictDef::new("threads").max_depth(4);
    ///
    /// let cache = Cache::open("memory:")?;
    /// let mut thread = Comment::default();
    /// thread.answers.push(Comment::default());
    /// let session = cache.session();
    /// session.dict(&THREADS).insert("a", thread)?;
    /// session.commit()?;
    ///
    /// let added = cache.transaction(|session| match session.dict(&THREADS).get_mut("a")? {
    ///     Some(mut thread) => {
    ///         thread.answers[0].answers.push(Comment::default()); // a third generation
    ///         Ok(())
    ///     }
    ///     None => Ok(()), // a miss: nothing to add to
    /// });
    /// assert!(matches!(added, Err(Error::Encode { .. })));
    /// # Ok::<_, Error>(())
    /// ```
    #[must_use]
    pub const fn max_depth(mut self, levels: usize) -> Self {
        self.options.limits.depth = levels;
        self
    }

    /// Sets how many bytes of memory a value may need when it is decoded. The default is 64 MiB, or
    /// 32 times the length of the encoded value, whichever is more.
    ///
    /// Some types are encoded to far fewer bytes than they need in memory: a variant without
    /// fields takes one byte, and in memory as many as the largest variant. A commit of a value
    /// that needs more than the limit fails with [`Error::Encode`](crate::Error::Encode) and sends
    /// nothing; such stored bytes are a miss.
    ///
    /// Counted are elements of collections and boxed values of more than 32 bytes each. All others
    /// together need at most 32 bytes for each byte of the encoded value.
    #[must_use]
    pub const fn max_memory(mut self, bytes: usize) -> Self {
        self.options.limits.memory = Some(bytes);
        self
    }

    /// Sets whether a store that is down is an error for this dictionary. Without it, the setting
    /// of the [cache](crate::CacheBuilder::strict) applies.
    ///
    /// ```
    /// use memdict::{Cache, DictDef, Error};
    ///
    /// static ORDERS: DictDef<u64> = DictDef::new("orders").strict(true);
    ///
    /// // No server listens on that port. By default, a read is then a miss; a strict read is an
    /// // error.
    /// let cache = Cache::open("memcache://127.0.0.1:1")?;
    /// assert!(cache.session().dict::<u64>("hits").get("a")?.is_none());
    /// let strict = cache.session().dict(&ORDERS).contains_key(7);
    /// assert!(matches!(strict, Err(Error::Unavailable { .. })));
    /// # Ok::<_, Error>(())
    /// ```
    #[must_use]
    pub const fn strict(mut self, on: bool) -> Self {
        self.options.strict = Some(on);
        self
    }
}

impl<T> DictDef<T> {
    const fn unchecked(name: Cow<'static, str>) -> Self {
        Self { name, options: DictOptions::DEFAULT, of: PhantomData }
    }

    /// Returns the dictionary's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn options(&self) -> DictOptions {
        self.options
    }
}

impl<T> Clone for DictDef<T> {
    fn clone(&self) -> Self {
        Self { name: self.name.clone(), options: self.options, of: PhantomData }
    }
}

impl<T> fmt::Debug for DictDef<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DictDef")
            .field("name", &self.name)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl<T> From<&DictDef<T>> for DictDef<T> {
    fn from(def: &DictDef<T>) -> Self {
        def.clone()
    }
}

// There is no bound, so that a type that is not tracked is one error where a dictionary is named,
// without a second one for the name. The type is checked where the dictionary is used.
impl<T> From<&str> for DictDef<T> {
    fn from(name: &str) -> Self {
        Self::unchecked(name.to_owned().into())
    }
}

impl<T> From<&String> for DictDef<T> {
    fn from(name: &String) -> Self {
        Self::unchecked(name.clone().into())
    }
}

impl<T> From<String> for DictDef<T> {
    fn from(name: String) -> Self {
        Self::unchecked(name.into())
    }
}
