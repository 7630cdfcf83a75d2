//! The session that an application holds.

use std::fmt;

use super::{
    commit::run::Explain,
    drive::{Blocking, Outcome},
    entry::{guard::Ref, savepoint::Savepoint},
    unit::Unit,
};
use crate::{
    def::DictDef,
    dict::{calls::Dict, face::MemcachedDict},
    error::{BoxError, Result},
    face::faces,
    key::Key,
    link::Link,
    report::CommitReport,
    track::Tracked,
};

/// One unit of work: what is read through it stays the same, what is changed is written by
/// [`commit`](Self::commit), and without that nothing is.
///
/// Dropping a session discards its changes and never talks to a store. It can be shared between
/// threads; a key is in one guard for writing at a time.
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
    /// A dictionary, by its definition or by its name alone.
    ///
    /// A name that this session has used with another type gives a dictionary whose every call
    /// is [`Error::WrongType`](crate::Error::WrongType).
    ///
    /// ```
    /// use memdict::{Cache, DictDef};
    ///
    /// static HITS: DictDef<u64> = DictDef::new("hits").ttl_secs(60);
    ///
    /// let cache = Cache::open("memory:")?;
    /// let session = cache.session();
    /// session.dict(&HITS).insert("a", 1)?;
    /// assert_eq!(*session.dict::<u64>("hits").get("a")?.unwrap(), 1);
    /// # Ok::<_, memdict::Error>(())
    /// ```
    pub fn dict<T: Tracked>(&self, def: impl Into<DictDef<T>>) -> MemcachedDict<'_, T> {
        MemcachedDict(Dict::new(&self.0, def.into()))
    }

    /// What a link leads to, for reading, or `None` on a miss: it may never have been stored, or
    /// be lost.
    ///
    /// It is the object that its dictionary has in this session, loaded when it is first asked
    /// for. To change it, ask the dictionary: `session.dict(&USERS).get_mut(link.key())`. So its
    /// options are those of that definition; a link has none.
    ///
    /// Each target that is not known yet is a round trip. Where many links lead to one dictionary,
    /// [`get_many`](MemcachedDict::get_many) or [`prefetch`](MemcachedDict::prefetch) load their
    /// targets in one: `session.dict(&USERS).get_many(links.iter().map(Link::key))`.
    ///
    /// # Errors
    ///
    /// As [`MemcachedDict::get`]: [`WrongType`](crate::Error::WrongType) if this session has used
    /// the dictionary's name with another type (following a link uses it as well);
    /// [`Key`](crate::Error::Key) if what was stored as a
    /// link names no usable key.
    pub fn follow<T: Tracked>(&self, link: &Link<T>) -> Result<Option<Ref<'_, T>>> {
        Dict::of_links(&self.0, link.dict()).get(link.key()).now()
    }

    /// Writes what was changed, and says what became of each key. memcached has no atomicity
    /// across keys: some changes may be done while others are in conflict, refused or lost. The
    /// report, or the error, names every key.
    ///
    /// Changes are sent in one pipelined batch, each on the condition that its key is as this
    /// session saw it. All values are encoded before the first byte is sent.
    ///
    /// What is sent: a value that was handed out for writing, if its encoding differs from what
    /// was loaded and it is not the [same](Tracked::same); what was inserted, unless a read had
    /// found the same; a deletion for what was removed. Nothing else: a session that changed
    /// nothing sends nothing.
    ///
    /// `Ok` means that nothing is in conflict. It does not mean that everything was written:
    ///
    /// - **lost**: a server was down, or its answer never came. The change is in
    ///   [`lost`](CommitReport::lost) and in the log; in a [strict](crate::CacheBuilder::strict)
    ///   cache it is an error. An unanswered change is looked for once before it counts as
    ///   lost. What a memcached has no memory for is lost as well, and the old value is gone.
    /// - **refused**: a value above the server's limit, say. That key alone is in
    ///   [`refused`](CommitReport::refused); the old value is deleted if it was still the one
    ///   seen, so that nobody goes on reading what was to be replaced.
    /// - a value that vanished from the store since it was loaded is stored anew
    ///   ([`recreated`](CommitReport::recreated)), unless its dictionary
    ///   [says otherwise](crate::DictDef::on_vanished).
    /// - a value that somebody else changed as well is merged
    ///   ([`merged`](CommitReport::merged)), if its dictionary [asks for
    ///   that](crate::DictDef::on_conflict) and the two changes can both stand.
    ///
    /// # Errors
    ///
    /// - [`Conflict`](crate::Error::Conflict): somebody else changed a key since this session
    ///   loaded it, or created one that was missing; or its server restarted. Other keys may have
    ///   been written; the error's report names them. What was changed is then asked for once
    ///   more, to say who changed which fields.
    /// - [`Doomed`](crate::Error::Doomed), and [`User`](crate::Error::User) of a
    ///   [hook](Self::before_commit) that refused: nothing was sent.
    /// - [`Encode`](crate::Error::Encode), [`StillBorrowed`](crate::Error::StillBorrowed),
    ///   [`Poisoned`](crate::Error::Poisoned), [`Unsupported`](crate::Error::Unsupported):
    ///   nothing was sent.
    /// - [`Unavailable`](crate::Error::Unavailable), in a strict cache: something is lost. The
    ///   rest was written; the error's report names it. In any cache, without a report: a key that
    ///   [has to be current](crate::MemcachedDict::read_current) cannot be looked at. Nothing was
    ///   sent.
    pub fn commit(self) -> Result<CommitReport> {
        self.0.commit(Explain::Always).now()
    }

    /// Discards all changes, as dropping the session does.
    pub fn rollback(self) {}
}

