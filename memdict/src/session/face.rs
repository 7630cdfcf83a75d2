//! The session that an application holds.

use std::{fmt, time::Duration};

#[cfg(feature = "tokio")]
use super::async_face::AsyncSession;
use super::{
    commit::run::Explain,
    drive::{Blocking, Outcome},
    entry::{guard::Ref, savepoint::Savepoint},
    unit::Unit,
};
use crate::{
    counter::{definition::CounterDef, pending::SessionCounter},
    def::DictDef,
    dict::{calls::Dict, face::MemcachedDict},
    entry_id::EntryId,
    error::{BoxError, Error, Result},
    face::faces,
    link::Link,
    report::CommitReport,
    track::Tracked,
};

/// One unit of work. Values that are read through a session stay the same in it, and
/// [`commit`](Self::commit) writes the values that were changed.
///
/// Dropping a session discards its changes and never contacts a store. A session can be shared
/// between threads; each key can be in one guard for writing at a time.
///
/// ```
/// use memdict::Cache;
///
/// let cache = Cache::open("memory:")?;
/// let session = cache.session();
/// *session.dict::<u64>("hits").entry("a")?.or_default() += 1;
/// drop(session); // discarded
///
/// let session = cache.session();
/// assert!(session.dict::<u64>("hits").get("a")?.is_none());
/// *session.dict::<u64>("hits").entry("a")?.or_default() += 1;
/// assert_eq!(session.commit()?.written, 1);
/// # Ok::<_, memdict::Error>(())
/// ```
#[must_use = "a session that is dropped writes nothing"]
pub struct Session(Unit<Blocking>);

impl From<Unit<Blocking>> for Session {
    fn from(unit: Unit<Blocking>) -> Self {
        Self(unit)
    }
}

impl From<Session> for Unit<Blocking> {
    fn from(session: Session) -> Self {
        session.0
    }
}

impl Session {
    #[doc = include_str!("dict.md")]
    ///
    /// ```
    /// use memdict::{Cache, DictDef};
    ///
    /// static HITS: DictDef<u64> = DictDef::new("hits").ttl_secs(60);
    ///
    /// let cache = Cache::open("memory:")?;
    /// let session = cache.session();
    /// session.dict(&HITS).insert("a", 1)?;
    /// let hits = session.dict::<u64>("hits").get("a")?;
    /// assert_eq!(hits.as_deref(), Some(&1));
    /// # Ok::<_, memdict::Error>(())
    /// ```
    pub fn dict<T: Tracked>(&self, def: impl Into<DictDef<T>>) -> MemcachedDict<'_, T> {
        MemcachedDict(Dict::new(&self.0, def.into()))
    }

    #[doc = include_str!("counter.md")]
    pub fn counter(&self, def: &CounterDef) -> SessionCounter<'_> {
        SessionCounter::new(&self.0.core, def.clone())
    }

    #[doc = include_str!("follow.md")]
    pub fn follow<T: Tracked>(&self, link: &Link<T>) -> Result<Option<Ref<'_, T>>> {
        Dict::of_links(&self.0, link.dict()).get(link.key()).now()
    }

    #[doc = include_str!("commit.md")]
    pub fn commit(self) -> Result<CommitReport> {
        self.0.commit(Explain::Always, None).now()
    }

    /// Discards all changes, as dropping the session does.
    pub fn rollback(self) {}
}

