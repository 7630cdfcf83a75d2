//! What a dictionary holds, and how long.

use std::{borrow::Cow, fmt, marker::PhantomData, time::Duration};

use crate::track::Tracked;

/// A dictionary: its name, the type of its values, and how they are kept. One `static` is the
/// one place that says so.
///
/// A name alone will do where the defaults will: `session.dict::<Cart>("carts")`. Where two
/// definitions of one name differ in their options, the one that hands an entry out for writing
/// decides about that entry, and the log says so once.
/// Values are encoded by position, without the names of fields: a type with a serde attribute
/// that needs the names is an error of compilation here.
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
    policy: Policy,
    of: PhantomData<fn() -> T>,
}

/// How a dictionary's values are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Policy {
    pub(crate) ttl: Option<Duration>,
    pub(crate) on_conflict: OnConflict,
    pub(crate) on_vanished: OnVanished,
}

impl Policy {
    pub(crate) const DEFAULT: Self =
        Self { ttl: None, on_conflict: OnConflict::Fail, on_vanished: OnVanished::Recreate };
}

/// What a commit does about a key that somebody else has changed since this session read it.
///
/// `insert` and `remove` without a read of the key are never in conflict: they were not decided by
/// what was there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnConflict {
    /// The key is in [`Error::Conflict`](crate::Error::Conflict), and what is there stays.
    #[default]
    Fail,
    /// What this session has is stored, whatever is there: also what it made after a miss. The
    /// other's change is gone, and nobody is told.
    LastWriteWins,
    /// What was loaded, what this session made of it and what is there now are merged, field by
    /// field, as the type says: `#[memdict(merge)]`. What cannot be merged is a conflict as with
    /// `Fail`: both sides changed a field without a rule, its rule or function failed, this session
    /// removed the value, or both created it. What is gone there is as
    /// [`OnVanished`] says.
    Merge,
}

/// What a commit does about a value that this session read and changed, and that the store no
/// longer has. Eviction, expiry and removal by somebody else look alike.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnVanished {
    /// Stores it anew, unless somebody else has stored one meanwhile. If somebody else had changed
    /// the value before it was evicted, that change is lost with it: nobody can tell.
    #[default]
    Recreate,
    /// The key is in [`Error::Conflict`](crate::Error::Conflict), and nothing is stored.
    Fail,
}

impl<T: Tracked> DictDef<T> {
    /// A dictionary with this name; names are shared by all who use the same store and
    /// namespace.
    ///
    /// # Panics
    ///
    /// If the name is empty: in a `static`, that is an error of compilation.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        assert!(!name.is_empty(), "a dictionary needs a name");
        Self::with(Cow::Borrowed(name))
    }

    /// A dictionary with a name that is made at run time. An empty name is an
    /// [`Error::Key`](crate::Error::Key) where the dictionary is used.
    #[must_use]
    pub fn named(name: impl Into<Cow<'static, str>>) -> Self {
        Self::with(name.into())
    }

    const fn with(name: Cow<'static, str>) -> Self {
        // It runs while the program is compiled, never in one that runs: it is how a constant says
        // that it cannot be.
        const {
            if let Some(why) = T::NEEDS_NAMES {
                panic!("{}", why);
            }
        }
        Self { name, policy: Policy::DEFAULT, of: PhantomData }
    }

    /// How long a value lives after it was last written, in whole seconds, rounded up to at
    /// least one. Without it, a value lives until the store needs the room. Reading does not
    /// lengthen a life, and neither does a commit that finds the value unchanged.
    #[must_use]
    pub const fn ttl(mut self, ttl: Duration) -> Self {
        self.policy.ttl = Some(ttl);
        self
    }

    /// [`ttl`](Self::ttl) in seconds.
    #[must_use]
    pub const fn ttl_secs(self, secs: u64) -> Self {
        self.ttl(Duration::from_secs(secs))
    }

    /// What a commit does about a key that somebody else has changed meanwhile; without it
    /// [`OnConflict::Fail`].
    ///
    /// # Panics
    ///
    /// If it is [`OnConflict::Merge`] and the type has no `#[memdict(merge)]`: in a `static`, that
    /// is an error of compilation.
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
    /// one.dict(&PAGES).get_mut("/")?.expect("it was just stored").hits += 1;
    /// two.dict(&PAGES).get_mut("/")?.expect("it was just stored").hits += 2;
    /// one.commit()?;
    /// assert_eq!(two.commit()?.merged, 1);
    /// assert_eq!(cache.session().dict(&PAGES).get("/")?.unwrap().hits, 3);
    /// # Ok::<_, memdict::Error>(())
    /// ```
    #[must_use]
    pub const fn on_conflict(mut self, what: OnConflict) -> Self {
        // As in `with`: a constant says that it cannot be.
        if let OnConflict::Merge = what {
            assert!(T::MERGES, "`OnConflict::Merge` needs `#[memdict(merge)]` on the type");
        }
        self.policy.on_conflict = what;
        self
    }

    /// What a commit does about a changed value that the store no longer has; without it
    /// [`OnVanished::Recreate`].
    #[must_use]
    pub const fn on_vanished(mut self, what: OnVanished) -> Self {
        self.policy.on_vanished = what;
        self
    }
}

impl<T> DictDef<T> {
    /// The dictionary's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn policy(&self) -> Policy {
        self.policy
    }
}

impl<T> Clone for DictDef<T> {
    fn clone(&self) -> Self {
        Self { name: self.name.clone(), policy: self.policy, of: PhantomData }
    }
}

impl<T> fmt::Debug for DictDef<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DictDef")
            .field("name", &self.name)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

impl<T> From<&DictDef<T>> for DictDef<T> {
    fn from(def: &DictDef<T>) -> Self {
        def.clone()
    }
}

impl<T: Tracked> From<&str> for DictDef<T> {
    fn from(name: &str) -> Self {
        Self::named(name.to_owned())
    }
}

impl<T: Tracked> From<&String> for DictDef<T> {
    fn from(name: &String) -> Self {
        Self::named(name.clone())
    }
}

impl<T: Tracked> From<String> for DictDef<T> {
    fn from(name: String) -> Self {
        Self::named(name)
    }
}