faces! {
    impl[] Session {
        /// The session as it is now, to be [rolled back to](Self::rollback_to), once or many times,
        /// as long as the session lives.
        ///
        /// It costs nothing by itself: what is handed out for writing, inserted or removed for the
        /// first time after it is encoded then, and kept until the session ends or is rolled back
        /// to it or an earlier one. So those calls may be an [`Encode`](crate::Error::Encode)
        /// error, which changes nothing.
        ///
        /// No guard lives over a savepoint, and no handle of a dictionary: ask the session for it
        /// again.
        ///
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
        /// assert_eq!(*cache.session().dict::<u64>("hits").get("a")?.unwrap(), 1);
        /// # Ok::<_, memdict::Error>(())
        /// ```
        #[must_use = "only with the savepoint itself can it be rolled back to"]
        fn savepoint(&mut self) -> Savepoint;

        /// Makes every entry what it was at `savepoint`: its value, what was touched of it, whether
        /// it was inserted or removed. It never talks to a store.
        ///
        /// `savepoint` and earlier ones can be rolled back to again; later ones no more. What was
        /// loaded since stays loaded: what this session has read stays the same. An entry that was
        /// poisoned since, or whose guard for writing was leaked, is what it was as well. Hooks
        /// stay.
        ///
        /// Values come back from their encoding: fields with `#[serde(skip)]` come back as their
        /// default in each value that was handed out for writing, inserted or removed since.
        ///
        /// # Errors
        ///
        /// - [`Savepoint`](crate::Error::Savepoint): it is not valid in this session, for an earlier
        ///   one was rolled back to, or it is of another session. Nothing was done.
        /// - [`Encode`](crate::Error::Encode): what its type encoded, it does not decode. That entry
        ///   is poisoned, so that a commit sends nothing; all others are what they were. An earlier
        ///   savepoint may have a copy that decodes.
        fn rollback_to(&mut self, savepoint: &Savepoint) -> Result<()>;

        /// Runs `hook` in this session's commit, after everything is encoded and before the first byte
        /// is sent, with the dictionary and key of each change that is to be made. If it returns an
        /// error, nothing is sent, and the commit is [`Error::User`](crate::Error::User) of it.
        ///
        /// Hooks of the cache are asked first, then those of the session in the order in which they
        /// were added, up to the first that refuses.
        ///
        /// ```
        /// use memdict::{Cache, Error};
        ///
        /// let cache = Cache::open("memory:")?;
        /// let session = cache.session();
        /// session.before_commit(|keys| match keys.len() {
        ///     0..100 => Ok(()),
        ///     many => Err(format!("{many} changes at once").into()),
        /// });
        /// (0..100).try_for_each(|n| session.dict("hits").insert(n, 0_u64))?;
        /// assert!(matches!(session.commit(), Err(Error::User(why)) if why.to_string() == "100 changes at once"));
        /// # Ok::<_, Error>(())
        /// ```
        fn before_commit(
            &self,
            hook: impl FnOnce(&[(&str, &Key)]) -> Result<(), BoxError> + Send + 'static,
        );

        /// Runs `hook` after this session's commit, if that is `Ok`, and gives it the report. Its
        /// error is logged and stops nobody.
        fn after_commit(
            &self,
            hook: impl FnOnce(&CommitReport) -> Result<(), BoxError> + Send + 'static,
        );

        /// Whether the commit looks first, in one round trip, whether all that its changes depend on
        /// is still as this session saw it. If something is not, and cannot be
        /// [merged](crate::OnConflict::Merge), nothing of the commit is sent.
        ///
        /// Without it, each change is made or not for itself: one key may be in conflict after others
        /// were written. With it that is rare, but it remains possible, for somebody may store
        /// between the look and the change. Where a value is not there any more, a second round trip
        /// asks whether it was evicted or its server restarted. It is off in
        /// [`Cache::session`](crate::Cache::session); in a [transaction](crate::Cache::transaction) it
        /// is on if more than one change depends on what is there.
        fn verify_first(&self, on: bool);

        /// Says what the session is about. The commit's lines in the log say it, and the
        /// [report](CommitReport::notes) has it for hooks.
        fn note(&self, text: impl Into<String>);

        /// Makes sure that nothing of this session is written: its commit is
        /// [`Error::Doomed`](crate::Error::Doomed). Everything else goes on as before, so that code
        /// which finds out late that its work is not wanted can be run to its end.
        ///
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
        fn doom(&self);
    }
}

/// Names dictionaries; never shows a value.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