faces! {
    impl[] Session, AsyncSession {
        /// Marks the state of the session. The session can be [rolled back](Self::rollback_to) to
        /// it, once or many times, as long as it lives.
        ///
        /// A savepoint costs nothing by itself. A value that is borrowed for writing, replaced by
        /// an insert, or removed for the first time after a savepoint is encoded then. The copy is
        /// kept until the session ends or is rolled back to this savepoint or an earlier one. So
        /// those calls may fail with [`Encode`](crate::Error::Encode), which changes nothing.
        ///
        /// No guard and no dictionary handle can live across a savepoint: get the dictionary from
        /// the session again.
        #[must_use = "a session can only be rolled back to a savepoint that is kept"]
        example {
            /// ```
            /// use memdict::Cache;
            ///
            /// let cache = Cache::open("memory:")?;
            /// cache.transaction(|session| {
            ///     session.dict::<u64>("hits").insert("a", 1)?;
            ///     let one = session.savepoint();
            ///     *session.dict::<u64>("hits").entry("a")?.or_default() += 1;
            ///     session.dict::<u64>("hits").insert("b", 5)?;
            ///     session.rollback_to(&one)?;
            ///     assert!(session.dict::<u64>("hits").get("b")?.is_none());
            ///     Ok(())
            /// })?;
            /// let session = cache.session();
            /// assert_eq!(session.dict::<u64>("hits").get("a")?.as_deref(), Some(&1));
            /// # Ok::<_, memdict::Error>(())
            /// ```
        }
        fn savepoint(&mut self) -> Savepoint;

        /// Makes every entry what it was at `savepoint`: its value, its dirty fields, and whether
        /// it was inserted or removed. This never contacts a store.
        ///
        /// The session can be rolled back to `savepoint` and to earlier ones again, but not to
        /// later ones. Entries that were loaded since stay loaded, so that what this session has
        /// read stays the same. Entries that were poisoned since, or whose guard for writing was
        /// leaked, are restored as well. Hooks stay.
        ///
        /// Values come back from their encoding. So fields with `#[serde(skip)]` get their default
        /// in each value that was borrowed for writing, replaced or removed since.
        ///
        /// # Errors
        ///
        /// - [`Savepoint`](crate::Error::Savepoint): the savepoint is not valid in this session,
        ///   because the session was rolled back to an earlier one, or because the savepoint
        ///   belongs to another session. Nothing was done.
        /// - [`Decode`](crate::Error::Decode): a value does not decode although its type encoded
        ///   it. That entry is poisoned, so that a commit sends nothing; all others are restored.
        ///   An earlier savepoint may have a copy that decodes.
        fn rollback_to(&mut self, savepoint: &Savepoint) -> Result<()>;

        /// Adds a hook that this session's commit runs after it has encoded everything and before
        /// it sends the first byte. The hook gets the entry of each change to be made. If it
        /// returns an error, nothing is sent, and the commit fails with that error in
        /// [`Error::User`](crate::Error::User).
        ///
        /// Hooks of the cache run first, then those of the session in the order in which they were
        /// added. The first hook that returns an error ends this.
        example {
            /// ```
            /// use memdict::{Cache, Error};
            ///
            /// let cache = Cache::open("memory:")?;
            /// let session = cache.session();
            /// session.before_commit(|entries| match entries.len() {
            ///     0..100 => Ok(()),
            ///     many => Err(format!("{many} changes at once").into()),
            /// });
            /// (0..100).try_for_each(|n| session.dict("hits").insert(n, 0_u64))?;
            /// assert_eq!(session.commit().unwrap_err().to_string(), "100 changes at once");
            /// # Ok::<_, Error>(())
            /// ```
        }
        fn before_commit(
            &self,
            hook: impl FnOnce(&[&EntryId]) -> Result<(), BoxError> + Send + 'static,
        );

        /// Adds a hook that runs after a successful commit of this session, with its report. An
        /// error or a panic of the hook is logged and has no other effect.
        fn after_commit(
            &self,
            hook: impl FnOnce(&CommitReport) -> Result<(), BoxError> + Send + 'static,
        );

        /// Adds a hook that runs after a failed commit of this session, with its error. An error or
        /// a panic of the hook is logged and has no other effect.
        fn after_failed_commit(
            &self,
            hook: impl FnOnce(&Error) -> Result<(), BoxError> + Send + 'static,
        );

        /// Adds a hook that runs if this session ends without a commit: by a rollback, by a drop,
        /// or by an error of a transaction's body. An error or a panic of the hook is logged and
        /// has no other effect.
        fn after_rollback(&self, hook: impl FnOnce() -> Result<(), BoxError> + Send + 'static);

        /// Sets whether the commit first checks, in one round trip, that the store still holds the
        /// values that its changes depend on. If one differs from what this session saw and cannot
        /// be [merged](crate::OnConflict::Merge), nothing of the commit is sent.
        ///
        /// Without the check, each change succeeds or fails by itself: one entry may be in conflict
        /// after others were written. With the check this is rare, but possible, because another
        /// session may store a value between the check and the change. If a value is gone, a second
        /// round trip asks whether it was evicted or its server restarted.
        ///
        /// The check is off in [`Cache::session`](crate::Cache::session). In a
        /// [transaction](crate::Cache::transaction) it is on if there are several changes and one
        /// of them depends on a stored value.
        fn verify_first(&self, on: bool);

        /// Sets how long each call of this session may take that uses memcached servers, whatever it
        /// waits for, instead of the [cache's deadline](crate::CacheBuilder::deadline). The commit
        /// is one call. Clamped to between 1 ms and one day.
        ///
        /// ```
        /// use std::time::Duration;
        /// use memdict::Cache;
        ///
        /// let cache = Cache::open("memory:")?;
        /// let session = cache.session();
        /// session.deadline(Duration::from_millis(50));
        /// if session.dict::<u64>("hits").get("a")?.is_none() {
        ///     // There is no value, or it did not come within 50 ms.
        /// }
        /// # Ok::<_, memdict::Error>(())
        /// ```
        fn deadline(&self, deadline: Duration);

        /// Adds a note of what the session is about. The commit's log lines contain all notes, and
        /// so does [its report](CommitReport::notes), for hooks.
        fn note(&self, text: impl Into<String>);

        /// Makes sure that nothing of this session is written: its commit fails with
        /// [`Error::Doomed`](crate::Error::Doomed). All other calls work as before, so that code
        /// which finds out late that its work is not wanted can run to its end.
        example {
            /// ```
            /// use memdict::{Cache, Error};
            ///
            /// let cache = Cache::open("memory:")?;
            /// let dry_run = cache.transaction(|session| {
            ///     session.doom();
            ///     let mut hits = session.dict::<u64>("hits").entry("a")?.or_default();
            ///     *hits += 1;
            ///     Ok(*hits)
            /// });
            /// assert!(matches!(dry_run, Err(Error::Doomed)));
            /// assert!(cache.session().dict::<u64>("hits").get("a")?.is_none());
            /// # Ok::<_, Error>(())
            /// ```
        }
        fn doom(&self);

        /// Returns whether a commit may find something to write or to remove: an entry was
        /// inserted, removed or marked dirty, or is borrowed for writing now. The commit may still
        /// find that no value really changed, and send nothing.
        #[must_use]
        example {
            /// ```
            /// use memdict::Cache;
            ///
            /// let cache = Cache::open("memory:")?;
            /// let session = cache.session();
            /// assert!(session.dict::<u64>("hits").get("a")?.is_none() && !session.has_changes());
            /// session.dict::<u64>("hits").insert("a", 1)?;
            /// assert!(session.has_changes());
            /// # Ok::<_, memdict::Error>(())
            /// ```
        }
        fn has_changes(&self) -> bool;
    }
}

/// Shows the names of dictionaries, never a value.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
